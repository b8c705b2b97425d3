// The sweeper on a real Redis: everything that is due is done once, by however many at once, wherever one breaks off,
// and counters that lost their expiry are mended.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { Redis } from 'ioredis';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import type { Permit } from '../auth/auth.ts';
import type { TaskQueue } from '../events/events.ts';
import { createLimiter, restoreExpiries, identityOf, type Lease } from '../limiter/limiter.ts';
import { connectStore, keys, shardCount, shardOf, type Store } from '../store/store.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createSweep } from './sweep.ts';

const budget = () => ({ leftMs: 10_000 });
const hourMs = 3_600_000;
let server: LocalRedis;
let redis: Redis;
let store: Store;

before(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  store = connectStore({ redisEndpoint: server.url }, () => undefined);
});
beforeEach(() => redis.flushdb());
after(async () => {
  redis.disconnect();
  await store.close();
  await server.close();
});

function permitOf(limit = 1_000): Permit {
  const actor = {
    source: 'dotcom-product-subscriptions',
    id: randomUUID(),
    name: 'n',
    tags: [],
    pool: null,
    version: 0,
  };
  const burst = { limit: 1_000, intervalMs: hourMs };
  const entitlement = { limit, intervalMs: 24 * hourMs, allowedModels: ['*'], burst, inFlightMax: 1_000 };
  return { actor, feature: 'chat_completions', entitlement, model: 'p/m', blocked: false } as unknown as Permit;
}

const draftOf = (id: string): string =>
  JSON.stringify({
    name: 'CompletionsFinished',
    source: 'dotcom-product-subscriptions',
    identifier: 'i',
    created_at: '2026-01-01T00:00:00.000Z',
    metadata: {},
    event_id: id,
    function: 'f',
    region: 'r',
    feature: 'chat_completions',
    model: 'p/m',
    provider: 'p',
  });

/**
 * Calls of so many actors, all overdue but for one each; and refusals that were counted into a fold whose minute is
 * over.
 */
async function leaveBehind(actors: number, leasesEach: number): Promise<{ permits: Permit[]; overdue: Set<string> }> {
  const limiter = createLimiter(store);
  const permits = Array.from({ length: actors }, () => permitOf(leasesEach + 1));
  const overdue = new Set<string>();
  const admit = async (permit: Permit): Promise<Lease> => {
    const leaseId = randomUUID();
    return (await limiter.admit(permit, { leaseId, estimate: 1, draft: draftOf(leaseId) }, budget())) as Lease;
  };
  for (const permit of permits) {
    const shard = shardOf(identityOf(permit.actor));
    for (let i = 0; i < leasesEach; i++) {
      const { id } = await admit(permit);
      overdue.add(id);
      await redis.zadd(keys.leases(shard), 1, id);
    }
    await admit(permit);
    for (let i = 0; i < 8; i++) await admit(permit);
    for (const fold of await redis.zrange(keys.folds(shard), '0', '-1')) await redis.zadd(keys.folds(shard), 1, fold);
  }
  return { permits, overdue };
}

interface Row {
  readonly event_id: string;
  readonly name: string;
  readonly quota_units: number;
  readonly count: number;
}

/** A queue that keeps what it acknowledged. @param fails decides by the number of the task */
function queueOf(rows: Row[], fails: (task: number) => boolean = () => false): TaskQueue {
  let task = 0;
  return {
    create: async (body: string) => {
      if (fails(task++)) throw new Error('the queue is away');
      rows.push(...(JSON.parse(body) as { events: Row[] }).events);
    },
  };
}

function sweeperOf(rows: Row[], more: { fails?: (task: number) => boolean; clock?: () => number } = {}) {
  const telemetry = { log: () => undefined, count: () => undefined } as unknown as Telemetry;
  return createSweep({ store, queue: queueOf(rows, more.fails), noticeQueue: null, telemetry }, more.clock, () => 0.3);
}

/** Each overdue lease charged once, the others standing; each event at the queue; nothing left over. */
async function check(permits: readonly Permit[], overdue: ReadonlySet<string>, rows: readonly Row[]): Promise<void> {
  for (const { actor } of permits) {
    const shard = shardOf(identityOf(actor));
    const limit = keys.limit(shard, 'chat_completions', identityOf(actor));
    const each = overdue.size / permits.length;
    assert.deepEqual(await redis.hmget(limit, 'used', 'reserved'), [String(each + 1), '1']);
    assert.equal(await redis.zcard(keys.inFlight(shard, 'chat_completions', identityOf(actor))), 1);
    assert.equal(await redis.zcard(keys.folds(shard)), 0);
  }
  const unique = new Map(rows.map((row) => [row.event_id, row]));
  const orphans = [...unique.values()].filter(({ event_id }) => overdue.has(event_id));
  assert.equal(orphans.length, overdue.size);
  assert.ok(orphans.every(({ quota_units }) => quota_units === 1));
  const refusals = [...unique.values()].filter(({ name }) => name === 'RateLimited');
  assert.equal(
    refusals.reduce((sum, { count }) => sum + count, 0),
    permits.length * 8,
  );
}

test('three sweepers at once: every overdue lease is charged once, every row is sent', async () => {
  const { permits, overdue } = await leaveBehind(30, 5);
  const rows: Row[] = [];
  const reports = await Promise.all([sweeperOf(rows)(), sweeperOf(rows)(), sweeperOf(rows)()]);
  assert.equal(
    reports.reduce((sum, { orphaned }) => sum + orphaned, 0),
    overdue.size,
  );
  assert.deepEqual(
    reports.map(({ failed, left }) => failed + left),
    [0, 0, 0],
  );
  // Refusals that were written singly are their instance's for a grace time: as if it were over.
  await ageOutboxes(rows);
  await check(permits, overdue, rows);
  const again = await sweeperOf(rows)();
  assert.deepEqual([again.orphaned, again.unfolded, again.sent], [0, 0, 0]);
});

test('a run whose queue fails again and again loses nothing: the next one takes what is left', async () => {
  const { permits, overdue } = await leaveBehind(20, 3);
  const rows: Row[] = [];
  const first = await sweeperOf(rows, { fails: (task) => task % 2 === 0 })();
  assert.ok(first.failed > 0);
  await ageOutboxes(rows);
  await check(permits, overdue, rows);
});

test('a run that is out of time says what it left, and what it left is done by the next', async () => {
  const { permits, overdue } = await leaveBehind(20, 2);
  const rows: Row[] = [];
  let nowMs = 0;
  const short = await sweeperOf(rows, { clock: () => (nowMs += 10_000) })();
  assert.ok(short.left > 0 && short.left < shardCount, String(short.left));
  await sweeperOf(rows)();
  await ageOutboxes(rows);
  await check(permits, overdue, rows);
});

test('counters that lost their expiry are mended, a few steps a run, going on where the last one stopped (actors #29)', async () => {
  const limiter = createLimiter(store);
  const fill = redis.pipeline();
  for (let i = 0; i < 2_000; i++) fill.set(`{s0000}:lease:${i}`, 'void 0', 'EX', 600);
  await fill.exec();
  const permit = permitOf();
  await limiter.admit(permit, { leaseId: randomUUID(), estimate: 3, draft: '{}' }, budget());
  const actor = identityOf(permit.actor);
  const open = keys.limit(shardOf(actor), 'chat_completions', actor);
  const ttl = await redis.pttl(open);
  await redis.persist(open);
  const over = keys.limit('s0001', 'chat_completions', 'over');
  await redis.hset(over, { id: 'w', used: 600, reserved: 0, end: 1, interval: hourMs, burst: 2, burstEnd: 1 });
  const half = keys.limit('s0002', 'chat_completions', 'half');
  await redis.hset(half, { used: 600 });
  const runs: number[] = [];
  do runs.push(await restoreExpiries(store, 1, budget));
  while ((await redis.get(keys.walk())) !== '0');
  assert.ok(runs.length > 2, `${runs.length} runs`);
  assert.equal(
    runs.reduce((sum, restored) => sum + restored, 0),
    3,
  );
  const left = await redis.pttl(open);
  assert.ok(left > ttl - 60_000 && left <= ttl, `${left} ms of ${ttl}`);
  assert.equal(await redis.exists(over, half), 0);
  assert.equal(await redis.hget(open, 'used'), '3');
  assert.equal(await restoreExpiries(store, 100, budget), 0);
  await redis.set(keys.walk(), 'of another cluster');
  await assert.rejects(restoreExpiries(store, 1, budget));
  assert.equal(await restoreExpiries(store, 1, budget), 0, 'a cursor that nobody knows holds the walk up once');
});

test('an idle run looks at all shards in a few round trips, and touches nothing', async () => {
  const { permits } = await leaveBehind(5, 1);
  await sweeperOf([])();
  await ageOutboxes([]);
  // One more call each: leases that stand, and events that are their instance's.
  const limiter = createLimiter(store);
  for (const permit of permits) {
    const raised = { ...permit, entitlement: { ...permit.entitlement, limit: 100 } } as Permit;
    const admission = { leaseId: randomUUID(), estimate: 1, draft: '{}' };
    await limiter.admit(raised, admission, budget());
    const second = (await limiter.admit(raised, { ...admission, leaseId: randomUUID() }, budget())) as Lease;
    await second.settle(1, draftOf(second.id), budget());
  }
  const commands = async (): Promise<number> =>
    Number(/total_commands_processed:(\d+)/.exec(await redis.info('stats'))?.[1]);
  const before = await commands();
  const report = await sweeperOf([])();
  const sent = (await commands()) - before;
  assert.ok(sent <= 3 * shardCount + 40, `${sent} commands`);
  const { oldest_ms, ...done } = report;
  assert.ok(oldest_ms > 0);
  assert.ok(
    Object.values(done).every((count) => count === 0),
    JSON.stringify(done),
  );
});

test('a shard with more than one pass takes is emptied in one run, after the others had their turn', async () => {
  const fill = redis.pipeline();
  const [full, other] = [keys.outbox('s0007'), keys.outbox('s0300')];
  for (let i = 0; i < 2_500; i++)
    fill.xadd(full, `1-${i + 1}`, 'i', `e${i}`, 'k', 'event', 'w', '', 'q', '0', 'e', draftOf(`e${i}`));
  fill.xadd(other, '1-1', 'i', 'other', 'k', 'event', 'w', '', 'q', '0', 'e', draftOf('other'));
  // What is no event of ours stays, and is not gone round for.
  for (let i = 0; i < 1_100; i++) fill.xadd(keys.outbox('s0009'), `1-${i + 1}`, 'k', 'junk');
  await fill.exec();
  const rows: Row[] = [];
  const report = await sweeperOf(rows)();
  assert.deepEqual([report.sent, report.overfull, report.left, report.unreadable], [2_501, 1, 0, 1_000]);
  assert.equal(new Set(rows.map(({ event_id }) => event_id)).size, 2_501);
  assert.ok(rows.findIndex(({ event_id }) => event_id === 'other') < 2_000, 'the other shard does not wait');
});

/** Sends what is in the outboxes by a copy of them whose entries are old enough. */
async function ageOutboxes(rows: Row[]): Promise<void> {
  for (const outbox of await redis.keys('*:outbox')) {
    const entries = await redis.xrange(outbox, '-', '+');
    await redis.del(outbox);
    for (const [i, [, fields]] of entries.entries()) await redis.xadd(outbox, `1-${i + 1}`, ...fields);
  }
  await sweeperOf(rows)();
}
