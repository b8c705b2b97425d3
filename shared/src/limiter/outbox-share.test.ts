// A shard's outbox has a share of Redis: what finds it full is handed to its sender or folded, counters stay right,
// nothing is forgotten, and Redis is never filled by events, however they are spread.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Redis } from 'ioredis';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import type { Permit } from '../auth/auth.ts';
import { connectStore, keys, shardCount, shardOf, type Store } from '../store/store.ts';
import { createLimiter, identityOf, sweepShard, type Denial, type Lease } from './limiter.ts';
import { entryBytes, shareOf } from './share.ts';

/** Entries that a shard may always have here. */
const own = 10;
const outboxBytes = own * shardCount * entryBytes;
const budget = () => ({ leftMs: 10_000 });
let server: LocalRedis;
let redis: Redis;
let store: Store;

before(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  store = connectStore({ redisEndpoint: server.url, outboxBytes }, () => undefined);
  // Scripts and connections take memory, too: `press` measures with them.
  await call(permitOf(1));
});
beforeEach(async () => {
  await redis.config('SET', 'maxmemory', '0');
  await redis.flushdb();
});
after(async () => {
  redis.disconnect();
  await store.close();
  await server.close();
});

function permitOf(limit: number): Permit {
  const actor = { source: 'dotcom-product-subscriptions', id: randomUUID(), name: 'n', pool: null, version: 0 };
  const burst = { limit: 1_000_000, intervalMs: 3_600_000 };
  const entitlement = { limit, intervalMs: 3_600_000, allowedModels: ['*'], burst, inFlightMax: 1_000 };
  return { actor, feature: 'chat_completions', entitlement, model: 'p/m', blocked: false } as unknown as Permit;
}

const outboxOf = ({ actor }: Permit): string => keys.outbox(shardOf(identityOf(actor)));

async function fill(outbox: string, entries: number): Promise<void> {
  for (let i = 0; i < entries; i++) await redis.xadd(outbox, '*', 'k', 'event');
}

/** An admitted and settled call: whether its event stands in the outbox, or is its sender's. */
async function call(permit: Permit, event = '{}', through = store): Promise<'posted' | 'overflow'> {
  const admission = { leaseId: randomUUID(), estimate: 1, draft: '{}' };
  const lease = (await createLimiter(through).admit(permit, admission, budget())) as Lease;
  const { posted, overflow } = await lease.settle(1, event, budget());
  assert.equal((posted ?? overflow)?.id, lease.id);
  assert.equal((posted ?? overflow)?.kept, 1);
  assert.notEqual(posted === null, overflow === null);
  return posted === null ? 'overflow' : 'posted';
}

async function usedBytes(): Promise<number> {
  return Number(/\nused_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
}

/** As if so much of Redis's memory were in use, in percent. */
async function press(percent: number): Promise<void> {
  await redis.config('SET', 'maxmemory', String(Math.ceil(((await usedBytes()) * 100) / percent)));
}

test('a full outbox takes no event of a call and no refusal; emptied, it takes what was folded', async () => {
  const limiter = createLimiter(store);
  const permit = permitOf(2);
  const shard = shardOf(identityOf(permit.actor));
  const outbox = outboxOf(permit);
  const admit = (): ReturnType<typeof limiter.admit> =>
    limiter.admit(permit, { leaseId: randomUUID(), estimate: 1, draft: '{}' }, budget());

  await fill(outbox, own - 1);
  await press(80);
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
  const identity = decodeURIComponent(identityOf(permit.actor));
  assert.equal(await limiter.recordEvent(identity, 'AccessDenied', randomUUID(), '{}', 1, budget()), null);
  assert.equal(await redis.xlen(outbox), own);
  const folds = keys.folds(shard);
  for (const fold of await redis.zrange(folds, '0', '-1')) await redis.zadd(folds, 1, fold);
  assert.equal((await sweepShard(store, shard, Date.now(), 100, budget)).unfolded, 0);
  await redis.xtrim(outbox, 'MAXLEN', 1);
  assert.equal((await sweepShard(store, shard, Date.now(), 100, budget)).unfolded, 2);
  const written = (await redis.xrange(outbox, '-', '+')).slice(-2).map(([, fields]) => fields);
  assert.deepEqual(
    new Set(written.map((fields) => `${fields[fields.indexOf('k') + 1]} ${fields[fields.indexOf('n') + 1]}`)),
    new Set(['noted 1', 'refused 3']),
  );
});

test('beyond its own part a shard may use what is free: up to 60 % of the memory, or what was set aside where there is no limit', async () => {
  const permit = permitOf(1_000);
  await fill(outboxOf(permit), own * 20);
  assert.equal(await call(permit), 'posted', 'no limit, little in use');
  await press(50);
  assert.equal(await call(permit), 'posted');
  await press(70);
  assert.equal(await call(permit), 'overflow');
  let other = permitOf(1_000);
  while (outboxOf(other) === outboxOf(permit)) other = permitOf(1_000);
  assert.equal(await call(other), 'posted', 'another shard has its own part all the same');
  await redis.config('SET', 'maxmemory', '0');
  const little = connectStore({ redisEndpoint: server.url, outboxBytes: 100_000 }, () => undefined);
  assert.equal(await call(permit, '{}', little), 'overflow', 'more in use than is set aside');
  await little.close();
});

test('a server that does not tell its memory leaves each shard its own part', async (t) => {
  const permit = permitOf(1_000);
  assert.equal(await call(permit), 'posted');
  t.after(() => redis.call('ACL', 'SETUSER', 'default', '+info'));
  await redis.call('ACL', 'SETUSER', 'default', '-info');
  assert.equal(await call(permit), 'posted');
  await fill(outboxOf(permit), own);
  assert.equal(await call(permit), 'overflow');
});

test('one busy customer can’t fill Redis, and leaves everybody else room for their events', async () => {
  const mostBytes = 16 * 1024 * 1024;
  await redis.config('SET', 'maxmemory', String(mostBytes));
  const quarter = connectStore({ redisEndpoint: server.url, outboxBytes: mostBytes / 4 }, () => undefined);
  const busy = permitOf(1_000_000);
  // As long as a completion's.
  const event = JSON.stringify({ event: 'x'.repeat(930) });
  const outcomes: string[] = [];
  while (!outcomes.includes('overflow') && outcomes.length < 40_000)
    outcomes.push(...(await Promise.all(Array.from({ length: 100 }, () => call(busy, event, quarter)))));
  const length = await redis.xlen(outboxOf(busy));
  assert.ok(length > 100 * shareOf(quarter)[0], `${length} entries`);
  const atTheLine = (await usedBytes()) / mostBytes;
  assert.ok(atTheLine > 0.55 && atTheLine < 0.7, `${atTheLine} of Redis is in use`);
  // One entry is what each shard may always have here.
  const taken = new Set([outboxOf(busy)]);
  for (let i = 0; i < 300; i++) {
    const other = permitOf(10);
    assert.equal(await call(other, event, quarter), taken.has(outboxOf(other)) ? 'overflow' : 'posted');
    taken.add(outboxOf(other));
  }
  assert.ok((await usedBytes()) / mostBytes < 0.85, `${(await usedBytes()) / mostBytes} of Redis is in use`);
  await quarter.close();
});

test('what Terraform sets aside is a quarter of what each environment’s Redis may use, and enough for every shard', () => {
  const read = (file: string): string =>
    readFileSync(path.resolve(import.meta.dirname, '../../../terraform', file), 'utf8');
  const [, divisor] =
    /CODY_GATEWAY_OUTBOX_BYTES\s*= tostring\(floor\(\(.* : var\.redis_memory_gb \* 0\.8 \* 1024 \* 1024 \* 1024\) \/ (\d+)\)\)/.exec(
      read('modules/gateway/environment.tf'),
    ) ?? [];
  assert.equal(divisor, '4');
  for (const [env, least] of [
    ['dev', 40],
    ['prod', 200],
  ] as const) {
    const [, gb] = /redis_memory_gb\s*= (\d+)/.exec(read(`envs/${env}/main.tf`)) ?? [];
    const memory = Number(gb) * 0.8 * 1024 ** 3;
    const [entries] = shareOf({ outboxBytes: Math.floor(memory / Number(divisor)) });
    assert.ok(entries >= least, `${env}: ${entries} entries a shard`);
    // Beside the 60 % up to which a shard may go beyond its part.
    assert.ok(entries * shardCount * entryBytes <= memory * 0.25, env);
  }
});
