// The month's letter: made in the first days of a month out of the warehouse, the counters and the directory, sent once
// by the queue; and its words.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { calendarWindows, createSubscription, setBudget } from '@cody-gateway/shared/directory';
import { openDocuments, type Documents } from '@cody-gateway/shared/documents';
import {
  createLedger,
  createNoticeMarks,
  letterId,
  letterMessage,
  parseLetter,
  type Ledger,
  type MonthLetter,
} from '@cody-gateway/shared/events';
import { raiseBudget } from '@cody-gateway/shared/limiter';
import { connectStore, type Store } from '@cody-gateway/shared/store';
import { startBigQuery, type LocalBigQuery } from '../../scripts/local/google/bigquery/bigquery.ts';
import { createEventsDataset } from '../../scripts/local/google/bigquery/events-dataset.ts';
import { startFirestore, type LocalFirestore } from '../../scripts/local/google/firestore.ts';
import { startRedis, type LocalRedis } from '../../scripts/local/process/redis.ts';
import { sendMonthLetter } from './month-letter.ts';

const budget = () => ({ leftMs: 10_000 });
const timeZone = 'America/Los_Angeles';
const source = 'dotcom-product-subscriptions';
const author = { who: 'a test', why: 'a test' } as unknown as Parameters<typeof setBudget>[5];
const dollars = 1e9;
// By the real clock, since Redis forgets windows by its own: the first hours of this month, by a calendar of its own.
const [running] = calendarWindows('month', Date.now(), timeZone);
const firstMs = (running?.startMs ?? 0) + 3_600_000;
const [month] = calendarWindows('month', firstMs - 7_200_000, timeZone);
const [earlier] = calendarWindows('month', (month?.startMs ?? 0) - 1, timeZone);
assert.ok(running !== undefined && month !== undefined && earlier !== undefined);

let redis: LocalRedis;
let store: Store;
let local: LocalBigQuery;
let emulator: LocalFirestore;
let documents: Documents;
let ledger: Ledger;

before(async () => {
  [redis, emulator] = await Promise.all([startRedis(), startFirestore()]);
  store = connectStore({ redisEndpoint: redis.url }, () => undefined);
  documents = openDocuments({ firestoreEmulatorHost: emulator.host, googleCloudProject: 'letters' });
  local = await createEventsDataset(await startBigQuery(), 'p', timeZone);
  ledger = createLedger({
    bigqueryProjectId: 'p',
    bigqueryDataset: 'cody_gateway',
    bigqueryTable: 'events',
    bigqueryEndpoint: local.url,
  });
});
after(async () => {
  await documents.close();
  await store.close();
  await Promise.all([redis.close(), emulator.close(), local.close()]);
});

async function spent(of: string, identifier: string, nano: number, unpriced = 0): Promise<void> {
  await local.rows(`INSERT INTO final_usage (utc_day, day, source, identifier, name, cost_nano_usd, unpriced, partly_unpriced)
    VALUES ('${of}-15', '${of}-15', '${source}', '${identifier}', 'CompletionsFinished', ${nano}, ${unpriced}, 0)`);
}

/** One run at a moment, and what it handed to the queue. */
async function send(nowMs: number): Promise<{ told: string | null; letters: MonthLetter[]; names: unknown[] }> {
  const letters: MonthLetter[] = [];
  const names: unknown[] = [];
  const noticeQueue = {
    create: async (body: string, name?: string) => {
      names.push(name);
      const letter = parseLetter(body);
      if (letter !== null) letters.push(letter);
    },
  };
  const consoleUrl = 'https://gateway.example.com/console';
  const places = { ledger, store, documents, noticeQueue, timeZone, consoleUrl, nowMs, budget };
  return { told: await sendMonthLetter(places), letters, names };
}

test('nothing happened yet: no letter', async () => {
  assert.deepEqual(await send(firstMs), { told: null, letters: [], names: [] });
});

test('the sum against the month before and the budgets, the three largest changes, the link; tried until it is marked', async () => {
  const limits = { chat_completions: { limit: 5, intervalSeconds: 3600, allowedModels: ['*'] } };
  const { id } = await createSubscription(documents, { name: 'Acme <Inc>', limits });
  await setBudget(documents, null, id, 'subscription', { limitUsd: '100', window: 'month' }, author);
  const counter = { actor: `${source}:${id}`, scope: 'subscription', window: month.name, endMs: month.endMs };
  await raiseBudget(store, counter, 100 * dollars, budget());
  await spent(month.name, id, 1_150 * dollars, 3);
  await spent(earlier.name, id, 100 * dollars);
  await spent(earlier.name, 'gone', 900 * dollars);
  await spent(month.name, 'b', 20 * dollars);
  await spent(month.name, 'c', 10 * dollars);
  await spent(month.name, 'same', 5 * dollars);
  await spent(earlier.name, 'same', 5 * dollars);
  const { told, letters, names } = await send(firstMs);
  assert.equal(told, month.name);
  const [letter] = letters;
  assert.ok(letter !== undefined);
  assert.match(String(names[0]), /^[0-9a-f]{64}$/);
  assert.deepEqual(
    letter.changes.map(({ identifier, name }) => [identifier, name]),
    [
      [id, 'Acme <Inc>'],
      ['gone', null],
      ['b', null],
    ],
  );
  const nameOf = (window: string): string =>
    new Date(`${window}-01T00:00:00Z`).toLocaleDateString('en-US', { month: 'long', year: 'numeric', timeZone: 'UTC' });
  assert.deepEqual(letterMessage(letter).text.split('\n'), [
    `*${nameOf(month.name)}*: $1,185.00 at the providers' list prices, $1,005.00 in ${nameOf(earlier.name)} (+18 %).`,
    '3 calls have no price and cost more than that.',
    'Of $100.00 in 1 monthly budget $100.00 are spent; 1 used up.',
    'Largest changes:',
    `• Acme &lt;Inc&gt; (${source}): +$1,050.00, from $100.00 to $1,150.00`,
    `• gone (${source}): -$900.00, from $900.00 to $0.00`,
    `• b (${source}): +$20.00, from $0.00 to $20.00`,
    '<https://gateway.example.com/console|The console> shows more.',
  ]);
  // The task may be lost: the next run makes it again under the same name, until it was sent.
  assert.deepEqual((await send(firstMs + 3_600_000)).names, names);
  const day = 86_400_000;
  assert.equal((await send(firstMs + 2 * day)).told, month.name, 'the third day');
  assert.equal((await send(firstMs + 3 * day)).told, null, 'the fourth');
  assert.equal((await send(firstMs - 7_200_000)).told, null, 'the last of the month');
  await createNoticeMarks(store, budget).sent(letterId(month.name), running.endMs, Date.now());
  assert.deepEqual(await send(firstMs), { told: null, letters: [], names: [] });
});

test('without a queue nobody makes one, and what is no letter is not read as one', async () => {
  const places = { ledger, store, documents, timeZone, consoleUrl: null, nowMs: firstMs, budget };
  assert.equal(await sendMonthLetter({ ...places, noticeQueue: null }), null);
  for (const body of ['', '{', '{}', 'null', '{"kind":"month-letter"}']) assert.equal(parseLetter(body), null, body);
});
