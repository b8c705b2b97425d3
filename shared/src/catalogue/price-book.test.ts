// The price that holds at a moment: by layer, day, end and hour, for snapshots of a model, and what was negotiated.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeRows, type Layer, type LayerName } from './layers.ts';
import { createPriceBook, withoutDate } from './price-book.ts';

const facts = { source: 'a test', asOf: '2026-01-01' };
const price = (from: string, input: string, more: object = {}) => ({
  model: 'openai/gpt-7',
  from,
  dimensions: { input },
  ...facts,
  ...more,
});
const layer = (name: LayerName, prices: object[], factors: object[] = []): Layer =>
  ({ name, rows: { prices, factors } }) as Layer;
const book = (...layers: Layer[]) => createPriceBook(mergeRows('prices', layers), mergeRows('factors', layers));
const inputAt = (prices: ReturnType<typeof book>, at: string, model = 'openai/gpt-7') =>
  prices.priceOf(model, Date.parse(at))?.dimensions.input ?? null;

test('a price holds from its day, midnight UTC, until a later one', () => {
  const prices = book(
    layer('defaults', [price('2026-06-01', '2'), price('2026-01-01', '1'), price('2027-01-01T09:00:00Z', '3')]),
  );
  assert.equal(inputAt(prices, '2025-12-31T23:59:59.999Z'), null);
  assert.equal(inputAt(prices, '2026-01-01T00:00:00Z'), '1');
  assert.equal(inputAt(prices, '2026-05-31T23:59:59.999Z'), '1');
  assert.equal(inputAt(prices, '2026-06-01T00:00:00Z'), '2');
  assert.equal(inputAt(prices, '2027-01-01T08:59:59Z'), '2');
  assert.equal(inputAt(prices, '2027-01-01T09:00:00Z'), '3');
});

test('a price that ends gives way to the one before it', () => {
  const prices = book(
    layer('defaults', [price('2026-01-01', '1'), price('2026-06-01', '0.5', { until: '2026-07-01' })]),
  );
  assert.deepEqual(
    ['2026-06-30', '2026-07-01'].map((at) => inputAt(prices, at)),
    ['0.5', '1'],
  );
});

test('what an operator set counts before what a later release says, as long as it lasts', () => {
  const release = layer('defaults', [price('2026-01-01', '1'), price('2026-11-01', '9')]);
  const ours = layer('overlay', [price('2026-02-01', '0.8', { until: '2026-12-01' })]);
  const prices = book(release, ours);
  assert.deepEqual(
    ['2026-01-15', '2026-03-01', '2026-11-15', '2026-12-01'].map((at) => inputAt(prices, at)),
    ['1', '0.8', '0.8', '9'],
  );
});

test('the same day in two layers is one price, changed member by member', () => {
  const prices = book(
    layer('defaults', [price('2026-01-01', '1', { basis: 'page' })]),
    layer('overlay', [{ model: 'OpenAI/GPT-7', from: '2026-01-01', dimensions: { input: '2' } }]),
  );
  const found = prices.priceOf('openai/gpt-7', Date.parse('2026-02-01'));
  assert.deepEqual([found?.dimensions, found?.basis, found?.model], [{ input: '2' }, 'page', 'openai/gpt-7']);
});

test('hours of the day have their own prices, over midnight too', () => {
  const hours = [
    { from: '01:00', until: '04:00', dimensions: { input: '2' } },
    { from: '23:00', until: '00:30', dimensions: { input: '3' } },
  ];
  const prices = book(
    layer('defaults', [price('2026-01-01', '1', { dimensions: { input: '1', output: '5' }, hours })]),
  );
  const at = (time: string) => inputAt(prices, `2026-03-01T${time}:00Z`);
  assert.deepEqual(['00:29', '00:30', '01:00', '03:59', '04:00', '23:00'].map(at), ['3', '1', '2', '2', '1', '3']);
  assert.equal(prices.priceOf('openai/gpt-7', Date.parse('2026-03-01T02:00:00Z'))?.dimensions.output, '5');
});

test('a dated snapshot without a price has that of its model; any other name has none', () => {
  const prices = book(layer('defaults', [price('2026-01-01', '1')]));
  for (const model of ['openai/gpt-7-2027-01-01', 'openai/gpt-7-20270101', 'openai/gpt-7@20270101', 'OPENAI/GPT-7'])
    assert.equal(inputAt(prices, '2026-03-01', model), '1', model);
  for (const model of ['openai/gpt-7-mini', 'gpt-7', 'openai/gpt-7-1999-01-01', 'openai/gpt-7-2027-01-01-pro'])
    assert.equal(inputAt(prices, '2026-03-01', model), null, model);
  assert.equal(withoutDate('a-2026-01-01'), 'a');
});

test('of what was negotiated the most particular that holds counts, and nothing else', () => {
  const factor = (id: string, value: string, more: object = {}) => ({
    id,
    provider: 'openai',
    factor: value,
    from: '2026-01-01',
    ...facts,
    ...more,
  });
  const prices = book(
    layer(
      'overlay',
      [],
      [
        factor('all', '0.9'),
        factor('azure', '0.8', { home: 'azure' }),
        factor('model', '0.7', { model: 'openai/gpt-7' }),
        factor('both', '0.6', { model: 'openai/gpt-7', home: 'azure', until: '2026-06-01' }),
        factor('other', '0.1', { provider: 'anthropic' }),
      ],
    ),
  );
  const of = (model: string, home: string | null, at = '2026-03-01') =>
    prices.factorOf({ model, provider: 'openai', home }, Date.parse(at));
  assert.equal(of('openai/gpt-5', 'openai-api'), '0.9');
  assert.equal(of('openai/gpt-5', 'azure'), '0.8');
  assert.equal(of('openai/gpt-7', null), '0.7');
  assert.equal(of('openai/gpt-7', 'azure'), '0.6');
  assert.equal(of('openai/gpt-7', 'azure', '2026-06-01'), '0.7');
  assert.equal(of('openai/gpt-7', 'azure', '2025-06-01'), '1');
});
