// The sending end of the outbox, with a real Redis and the real queue's client: batches, bounds, what is counted, how
// long a caller waits, how much goes through.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { status as grpcStatus } from '@grpc/grpc-js';
import { Redis } from 'ioredis';
import { listen } from '../../../scripts/local/process/port.ts';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import { startTasks, type LocalTasks } from '../../../scripts/local/google/tasks.ts';
import type { Posted } from '../limiter/limiter.ts';
import { connectStore, keys, shardName, type Store } from '../store/store.ts';
import { parseEventTask, taskEventsMax } from './event-task.ts';
import { createOutbox, type Outbox, type SendingState } from './outbox.ts';
import { createEventQueue, type TaskQueue } from './task-queue.ts';
import { tasksOverRest } from './tasks-api.ts';
import type { UsageEvent } from './usage-event.ts';

let server: LocalRedis;
let redis: Redis;
let store: Store;
let tasks: LocalTasks;
let queue: TaskQueue | null;
/** Batches as they arrived at the target. */
let arrived: (readonly UsageEvent[])[] = [];
const target = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request
    .on('data', (piece: Buffer) => pieces.push(piece))
    .on('end', () => {
      arrived.push(parseEventTask(Buffer.concat(pieces).toString()).events);
      response.end();
    });
});

before(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  store = connectStore({ redisEndpoint: server.url }, () => undefined);
  tasks = await startTasks();
  const settings = {
    googleCloudProject: 'p',
    tasksLocation: 'l',
    tasksServiceAccount: null,
    deliverEventsUrl: `http://127.0.0.1:${await listen(target)}/`,
    eventsQueue: 'events',
    eventsQueueCount: 1,
  };
  queue = createEventQueue(
    settings,
    tasksOverRest(tasks.url, async () => ''),
  );
});
beforeEach(async () => {
  arrived = [];
  await redis.flushdb();
});
after(async () => {
  await tasks.close();
  redis.disconnect();
  await store.close();
  await server.close();
  target.closeAllConnections();
  target.close();
});

const eventOf = (n: number, padding = 400): UsageEvent => ({
  name: 'CompletionsFinished',
  source: 'dotcom-product-subscriptions',
  identifier: 'a',
  created_at: '2026-11-23T10:00:00.000Z',
  metadata: { padding: 'x'.repeat(padding) },
  event_id: `e${n}`,
  rank: 1,
  function: 'chat-completions',
  region: 'local',
  feature: 'chat_completions',
  model: 'openai/gpt-4o',
  provider: 'openai',
  units: 1,
  quota_window: null,
  quota_units: 1,
  budget_window: null,
  budget_nano_usd: null,
  feature_budget_window: null,
  feature_budget_nano_usd: null,
  count: 1,
  tokens: null,
  gateway_ms: null,
  cost_nano_usd: null,
  price_version: null,
  price_rank: 0,
  abandoned_nano_usd: null,
  home: null,
  attempts: null,
  tags: null,
  call_tags: null,
  request_bytes: null,
  response_bytes: null,
});

const standingAs = (shard: string, entry: string): Posted => ({ id: 'e', window: null, kept: 1, shard, entry });

/** An event that stands in a shard's outbox in Redis. */
async function posted(n: number): Promise<{ posted: Posted; event: UsageEvent }> {
  const shard = shardName(n % 4);
  const entry = await redis.xadd(keys.outbox(shard), '*', 'i', `e${n}`);
  return { posted: standingAs(shard, entry ?? ''), event: eventOf(n) };
}

const standing = async (): Promise<number> =>
  (await Promise.all([0, 1, 2, 3].map((n) => redis.xlen(keys.outbox(shardName(n)))))).reduce((a, b) => a + b, 0);

interface Told {
  readonly outbox: Outbox;
  readonly counts: Record<SendingState, number>;
  readonly warnings: string[];
}

function open(to: TaskQueue | null = queue): Told {
  const counts = { sent: 0, failed: 0, left: 0 };
  const warnings: string[] = [];
  const outbox = createOutbox(
    store,
    to,
    null,
    (message) => warnings.push(message),
    (state, events) => (counts[state] += events),
  );
  return { outbox, counts, warnings };
}

test('every event goes out once, in batches that fit a task, and is out of Redis when the queue has it', async () => {
  const { outbox, counts, warnings } = open();
  for (let n = 0; n < 450; n++) {
    const one = await posted(n);
    outbox.take(one.posted, JSON.stringify(one.event));
  }
  await outbox.flush();
  await tasks.idle();
  assert.deepEqual(
    arrived
      .flat()
      .map(({ event_id }) => event_id)
      .toSorted(),
    Array.from({ length: 450 }, (_, n) => `e${n}`).toSorted(),
  );
  assert.ok(arrived.every((batch) => batch.length <= taskEventsMax));
  assert.equal(await standing(), 0);
  assert.deepEqual([counts, warnings], [{ sent: 450, failed: 0, left: 0 }, []]);
});

test('what the queue does not take stays in Redis, and is counted as failed', async () => {
  const { outbox, counts, warnings } = open();
  tasks.failCreate(grpcStatus.UNAVAILABLE, 1);
  for (let n = 0; n < 3; n++) {
    const one = await posted(n);
    outbox.take(one.posted, JSON.stringify(one.event));
  }
  await outbox.flush();
  assert.equal(await standing(), 3);
  assert.deepEqual(
    [counts, warnings],
    [{ sent: 0, failed: 3, left: 0 }, ['3 events stay in the outbox for the sweeper: the queue did not take them']],
  );
});

test('a queue that hangs fills no memory: above the bound events are left to the sweeper', async () => {
  const { promise: hung, resolve } = Promise.withResolvers<void>();
  const { outbox, counts } = open({ create: () => hung });
  const bound = 10_000;
  const underWay = 4 * taskEventsMax;
  const one = { posted: (await posted(0)).posted, event: eventOf(0, 0) };
  // Small enough for full batches: without what is null.
  const text = JSON.stringify(one.event, (_member, value: unknown) => value ?? undefined);
  for (let n = 0; n < bound + underWay + 5; n++) outbox.take(one.posted, text);
  assert.equal(counts.left, 5);
  resolve();
  await outbox.flush();
  assert.deepEqual(counts, { sent: bound + underWay, failed: 0, left: 5 });
  const none = open(null);
  none.outbox.take(one.posted, JSON.stringify(one.event));
  assert.equal(await none.outbox.sendNow(one.event), false);
  assert.deepEqual(none.counts, { sent: 0, failed: 0, left: 2 });
});

test('who must wait for the queue waits 300 ms at most', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const hanging = open({ create: () => new Promise(() => {}) });
  const waiting = hanging.outbox.sendNow(eventOf(1));
  let done = false;
  void waiting.then(() => (done = true));
  t.mock.timers.tick(299);
  await Promise.resolve();
  assert.equal(done, false);
  t.mock.timers.tick(1);
  assert.equal(await waiting, false);
  assert.deepEqual(hanging.counts, { sent: 0, failed: 1, left: 0 });
});

test('thousands of events a second leave one instance', async (t) => {
  const { outbox, counts } = open();
  const events = 10_000;
  const pipeline = redis.pipeline();
  for (let n = 0; n < events; n++) pipeline.xadd(keys.outbox(shardName(n % 4)), '*', 'i', `e${n}`);
  const entries = (await pipeline.exec()) ?? [];
  const startedMs = performance.now();
  for (let n = 0; n < events; n++)
    outbox.take(standingAs(shardName(n % 4), String(entries[n]?.[1])), JSON.stringify(eventOf(n)));
  await outbox.flush();
  // The figure is for the reader: no test depends on a clock.
  t.diagnostic(`${Math.round((events * 1000) / (performance.now() - startedMs))} events a second from one instance`);
  await tasks.idle();
  assert.equal(counts.sent, events);
  assert.equal(
    arrived.reduce((sum, batch) => sum + batch.length, 0),
    events,
  );
  assert.equal(await standing(), 0);
});
