// A charged call of a subscription with a budget, on a real Redis and real sockets: what is held and charged, what each
// kind of refusal says on each kind of route, what is told to people, and what becomes of calls whose cost nobody
// knows.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, mock, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import type { DollarBudget, Permit } from '../auth/auth.ts';
import { loadPriceBooks, mergeRows, type Bound, type PriceBook } from '../catalogue/catalogue.ts';
import { createOutbox, type Notice, type Outbox, type UsageEvent } from '../events/events.ts';
import { createLimiter, identityOf, readBudgets, settleLate, type LateSettlement } from '../limiter/limiter.ts';
import { connectStore, keys, shardOf, StoreUnavailable, type Store } from '../store/store.ts';
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
  prices: async () => createPriceBook(mergeRows('prices', [layer]), mergeRows('factors', [layer])),
  pricesAtHand: () => null,
};
/** What a thousand tokens of input cost, two tenths of a cent. */
const call = 2_000_000;

let redisServer: LocalRedis;
let redis: Redis;
let store: Store;
let server: Server;
let handle: (exchange: Exchange) => Promise<void>;
let isAway = false;
const rows: UsageEvent[] = [];
const notices: Notice[] = [];
const late: { event: UsageEvent; settlement: LateSettlement }[] = [];
const config = {
  functionName: 'f',
  region: 'r',
  cloudflareHeaders: false,
  trustedProxies: 0,
  loadBalancerAddresses: null,
  subscriptionThresholds: [],
  userThresholds: [],
  chatCompletionsWithoutRedis: 5,
  codeCompletionsWithoutRedis: 0,
  embeddingsWithoutRedis: 0,
  budgetWithoutRedisNanoUsd: 3 * call,
  budgetThresholds: [50, 80, 100],
  unpricedCeilingNanoUsd: null as number | null,
};

before(async () => {
  redisServer = await startRedis();
  redis = new Redis(redisServer.url);
  store = connectStore({ redisEndpoint: redisServer.url }, () => undefined);
  const nothing = (): void => undefined;
  const outbox: Outbox = {
    ...createOutbox(store, null, null, nothing, nothing),
    take: (_posted, event) => rows.push(JSON.parse(event) as UsageEvent),
    notify: (_posted, notice) => notices.push(notice),
    sendNow: async (event, settlement) => {
      if (settlement !== undefined) late.push({ event, settlement });
      return true;
    },
  };
  const limiter = createLimiter(store);
  const context = {
    config,
    telemetry: createTelemetry({ googleCloudProject: null, functionName: 'f', version: '' }, nothing),
    auth: { refreshSoon: nothing },
    limiter: {
      ...limiter,
      admit: (...args: Parameters<typeof limiter.admit>) =>
        isAway ? Promise.reject(new StoreUnavailable('away', { sent: false })) : limiter.admit(...args),
    },
    outbox,
    outages: createOutages(config, Date.now),
    budget: () => ({ leftMs: 10_000 }),
  } as unknown as Context;
  const routes = (['cody', 'openai', 'anthropic', 'google'] as const).map((dialect) => ({
    method: 'POST',
    path: `/${dialect}`,
    dialect,
    handle: (exchange: Exchange) => handle(exchange),
  }));
  const { handle: listen } = createHandler(context, routes);
  server = createServer((request, response) => void listen(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
after(async () => {
  server.close();
  redis.disconnect();
  await store.close();
  await redisServer.close();
});

const window = { name: '2026-11', startMs: 0, endMs: Date.now() + 24 * hourMs };
const budgetOf = (limitNanoUsd: number, more: Partial<DollarBudget> = {}): DollarBudget => ({
  scope: 'subscription',
  limitNanoUsd,
  overshootNanoUsd: 0,
  isHard: true,
  windows: [window],
  ...more,
});

function permitOf(...budgets: DollarBudget[]): Permit {
  const actor = {
    source: 'dotcom-product-subscriptions',
    id: randomUUID(),
    name: 'n',
    tags: [],
    pool: null,
    version: 0,
  };
  const burst = { limit: 1_000, intervalMs: hourMs };
  const entitlement = { limit: 500, intervalMs: 24 * hourMs, allowedModels: ['*'], burst, inFlightMax: 1_000 };
  const rest = { feature: 'chat_completions', entitlement, model: 'p/m', blocked: false, budgets };
  return { actor, ...rest } as unknown as Permit;
}

const bounded = (worstNanoUsd: number): Bound => ({
  worstNanoUsd,
  expectedNanoUsd: worstNanoUsd,
  inputNanoUsd: 1,
  renewalNanoUsd: 2,
});

const served = ({ received }: Exchange, tokens = 1_000): Ended<string> => ({
  upstreamStatus: 200,
  resolvedStatus: 200,
  used: 'all of it',
  billed: [{ model: null, counts: { input: tokens } }],
  reply: () => void received.response.writeHead(200, { ...received.replyHeaders }).end('served'),
});

async function send(
  permit: Permit,
  bound: Bound | null,
  work: (exchange: Exchange, held: Held) => Promise<Ended<string>> = async (exchange) => served(exchange),
  dialect = 'openai',
  prices: ChargedCall<string>['catalogue'] = catalogue,
): Promise<{ status: number; headers: Headers; text: string }> {
  for (const list of [rows, notices, late]) list.length = 0;
  const one: ChargedCall<string> = {
    permit,
    units: 1,
    claim: null,
    bound: bound === null ? null : () => bound,
    event: {
      name: 'CompletionsFinished',
      model: permit.model,
      metadata: {},
      ended: ({ used }) => ({ metadata: { used }, tokens: null }),
    },
    catalogue: prices,
    span: null,
  };
  handle = (exchange) => charged(exchange, one, (held) => work(exchange, held));
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/${dialect}`, { method: 'POST' });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

/** Settled and reserved of the subscription's budget. */
async function spent(permit: Permit): Promise<number[]> {
  const [reading] = await readBudgets(store, permit.actor, permit.budgets, { leftMs: 10_000 });
  return [reading?.settledNanoUsd ?? 0, reading?.reservedNanoUsd ?? 0];
}

test('the bound is held while the call runs, its cost is charged, and the row says what each budget kept', async () => {
  const permit = permitOf(budgetOf(10 * call), budgetOf(9 * call, { scope: 'chat_completions' }));
  let during: number[] = [];
  await send(permit, bounded(5 * call), async (exchange) => {
    during = await spent(permit);
    return served(exchange);
  });
  assert.deepEqual(during, [0, 5 * call]);
  assert.deepEqual(await spent(permit), [call, 0]);
  const [row] = rows;
  assert.deepEqual(
    [
      row?.cost_nano_usd,
      row?.budget_window,
      row?.budget_nano_usd,
      row?.feature_budget_window,
      row?.feature_budget_nano_usd,
    ],
    [call, window.name, call, window.name, call],
  );
});

test('a failed call of no unit pays nothing, or what the provider may bill of it all the same', async () => {
  const permit = permitOf(budgetOf(10 * call));
  await send(permit, bounded(5 * call), async (exchange) => notServed(exchange, new Error('no')));
  assert.deepEqual(await spent(permit), [0, 0]);
  await send(permit, bounded(5 * call), async (exchange) => ({
    ...notServed<string>(exchange, new Error('no')),
    billed: [{ model: null, counts: { input: 1_000 } }],
  }));
  assert.deepEqual(await spent(permit), [call, 0]);
  assert.deepEqual([rows[0]?.units, rows[0]?.budget_nano_usd], [0, call]);
});

test('used up: SDKs are told in dollars and not to retry, instances what they know of a quota', async () => {
  const permit = permitOf(budgetOf(call));
  await send(permit, bounded(call));
  assert.deepEqual(
    notices.map(({ percent, used, limit, budget }) => [percent, used, limit, budget?.scope, budget?.window]),
    [[100, call, call, 'subscription', window.name]],
  );
  const reset = new Date(window.endMs).toISOString();
  const sentence = `the budget of $0.002 (2026-11) is used up, it starts anew at ${reset}`;
  for (const [dialect, at] of [
    ['openai', 'error.message'],
    ['anthropic', 'error.message'],
    ['google', 'error.message'],
  ] as const) {
    const { status, headers, text } = await send(permit, bounded(call), undefined, dialect);
    assert.equal(status, 429);
    const message = at
      .split('.')
      .reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], JSON.parse(text));
    assert.equal(message, sentence);
    assert.equal(headers.get('x-should-retry'), 'false');
    assert.ok(Date.parse(headers.get('retry-after') ?? '') >= window.endMs - 1_000);
  }
  const { status, headers, text } = await send(permit, bounded(call), undefined, 'cody');
  const goTime = new Date(Math.ceil(window.endMs / 1_000) * 1_000).toISOString().slice(0, 19).replace('T', ' ');
  assert.deepEqual(
    [status, text.trim()],
    [429, `you have exceeded the rate limit of 500 requests. Retry after ${goTime} +0000 UTC`],
  );
  assert.deepEqual([headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining')], ['500', '0']);
  assert.equal(headers.get('x-should-retry'), null);
  const [row] = rows;
  assert.deepEqual([row?.name, row?.budget_window, row?.budget_nano_usd], ['RateLimited', window.name, 0]);
});

test('held by calls in flight: come back in seconds; too dear: ask for less; the first refusal is told to people', async () => {
  const permit = permitOf(budgetOf(4 * call));
  const running = Promise.withResolvers<undefined>();
  const begun = Promise.withResolvers<undefined>();
  const first = send(permit, bounded(3 * call), async (exchange) => {
    begun.resolve(undefined);
    await running.promise;
    return served(exchange);
  });
  await begun.promise;
  const held = await send(permit, bounded(2 * call));
  assert.equal(held.status, 429);
  assert.match(
    held.text,
    /calls in flight hold what is left of the budget of \$0\.008 \(2026-11\): this call may cost \$0\.004, and \$0\.002 is free\. Retry in 5 seconds/,
  );
  assert.equal(held.headers.get('x-should-retry'), null);
  assert.ok(Date.parse(held.headers.get('retry-after') ?? '') - Date.now() < 10_000);
  assert.deepEqual(
    notices.map(({ budget }) => budget?.refusal),
    ['budget-held'],
  );
  const dear = await send(permit, bounded(5 * call));
  assert.match(
    dear.text,
    /this call may cost \$0\.01, and \$0\.008 is left of the budget of \$0\.008 \(2026-11\): ask for less, such as a smaller max_tokens/,
  );
  assert.deepEqual([dear.headers.get('x-should-retry'), dear.headers.get('retry-after')], ['false', null]);
  assert.deepEqual(notices, []);
  running.resolve(undefined);
  assert.equal((await first).status, 200);
  assert.deepEqual(await spent(permit), [call, 0]);
});

test('what the provider bills nothing for costs nothing, and is refused where the budget is used up', async () => {
  const permit = permitOf(budgetOf(call));
  const work = async (exchange: Exchange): Promise<Ended<string>> => ({ ...served(exchange), units: 0, billed: [] });
  assert.equal((await send(permit, null, work)).status, 200);
  assert.deepEqual(await spent(permit), [0, 0]);
  await send(permit, bounded(call));
  assert.equal((await send(permit, null, work)).status, 429);
});

test('a call without a bound is refused under a hard budget, costs its ceiling where one is set, and passes a soft one', async () => {
  const none: Bound = { worstNanoUsd: null, why: 'p/m has no price' };
  const permit = permitOf(budgetOf(10 * call));
  const { status, text } = await send(permit, none);
  assert.equal(status, 400);
  assert.match(text, /a budget in dollars holds for this subscription, and nobody can say .*: p\/m has no price/);
  assert.equal((await send(permitOf(budgetOf(10 * call, { isHard: false })), none)).status, 200);
  config.unpricedCeilingNanoUsd = 3 * call;
  try {
    const unpriced = { ...permit, model: 'p/unpriced' } as Permit;
    assert.equal((await send(unpriced, none)).status, 200);
    assert.deepEqual(await spent(permit), [3 * call, 0], 'nobody knows what it cost');
    assert.equal(rows[0]?.cost_nano_usd, null);
    assert.equal(rows[0]?.budget_nano_usd, 3 * call);
  } finally {
    config.unpricedCeilingNanoUsd = null;
  }
});

test('a price that changes while a call runs counts from its day on: a call has that of the moment it was admitted', async () => {
  const bookOf = (changesMs: number): PriceBook => {
    const before = { model: 'p/changing', from: '2026-01-01', dimensions: { input: '2' }, ...stated };
    const later = { ...before, from: new Date(changesMs).toISOString(), dimensions: { input: '20' } };
    const rowsOf = { name: 'defaults', rows: { prices: [before, later] } } as const;
    return createPriceBook(mergeRows('prices', [rowsOf]), mergeRows('factors', [rowsOf]));
  };
  // A millisecond after its admission, and that very moment: both are over when it is settled.
  for (const [after, cost, from] of [
    [1, call, '2026-01-01'],
    [0, 10 * call, null],
  ] as const) {
    const permit = { ...permitOf(budgetOf(100 * call)), model: 'p/changing' } as Permit;
    let book = bookOf(Date.now() + hourMs);
    const work = async (exchange: Exchange, { lease }: Held) => {
      book = bookOf(lease.admittedAtMs + after);
      while (Number((await redis.time())[0]) * 1_000 <= lease.admittedAtMs) await setTimeout(50);
      return served(exchange);
    };
    const prices = { prices: async () => book, pricesAtHand: () => null };
    assert.equal((await send(permit, bounded(10 * call), work, 'openai', prices)).status, 200);
    assert.deepEqual(await spent(permit), [cost, 0]);
    const [row] = rows;
    assert.deepEqual([row?.cost_nano_usd, row?.budget_nano_usd], [cost, cost]);
    if (from !== null) assert.equal(row?.price_version, `p/changing ${from}`);
  }
});

test('a renewal takes down what the call would cost if it ended now', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  const permit = permitOf(budgetOf(10 * call));
  const shard = shardOf(identityOf(permit.actor));
  const records: string[] = [];
  await send(permit, bounded(5 * call), async (exchange, { lease, meter }) => {
    const metered = async (isThere: (record: string) => boolean): Promise<void> => {
      // The prices are read beside the work, the renewal is sent beside it, too: each has as many turns as it needs.
      for (let turn = 0; turn < 1_000; turn++) {
        mock.timers.tick(20_000);
        const record = (await redis.get(keys.lease(shard, lease.id))) ?? '';
        if (!isThere(record)) continue;
        records.push(record.replace(/^\S+ \S+ /, '').split(' ', 1)[0] ?? '');
        return;
      }
      assert.fail('it was not taken down');
    };
    await metered(() => true);
    meter(() => ({ parts: [{ model: null, counts: { input: 500 } }], home: null }));
    await metered((record) => !record.includes(';1;2;'));
    return served(exchange);
  });
  const held = `;2;${window.name};${window.endMs};${5 * call};0;;0;0;0`;
  assert.deepEqual(records, [`1;1${held}`, `1;${call / 2}${held}`]);
  assert.deepEqual(await spent(permit), [call, 0]);
});

test('without Redis a hard budget lets through what an instance may spend, charged when it is back', async () => {
  const permit = permitOf(budgetOf(10 * call));
  isAway = true;
  try {
    assert.equal((await send(permit, bounded(2 * call))).status, 200);
    const [task] = late;
    assert.ok(task !== undefined);
    assert.equal((await send(permit, bounded(2 * call))).status, 503, 'twice that is more than it may spend');
    assert.equal((await send(permitOf(), null)).status, 200, 'nobody without a budget is held up by it');
    const { event, settlement } = task;
    const carried = JSON.parse(JSON.stringify(settlement)) as LateSettlement;
    const outcome = await settleLate(store, event.event_id, event.units, carried, Date.now(), { leftMs: 10_000 });
    assert.deepEqual(outcome.budgets?.subscription, { window: window.name, nanoUsd: call });
    assert.deepEqual(await spent(permit), [call, 0]);
  } finally {
    isAway = false;
  }
});

test('a call that costs more than its bound is charged whole', async () => {
  const permit = permitOf(budgetOf(call));
  await send(permit, bounded(call), async (exchange) => served(exchange, 3_000));
  assert.deepEqual(await spent(permit), [3 * call, 0]);
});
