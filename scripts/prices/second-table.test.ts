// A second table of prices: what differs is found in every dimension and tier, what is told has a date and is still
// true.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { PriceRow } from '@cody-gateway/shared/catalogue';
import { differencesOf, secondRow, unreasoned, type Reason } from './second-table.ts';

const ours = (dimensions: object, tiers: object[] = []): PriceRow =>
  ({ model: 'openai/m', dimensions, tiers }) as unknown as PriceRow;

test('their rows by our names', () => {
  const table = { m: { a: 1 }, 'gemini/g': { a: 2 }, 'fireworks_ai/f': { a: 3 }, 'xai/x': { a: 4 } };
  assert.equal(secondRow(table, 'openai/m')?.['a'], 1);
  assert.equal(secondRow(table, 'google/g')?.['a'], 2);
  assert.equal(secondRow(table, 'fireworks/f')?.['a'], 3);
  assert.equal(secondRow(table, 'xai/x')?.['a'], 4);
  assert.equal(secondRow(table, 'google/m'), null);
});

test('each dimension and tier; what they do not price is not compared', () => {
  const theirs = {
    input_cost_per_token: 1.25e-6,
    output_cost_per_token: 1e-5,
    input_cost_per_token_above_200k_tokens: 2.5e-6,
    cache_read_input_token_cost: 0,
  };
  const same = ours({ input: '1.25', output: '10', cache_read: '0.3' }, [
    { above: 200_000, dimensions: { input: '2.5' } },
  ]);
  assert.deepEqual(differencesOf('openai/m', same, theirs), []);
  const found = (row: PriceRow | null) =>
    differencesOf('openai/m', row, theirs).map(({ dimension, ours: own, theirs: other }) => [dimension, own, other]);
  assert.deepEqual(found(ours({ input: '1.25', output: '9' })), [
    ['input above 200000', '1.25', '2.5'],
    ['output', '9', '10'],
  ]);
  assert.deepEqual(found(null), [
    ['input', null, '1.25'],
    ['input above 200000', null, '2.5'],
    ['output', null, '10'],
  ]);
});

test('pictures and speech: a picture in a prompt is billed as its text, everything else has to be stated', () => {
  const theirs = {
    input_cost_per_image_token: 1.25e-6,
    cache_read_input_image_token_cost: 2e-6,
    output_cost_per_image_token: 3e-5,
    input_cost_per_audio_token: 4e-6,
  };
  const own = ours({ input: '1.25', output: '30', cache_read: '2' });
  const found = differencesOf('openai/m', own, theirs).map(({ dimension, theirs: other }) => [dimension, other]);
  assert.deepEqual(found, [
    ['image_output', '30'],
    ['audio_input', '4'],
  ]);
  const stated = ours({ input: '1.25', cache_read: '2', image_output: '30', audio_input: '4' });
  assert.deepEqual(differencesOf('openai/m', stated, theirs), []);
});

test('a reason is of these two amounts, and goes when they agree', () => {
  const difference = { model: 'openai/m', dimension: 'input', ours: '1', theirs: '2' };
  const reason: Reason = { ...difference, reason: 'r', date: '2026-11-28' };
  assert.deepEqual(unreasoned([difference], [reason]), { open: [], stale: [] });
  assert.deepEqual(unreasoned([{ ...difference, theirs: '3' }], [reason]).open.length, 1);
  assert.deepEqual(unreasoned([], [reason]).stale, [reason]);
});

test('every reason that stands has its words and its day', () => {
  const file = path.join(import.meta.dirname, 'second-table.json');
  const { reasons } = JSON.parse(readFileSync(file, 'utf8')) as { readonly reasons: readonly Reason[] };
  for (const { model, reason, date } of reasons)
    assert.ok(reason.length > 20 && /^20\d\d-\d\d-\d\d$/.test(date) && Date.parse(date) <= Date.now(), model);
});
