// The cost of a call: what was negotiated, what is unknown and what can't be true, and one rounding a call for
// whatever it used. By hand: cost-by-hand.test.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import { cost, totalCost, type Usage } from './cost.ts';
import { dimensionNames, dimensions } from './dimensions.ts';
import { priceKind, type PriceRow } from './price-row.ts';

const price = (dimensions: PriceRow['dimensions'], more: Partial<PriceRow> = {}): PriceRow => ({
  ...(priceKind.unstated as PriceRow),
  model: 'openai/x',
  from: '2026-01-01',
  source: 'a test',
  asOf: '2026-01-01',
  dimensions,
  ...more,
});

test('a call of several parts is unknown if one of them is', () => {
  const known = cost({ counts: { input: 1 }, estimated: true }, price({ input: '1' }));
  const unknown = cost({ counts: { input: 1, dreams: 1 } }, null);
  assert.deepEqual(totalCost([known, known]), { nanoUsd: 2_000, unpriced: [], estimated: true, unconfirmed: false });
  assert.deepEqual(totalCost([known, unknown]), {
    nanoUsd: null,
    unpriced: ['price'],
    estimated: true,
    unconfirmed: false,
  });
});

test('what was negotiated is on the whole: 12 % off tokens and searches', () => {
  const result = cost({ counts: { input: 1_000, web_search: 1 } }, price({ input: '3', web_search: '0.01' }), '0.88');
  assert.equal(result.nanoUsd, (3_000_000 + 10_000_000) * 0.88);
});

test('what is unknown is not free, and says so', () => {
  const of = (counts: Usage['counts'], dimensions: PriceRow['dimensions'], qualifiers: Record<string, string> = {}) => {
    const { nanoUsd, unpriced } = cost({ counts, qualifiers }, price(dimensions));
    return [nanoUsd, unpriced];
  };
  assert.deepEqual(cost({ counts: { input: 1 } }, null).nanoUsd, null);
  // Like the text, at least: what providers charge more for may have cost more.
  assert.deepEqual(of({ audio_input: 10 }, { input: '2' }), [20_000, ['audio_input']]);
  assert.deepEqual(of({ image_output: 10 }, { output: '2' }), [20_000, ['image_output']]);
  assert.deepEqual(of({ cache_write_1h: 10 }, { input: '2', cache_write_5m: '3' }), [30_000, ['cache_write_1h']]);
  // Who has no price of a write has none of an hour either.
  assert.deepEqual(of({ cache_write_1h: 10, cache_write_5m: 10 }, { input: '2' }), [40_000, []]);
  assert.deepEqual(of({ reasoning: 10, output: 5 }, { output: '2' }), [30_000, []]);
  assert.deepEqual(of({ reasoning: 10 }, { output: '2', reasoning: '1' }), [10_000, []]);
  assert.deepEqual(of({ input: 1, web_search: 2, dreams: 7 }, { input: '1' }), [1_000, ['dreams', 'web_search']]);
  assert.deepEqual(of({ output: 1 }, { input: '1' }), [0, ['output']]);
  assert.deepEqual(of({ input: 1 }, { input: '1' }, { service_tier: 'scale', speed: 'standard' }), [
    1_000,
    ['service_tier:scale'],
  ]);
  assert.deepEqual(of({ constructor: 1, input: 1 }, { input: '1' }), [1_000, ['constructor']]);
});

test('nothing used costs nothing, whoever served it; zeros are not unknown', () => {
  assert.deepEqual(cost({ counts: {} }, null).nanoUsd, 0);
  assert.deepEqual(cost({ counts: { input: 0, dreams: 0 } }, null), {
    nanoUsd: 0,
    unpriced: [],
    estimated: false,
    unconfirmed: false,
  });
});

test('a report that can’t be true has no price', () => {
  for (const count of [-1, 1.5, Number.NaN, Infinity, 1e9 + 1, '10' as unknown as number])
    assert.deepEqual(cost({ counts: { input: count } }, price({ input: '1' })), {
      nanoUsd: null,
      unpriced: ['counts'],
      estimated: false,
      unconfirmed: false,
    });
  // Each count may be, their sum leaves what a number holds.
  const { nanoUsd, unpriced } = cost(
    { counts: { input: 1, web_search: 1e9 } },
    price({ input: '1', web_search: '100000' }),
  );
  assert.deepEqual([nanoUsd, unpriced], [null, ['sum']]);
});

test('counts from the length of texts, and prices from memory, are marked', () => {
  const { estimated, unconfirmed } = cost(
    { counts: { input: 1 }, estimated: true },
    price({ input: '1' }, { basis: 'memory' }),
  );
  assert.deepEqual([estimated, unconfirmed], [true, true]);
});

test('one rounding a call: the sum of exact fractions, whatever the dimensions', () => {
  const name = fc.constantFrom(...dimensionNames);
  const amount = fc.integer({ min: 0, max: 1_000_000 }).map((units) => (units / 1e6).toFixed(6));
  const counts = fc.dictionary(name, fc.integer({ min: 0, max: 1_000_000 }), { minKeys: 1, maxKeys: 8 });
  fc.assert(
    fc.property(
      counts,
      fc.array(amount, { minLength: dimensionNames.length, maxLength: dimensionNames.length }),
      (used, amounts) => {
        const all = Object.fromEntries(
          dimensionNames.map((dimension, at) => [dimension, amounts[at] ?? '0']),
        ) as PriceRow['dimensions'];
        // Dollars in millionths: tokens × millionths are 10⁻¹² dollars, uses × millionths 10⁻⁶.
        let picoUsd = 0n;
        for (const [dimension, count] of Object.entries(used)) {
          const millionths = BigInt(Math.round(Number(all[dimension as keyof typeof dimensions]) * 1e6));
          picoUsd +=
            BigInt(count) *
            millionths *
            (dimensions[dimension as keyof typeof dimensions].unit === 'tokens' ? 1n : 1_000_000n);
        }
        assert.equal(cost({ counts: used }, price(all)).nanoUsd, Number((picoUsd + 500n) / 1000n));
      },
    ),
  );
});

test('splitting a call’s tokens over parts moves its cost by less than a nano-dollar a part', () => {
  const count = fc.integer({ min: 0, max: 100_000 });
  const row = price({ input: '0.0875', output: '0.333333333333' });
  fc.assert(
    fc.property(fc.array(fc.record({ input: count, output: count }), { minLength: 1, maxLength: 20 }), (parts) => {
      const sum = parts.reduce((sum, { input, output }) => ({ input: sum.input + input, output: sum.output + output }));
      const whole = cost({ counts: sum }, row).nanoUsd ?? Number.NaN;
      const apart = totalCost(parts.map((counts) => cost({ counts }, row))).nanoUsd ?? Number.NaN;
      assert.ok(Math.abs(whole - apart) <= (parts.length + 1) / 2, `${whole} and ${apart}`);
    }),
  );
});
