// What the directory holds of an actor, put together: plans, overrides field by field, who has access.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectiveLimit, hasAccess } from './account.ts';
import { planLimits } from './plan.ts';
import { recordOf, type SubscriptionDocument } from './records.ts';

const day = { intervalSeconds: 86_400, allowedModels: ['*'] };
const record = (more: Partial<SubscriptionDocument> = {}) =>
  recordOf({ name: 'n', accessEnabled: true, limits: {}, ...more }, 'd');

test('the quotas of a plan by licensed users', () => {
  for (const [name, users, chat, code, embeddings] of [
    ['enterprise-0', 1, 50, 1_000, 6_666_666],
    ['enterprise-1', 10, 500, 10_000, 66_666_666],
    ['enterprise-1', 0, 50, 1_000, 6_666_666],
    ['team-0', 1, 10, 1_000, 3_333_333],
    ['team-0', 25, 250, 25_000, 83_333_333],
  ] as const)
    assert.deepEqual(
      planLimits({ name, users }, 0),
      {
        chat_completions: { limit: chat, ...day },
        code_completions: { limit: code, ...day },
        embeddings: { limit: embeddings, ...day },
      },
      `${name} ${users}`,
    );
});

test('without an active licence there is nothing', () => {
  assert.deepEqual(planLimits(null, 0), {});
  const plan = { name: 'enterprise-1', users: 1, expiresAt: '2026-01-01T00:00:00Z' };
  assert.notDeepEqual(planLimits(plan, Date.parse('2025-12-31T23:59:59Z')), {});
  assert.deepEqual(planLimits(plan, Date.parse('2026-01-01T00:00:00Z')), {});
});

test('overrides replace field by field: the limit alone keeps the plan’s interval', () => {
  const plan = { name: 'enterprise-1', users: 2 };
  const of = (override: object) =>
    effectiveLimit(record({ plan, overrides: { limits: { chat_completions: override } } }), 'chat_completions', 0);
  assert.deepEqual(of({}), { limit: 100, ...day });
  assert.deepEqual(of({ limit: 7 }), { limit: 7, ...day });
  assert.deepEqual(of({ intervalSeconds: 60 }), { limit: 100, intervalSeconds: 60, allowedModels: ['*'] });
  assert.deepEqual(of({ allowedModels: ['a/b'] }), { limit: 100, intervalSeconds: 86_400, allowedModels: ['a/b'] });
});

test('an override of the limit alone grants nothing where there is no plan: its interval would be made up', () => {
  const overrides = { limits: { chat_completions: { limit: 7 } } };
  assert.equal(effectiveLimit(record({ overrides }), 'chat_completions', 0), null);
});

test('a stated limit wins over the plan’s', () => {
  const limits = { chat_completions: { limit: 3, ...day } };
  assert.equal(effectiveLimit(record({ limits, plan: { name: 'x', users: 9 } }), 'chat_completions', 0)?.limit, 3);
});

test('who has access: the source’s word, the operator’s against it, the archive’s over both', () => {
  for (const [accessEnabled, archived, overrides, has] of [
    [true, false, {}, true],
    [false, false, {}, false],
    [true, true, {}, false],
    [true, false, { accessEnabled: false }, false],
    [false, false, { accessEnabled: true }, true],
    [false, false, { accessEnabled: true, archived: true }, false],
    [true, true, { archived: false }, true],
  ] as const)
    assert.equal(hasAccess(record({ accessEnabled, archived, overrides })), has, JSON.stringify(overrides));
});
