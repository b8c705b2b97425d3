// Dollars between people and counters: exact both ways, and what is no amount is told with what to write.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import { dollarsMost, dollarText, nanoUsdIn, nanoUsdOf } from './dollars.ts';

test('what is written is read to the nano-dollar, and written again', () => {
  const texts = {
    '250': 250e9,
    '12.5': 12.5e9,
    '0.000000001': 1,
    '9000000': 9e15,
    '8999999.999999999': 9e15 - 1,
    '0': 0,
  };
  for (const [text, nano] of Object.entries(texts)) assert.equal(nanoUsdOf(text), nano);
  assert.deepEqual([12.5e9, 1, 9e15, 0, -12e9, -5e8].map(dollarText), [
    '12.50',
    '0.000000001',
    '9000000',
    '0',
    '-12',
    '-0.50',
  ]);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: dollarsMost * 1e9 }), (nano) => nanoUsdOf(dollarText(nano)) === nano),
  );
});

test('nonsense is refused with what it is and what to write', () => {
  const faultOf = (text: string, least: '0' | 'above 0' = '0'): string => {
    const read = nanoUsdIn(text, least);
    return typeof read === 'number' ? '' : read.fault;
  };
  for (const text of ['', '$5', '5,00', '-1', '1e3', 'NaN', ' 5', '5.', '.5'])
    assert.match(faultOf(text), /is no amount of dollars: write dollars such as 250 or 12.50/, text);
  assert.match(faultOf('0.0000000001'), /finer than a billionth/);
  assert.match(faultOf('9000000.000000001'), /above 9000000 dollars/);
  assert.match(faultOf('0.00', 'above 0'), /is nothing/);
  assert.equal(faultOf('0.00'), '');
  assert.throws(() => nanoUsdOf('many'), RangeError);
});
