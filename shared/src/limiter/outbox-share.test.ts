// A shard's outbox has a share of Redis: what finds it full is handed to its sender or folded, counters stay right, and nothing is forgotten.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import type { Permit } from '../auth/auth.ts';
import { connectStore, keys, shardOf, type Store } from '../store/store.ts';
import { createLimiter, identityOf, sweepShard, type Denial, type Lease } from './limiter.ts';

const share = 20_000;
const budget = () => ({ leftMs: 10_000 });
let server: LocalRedis;
let redis: Redis;
let store: Store;

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

test('a full outbox takes no event of a call and no refusal; emptied, it takes what was folded', async () => {
  const limiter = createLimiter(store);
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
  const burst = { limit: 1_000, intervalMs: 3_600_000 };
  const entitlement = { limit: 2, intervalMs: 3_600_000, allowedModels: ['*'], burst, inFlightMax: 1_000 };
  const permit = { actor, feature: 'chat_completions', entitlement, model: 'p/m', blocked: false } as unknown as Permit;
  const shard = shardOf(identityOf(permit.actor));
  const outbox = keys.outbox(shard);
  const admit = (): ReturnType<typeof limiter.admit> =>
    limiter.admit(permit, { leaseId: randomUUID(), estimate: 1, draft: '{}' }, budget());

  const fill = redis.pipeline();
  for (let i = 0; i < share - 1; i++) fill.xadd(outbox, '*', 'k', 'event');
  await fill.exec();
  const first = (await admit()) as Lease;
  const { posted } = await first.settle(1, '{"first":1}', budget());
  assert.equal(posted?.id, first.id, 'the last entry of the share');
  const second = (await admit()) as Lease;
  const { posted: none, overflow } = await second.settle(1, '{"second":1}', budget());
  assert.equal(none, null);
  assert.deepEqual([overflow?.id, overflow?.window, overflow?.kept], [second.id, first.window, 1]);
  const [used, reserved] = await redis.hmget(
    keys.limit(shard, permit.feature, identityOf(permit.actor)),
    'used',
    'reserved',
  );
  assert.deepEqual([used, reserved], ['2', '0']);

  for (let i = 0; i < 3; i++) {
    const denial = (await admit()) as Denial;
    assert.deepEqual([denial.cause, denial.posted], ['quota', null]);
  }
  assert.equal(await redis.xlen(outbox), share);
  const folds = keys.folds(shard);
  const [fold = ''] = await redis.zrange(folds, '0', '-1');
  await redis.zadd(folds, 1, fold);
  assert.equal((await sweepShard(store, shard, Date.now(), 100, budget)).unfolded, 0);
  await redis.xtrim(outbox, 'MAXLEN', 10);
  assert.equal((await sweepShard(store, shard, Date.now(), 100, budget)).unfolded, 1);
  const [last] = await redis.xrevrange(outbox, '+', '-', 'COUNT', 1);
  const fields = last?.[1] ?? [];
  assert.deepEqual([fields[fields.indexOf('k') + 1], fields[fields.indexOf('n') + 1]], ['refused', '3']);
});
