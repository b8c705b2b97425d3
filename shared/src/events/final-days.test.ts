// Days are closed once they are final, whole or not at all, and again when anything of them changed; views say the
// same before and after. The real client.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { startBigQuery } from '../../../scripts/local/google/bigquery/bigquery.ts';
import { createEventsDataset } from '../../../scripts/local/google/bigquery/events-dataset.ts';
import { closeDay, createLedger, dueDays } from './final-days.ts';

const dayMs = 86_400_000;
/** Noon of a day of UTC. */
const noon = (ago: number): number => Math.floor(Date.now() / dayMs) * dayMs - ago * dayMs + dayMs / 2;
const day = (ago: number): string => new Date(noon(ago)).toISOString().slice(0, 10);

async function start(t: TestContext, timeZone = 'UTC') {
  const local = await createEventsDataset(await startBigQuery(), 'p', timeZone);
  t.after(() => local.close());
  const ledger = createLedger({
    bigqueryProjectId: 'p',
    bigqueryDataset: 'cody_gateway',
    bigqueryTable: 'events',
    bigqueryEndpoint: local.url,
  });
  const insert = (id: string, atMs: number, more: Readonly<Record<string, number>> = {}): Promise<unknown> => {
    const { rank = 1, price_rank = 0, cost_nano_usd = 1_000 } = more;
    return local.rows(`
      INSERT INTO events (name, source, identifier, created_at, event_id, rank, price_rank, function, model, units, quota_units, count, cost_nano_usd)
      VALUES ('CompletionsFinished', 's', 'acme', TIMESTAMPTZ '${new Date(atMs).toISOString()}', '${id}', ${rank}, ${price_rank}, 'f', 'm', 1, 1, 1, ${cost_nano_usd})`);
  };
  const close = async (): Promise<string[]> => {
    const due = await dueDays(ledger, 50);
    for (const one of due) await closeDay(ledger, one);
    return due.map((one) => one.day);
  };
  const cost = async (of: string): Promise<number[]> =>
    (await local.rows(`SELECT cost_nano_usd FROM ${of} ORDER BY day`)).map((row) => Number(row['cost_nano_usd']));
  return { local, ledger, insert, close, cost };
}

test('a day is due 48 hours after its end, the latest first, and once', async (t) => {
  const { insert, close, cost } = await start(t);
  for (const ago of [40, 5, 4, 3, 2, 1, 0]) await insert(`e${ago}`, noon(ago) - dayMs / 4);
  assert.deepEqual(await close(), [day(3), day(4), day(5), day(40)]);
  assert.deepEqual(await close(), []);
  assert.deepEqual(
    await cost('usage_daily'),
    Array.from({ length: 7 }, () => 1_000),
  );
});

test('what comes later makes the day and its neighbours due again: a late row, a price, a settlement, an erasure', async (t) => {
  const { local, insert, close, cost } = await start(t);
  for (const ago of [9, 8, 7, 6, 5]) await insert(`e${ago}`, noon(ago));
  await insert('orphan', noon(7) + dayMs / 2 - 1_000, { rank: 0, cost_nano_usd: 50 });
  await close();
  assert.deepEqual(await cost('cost_by_model'), [1_000, 1_000, 1_050, 1_000, 1_000]);
  await insert('late', noon(9));
  assert.deepEqual(await close(), [day(8), day(9)]);
  await insert('e8', noon(8), { price_rank: 3, cost_nano_usd: 7_000 });
  assert.deepEqual(await close(), [day(7), day(8), day(9)]);
  // Settled two seconds later, on the next day: the orphan's day has it no more.
  await insert('orphan', noon(7) + dayMs / 2 + 1_000, { cost_nano_usd: 60 });
  assert.deepEqual(await close(), [day(5), day(6), day(7)]);
  assert.deepEqual(await cost('cost_by_model'), [2_000, 7_000, 1_000, 1_060, 1_000]);
  await local.rows("DELETE FROM events WHERE event_id = 'late'");
  await close();
  assert.deepEqual(await cost('cost_by_model'), [1_000, 7_000, 1_000, 1_060, 1_000]);
  assert.deepEqual(await close(), []);
});

test('closing a day a second time changes nothing', async (t) => {
  const { local, ledger, insert } = await start(t);
  await insert('a', noon(5));
  const [due] = await dueDays(ledger, 1);
  assert.ok(due !== undefined);
  const all = async () => [
    await local.rows('SELECT * FROM final_events'),
    await local.rows('SELECT * FROM final_usage'),
    await local.rows('SELECT * FROM final_days'),
  ];
  await closeDay(ledger, due);
  const once = await all();
  await closeDay(ledger, due);
  assert.deepEqual(await all(), once);
});

test('a day that can not be closed leaves everything as it was', async (t) => {
  const { local, ledger, insert, close, cost } = await start(t);
  await insert('a', noon(5));
  await close();
  await insert('b', noon(5));
  const [due] = await dueDays(ledger, 1);
  assert.ok(due !== undefined);
  await local.rows('ALTER TABLE final_days RENAME TO away');
  await assert.rejects(closeDay(ledger, due), { code: 400 });
  await local.rows('ALTER TABLE away RENAME TO final_days');
  assert.deepEqual(await cost('final_usage'), [1_000]);
  assert.deepEqual(await close(), [day(5)]);
  assert.deepEqual(await cost('usage_daily'), [2_000]);
});

test('days are those of the billing time zone, closed or not; another zone makes all days due', async (t) => {
  const { local, insert, close } = await start(t, 'America/Los_Angeles');
  // At 03:00 UTC it is the evening before in California, summer or winter.
  for (const ago of [6, 1]) await insert(`early${ago}`, noon(ago) - dayMs * (9 / 24));
  for (const ago of [6, 1]) await insert(`noon${ago}`, noon(ago) + dayMs / 4);
  const days = () =>
    local.rows('SELECT CAST(day AS STRING) AS day, SUM(events) AS events FROM usage_daily GROUP BY day ORDER BY day');
  const expected = [7, 6, 2, 1].map((ago) => ({ day: day(ago), events: '1' }));
  assert.deepEqual(await days(), expected);
  assert.deepEqual(await close(), [day(6)]);
  assert.deepEqual(await days(), expected);
  await local.rows("CREATE OR REPLACE VIEW billing_time_zone AS SELECT 'UTC' AS time_zone");
  assert.deepEqual(await close(), [day(6)]);
  assert.deepEqual(await close(), []);
});
