// A look on a real Redis says what admission would say, and leaves everything as it is.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { startTestRedis, type TestRedis } from '../../../scripts/local/process/test-redis.ts';
import type { Actor, DollarBudget, Entitlement, Permit } from '../auth/auth.ts';
import { connectStore, keys, shardOf, type Store } from '../store/store.ts';
import { createLimiter, identityOf, raiseBudget, type Denial, type Limiter } from './limiter.ts';

let server: TestRedis;
let store: Store;
let limiter: Limiter;
const budget = () => ({ leftMs: 10_000 });
const hourMs = 3_600_000;

before(async () => {
  server = await startTestRedis();
  store = connectStore(server.settings, () => undefined);
  limiter = createLimiter(store);
});
after(async () => {
  await store.close();
  await server.close();
});

function permitFor(entitlement: Partial<Entitlement>): Permit {
  const id = randomUUID();
  const actor: Actor = {
    source: 'dotcom-product-subscriptions',
    id,
    name: 'n',
    accessEnabled: true,
    tags: [],
    pool: null,
    lastUpdatedMs: null,
    version: 0,
    limits: {},
  };
  const full = {
    limit: 10,
    intervalMs: hourMs,
    allowedModels: ['*'],
    burst: { limit: 1_000, intervalMs: hourMs },
    inFlightMax: 1_000,
    ...entitlement,
  };
  return { actor, feature: 'chat_completions', entitlement: full, model: 'm', blocked: false } as unknown as Permit;
}

const look = ({ actor, feature, entitlement }: Permit): Promise<Denial | null> =>
  limiter.look(actor, feature, entitlement, budget());
const admit = (permit: Permit): ReturnType<Limiter['admit']> =>
  limiter.admit(permit, { leaseId: randomUUID(), estimate: 1, draft: '{}' }, budget());

for (const [cause, entitlement] of [
  ['quota', { limit: 3 }],
  ['in-flight', { inFlightMax: 3 }],
  ['burst', { burst: { limit: 3, intervalMs: hourMs } }],
] as const)
  test(`refused for its ${cause} when admission refuses, and not before`, async () => {
    const permit = permitFor(entitlement);
    for (let i = 0; i < 3; i++) {
      assert.equal(await look(permit), null);
      assert.ok('settle' in (await admit(permit)));
    }
    const shard = shardOf(identityOf(permit.actor));
    const state = async (): Promise<unknown> => [
      await server.client.hgetall(keys.limit(shard, permit.feature, identityOf(permit.actor))),
      await server.client.xlen(keys.outbox(shard)),
    ];
    const before = await state();
    const looked = await look(permit);
    assert.deepEqual(await state(), before, 'a look leaves no mark');
    const denial = await admit(permit);
    assert.ok(looked !== null && 'cause' in denial && denial.cause === cause);
    assert.deepEqual([looked.cause, looked.limit, looked.posted], [cause, 3, null]);
    assert.ok(Math.abs(looked.retryAtMs - denial.retryAtMs) < 60_000);
  });

test('what has run out, or is given back, refuses nobody', async () => {
  const permit = permitFor({ limit: 1, inFlightMax: 1 });
  const lease = await admit(permit);
  assert.equal((await look(permit))?.cause, 'in-flight');
  assert.ok('release' in lease);
  await lease.release('{}', budget());
  assert.equal(await look(permit), null);
  const identity = identityOf(permit.actor);
  const shard = shardOf(identity);
  await admit(permit);
  const inFlight = keys.inFlight(shard, permit.feature, identity);
  for (const id of await server.client.zrange(inFlight, '0', '-1')) await server.client.zadd(inFlight, 1, id);
  assert.equal((await look(permit))?.cause, 'quota', 'a dead holder’s slot is free');
  await server.client.hset(keys.limit(shard, permit.feature, identity), 'end', 1);
  assert.equal(await look(permit), null, 'a window that is over counts for nothing');
});

test('a hard budget that is used up refuses whatever it costs, until its window ends; a soft one, or one with anything left, nobody', async () => {
  const nowMs = Date.now();
  const window = { name: '2026-11', startMs: 0, endMs: nowMs + hourMs };
  const next = { name: '2026-12', startMs: nowMs + hourMs, endMs: nowMs + 2 * hourMs };
  const budgetOf = (more: Partial<DollarBudget> = {}): DollarBudget => ({
    scope: 'subscription',
    limitNanoUsd: 100,
    overshootNanoUsd: 0,
    isHard: true,
    windows: [window, next],
    ...more,
  });
  const { actor, feature, entitlement } = permitFor({});
  const lookAt = (...budgets: DollarBudget[]) => limiter.look(actor, feature, entitlement, budget(), budgets);
  const owner = `${actor.source}:${actor.id}`;
  const spend = (scope: string, of: string, nano: number) =>
    raiseBudget(store, { actor: owner, scope, window: of, endMs: window.endMs }, nano, budget());
  assert.equal(await lookAt(budgetOf()), null);
  await spend('subscription', '2026-11', 99);
  assert.equal(await lookAt(budgetOf()), null);
  await spend('subscription', '2026-11', 100);
  const refused = await lookAt(budgetOf());
  assert.deepEqual(
    [refused?.cause, refused?.limit, refused?.retryAtMs, refused?.budget?.scope, refused?.budget?.window],
    ['budget-used-up', 100, window.endMs, 'subscription', '2026-11'],
  );
  assert.equal(await lookAt(budgetOf({ isHard: false })), null);
  assert.equal(await lookAt(budgetOf({ limitNanoUsd: 101 })), null, 'it was raised');
  assert.equal(await lookAt(budgetOf({ windows: [next] }), budgetOf({ scope: 'chat_completions' })), null);
  await spend('chat_completions', 'life', 100);
  const life = { name: 'life', startMs: 0, endMs: null };
  const ofFeature = await lookAt(
    budgetOf({ limitNanoUsd: 101 }),
    budgetOf({ scope: 'chat_completions', windows: [life] }),
  );
  assert.deepEqual([ofFeature?.budget?.scope, ofFeature?.budget?.resetAtMs], ['chat_completions', null]);
  assert.equal((ofFeature?.retryAtMs ?? 0) - (ofFeature?.nowMs ?? 0), 24 * hourMs);
});
