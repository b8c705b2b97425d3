// One charged call on a real Redis and real sockets: what it costs, that a free one takes nothing and has its row, that
// it ends whatever the work does, that it is settled before it is answered, and kept alive while it works.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, mock, test } from 'node:test';
import { Redis } from 'ioredis';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import type { Permit } from '../auth/auth.ts';
import { loadPriceBooks, mergeRows } from '../catalogue/catalogue.ts';
import { createOutbox, type Outbox, type UsageEvent } from '../events/events.ts';
import { Refusal } from '../http/http.ts';
import { createLimiter, identityOf } from '../limiter/limiter.ts';
import { connectStore, keys, shardOf, type Store } from '../store/store.ts';
import { createTelemetry } from '../telemetry/telemetry.ts';
import { charged, notServed, type ChargedCall, type Ended, type Held } from './charged.ts';
import type { Context } from './context.ts';
import type { Exchange } from './exchange.ts';
import { createHandler } from './handler.ts';
import { createOutages } from './outages.ts';

const hourMs = 3_600_000;
const stated = { source: 'a test', asOf: '2026-01-01' };
const layer = {
  name: 'defaults',
  rows: { prices: [{ model: 'p/m', from: '2026-01-01', dimensions: { input: '2' }, ...stated }] },
} as const;
const { createPriceBook } = await loadPriceBooks();
const catalogue = {
  pricesAtHand: () => null,
  prices: async () => createPriceBook(mergeRows('prices', [layer]), mergeRows('factors', [layer])),
};
let redisServer: LocalRedis;
let redis: Redis;
let store: Store;
let server: Server;
/** What the next request is. */
let handle: (exchange: Exchange) => Promise<void>;
/** Rows that were handed to the outbox, and answers, in their order. */
const happened: (UsageEvent | 'answered')[] = [];

before(async () => {
  redisServer = await startRedis();
  redis = new Redis(redisServer.url);
  store = connectStore({ redisEndpoint: redisServer.url }, () => undefined);
  const outbox: Outbox = {
    ...createOutbox(
      store,
      null,
      null,
      () => undefined,
      () => undefined,
    ),
    take: (_posted, event) => happened.push(JSON.parse(event) as UsageEvent),
  };
  const config = {
    functionName: 'f',
    region: 'r',
    cloudflareHeaders: false,
    trustedProxies: 0,
    loadBalancerAddresses: null,
    subscriptionThresholds: [],
    userThresholds: [],
    chatCompletionsWithoutRedis: 0,
    codeCompletionsWithoutRedis: 0,
    embeddingsWithoutRedis: 0,
    budgetWithoutRedisNanoUsd: 0,
    budgetThresholds: [50, 80, 100],
    unpricedCeilingNanoUsd: null,
  };
  const context = {
    config,
    telemetry: createTelemetry({ googleCloudProject: null, functionName: 'f', version: '' }, () => undefined),
    auth: { refreshSoon: () => undefined },
    limiter: createLimiter(store),
    outbox,
    outages: createOutages(config, Date.now),
    budget: () => ({ leftMs: 10_000 }),
  } as unknown as Context;
  const route = {
    method: 'POST',
    path: '/',
    dialect: 'cody' as const,
    handle: (exchange: Exchange) => handle(exchange),
  };
  const { handle: listen } = createHandler(context, [route]);
  server = createServer((request, response) => void listen(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(async () => {
  server.close();
  redis.disconnect();
  await store.close();
  await redisServer.close();
});

function permitOf(limit = 10): Permit {
  const actor = { source: 'dotcom-user', id: randomUUID(), name: 'n', tags: [], pool: null, version: 0 };
  const burst = { limit: 1_000, intervalMs: hourMs };
  const entitlement = { limit, intervalMs: 24 * hourMs, allowedModels: ['*'], burst, inFlightMax: 1_000 };
  return {
    actor,
    feature: 'chat_completions',
    entitlement,
    model: 'p/m',
    blocked: false,
    budgets: [],
  } as unknown as Permit;
}

const callOf = (permit: Permit, units: number): ChargedCall<string> => ({
  permit,
  units,
  claim: null,
  bound: null,
  event: {
    name: 'CompletionsFinished',
    model: permit.model,
    metadata: { before: true },
    ended: ({ used, upstreamStatus }) => ({ metadata: { used, upstreamStatus }, tokens: null }),
  },
  catalogue,
  span: null,
});

/** A call that is served, with its reply. */
const served = ({ received }: Exchange, units?: number): Ended<string> => ({
  upstreamStatus: 200,
  resolvedStatus: 200,
  used: 'all of it',
  ...(units !== undefined && { units }),
  billed: [{ model: null, counts: { input: 1_000 } }],
  reply: () => {
    happened.push('answered');
    received.response.writeHead(200, { ...received.replyHeaders }).end('served');
  },
});

/** Sends a request. @returns its answer, and what happened on the way */
async function send(
  permit: Permit,
  units: number,
  work: (exchange: Exchange, held: Held) => Promise<Ended<string>>,
): Promise<{ status: number; headers: Headers; happened: (UsageEvent | 'answered')[] }> {
  happened.length = 0;
  handle = (exchange) => charged(exchange, callOf(permit, units), (held) => work(exchange, held));
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST' });
  await answer.text();
  return { status: answer.status, headers: answer.headers, happened: [...happened] };
}

/** What is used and reserved of the permit's quota; null without an open window. */
async function usedOf({ actor, feature }: Permit): Promise<number[] | null> {
  const identity = identityOf(actor);
  const [used, reserved] = await redis.hmget(keys.limit(shardOf(identity), feature, identity), 'used', 'reserved');
  return used === null || used === undefined ? null : [Number(used), Number(reserved)];
}

test('the truth is charged, the row is written before the answer, and the answer tells what is left', async () => {
  const permit = permitOf();
  const { status, headers, happened } = await send(permit, 3, async (exchange) => served(exchange, 2));
  assert.equal(status, 200);
  assert.equal(headers.get('ratelimit'), '"chat_completions";r=7;t=86400');
  assert.equal(headers.get('x-ratelimit-limit-requests'), '10');
  assert.deepEqual(await usedOf(permit), [2, 0]);
  const [row, answered] = happened as [UsageEvent, string];
  assert.equal(answered, 'answered');
  assert.deepEqual([row.units, row.quota_units, row.count, row.rank], [2, 2, 1, 1]);
  const { before, used, upstreamStatus, resolved_status_code: resolved, feature } = row.metadata;
  assert.deepEqual(
    [before, used, upstreamStatus, resolved, feature],
    [true, 'all of it', 200, 200, 'chat_completions'],
  );
});

test('the row tells the price, worked out once; a redelivery tells the same', async () => {
  const { happened } = await send(permitOf(), 1, async (exchange) => served(exchange));
  const [row] = happened as [UsageEvent];
  assert.deepEqual(
    [row.cost_nano_usd, row.price_version, row.price_rank, row.abandoned_nano_usd, row.home, row.attempts, row.tags],
    [2_000_000, 'p/m 2026-01-01', 0, null, null, null, null],
  );
});

test('work that knows no better costs what was reserved', async () => {
  const permit = permitOf();
  await send(permit, 3, async (exchange) => served(exchange));
  assert.deepEqual(await usedOf(permit), [3, 0]);
});

test('a free call takes no unit, opens no window, and has its row; it is served when the quota is used up', async () => {
  const permit = permitOf(1);
  const free = await send(permit, 0, async (exchange) => served(exchange));
  assert.deepEqual([free.status, await usedOf(permit)], [200, null]);
  const [row, ...more] = free.happened as [UsageEvent, string];
  assert.deepEqual(
    [row.name, row.units, row.quota_units, row.metadata['used']],
    ['CompletionsFinished', 0, 0, 'all of it'],
  );
  assert.deepEqual(more, ['answered']);

  await send(permit, 1, async (exchange) => served(exchange));
  assert.equal((await send(permit, 1, async (exchange) => served(exchange))).status, 429);
  assert.equal((await send(permit, 0, async (exchange) => served(exchange))).status, 200);
  assert.deepEqual(await usedOf(permit), [1, 0]);
});

test('work that throws costs nothing, has its row, and its refusal tells what is left', async () => {
  for (const [thrown, status] of [
    [new Refusal('upstream-timeout', 'late'), 504],
    [new Error('a bug'), 500],
  ] as const) {
    const permit = permitOf();
    const { status: got, headers, happened } = await send(permit, 1, () => Promise.reject(thrown));
    assert.equal(got, status);
    assert.equal(headers.get('x-ratelimit-limit-requests'), '10');
    assert.equal(await usedOf(permit), null);
    const [row, ...more] = happened as [UsageEvent];
    assert.deepEqual([row.units, row.quota_units, row.metadata['resolved_status_code']], [0, 0, status]);
    assert.deepEqual([row.metadata['used'], row.metadata['upstreamStatus'], more], [null, -1, []]);
    assert.deepEqual([row.cost_nano_usd, row.price_version], [0, null]);
  }
});

test('an answer that the provider refused costs nothing, and a reply that throws is answered as a refusal', async () => {
  const permit = permitOf();
  const refusal = new Refusal('upstream-credentials', 'not accepted');
  const reply = (): never => {
    throw refusal;
  };
  const { status, happened } = await send(permit, 1, async () => ({
    upstreamStatus: 401,
    resolvedStatus: 502,
    used: null,
    refusal,
    reply,
  }));
  assert.deepEqual([status, await usedOf(permit)], [502, null]);
  assert.deepEqual((happened as [UsageEvent])[0].metadata['upstreamStatus'], 401);
});

test('a call that was not served costs what its work says that its caller caused', async () => {
  const permit = permitOf();
  const refusal = new Refusal('bad-request', 'no such text');
  const { status, happened } = await send(permit, 3, async (exchange) => ({
    ...notServed<string>(exchange, refusal),
    units: 2,
  }));
  assert.deepEqual([status, await usedOf(permit)], [400, [2, 0]]);
  const [row] = happened as [UsageEvent];
  assert.deepEqual([row.units, row.quota_units, row.metadata['resolved_status_code']], [2, 2, 400]);
});

test('a lease is renewed as long as the work lasts, and no longer', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  const permit = permitOf();
  const leases = keys.leases(shardOf(identityOf(permit.actor)));
  let id = '';
  await send(permit, 1, async (exchange, { lease }) => {
    ({ id } = lease);
    await redis.zadd(leases, 1, id);
    mock.timers.tick(20_000);
    let due = 1;
    for (let tries = 0; due === 1 && tries < 1_000; tries++) {
      await new Promise(setImmediate);
      due = Number(await redis.zscore(leases, id));
    }
    assert.ok(due > Date.now(), 'the renewal moved the time at which the holder counts as dead');
    return served(exchange);
  });
  assert.equal(await redis.zscore(leases, id), null);
  const scriptsRun = async (): Promise<number> =>
    Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1]);
  const before = await scriptsRun();
  assert.ok(before > 0);
  mock.timers.tick(60_000);
  await new Promise(setImmediate);
  assert.equal(await scriptsRun(), before, 'no renewal after the end');
});
