// Which model an actor may use: lists, spellings, and what a refusal says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Actor } from './actor.ts';
import { allowedModels, choiceFrom, entitlementOf, permitModel } from './permit.ts';

const served = ['anthropic/claude-2', 'anthropic/claude-instant-1', 'anthropic/Claude-3'];

/** An actor with this limit and list of models for chat. */
function actorWith(models: readonly string[], limit = 500): Actor {
  const burst = { limit: 250, intervalMs: 10_000 };
  const chat = { limit, intervalMs: 86_400_000, allowedModels: models, burst, inFlightMax: 250 };
  return {
    source: 'dotcom-product-subscriptions',
    id: 'i',
    name: 'n',
    accessEnabled: true,
    tags: [],
    pool: null,
    lastUpdatedMs: null,
    version: 0,
    limits: { chat_completions: chat },
  };
}

const names = choiceFrom(served, 'anthropic', '').served;
const choose = (actor: Actor, model: string) =>
  permitModel(actor, 'chat_completions', choiceFrom(served, 'anthropic', model), 0);

test('`*` alone is all that is served; among others it means nothing', () => {
  assert.deepEqual(allowedModels(['*'], 'anthropic', names), served);
  assert.deepEqual(allowedModels(['*', 'anthropic/claude-2'], 'anthropic', names), ['anthropic/claude-2']);
  assert.deepEqual(allowedModels(['*', '*'], 'anthropic', names), []);
  assert.deepEqual(allowedModels([], 'anthropic', names), []);
});

test('what is in both, in the list’s order, once, as the gateway spells it; the list itself stays as it was', () => {
  const list = Object.freeze(['ANTHROPIC/claude-3', 'claude-2', 'anthropic/claude-2', 'openai/gpt-4', 'unknown']);
  assert.deepEqual(allowedModels(list, 'anthropic', names), ['anthropic/Claude-3', 'anthropic/claude-2']);
});

test('a permit has the canonical name, however it was asked for', () => {
  for (const asked of ['claude-3', 'CLAUDE-3', 'Claude-3'])
    assert.equal(choose(actorWith(['*']), asked).model, 'anthropic/Claude-3');
});

test('actors #28: a refusal says which model and which ones may be used; not served and not allowed are told apart by kind', () => {
  const actor = actorWith(['anthropic/claude-2', 'claude-instant-1']);
  const allowed = 'allowed: [anthropic/claude-2, anthropic/claude-instant-1]';
  assert.throws(() => choose(actor, 'claude-9'), {
    kind: 'model-unknown',
    message: `model "anthropic/claude-9" is not allowed, ${allowed}`,
  });
  assert.throws(() => choose(actor, 'claude-3'), {
    kind: 'model-not-allowed',
    message: `model "anthropic/claude-3" is not allowed, ${allowed}`,
  });
});

test('the useful part of a refusal stands in its first 1024 bytes, however long the model asked for is', () => {
  assert.throws(
    () => choose(actorWith(['claude-2']), 'x'.repeat(1_000_000)),
    (error: Error) => error.message.length < 1024 && error.message.includes('allowed: [anthropic/claude-2]'),
  );
});

test('actors #32: without a limit there is no access to the feature', () => {
  assert.throws(() => entitlementOf(actorWith(['*']), 'embeddings'), {
    kind: 'feature-access',
    message: 'no access to feature embeddings',
  });
});

test('actors #33: a limit of exactly 1 is a block, 2 is a limit', () => {
  assert.equal(choose(actorWith(['*'], 1), 'claude-2').blocked, true);
  assert.equal(choose(actorWith(['*'], 2), 'claude-2').blocked, false);
});

test('a list may have the name that was typed, the id, another alias of it, or a name that stands for it', () => {
  const aliases = new Map([['anthropic/newest', 'anthropic/Claude-3']]);
  const choice = {
    ...choiceFrom(served, 'anthropic', 'claude-3'),
    names: ['anthropic/drawn-by', 'anthropic/claude-3', 'anthropic/family'],
    served: { ids: served, idOf: (name: string) => aliases.get(name) ?? names.idOf(name) },
  };
  for (const entry of ['anthropic/claude-3', 'newest', 'drawn-by', 'Family'])
    assert.equal(permitModel(actorWith([entry]), 'chat_completions', choice, 0).model, 'anthropic/Claude-3', entry);
  assert.throws(() => permitModel(actorWith(['claude-2']), 'chat_completions', choice, 0), {
    kind: 'model-not-allowed',
  });
});

test('what only a pattern allows is allowed by `*`, and by its name', () => {
  const choice = { ...choiceFrom(served, 'anthropic', 'claude-9'), id: 'anthropic/claude-9' };
  const named = { ...choice, names: ['anthropic/claude-9'] };
  assert.equal(permitModel(actorWith(['*']), 'chat_completions', choice, 0).model, 'anthropic/claude-9');
  assert.equal(permitModel(actorWith(['claude-9']), 'chat_completions', named, 0).model, 'anthropic/claude-9');
  assert.throws(() => permitModel(actorWith(['claude-2']), 'chat_completions', named, 0), {
    kind: 'model-not-allowed',
  });
});

test('a refusal tells what may have been meant before the long list, and nothing that this actor may not use', () => {
  const choice = {
    ...choiceFrom(served, 'anthropic', 'claude-22'),
    nearest: ['anthropic/claude-2', 'anthropic/Claude-3'],
  };
  assert.throws(() => permitModel(actorWith(['*']), 'chat_completions', choice, 0), {
    message: `model "anthropic/claude-22" is not allowed, nearest: [anthropic/claude-2, anthropic/Claude-3], allowed: [${served.join(', ')}]`,
  });
  assert.throws(() => permitModel(actorWith(['claude-2']), 'chat_completions', choice, 0), {
    message: 'model "anthropic/claude-22" is not allowed, nearest: [anthropic/claude-2], allowed: [anthropic/claude-2]',
  });
});
