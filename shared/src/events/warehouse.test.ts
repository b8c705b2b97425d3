// The real BigQuery client against the local BigQuery: a table that is older than the rows takes them all the same,
// and only what is really invalid is told apart.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { startBigQuery, type Column, type LocalBigQuery } from '../../../scripts/local/google/bigquery/bigquery.ts';
import { openCatalogue } from '../catalogue/catalogue.ts';
import { loadConfig } from '../config/config.ts';
import type { UsageEvent } from './usage-event.ts';
import { createWarehouse, type Warehouse } from './warehouse.ts';

const schema = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../../../terraform/events/schema.json'), 'utf8'),
) as Column[];
const columnOf = (name: string): Column => schema.find((column) => column.name === name) ?? { name, type: 'STRING' };

const config = loadConfig({ REDIS_ENDPOINT: 'none', CODY_GATEWAY_DIAGNOSTICS_SECRET: 'none' });
const catalogue = openCatalogue({ config, nowMs: 0, overlay: null, onFaults: () => assert.fail('faults') }).latest();
let bigquery: LocalBigQuery;
let warehouse: Warehouse;
let nowMs = 0;
let tables = 0;
let table = '';

before(async () => {
  bigquery = await startBigQuery();
});
after(() => bigquery.close());
beforeEach(() => {
  nowMs = 0;
  table = `events_${tables++}`;
  warehouse = createWarehouse(
    { bigqueryProjectId: 'p', bigqueryDataset: 'd', bigqueryTable: table, bigqueryEndpoint: bigquery.url },
    () => catalogue.prices(),
    () => nowMs,
  );
});

function eventOf(id: string, more: Readonly<Record<string, unknown>> = {}): UsageEvent {
  const event = {
    name: 'CompletionsFinished',
    source: 'dotcom-product-subscriptions',
    identifier: 'i',
    created_at: '2026-01-01T00:00:00.000Z',
    metadata: { feature: 'chat_completions' },
    event_id: id,
    rank: 1,
    function: 'f',
    region: 'r',
    feature: 'chat_completions',
    model: 'p/m',
    provider: 'p',
    units: 1,
    quota_window: 'w',
    quota_units: 1,
    count: 1,
    tokens: 7,
    gateway_ms: 3,
  };
  return { ...event, ...more } as unknown as UsageEvent;
}

const older = (...missing: string[]): Promise<void> =>
  bigquery.createTable(
    table,
    schema.filter(({ name }) => !missing.includes(name)),
  );
const rows = async (): Promise<Record<string, unknown>[]> =>
  (await bigquery.rows(`SELECT * FROM \`p.d.${table}\` ORDER BY event_id`)).map((row) => ({
    ...row,
    metadata: JSON.parse(String(row['metadata'])) as unknown,
  }));

test('members without a column go into metadata.unplaced: every row is there, none is a dead letter', async () => {
  await older('gateway_ms', 'tokens', 'price_version');
  // Each row lets BigQuery name another member first.
  const events = [
    eventOf('1'),
    { ...eventOf('2', { tokens: null }), added_later: { deep: [1] } },
    eventOf('3', { gateway_ms: null, tokens: null }),
  ];
  const { inserted, poison, unplaced } = await warehouse.insert(events);
  assert.deepEqual([inserted, poison], [3, []]);
  assert.deepEqual(unplaced.toSorted(), ['added_later', 'gateway_ms', 'tokens']);
  assert.deepEqual(
    (await rows()).map(({ metadata }) => metadata),
    [
      { feature: 'chat_completions', unplaced: { tokens: 7, gateway_ms: 3 } },
      { feature: 'chat_completions', unplaced: { gateway_ms: 3, added_later: { deep: [1] } } },
      // Null says nothing.
      { feature: 'chat_completions' },
    ],
  );
});

test('what was learnt costs later inserts nothing; a minute later it is asked again, and a column that came is filled', async () => {
  await older('gateway_ms');
  const inserts = async (id: string): Promise<number> => {
    const before = bigquery.stats.inserts;
    assert.equal((await warehouse.insert([eventOf(id)])).inserted, 1);
    return bigquery.stats.inserts - before;
  };
  assert.deepEqual([await inserts('1'), await inserts('2')], [2, 1]);
  nowMs += 60_001;
  assert.equal(await inserts('3'), 2);
  await bigquery.addColumn(table, columnOf('gateway_ms'));
  nowMs += 60_001;
  assert.equal(await inserts('4'), 1);
  const [, , third, fourth] = await rows();
  assert.deepEqual(third?.['metadata'], { feature: 'chat_completions', unplaced: { gateway_ms: 3 } });
  assert.deepEqual([Number(fourth?.['gateway_ms']), fourth?.['metadata']], [3, { feature: 'chat_completions' }]);
});

test('a row that is really invalid is told, beside rows that only lack a column', async () => {
  await older('gateway_ms');
  const events = [
    eventOf('1'),
    eventOf('2', { units: 'many', gateway_ms: null }),
    eventOf('3', { created_at: 'then' }),
  ];
  const { inserted, poison, unplaced } = await warehouse.insert(events);
  assert.deepEqual([inserted, unplaced], [1, ['gateway_ms']]);
  assert.deepEqual(poison.map(({ event }) => event.event_id).toSorted(), ['2', '3']);
  assert.ok(poison.every(({ reason }) => reason.startsWith('Cannot convert value to')));
  assert.deepEqual(
    (await rows()).map((row) => row['event_id']),
    ['1'],
  );
});

test('a table without a column that every row must have is not ours: its rows are told, and nothing goes round', async () => {
  await older('identifier');
  const { inserted, poison } = await warehouse.insert([eventOf('1'), eventOf('2')]);
  assert.equal(inserted, 0);
  assert.deepEqual(
    poison.map(({ reason }) => reason),
    ['no such field: identifier.', 'no such field: identifier.'],
  );
});
