// The default prices are what the generator writes from the installed table and our pages; its rules, by small tables.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { linesText, priceLines, tableLines, type Pages } from './price-table.ts';
import { pricesFile, pricesText } from './update.ts';

const lines = (prices: Parameters<typeof tableLines>[1]['prices']) =>
  tableLines('openai/x', { prices }, 'a table', '2026-01-01');
const facts = { source: 'a table', asOf: '2026-01-01' };

test('the file in the repository is what npm run prices:update writes, and writes again', () => {
  const text = pricesText();
  assert.equal(readFileSync(pricesFile, 'utf8'), text);
  assert.equal(pricesText(), text);
});

test('prices by the million and by the thousand become decimals, whatever a number’s digits are', () => {
  assert.deepEqual(
    lines({
      input_mtok: 0.0028,
      output_mtok: 3e-7,
      cache_write_mtok: 0.08333333333333334,
      web_searches_kcount: 10,
      storage_searches_kcount: 2.5,
    }),
    [
      {
        model: 'openai/x',
        from: '2020-01-01',
        dimensions: {
          input: '0.0028',
          output: '0.0000003',
          cache_write_5m: '0.083333333333',
          web_search: '0.01',
          file_search: '0.0025',
        },
        ...facts,
      },
    ],
  );
});

test('tiers of several dimensions are one tier, the shortest first', () => {
  const tiers = (...prices: [start: number, price: number][]) => prices.map(([start, price]) => ({ start, price }));
  assert.deepEqual(
    lines({
      input_mtok: { base: 1, tiers: tiers([500, 3], [200, 2]) },
      output_mtok: { base: 4, tiers: tiers([200, 5]) },
    })[0]?.tiers,
    [
      { above: 200, dimensions: { input: '2', output: '5' } },
      { above: 500, dimensions: { input: '3' } },
    ],
  );
});

test('days are rows, hours of a day belong to the newest of them', () => {
  const hours = { type: 'time_of_date', start_time: '01:00:00Z', end_time: '04:00:00Z' } as const;
  assert.deepEqual(
    lines([
      { prices: { input_mtok: 1 } },
      { constraint: { type: 'start_date', start_date: '2026-08-17' }, prices: { input_mtok: 2 } },
      { constraint: hours, prices: { input_mtok: 4 } },
    ]),
    [
      { model: 'openai/x', from: '2020-01-01', dimensions: { input: '1' }, ...facts },
      {
        model: 'openai/x',
        from: '2026-08-17',
        dimensions: { input: '2' },
        ...facts,
        hours: [{ from: '01:00', until: '04:00', dimensions: { input: '4' } }],
      },
    ],
  );
});

test('a kind of price that nobody has thought of stops the writing; what has no price of ours has no row', () => {
  assert.throws(() => lines({ input_mtok: 1, dreams_mtok: 1 }), /openai\/x: the table has a price dreams_mtok/);
  assert.deepEqual(lines({ audio_hours: 3 }), []);
  assert.deepEqual(lines({}), []);
});

test('pages win over the table for their day, the first that has the model; additions reach every price and are named', () => {
  const page = (models: string[], from: string, input: string) => ({
    models,
    from,
    dimensions: { input },
    source: 'a page',
    asOf: '2026-02-01',
  });
  const pages: Pages = {
    prices: [
      page(['openai/x'], '2020-01-01', '7'),
      page(['openai/*'], '2020-01-01', '9'),
      page(['openai/y'], '2026-06-01', '8'),
    ],
    additions: [
      {
        models: ['openai/*'],
        dimensions: { web_search: '0.01' },
        multipliers: { 'service_tier:flex': '0.5', 'service_tier:batch': '0.5' },
        source: 'a page',
        asOf: '2026-02-01',
      },
    ],
  };
  const written = priceLines(
    ['openai/y', 'openai/x', 'google/z'],
    (model) =>
      model === 'google/z'
        ? []
        : tableLines(model, { prices: { input_mtok: 1, output_mtok: 2 } }, 'a table', '2026-01-01'),
    pages,
  );
  assert.deepEqual(
    written.map(({ model, from, dimensions }) => [model, from, dimensions]),
    [
      ['openai/x', '2020-01-01', { input: '7', web_search: '0.01' }],
      ['openai/y', '2020-01-01', { input: '9', web_search: '0.01' }],
      ['openai/y', '2026-06-01', { input: '8', web_search: '0.01' }],
    ],
  );
  assert.equal(written[0]?.source, 'a page; web_search, service_tier: a page (2026-02-01)');
  assert.deepEqual(JSON.parse(linesText(written)), written);
});

test('a page that prices no model is a slip of the pen', () => {
  const pages: Pages = {
    prices: [
      {
        models: ['openai/gtp-5'],
        from: '2020-01-01',
        dimensions: { input: '1' },
        source: 'a page',
        asOf: '2026-02-01',
      },
    ],
    additions: [],
  };
  assert.throws(
    () => priceLines(['openai/gpt-5'], () => [], pages),
    /prices no model of the catalogue by openai\/gtp-5/,
  );
});
