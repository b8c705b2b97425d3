// Nobody waits for prices long, a fault is told and costs the call its price alone, and what was not billed needs none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadPriceBooks, mergeRows } from '../catalogue/catalogue.ts';
import { costOf } from './price.ts';

const stated = { source: 'a test', asOf: '2026-01-01' };
const prices = [{ model: 'p/m', from: '2026-01-01', dimensions: { input: '2.5' }, ...stated }];
const layer = { name: 'defaults', rows: { prices } } as const;
const { createPriceBook } = await loadPriceBooks();
const book = createPriceBook(mergeRows('prices', [layer]), mergeRows('factors', [layer]));
const by = { model: 'p/m', home: null, atMs: Date.parse('2026-11-28T00:00:00Z') };
const parts = [{ model: null, counts: { input: 1_000 } }];
const never = (): never => assert.fail('nothing is wrong');

test('by the book', async () => {
  assert.equal((await costOf(parts, by, Promise.resolve(book), never))?.nanoUsd, 2_500_000);
});

test('prices that do not come in time leave the call without one; what was not billed waits for nothing', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const endless = new Promise<typeof book>(() => {});
  assert.equal((await costOf([], by, endless, never))?.nanoUsd, 0);
  const asked = costOf(parts, by, endless, never);
  t.mock.timers.tick(250);
  assert.equal(await asked, null);
});

test('a fault is told', async () => {
  const told: string[] = [];
  const broken = Promise.reject<typeof book>(new Error('a chunk is missing'));
  assert.equal(await costOf(parts, by, broken, (message) => told.push(message)), null);
  assert.deepEqual(told, ['a call could not be priced, its row has no cost: npm run gateway -- prices reprice']);
});
