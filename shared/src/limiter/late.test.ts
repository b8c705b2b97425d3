// Settlements that Redis did not confirm, on a real Redis: whatever is found of the lease, counter and row agree, and
// no repetition charges twice.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { Redis } from 'ioredis';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import { startTcpProxy, type TcpProxy } from '../../../scripts/local/process/tcp-proxy.ts';
import type { Permit } from '../auth/auth.ts';
import { connectStore, keys, shardOf, StoreUnavailable, type Store } from '../store/store.ts';
import { endedTimeMs } from './settlement.ts';
import { createLimiter, identityOf, settleLate, sweepShard, type Lease, type Limiter } from './limiter.ts';

let server: LocalRedis;
let proxy: TcpProxy;
let redis: Redis;
/** Over the proxy, and beside it. */
let store: Store;
let limiter: Limiter;
let direct: Store;
const budget = () => ({ leftMs: 10_000, patient: true });
const intervalMs = 86_400_000;

before(async () => {
  server = await startRedis();
  proxy = await startTcpProxy(server.port);
  redis = new Redis(server.url);
  store = connectStore({ redisEndpoint: proxy.url }, () => undefined);
  direct = connectStore({ redisEndpoint: server.url }, () => undefined);
  limiter = createLimiter(store);
});
beforeEach(async () => {
  await redis.flushdb();
  // The outage that the last test made is over.
  await store.commands([['ping']], budget());
});
after(async () => {
  redis.disconnect();
  await Promise.all([store.close(), direct.close()]);
  await proxy.close();
  await server.close();
});

const actor = {
  source: 'dotcom-product-subscriptions',
  id: randomUUID(),
  name: 'n',
  accessEnabled: true,
  pool: null,
  lastUpdatedMs: null,
  version: 0,
  limits: {},
};
const entitlement = {
  limit: 10,
  intervalMs,
  allowedModels: ['*'],
  burst: { limit: 1_000, intervalMs },
  inFlightMax: 1_000,
};
const permit = { actor, feature: 'chat_completions', entitlement, model: 'p/m', blocked: false } as unknown as Permit;
const identity = identityOf(permit.actor);
const shard = shardOf(identity);
const limitKey = keys.limit(shard, permit.feature, identity);

const admission = () => ({ leaseId: randomUUID(), estimate: 1, draft: '{}' });
async function admit(): Promise<Lease> {
  const lease = await limiter.admit(permit, admission(), budget());
  assert.ok(lease.decision === 'admitted');
  return lease;
}

async function counter(): Promise<{ id: string | null; used: number; reserved: number }> {
  const [id, used, reserved] = await redis.hmget(limitKey, 'id', 'used', 'reserved');
  return { id: id ?? null, used: Number(used), reserved: Number(reserved) };
}

/** As deliver-events does it, twice: a task may come again. */
async function settle(lease: Lease, units: number, nowMs = Date.now()) {
  const late = lease.late(Date.now());
  const first = await settleLate(direct, lease.id, units, late, nowMs, budget());
  assert.deepEqual(await settleLate(direct, lease.id, units, late, nowMs, budget()), first, 'the second time');
  return first;
}

for (const what of ['request', 'reply'] as const)
  for (const units of [1, 0])
    test(`connection lost at the ${what} of ${units === 1 ? 'settle' : 'release'}: ended once, whichever was applied`, async () => {
      const other = await admit();
      const lease = await admit();
      const cut = proxy.cut(what, lease.id);
      const end = units === 1 ? lease.settle(1, '{}', { leftMs: 5_000 }) : lease.release('{}', { leftMs: 5_000 });
      await assert.rejects(end, StoreUnavailable);
      await cut;
      const outcome = await settle(lease, units);
      assert.deepEqual(outcome, { window: other.window, kept: units });
      assert.deepEqual(await counter(), { id: other.window, used: 1 + units, reserved: 1 });
      await other.settle(1, '', budget());
    });

for (const what of ['request', 'reply'] as const)
  test(`connection lost at the ${what} of admit: given up it holds nothing, on trust it is charged once`, async () => {
    const given = admission();
    let cut = proxy.cut(what, given.leaseId);
    await assert.rejects(limiter.admit(permit, given, { leftMs: 5_000 }), StoreUnavailable);
    await cut;
    await limiter.withdraw(permit, given, budget());
    assert.deepEqual(await counter(), { id: null, used: 0, reserved: 0 });

    const trusted = admission();
    cut = proxy.cut(what, trusted.leaseId);
    await assert.rejects(limiter.admit(permit, trusted, { leftMs: 5_000 }), StoreUnavailable);
    await cut;
    const lease = limiter.admitOnTrust(permit, trusted, Date.now(), Date.now());
    await assert.rejects(lease.settle(1, '{}', budget()), StoreUnavailable);
    const outcome = await settle(lease, 1);
    assert.deepEqual(outcome, { window: trusted.leaseId, kept: 1 });
    assert.deepEqual(await counter(), { id: trusted.leaseId, used: 1, reserved: 0 });
    assert.equal(await redis.zcard(keys.inFlight(shard, permit.feature, identity)), 0);
  });

test('swept meanwhile: the difference; the record is gone: charged while its window is open, not in another one', async () => {
  const swept = await admit();
  await redis.zadd(keys.leases(shard), 1, swept.id);
  assert.equal((await sweepShard(direct, shard, Date.now(), 100, budget)).orphaned, 1);
  assert.deepEqual(await settle(swept, 3), { window: swept.window, kept: 3 });
  assert.equal((await counter()).used, 3);

  const lost = await admit();
  await redis.del(keys.lease(shard, lost.id));
  // As after a failover that forgot the admission.
  await redis.hset(limitKey, 'used', '3', 'reserved', '0');
  assert.deepEqual(await settle(lost, 1), { window: lost.window, kept: 1 });
  assert.equal((await counter()).used, 4);

  const outlived = await admit();
  await redis.del(limitKey, keys.lease(shard, outlived.id));
  const next = await admit();
  assert.deepEqual(await settle(outlived, 1), { window: outlived.window, kept: 0 });
  assert.deepEqual(await counter(), { id: next.window, used: 1, reserved: 1 });
});

test('so late that the first try’s record has ended: nothing is charged again, and the row says what stands', async () => {
  const lease = await admit();
  await lease.settle(1, '', budget());
  await redis.del(keys.lease(shard, lease.id));
  const late = lease.late(Date.now());
  const outcome = await settleLate(direct, lease.id, 1, late, Date.now() + endedTimeMs, budget());
  assert.deepEqual(outcome, { window: lease.window, kept: 1 });
  assert.deepEqual(await counter(), { id: lease.window, used: 1, reserved: 0 });
});

test('on trust: charged to the window that stands; where none does it opens one that began with the call; over, it is the ledger’s alone', async () => {
  const trust = (atMs: number): Lease => limiter.admitOnTrust(permit, admission(), atMs, null);
  const nowMs = Date.now();
  const first = trust(nowMs - 60_000);
  assert.deepEqual(await settle(first, 1), { window: first.id, kept: 1 });
  assert.equal(await redis.hget(limitKey, 'end'), String(nowMs - 60_000 + intervalMs));
  assert.ok((await redis.pttl(limitKey)) > 0);
  assert.deepEqual(await settle(trust(nowMs - 30_000), 1), { window: first.id, kept: 1 });
  assert.deepEqual(await settle(trust(nowMs), 0), { window: null, kept: 0 });
  assert.deepEqual(await settle(trust(nowMs - intervalMs - 1), 1), { window: null, kept: 0 });
  assert.deepEqual(await counter(), { id: first.id, used: 2, reserved: 0 });
  assert.equal((await admit()).remaining, 7);
});
