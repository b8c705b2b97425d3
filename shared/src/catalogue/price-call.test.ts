// The price of a whole call: parts of several models, what was negotiated, what the row is told of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeRows } from './layers.ts';
import { createPriceBook } from './price-book.ts';
import { priceCall, type Part } from './price-call.ts';

const stated = { source: 'a test', asOf: '2026-01-01' };
const price = (model: string, input: string, from = '2026-01-01', more: object = {}) => ({
  model,
  from,
  dimensions: { input },
  ...more,
  ...stated,
});
const prices = [
  price('p/small', '1'),
  price('p/small', '2', '2026-06-01'),
  price('p/large', '10'),
  price('p/guessed', '1', '2026-01-01', { basis: 'memory' }),
];
const factors = [{ id: 'agreed', provider: 'p', home: 'ours', factor: '0.88', from: '2026-01-01', ...stated }];
const layer = { name: 'defaults', rows: { prices, factors } } as const;
const book = createPriceBook(mergeRows('prices', [layer]), mergeRows('factors', [layer]));

const atMs = Date.parse('2026-03-01T00:00:00Z');
const call = { model: 'p/small', home: null, atMs };
const part = (model: string | null, counts: Part['counts'], more: Partial<Part> = {}): Part => ({
  model,
  counts,
  ...more,
});

test('each part at the price of its model, of the moment of the admission', () => {
  const parts = [part(null, { input: 1_000 }), part('large', { input: 10 })];
  const { nanoUsd, version } = priceCall(parts, call, book);
  assert.deepEqual([nanoUsd, version], [1_100_000, 'p/small 2026-01-01 + p/large 2026-01-01']);
  const later = priceCall(parts, { ...call, atMs: Date.parse('2026-06-01T00:00:00Z') }, book);
  assert.deepEqual([later.nanoUsd, later.version], [2_100_000, 'p/small 2026-06-01 + p/large 2026-01-01']);
});

test('what was negotiated for the home is on the whole', () => {
  const { nanoUsd, version } = priceCall([part(null, { input: 1_000 })], { ...call, home: 'ours' }, book);
  assert.deepEqual([nanoUsd, version], [880_000, 'p/small 2026-01-01 × 0.88']);
});

test('a served model without a price costs at least what was asked for, marked; nothing billed costs nothing, unmarked', () => {
  const unknown = priceCall([part('of-tomorrow', { input: 1_000 })], call, book);
  assert.deepEqual([unknown.nanoUsd, unknown.unpriced], [1_000_000, ['model:of-tomorrow']]);
  assert.match(unknown.version ?? '', /^p\/small 2026-01-01, unpriced dimensions$/);
  const nothing = priceCall([], call, book);
  assert.deepEqual([nothing.nanoUsd, nothing.version, nothing.unpriced], [0, null, []]);
});

test('a part that has no price leaves the call without one; marks are words that the views look for', () => {
  const none = priceCall([part(null, { input: 1 })], { ...call, model: 'p/nobody' }, book);
  assert.deepEqual([none.nanoUsd, none.version, none.unpriced], [null, null, ['price']]);
  const guessed = priceCall([part(null, { input: 1_000 }, { estimated: true })], { ...call, model: 'p/guessed' }, book);
  assert.equal(guessed.version, 'p/guessed 2026-01-01, unconfirmed, estimated tokens');
});
