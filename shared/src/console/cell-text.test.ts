// Numbers as people and programs read them: aligned, never rounded to nothing in silence, exact in files.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactDollars, moneyDigits, moneyText } from './cell-text.ts';
import { tableCsv } from './table-csv.ts';

test('a column of money has as many decimals as its largest amount needs, and what is below them is not nothing', () => {
  assert.equal(moneyDigits([1_500_000_000, 45_000]), 2);
  assert.equal(moneyDigits([45_000_000, 45_000]), 4);
  assert.equal(moneyDigits([45_000]), 6);
  assert.equal(moneyDigits([0]), 2);
  assert.equal(moneyText(1_234_567_890_000, 2), '$1,234.57');
  assert.equal(moneyText(-1_234_567_890_000, 2), '-$1,234.57');
  assert.equal(moneyText(45_000, 2), '<$0.01');
  assert.equal(moneyText(0, 2), '$0.00');
});

test('files have every billionth', () => {
  assert.equal(exactDollars(1), '0.000000001');
  assert.equal(exactDollars(-1_234_567_890_123), '-1234.567890123');
  assert.equal(exactDollars(0), '0.000000000');
});

test('a CSV: quoted where it must be, no formula, no control character, unknown is empty, bars are left out', () => {
  const csv = tableCsv({
    columns: [
      { heading: 'Who', kind: 'text' },
      { heading: 'Spend', kind: 'money' },
      { heading: 'Share', kind: 'bar' },
      { heading: 'At', kind: 'time' },
    ],
    rows: [
      ['=HYPERLINK("http://x")', 1_500_000_000, 0.5, 0],
      [{ text: 'a, "b"', href: '/console' }, null, null, null],
      ['-1\u0000', 0, 0, 1],
    ],
    total: ['All', 1, 1, null],
    empty: '',
  });
  assert.equal(
    csv,
    'Who,"Spend, USD",At\r\n"\'=HYPERLINK(""http://x"")",1.500000000,1970-01-01T00:00:00.000Z\r\n"a, ""b""",,\r\n\'-1\uFFFD,0.000000000,1970-01-01T00:00:00.001Z\r\n',
  );
});
