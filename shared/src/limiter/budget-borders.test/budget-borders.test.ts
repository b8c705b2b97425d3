// The ends of budgets' windows where clocks are changed and a month is over, on a real Redis whose time is an argument:
// calls that are admitted before an end and settled after it, whose holders die, that are told of days later or were
// admitted without Redis. Each is charged once, to the window of its admission; refusals turn at the border itself; and
// in the end counters, rows and reconcile agree for every window.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from '../../../../scripts/test/draws.ts';
import { Redis } from 'ioredis';
import { startBigQuery, type LocalBigQuery } from '../../../../scripts/local/google/bigquery/bigquery.ts';
import { createEventsDataset } from '../../../../scripts/local/google/bigquery/events-dataset.ts';
import { startRedis, type LocalRedis } from '../../../../scripts/local/process/redis.ts';
import { createLedger } from '../../events/events.ts';
import { connectStore, type Store } from '../../store/store.ts';
import { compareBudgets } from '../../serve/serve.ts';
import { borders, type Border } from './borders.ts';
import { budget, columnsOfRows, dayLimit, hourMs, minuteMs, monthLimit, Play, unit } from './play.ts';
import { step } from './steps.ts';

let server: LocalRedis;
let redis: Redis;
let store: Store;
before(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  store = connectStore({ redisEndpoint: server.url }, () => undefined);
});
after(async () => {
  redis.disconnect();
  await store.close();
  await server.close();
});

/** The hourly job's own look, in an hour of each day. */
async function reconcile(
  local: LocalBigQuery,
  { border, store, ...play }: { border: Border; store: Store; rows: string[] },
): Promise<void> {
  const ledger = createLedger({
    bigqueryProjectId: 'p',
    bigqueryDataset: 'cody_gateway',
    bigqueryTable: 'events',
    bigqueryEndpoint: local.url,
  });
  await local.rows('DELETE FROM events');
  if (play.rows.length > 0) await local.rows(`INSERT INTO events (${columnsOfRows}) VALUES ${play.rows.join()}`);
  for (const [start] of border.days) {
    const places = { ledger, store, timeZone: border.zone, nowMs: Date.parse(start) + hourMs, budget };
    assert.deepEqual(await compareBudgets(places, false), [], start);
  }
}

for (const border of borders)
  test(`${border.zone}, ${border.what}: what is used up is used up to the last millisecond, and there again with the first`, async () => {
    const play = new Play(border, store, redis);
    await play.begin();
    const days = border.days.slice(1, -1).map(([start]) => Date.parse(start));
    for (const startMs of days) {
      const isLeft = async (): Promise<boolean> => (await play.admit(unit)) !== null;
      await play.wait(startMs - 1 - play.nowMs);
      for (let bought = 0; bought < dayLimit; bought += 2 * unit) {
        const call = await play.admit(2 * unit);
        if (call !== null) await play.settle(call, 2 * unit);
      }
      assert.equal(await isLeft(), false);
      await play.wait(1);
      const { month } = play.windowsAt(startMs);
      const [spent] = play.must.get(`subscription ${month}`) ?? [0];
      assert.equal(await isLeft(), spent + unit <= monthLimit, new Date(startMs).toISOString());
      for (const call of play.open.slice()) await play.settle(call, 0);
    }
    await play.check();
  });

for (const border of borders)
  test(`${border.zone}, ${border.what}: each call is charged once, to the window of its admission`, async () => {
    const local = await createEventsDataset(await startBigQuery(), 'p', border.zone);
    let played = 0;
    const sequences = fc.array(step, { minLength: 1, maxLength: 90, size: 'max' });
    try {
      await fc.assert(
        fc.asyncProperty(sequences, async (steps) => {
          const play = new Play(border, store, redis);
          await play.begin();
          for (const { run } of steps) await run(play);
          // Everybody has gone, and every task has come.
          await play.wait(2 * minuteMs);
          await play.sweep();
          await play.wait(31 * hourMs);
          await play.check();
          if (played++ % 5 === 0) await reconcile(local, { border, store: play.store, rows: play.rowValues() });
        }),
        { numRuns: 15 },
      );
    } finally {
      await local.close();
    }
  });

test('a task that comes long after the sweeper: the row says what the sweeper has charged, and nothing is charged again', async () => {
  const play = new Play(borders[0], store, redis);
  await play.begin();
  const call = (await play.admit(2 * unit, unit)) ?? assert.fail();
  await play.lose(call, 0, false, 30 * hourMs);
  await play.wait(2 * minuteMs);
  await play.sweep();
  await play.wait(31 * hourMs);
  assert.deepEqual(play.must.get('subscription 2026-03'), [unit, 0]);
  await play.check();
});
