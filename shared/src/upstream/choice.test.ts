// Whose model a name means on each path, and what is said of one that is not served, at present or at all.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cody, readerOf, type Reader } from './reading.test/reader.ts';

const messages = [{ role: 'user', content: 'Hi' }];
const openai = { ...cody, dialect: 'openai' } as const;
const anthropic = { ...cody, dialect: 'anthropic' } as const;
const withKeys = readerOf({ MISTRAL_API_KEY: 'k', GROQ_API_KEY: 'k', DEEPSEEK_API_KEY: 'k' });

/** Provider and model, or what is said instead. */
function chosen(reader: Reader, surface: Parameters<Reader['read']>[0], model: string, caller = cody): string {
  const call = reader.read(surface, { model, messages, max_tokens: 1, contents: [] }, caller);
  const homes = call.homes.map(({ row }) => row.id).join();
  if (call.model === null) return `${call.provider.id}: not served`;
  return call.unavailable === null ? `${call.model.id} at ${homes}` : `${call.model.id}: ${call.unavailable}`;
}

describe('on a path of instances', () => {
  for (const [surface, model, is] of [
    ['openai', 'gpt-4o', 'openai/gpt-4o at openai-api'],
    ['openai', 'GPT-4o', 'openai/gpt-4o at openai-api'],
    ['openai', 'claude-2', 'openai: not served'],
    ['openai', 'openai/gpt-4o', 'openai: not served'],
    ['openai', 'mistral/codestral-latest', 'openai: not served'],
    // A model of no chat API: that it can't chat is left for the provider to say.
    ['openai', 'gpt-3.5-turbo-instruct', 'openai/gpt-3.5-turbo-instruct at openai-api'],
    ['openai', 'gpt-5.3-codex', 'openai: not served'],
    ['openai', 'text-embedding-3-small', 'openai: not served'],
    ['anthropic-messages', 'anthropic/claude-2', 'anthropic/claude-2 at anthropic-api'],
    ['fireworks', 'starcoder2-7b', 'fireworks/accounts/sourcegraph/models/starcoder2-7b at fireworks-api'],
    ['google', 'gemini-2.5-pro', 'google/gemini-2.5-pro at gemini-api'],
  ] as const)
    test(`${surface}: ${model}`, () => assert.equal(chosen(withKeys, surface, model), is));
});

describe('on a path of the SDKs', () => {
  for (const [surface, model, is] of [
    ['openai-chat', 'gpt-4o', 'openai/gpt-4o at openai-api'],
    ['openai-chat', 'OpenAI/gpt-4o', 'openai/gpt-4o at openai-api'],
    ['openai-chat', 'codestral-2501', 'mistral/codestral-latest at mistral-api'],
    ['openai-chat', 'mistral/of-tomorrow', 'mistral/of-tomorrow at mistral-api'],
    // Another provider's model may be called as OpenAI is.
    ['openai-chat', 'openai/gpt-oss-120b', 'groq/openai/gpt-oss-120b at groq-api'],
    ['openai-chat', 'openai/openai/gpt-4o', 'openai: not served'],
    ['openai-chat', 'gpt-5.3-codex', 'openai: not served'],
    ['openai-chat', 'fireworks/nothing', 'fireworks: not served'],
    ['openai-chat', 'fireworks/starcoder2-7b', 'fireworks/accounts/sourcegraph/models/starcoder2-7b at fireworks-api'],
    ['openai-chat', 'no-such-model', 'openai: not served'],
    // It is known, and there is no key for it.
    ['openai-chat', 'xai/grok-4', 'xai: not served'],
    ['openai-chat', '', 'openai: not served'],
    ['anthropic-messages', 'claude-sonnet-4-5', 'anthropic/claude-sonnet-4-5 at anthropic-api'],
    ['anthropic-messages', 'gpt-4o', 'anthropic: not served'],
    ['anthropic-messages', 'deepseek/deepseek-chat', 'deepseek/deepseek-chat at deepseek-api'],
  ] as const)
    test(`${surface}: ${model}`, () => {
      const caller = surface === 'anthropic-messages' ? anthropic : openai;
      if (model === '') assert.throws(() => chosen(withKeys, surface, model, caller), { kind: 'bad-request' });
      else assert.equal(chosen(withKeys, surface, model, caller), is);
    });

  test('what may have been meant is told where the name is none, and only what this path serves', () => {
    const nearest = (model: string) => withKeys.read('openai-chat', { model, messages }, openai).nearest;
    assert.equal(nearest('gpt-5-mni')[0], 'openai/gpt-5-mini');
    assert.ok(!nearest('gpt-5.3-codx').includes('openai/gpt-5.3-codex'));
    assert.equal(withKeys.read('openai-chat', { model: 'mistral-medum-3-5', messages }, openai).provider.id, 'mistral');
    assert.deepEqual(
      withKeys.read('openai', { model: 'gpt-5-mni', messages }).nearest,
      [],
      'instances know their text',
    );
  });
});

test('what an operator took away is said in his words; what has no key was never there', () => {
  const rows = {
    models: [{ id: 'openai/gpt-4o', disabled: 'GPT-4o is off until Monday.' }],
    homes: [{ id: 'anthropic-api', draining: 'Anthropic is drained.' }],
    providers: [{ id: 'google', disabled: 'No Gemini today.' }],
  };
  const reader = readerOf({ CODY_GATEWAY_CATALOGUE: JSON.stringify(rows), CODY_GATEWAY_FIREWORKS_ACCESS_TOKEN: '' });
  assert.equal(chosen(reader, 'openai', 'gpt-4o'), 'openai/gpt-4o: GPT-4o is off until Monday.');
  assert.equal(chosen(reader, 'anthropic-messages', 'claude-2'), 'anthropic/claude-2: Anthropic is drained.');
  assert.equal(chosen(reader, 'google', 'gemini-2.5-pro'), 'google/gemini-2.5-pro: No Gemini today.');
  assert.equal(chosen(reader, 'fireworks', 'starcoder'), 'fireworks: not served');
  const offered = (provider: string) =>
    reader.upstream.serves(reader.catalogue, { provider, dialects: ['anthropic-messages', 'openai-chat'] }, true);
  assert.deepEqual(['openai', 'anthropic', 'fireworks', 'mistral'].map(offered), [true, true, false, false]);
});

test('an allow-list of the environment is what is served, and a model of a row is beside it', () => {
  const rows = { models: [{ id: 'openai/gpt-99', allowed: true }] };
  const reader = readerOf({
    CODY_GATEWAY_OPENAI_ALLOWED_MODELS: 'gpt-4,ft:gpt-4o:acme::7p4',
    CODY_GATEWAY_CATALOGUE: JSON.stringify(rows),
  });
  assert.equal(chosen(reader, 'openai', 'ft:gpt-4o:acme::7p4'), 'openai/ft:gpt-4o:acme::7p4 at openai-api');
  assert.equal(chosen(reader, 'openai', 'gpt-99'), 'openai/gpt-99 at openai-api');
  assert.equal(chosen(reader, 'openai', 'gpt-4o'), 'openai: not served');
});
