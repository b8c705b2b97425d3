// The reset of a counter on a real Redis: a whole quota at once, nothing of the old window charged to the new one,
// counters and rows in agreement.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import type { Permit } from '../auth/auth.ts';
import { connectStore, keys, shardOf, type Store } from '../store/store.ts';
import { closeWindow, createLimiter, identityOf, readWindows, type Lease, type QuotaWindow } from './limiter.ts';

let server: LocalRedis;
let redis: Redis;
let store: Store;
const budget = () => ({ leftMs: 10_000 });

before(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  store = connectStore({ redisEndpoint: server.url }, () => undefined);
});
after(async () => {
  redis.disconnect();
  await store.close();
  await server.close();
});

const feature = 'chat_completions';

function permitFor(limit: number): Permit {
  const actor = { source: 'dotcom-product-subscriptions', id: randomUUID(), pool: null, version: 0 };
  const burst = { limit: 1_000, intervalMs: 3_600_000 };
  const entitlement = { limit, intervalMs: 3_600_000, allowedModels: ['*'], burst, inFlightMax: 1_000 };
  return { actor, feature, entitlement, model: 'p/m', blocked: false } as unknown as Permit;
}

async function admit(permit: Permit): Promise<Lease | null> {
  const admission = { leaseId: randomUUID(), estimate: 1, draft: '{}' };
  const outcome = await createLimiter(store).admit(permit, admission, budget());
  return outcome.decision === 'admitted' ? outcome : null;
}

async function admitted(permit: Permit): Promise<Lease & { readonly window: string }> {
  const lease = (await admit(permit)) ?? assert.fail('refused');
  return { ...lease, window: lease.window ?? assert.fail('no window') };
}

async function windowOf({ actor }: Permit): Promise<QuotaWindow> {
  return (await readWindows(store, actor, [feature], budget())).get(feature) ?? assert.fail('no window');
}

/** Quota units of the rows by window. */
async function rows({ actor }: Permit): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const [, list] of await redis.xrange(keys.outbox(shardOf(identityOf(actor))), '-', '+')) {
    const field = (name: string): string => list[list.indexOf(name) + 1] ?? '';
    if (field('k') === 'event') sums[field('w')] = (sums[field('w')] ?? 0) + Number(field('q'));
  }
  return sums;
}

test('a reset gives a whole quota; what was in flight is charged to neither window, and counters equal rows', async () => {
  const permit = permitFor(2);
  const [settled, running] = [await admitted(permit), await admitted(permit)];
  await settled.settle(1, '{}', budget());
  assert.equal(await admit(permit), null);
  const before = await windowOf(permit);
  assert.deepEqual([before.id, before.used, before.reserved, before.inFlight], [settled.id, 2, 1, 1]);
  assert.equal(await closeWindow(store, permit.actor, feature, settled.window, budget()), true);
  assert.deepEqual(await windowOf(permit), {
    id: null,
    used: 0,
    reserved: 0,
    startMs: null,
    endMs: null,
    inFlight: 1,
  });
  const next = await admitted(permit);
  assert.equal(next.window, next.id, 'a new window, named by the lease that opened it');
  await running.settle(1, '{}', budget());
  await next.settle(1, '{}', budget());
  const { used, reserved, inFlight } = await windowOf(permit);
  assert.deepEqual([used, reserved, inFlight], [1, 0, 0]);
  assert.deepEqual(await rows(permit), { [settled.window]: 1, [next.window]: 1 });
});

test('a reset that comes late or twice leaves the window that was opened since alone, and the burst window stands', async () => {
  const permit = permitFor(5);
  const first = await admitted(permit);
  assert.equal(await closeWindow(store, permit.actor, feature, first.window, budget()), true);
  const second = await admitted(permit);
  assert.equal(await closeWindow(store, permit.actor, feature, first.window, budget()), false);
  assert.equal((await windowOf(permit)).id, second.window);
  const actor = identityOf(permit.actor);
  assert.equal(await redis.hget(keys.limit(shardOf(actor), feature, actor), 'burst'), '2');
});

test('reading opens nothing', async () => {
  const permit = permitFor(5);
  assert.equal((await windowOf(permit)).id, null);
  const actor = identityOf(permit.actor);
  assert.equal(await redis.exists(keys.limit(shardOf(actor), feature, actor)), 0);
});
