// Decimals are exact: what is written comes back, sums and products are those of fractions, and a half is rounded up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import { add, decimalText, multiply, parseDecimal, roundHalfUp, shifted } from './decimal.ts';

const digits = fc.integer({ min: 0, max: 999_999_999 });
const written = fc
  .tuple(digits, fc.integer({ min: 0, max: 12 }))
  .map(([units, scale]) => decimalText({ units: BigInt(units), scale }));

test('a number comes back as its shortest text', () => {
  for (const [text, shortest] of [
    ['0', '0'],
    ['0.0', '0'],
    ['10', '10'],
    ['0.250', '0.25'],
    ['3.125', '3.125'],
    ['0.003625', '0.003625'],
  ] as const)
    assert.equal(decimalText(parseDecimal(text)), shortest);
  fc.assert(fc.property(written, (text) => assert.equal(decimalText(parseDecimal(text)), text)));
});

test('what is no such number is refused', () => {
  for (const text of ['', '-1', '+1', '1e3', '.5', '5.', '1,5', 'NaN', '1.0000000000001', '1234567890'])
    assert.throws(() => parseDecimal(text), { name: 'RangeError', message: /is not a decimal number/ }, text);
});

test('sums, products and moved points are those of fractions', () => {
  const scaled = (text: string): bigint => shifted(parseDecimal(text), 12).units;
  fc.assert(
    fc.property(written, written, (a, b) => {
      assert.equal(shifted(add(parseDecimal(a), parseDecimal(b)), 12).units, scaled(a) + scaled(b));
      assert.equal(shifted(multiply(parseDecimal(a), parseDecimal(b)), 24).units, scaled(a) * scaled(b));
      assert.equal(decimalText(shifted(shifted(parseDecimal(a), -3), 3)), a);
    }),
  );
});

test('a half goes up, less goes down', () => {
  const rounded = (text: string): bigint => roundHalfUp(parseDecimal(text));
  assert.deepEqual(['0.5', '0.499999999999', '1.5', '2.5', '2'].map(rounded), [1n, 0n, 2n, 3n, 2n]);
});
