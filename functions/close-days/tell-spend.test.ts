// Who is reported: customers whose days cost many times the usual one, calls without a price, budgets that will not
// last, prices that changed; for as long as that holds, and nobody else. Real Redis, a Firestore emulator, the deployed
// SQL.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Catalogue, defaultPrices, defaultsLayer, type Layer } from '@cody-gateway/shared/catalogue';
import { calendarWindows, createSubscription, setBudget } from '@cody-gateway/shared/directory';
import { openDocuments, type Documents } from '@cody-gateway/shared/documents';
import { createLedger, type Ledger } from '@cody-gateway/shared/events';
import { raiseBudget } from '@cody-gateway/shared/limiter';
import { connectStore, type Store } from '@cody-gateway/shared/store';
import { startBigQuery, type LocalBigQuery } from '../../scripts/local/google/bigquery/bigquery.ts';
import { createEventsDataset } from '../../scripts/local/google/bigquery/events-dataset.ts';
import { startFirestore, type LocalFirestore } from '../../scripts/local/google/firestore.ts';
import { startTestRedis, type TestRedis } from '../../scripts/local/process/test-redis.ts';
import { fastBudgets } from './budget-pace.ts';
import { changedPrices } from './price-changes.ts';
import { tellSpend } from './tell-spend.ts';

const dayMs = 86_400_000;
const timeZone = 'UTC';
const budget = () => ({ leftMs: 10_000 });
const source = 'dotcom-product-subscriptions';
const author = { who: 'a test', why: 'a test' } as unknown as Parameters<typeof setBudget>[5];

let server: TestRedis;
let store: Store;
let local: LocalBigQuery;
let emulator: LocalFirestore;
let documents: Documents;
let ledger: Ledger;

before(async () => {
  [server, emulator] = await Promise.all([startTestRedis(), startFirestore()]);
  store = connectStore(server.settings, () => undefined);
  documents = openDocuments({ firestoreEmulatorHost: emulator.host, googleCloudProject: 'spend' });
  local = await createEventsDataset(await startBigQuery(), 'p', timeZone);
  ledger = createLedger({
    bigqueryProjectId: 'p',
    bigqueryDataset: 'cody_gateway',
    bigqueryTable: 'events',
    bigqueryEndpoint: local.url,
  });
});
beforeEach(async () => {
  await server.flush();
  await local.rows('DELETE FROM events');
  await local.rows('DELETE FROM final_usage');
});
after(async () => {
  await documents.close();
  await store.close();
  await Promise.all([server.close(), emulator.close(), local.close()]);
});

const today = Math.floor(Date.now() / dayMs) * dayMs;
const dollars = 1e9;

/** A final day of a customer. */
async function finalDay(identifier: string, ago: number, nano: number, unpriced = 0): Promise<void> {
  const day = new Date(today - ago * dayMs).toISOString().slice(0, 10);
  await local.rows(`INSERT INTO final_usage (utc_day, day, source, identifier, name, cost_nano_usd, unpriced, partly_unpriced)
    VALUES ('${day}', '${day}', '${source}', '${identifier}', 'CompletionsFinished', ${nano}, ${unpriced}, 0)`);
  await local.rows(
    `INSERT INTO final_days (day, time_zone, closed_at) SELECT '${day}', 'UTC', now() WHERE NOT EXISTS (SELECT 1 FROM final_days WHERE day = '${day}')`,
  );
}

/** What a customer has done today. */
async function call(identifier: string, nano: number | null, calls = 1): Promise<void> {
  const at = new Date(today + 1_000).toISOString();
  for (let i = 0; i < calls; i++)
    await local.rows(`INSERT INTO events (name, source, identifier, created_at, event_id, rank, price_rank, function, model, units, quota_units, count, cost_nano_usd)
      VALUES ('CompletionsFinished', '${source}', '${identifier}', TIMESTAMPTZ '${at}', gen_random_uuid(), 1, 0, 'f', 'm', 1, 1, 1, ${nano ?? 'NULL'})`);
}

const model = 'anthropic/claude-sonnet-4-5';
const catalogueOf = (...layers: readonly Layer[]): Catalogue =>
  new Catalogue({ reviewed: [defaultsLayer(), ...layers], mounted: () => true, defaultPrices });

/** One run, and its lines. */
async function tell(catalogue = catalogueOf(), more: Partial<Parameters<typeof tellSpend>[0]> = {}) {
  const lines: Record<string, unknown>[] = [];
  const config = { spendFindingNanoUsd: 100 * dollars, spendFindingTimes: 4 };
  const places = { ledger, store, documents, timeZone, nowMs: today + 3_600_000, budget, config, ...more };
  const findings = await tellSpend(
    { ...places, catalogue: { current: async () => catalogue } },
    { log: (_severity, message, fields) => void lines.push({ message, ...fields }) },
  );
  return { findings, lines };
}

test('a day that costs more than four times the usual one is told each hour; a busy customer, a small one and a steady one are not', async () => {
  // Weekends without traffic do not make working days unusual.
  for (let ago = 1; ago <= 28; ago++) if (ago % 7 > 1) await finalDay('steady', ago, 200 * dollars);
  await call('steady', 300 * dollars);
  for (let ago = 1; ago <= 28; ago++) await finalDay('loop', ago, 50 * dollars);
  await call('loop', 200 * dollars + 1);
  for (let ago = 1; ago <= 28; ago++) await finalDay('edge', ago, 50 * dollars);
  await call('edge', 200 * dollars);
  await call('small', 99 * dollars);
  // One dear day among 28 is not what is usual.
  for (let ago = 1; ago <= 28; ago++) await finalDay('once', ago, ago === 3 ? 5_000 * dollars : 10 * dollars);
  await call('once', 101 * dollars);
  await call('new', 150 * dollars);
  // Seen yesterday for the first time: that is its usual day.
  await finalDay('young', 1, 120 * dollars);
  await call('young', 150 * dollars);
  for (let run = 0; run < 2; run++) {
    const { findings, lines } = await tell();
    assert.deepEqual(
      lines.map((line) => [
        String(line['message']).split(':')[0],
        line['finding'],
        line['identifier'],
        line['usual_nano_usd'],
      ]),
      [
        ['spend-finding', 'above-its-past', 'loop', 50 * dollars],
        ['spend-finding', 'above-its-past', 'new', 0],
        ['spend-finding', 'above-its-past', 'once', 10 * dollars],
      ],
    );
    assert.deepEqual(findings, { above_past: 3, unpriced: 0, fast: 0, prices: 0 });
  }
});

test('ten calls without a price are told, nine are not', async () => {
  await call('nine', null, 9);
  await call('ten', null, 10);
  const { lines } = await tell();
  assert.deepEqual(
    lines.map((line) => [line['finding'], line['identifier'], line['unpriced_calls']]),
    [['unpriced', 'ten', 10]],
  );
});

test('a monthly budget that will not last is told, one that will and one of a day are not', async () => {
  const limits = { chat_completions: { limit: 5, intervalSeconds: 3600, allowedModels: ['*'] } };
  const [month] = calendarWindows('month', Date.UTC(2026, 10, 16), timeZone);
  assert.ok(month !== undefined && month.endMs !== null);
  const half = (month.startMs + month.endMs) / 2;
  const spend = async (name: string, nanoUsd: number, window: 'month' | 'day' = 'month', at = month.name) => {
    const { id } = await createSubscription(documents, { name, limits });
    await setBudget(documents, null, id, 'subscription', { limitUsd: '100', window }, author);
    const counter = { actor: `${source}:${id}`, scope: 'subscription', window: at, endMs: month.endMs };
    await raiseBudget(store, counter, nanoUsd, budget());
    return id;
  };
  const fast = await spend('fast', 61 * dollars);
  await spend('steady', 59 * dollars);
  await spend('daily', 90 * dollars, 'day');
  const again = await spend('begun anew', 90 * dollars);
  await raiseBudget(
    store,
    { actor: `${source}:gone`, scope: 'subscription', window: month.name, endMs: month.endMs },
    dollars,
    budget(),
  );
  const places = { store, documents, timeZone, budget };
  assert.deepEqual(
    (await fastBudgets({ ...places, nowMs: half })).map(({ identifier, foreseenNanoUsd, limitNanoUsd }) => [
      identifier,
      foreseenNanoUsd,
      limitNanoUsd,
    ]),
    [
      [again, 180 * dollars, 100 * dollars],
      [fast, 122 * dollars, 100 * dollars],
    ],
  );
  assert.deepEqual(await fastBudgets({ ...places, nowMs: month.startMs + dayMs }), [], 'too early to tell');
});

test('a price that changed is told for a day: not the first time that it is seen, nor what is lower at night', async () => {
  const nowMs = Date.UTC(2026, 10, 28, 12);
  const look = async (catalogue: Catalogue, atMs: number) =>
    (await changedPrices(store, catalogue, atMs, budget)).map(({ model: id, layer }) => [id, layer]);
  const before = catalogueOf();
  const served = before.served().map(({ id }) => id);
  const id = served.includes(model) ? model : (served[0] ?? '');
  assert.deepEqual(await look(before, nowMs), []);
  assert.deepEqual(await look(before, nowMs + 3_600_000), []);
  const dearer = catalogueOf({
    name: 'environment',
    rows: {
      prices: [
        { model: id, from: '2026-01-01', dimensions: { input: '999', output: '999' }, source: 't', asOf: '2026-11-28' },
      ],
    },
  });
  const changedMs = nowMs + 2 * 3_600_000;
  assert.deepEqual(await look(dearer, changedMs), [[id, 'environment']]);
  assert.deepEqual(await look(dearer, changedMs + dayMs - 1), [[id, 'environment']], 'a day long');
  assert.deepEqual(await look(dearer, changedMs + dayMs), []);
});

test('where one look fails the others are told all the same, and the run says so', async () => {
  await call('new', 150 * dollars);
  const lines: unknown[] = [];
  const config = { spendFindingNanoUsd: 100 * dollars, spendFindingTimes: 4 };
  const places = { ledger, store, documents, timeZone, nowMs: today + 3_600_000, budget, config };
  await assert.rejects(
    tellSpend(
      { ...places, catalogue: { current: () => Promise.reject(new Error('no catalogue')) } },
      { log: (_severity, _message, fields) => void lines.push(fields?.['identifier']) },
    ),
    /no catalogue/,
  );
  assert.deepEqual(lines, ['new']);
});
