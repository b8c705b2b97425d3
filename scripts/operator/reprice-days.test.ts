// Re-pricing on the local warehouse with the real client: only what changes is written, times stay, a second run
// changes nothing, and an orphan that was priced again gives way to its late settlement.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadPriceBooks, mergeRows, type Layer } from '@cody-gateway/shared/catalogue';
import { closeDay, createLedger, createWarehouse, dueDays } from '@cody-gateway/shared/events';
import { startBigQuery } from '../local/google/bigquery/bigquery.ts';
import { createEventsDataset } from '../local/google/bigquery/events-dataset.ts';
import { repriceDays } from './reprice-days.ts';

const dayMs = 86_400_000;
const noonMs = Math.floor(Date.now() / dayMs) * dayMs - 6 * dayMs + dayMs / 2;
const day = new Date(noonMs).toISOString().slice(0, 10);

/** Dollars a million tokens of input. */
function bookOf(input: string) {
  const price = {
    model: 'openai/m',
    from: '2020-01-01',
    dimensions: { input, output: '0' },
    source: 'test',
    asOf: '2026-01-01',
    basis: 'decision',
  };
  const layer: Layer = { name: 'defaults', rows: { prices: [price] } } as unknown as Layer;
  return createPriceBook(mergeRows('prices', [layer]), mergeRows('factors', [layer]));
}

const { createPriceBook } = await loadPriceBooks();

test('a month that is priced again', async (t) => {
  const local = await createEventsDataset(await startBigQuery(), 'p');
  t.after(() => local.close());
  const settings = {
    bigqueryProjectId: 'p',
    bigqueryDataset: 'd',
    bigqueryTable: 'events',
    bigqueryEndpoint: local.url,
  };
  const ledger = createLedger(settings);
  const book = bookOf('2');
  const warehouse = createWarehouse(settings, () => Promise.resolve(book));
  const usage = JSON.stringify({
    usage: { parts: [{ model: null, counts: { input: 1_000 }, qualifiers: {}, estimated: false }] },
  });
  const insert = (id: string, metadata: string, cost: number | null, rank = 1): Promise<unknown> =>
    local.rows(`
      INSERT INTO events (name, source, identifier, created_at, metadata, event_id, rank, price_rank, function, model, provider, units, quota_units, count, cost_nano_usd)
      VALUES ('CompletionsFinished', 's', 'acme', TIMESTAMPTZ '${new Date(noonMs).toISOString()}', '${metadata}', '${id}', ${rank}, 0, 'f', 'openai/m', 'openai', 1, 1, 1, ${cost ?? 'NULL'})`);
  await insert('dear', usage, 9_000_000);
  await insert('right', usage, 2_000_000);
  await insert('unpriced', usage, null);
  await insert('known to its instance alone', '{}', 77);
  await insert('orphan', usage, null, 0);
  for (const one of await dueDays(ledger, 10)) await closeDay(ledger, one);
  // Versions of rows that cost the same are of another text, which is a change; the row that is right says what the
  // book says.
  await local.rows("UPDATE events SET price_version = 'openai/m 2020-01-01' WHERE event_id = 'right'");
  for (const one of await dueDays(ledger, 10)) await closeDay(ledger, one);

  const would = await repriceDays({ ledger, warehouse, book }, [day], null);
  assert.deepEqual([would.rows, would.changed, would.afterNanoUsd], [5, 3, 6_000_000]);
  const all = async () => (await local.rows('SELECT COUNT(*) AS n FROM events'))[0]?.['n'];
  assert.equal(await all(), '5');
  const first = await repriceDays({ ledger, warehouse, book }, [day], 100);
  assert.deepEqual([first.changed, first.beforeNanoUsd], [3, 9_000_000]);
  assert.equal(await all(), '8');
  const costs = async () =>
    (await local.rows('SELECT event_id, cost_nano_usd, created_at FROM events_unique ORDER BY event_id')).map((row) => [
      row['event_id'],
      Number(row['cost_nano_usd']),
      Date.parse(String(row['created_at']).replace('+00', 'Z')),
    ]);
  const expected = [
    ['dear', 2_000_000, noonMs],
    ['known to its instance alone', 77, noonMs],
    ['orphan', 2_000_000, noonMs],
    ['right', 2_000_000, noonMs],
    ['unpriced', 2_000_000, noonMs],
  ];
  assert.deepEqual(await costs(), expected);
  const second = await repriceDays({ ledger, warehouse, book }, [day], 200);
  assert.equal(second.changed, 0);
  assert.equal(await all(), '8');
  await insert('orphan', usage, 5, 1);
  for (const one of await dueDays(ledger, 10)) await closeDay(ledger, one);
  assert.deepEqual((await costs())[2], ['orphan', 5, noonMs]);
});
