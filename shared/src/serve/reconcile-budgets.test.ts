// Counters of budgets against the ledger, on a real Redis and a warehouse that runs the deployed SQL: what was lost
// comes back to the nano-dollar, once a day and when another Redis answers; what is ahead, or about to be, stays.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { startBigQuery, type LocalBigQuery } from '../../../scripts/local/google/bigquery/bigquery.ts';
import { createEventsDataset } from '../../../scripts/local/google/bigquery/events-dataset.ts';
import { startTestRedis, type TestRedis } from '../../../scripts/local/process/test-redis.ts';
import { calendarWindows } from '../directory/directory.ts';
import { createLedger } from '../events/events.ts';
import { raiseBudget, readBudgetCounters } from '../limiter/limiter.ts';
import { connectStore, keys, shardOf, type Store } from '../store/store.ts';
import { compareBudgets, reconcileWhenDue, type BudgetPlaces } from './reconcile-budgets.ts';

const budget = () => ({ leftMs: 10_000 });
const dayMs = 86_400_000;
const source = 'dotcom-product-subscriptions';
const timeZone = 'America/Los_Angeles';
const nowMs = Date.now();
const windowOf = (span: 'month' | 'day') => calendarWindows(span, nowMs, timeZone)[0]?.name ?? '';
const [month, day] = [windowOf('month'), windowOf('day')];
const feature = 'chat_completions';

let server: TestRedis;
let store: Store;
let local: LocalBigQuery;
let places: BudgetPlaces;

before(async () => {
  server = await startTestRedis();
  store = connectStore(server.settings, () => undefined);
  local = await createEventsDataset(await startBigQuery(), 'p', timeZone);
  const ledger = createLedger({
    bigqueryProjectId: 'p',
    bigqueryDataset: 'cody_gateway',
    bigqueryTable: 'events',
    bigqueryEndpoint: local.url,
  });
  places = { ledger, store, timeZone, nowMs, budget };
});
beforeEach(async () => {
  await server.flush();
  await local.rows('DELETE FROM events');
});
after(async () => {
  await store.close();
  await server.close();
  await local.close();
});

interface Kept {
  readonly window?: string;
  readonly nano?: number | string;
  readonly featureWindow?: string;
  readonly featureNano?: number;
  readonly id?: string;
  readonly rank?: number;
  readonly atMs?: number;
}

/** One row, as a call or an operator's change leaves it. */
async function row(identifier: string, kept: Kept): Promise<void> {
  const { window, nano = 0, featureWindow, featureNano = 0, id = randomUUID(), rank = 1, atMs = nowMs } = kept;
  const text = (value: string | undefined): string => (value === undefined ? 'NULL' : `'${value}'`);
  await local.rows(`
    INSERT INTO events (name, source, identifier, created_at, event_id, rank, price_rank, function, feature, units, quota_units, count,
      budget_window, budget_nano_usd, feature_budget_window, feature_budget_nano_usd)
    VALUES ('CompletionsFinished', '${source}', '${identifier}', TIMESTAMPTZ '${new Date(atMs).toISOString()}', '${id}', ${rank}, 0, 'f', '${feature}', 1, 1, 1,
      ${text(window)}, ${window === undefined ? 'NULL' : nano}, ${text(featureWindow)}, ${featureWindow === undefined ? 'NULL' : featureNano})`);
}

/** Settled nano-dollars by scope and window. */
async function counters(identifier: string): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for await (const page of readBudgetCounters(store, budget))
    for (const { actor, scope, window, settledNanoUsd } of page)
      if (actor === `${source}:${identifier}`) found[`${scope} ${window}`] = settledNanoUsd;
  return found;
}

/** Takes something off a counter, as a failover does. */
async function lose(identifier: string, window: string, nanoUsd: number): Promise<void> {
  const actor = encodeURIComponent(`${source}:${identifier}`);
  const key = keys.budget(shardOf(actor), 'subscription', actor);
  const [used = '0', ...rest] = ((await server.client.hget(key, window)) ?? '').split(' ');
  await server.client.hset(key, window, [Number(used) - nanoUsd, ...rest].join(' '));
}

const run = (more: Partial<BudgetPlaces> = {}, wait: () => Promise<unknown> = async () => undefined) =>
  reconcileWhenDue({ ...places, ...more }, wait);
const least = { actor: '', scope: 'subscription', endMs: nowMs + dayMs } as const;

test('a Redis that lost everything gets each window of the ledger back, also after a reset, also one that never ends', async () => {
  await row('acme', { window: month, nano: 1_000_000_007, featureWindow: day, featureNano: 5 });
  await row('acme', { window: month, nano: 3, featureWindow: day, featureNano: 2 });
  // Settled after the sweeper had charged it: one event, the settlement counts.
  await row('acme', { window: month, nano: 900, id: 'swept', rank: 0 });
  await row('acme', { window: month, nano: 10, id: 'swept', rank: 1 });
  await row('acme', { window: `${month}.2`, nano: 7 });
  await row('trial', { window: 'life', nano: 11, atMs: nowMs - 400 * dayMs });
  // More than a number can tell apart: above every limit it stays.
  for (let i = 0; i < 3; i++) await row('huge', { window: month, nano: '9007199254740990' });
  // Over: nobody is held against these any more.
  await row('acme', { window: '2020-01', nano: 99, featureWindow: '2020-01-01', featureNano: 98 });
  const expected = { why: 'another redis', raised: 5, raised_nano_usd: 0 };
  const done = await run();
  assert.deepEqual({ ...done, raised_nano_usd: 0 }, expected);
  assert.deepEqual(await counters('acme'), {
    [`subscription ${month}`]: 1_000_000_020,
    [`subscription ${month}.2`]: 7,
    [`${feature} ${day}`]: 7,
  });
  assert.deepEqual(await counters('trial'), { 'subscription life': 11 });
  assert.deepEqual(await counters('huge'), { [`subscription ${month}`]: Number.MAX_SAFE_INTEGER });
  const actor = encodeURIComponent(`${source}:acme`);
  const lifeMs = await server.client.pttl(keys.budget(shardOf(actor), 'subscription', actor));
  assert.ok(lifeMs > 39 * dayMs && lifeMs < 73 * dayMs, `${lifeMs}`);
  assert.deepEqual(await compareBudgets(places, true), []);
});

test('it runs once a day, and at once where another Redis answers', async () => {
  await row('acme', { window: month, nano: 100 });
  assert.equal((await run())?.why, 'another redis');
  await lose('acme', month, 40);
  assert.equal(await run({ nowMs: nowMs + dayMs - 1 }), null, 'a day is not over');
  assert.deepEqual(await counters('acme'), { [`subscription ${month}`]: 60 });
  // By the same calendar: the test may run on the last day of a month.
  await server.client.set(keys.reconciled(), `${(await store.runIds(budget())).toSorted().join(',')} ${nowMs - dayMs}`);
  assert.deepEqual(await run(), { why: 'daily', raised: 1, raised_nano_usd: 40 });
  assert.deepEqual(await counters('acme'), { [`subscription ${month}`]: 100 });
  await lose('acme', month, 1);
  await server.client.set(keys.reconciled(), `0123 ${nowMs}`);
  assert.deepEqual(await run(), { why: 'another redis', raised: 1, raised_nano_usd: 1 });
  assert.equal(await run(), null);
});

test('each node of a Redis has an id of its own, which stays while it runs', async () => {
  const ids = await store.runIds(budget());
  assert.ok(ids.length > 0 && ids.every((id) => /^[0-9a-f]{40}$/.test(id)), ids.join(' '));
  assert.deepEqual(await store.runIds(budget()), ids);
});

test('what is ahead of the ledger is never lowered: its rows are on their way', async () => {
  await row('acme', { window: month, nano: 100 });
  await raiseBudget(store, { ...least, actor: `${source}:acme`, window: month }, 500, budget());
  await raiseBudget(store, { ...least, actor: `${source}:new`, window: month }, 70, budget());
  assert.deepEqual(
    (await compareBudgets(places, true)).map(({ actor, nanoUsd, settledNanoUsd }) => [actor, nanoUsd, settledNanoUsd]),
    [
      [`${source}:new`, 0, 70],
      [`${source}:acme`, 100, 500],
    ],
  );
  assert.equal((await run())?.raised, 0);
  assert.deepEqual(await counters('acme'), { [`subscription ${month}`]: 500 });
});

test('a refund whose row is on its way is not taken back', async () => {
  await row('acme', { window: month, nano: 100 });
  await raiseBudget(store, { ...least, actor: `${source}:acme`, window: month }, 40, budget());
  let waits = 0;
  const done = await run({}, async () => {
    waits += 1;
    await row('acme', { window: month, nano: -60 });
  });
  assert.deepEqual([waits, done?.raised], [1, 0]);
  assert.deepEqual(await counters('acme'), { [`subscription ${month}`]: 40 });
});

test('windows that never end are summed over the whole ledger only where there is a reason to', async () => {
  const asked: string[] = [];
  const ledger = {
    ...places.ledger,
    query: (...args: Parameters<typeof places.ledger.query>) => {
      asked.push(args[1]['from'] ?? '');
      return places.ledger.query(...args);
    },
  };
  await row('acme', { window: month, nano: 100 });
  assert.deepEqual(await compareBudgets({ ...places, ledger }, false).then((all) => all.length), 1);
  assert.equal(asked.length, 1);
  await raiseBudget(store, { ...least, actor: `${source}:trial`, window: 'life', endMs: null }, 5, budget());
  await row('trial', { window: 'life', nano: 5, atMs: nowMs - 400 * dayMs });
  assert.deepEqual(await compareBudgets({ ...places, ledger }, false).then((all) => all.length), 1, 'not looked at');
  await row('trial', { window: 'life', nano: 2 });
  const [, trial] = await compareBudgets({ ...places, ledger }, false);
  assert.deepEqual([trial?.actor, trial?.nanoUsd, trial?.settledNanoUsd], [`${source}:trial`, 7, 5]);
  assert.equal(asked.length, 4);
});

test('where the warehouse or Redis fails nothing is marked: the next run tries again', async () => {
  await row('acme', { window: month, nano: 100 });
  const ledger = { ...places.ledger, query: () => Promise.reject(new Error('no quota')) };
  await assert.rejects(run({ ledger }), /no quota/);
  assert.equal(await server.client.get(keys.reconciled()), null);
  assert.equal((await run())?.raised, 1);
});
