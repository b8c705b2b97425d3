// What the console asks is bounded and asked once: by how many questions reach the warehouse, and what each may take.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ledger } from '../events/events.ts';
import { createLookups, LookupFailed, type Lookups } from './lookups.ts';

interface Asked {
  readonly sql: string;
  readonly bytesMax: number | undefined;
  readonly timeoutMs: number | undefined;
}

const question = { sql: 'SELECT 1 FROM `$dataset.usage_daily`', rowsMax: 7, bytesMax: 1_000 };

function asking(
  answer: () => Promise<readonly Record<string, unknown>[]>,
  clock = { ms: 0 },
): { lookups: Lookups; asked: Asked[] } {
  const asked: Asked[] = [];
  const ledger: Ledger = {
    dataset: 'p.d',
    query: (sql, _params, bounds) => {
      asked.push({ sql, bytesMax: bounds?.bytesMax, timeoutMs: bounds?.timeoutMs });
      return sql.includes('billing_time_zone') ? Promise.resolve([{ time_zone: 'UTC' }]) : answer();
    },
  };
  return { lookups: createLookups({ ledger, now: () => clock.ms, keptMs: 60_000 }), asked };
}

test('a question has its bounds, names are filled in, and its answer is kept by its age', async () => {
  const clock = { ms: 5 };
  const { lookups, asked } = asking(() => Promise.resolve([{ a: 1 }]), clock);
  const both = await Promise.all([lookups.rows(question), lookups.rows(question)]);
  assert.deepEqual(both[0], { value: [{ a: 1 }], readAtMs: 5 });
  assert.deepEqual(asked, [{ sql: 'SELECT 1 FROM `p.d.usage_daily`\nLIMIT 7', bytesMax: 1_000, timeoutMs: 25_000 }]);
  clock.ms = 59_999;
  await lookups.rows(question);
  assert.equal(asked.length, 1);
  clock.ms = 60_005;
  assert.equal((await lookups.rows(question)).readAtMs, 60_005);
  await lookups.rows(question, { id: 'x' });
  await lookups.rows(question, { id: 'y' });
  assert.equal(asked.length, 4, 'other parameters are another question');
});

test('answers are kept by weight: what is too heavy is not, and old ones give way', async () => {
  const heavy = asking(() => Promise.resolve([{ text: 'x'.repeat(8_000_001) }]));
  await heavy.lookups.rows(question);
  await heavy.lookups.rows(question);
  assert.equal(heavy.asked.length, 2);
  const many = asking(() => Promise.resolve([{ text: 'x'.repeat(7_000_000) }]));
  for (const id of ['a', 'b', 'c', 'd', 'a']) await many.lookups.rows(question, { id });
  assert.equal(many.asked.length, 5, 'four of them are more than is kept');
});

test('a failure is not kept, is told in our own words, and says when something does not exist', async () => {
  const texts = [
    'Quota exceeded: Your bytes billed sgd_0123456789abcdef',
    'Not found: Table p:d.cost_by_function',
    'boom',
  ];
  const { lookups, asked } = asking(() => Promise.reject(new Error(texts.shift())));
  const failures: LookupFailed[] = [];
  for (let i = 0; i < 3; i++)
    await lookups.rows(question).catch((error: unknown) => failures.push(error as LookupFailed));
  assert.deepEqual(
    failures.map(({ message, missing }) => [message, missing]),
    [
      ['this would read more of the warehouse than a page may: choose fewer days', false],
      ['BigQuery does not know what was asked for', true],
      ['BigQuery gave no answer: look again later', false],
    ],
  );
  assert.equal(asked.length, 3);
});

test('a time zone is written into questions, so that nothing else may be', async () => {
  const ledger: Ledger = { dataset: 'p.d', query: () => Promise.resolve([{ time_zone: "UTC') OR ('1" }]) };
  const lookups = createLookups({ ledger, now: () => 0, keptMs: 1 });
  await assert.rejects(lookups.rows({ ...question, sql: "SELECT DATE(x, '$zone')" }), LookupFailed);
});
