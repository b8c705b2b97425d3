// What must be known of a cost stands behind it, and below the table what that means: nothing where all is sure.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { marked, withLegend } from './usage-cost.ts';

const sure = {
  cost_nano_usd: 1_500_000_000,
  unconfirmed_nano_usd: 0,
  estimated_nano_usd: 0,
  unpriced: 0,
  partly_unpriced: 0,
};

test('each kind of doubt has its mark, and several stand together', () => {
  assert.equal(marked(sure), '1.500000000');
  assert.equal(marked({ ...sure, unconfirmed_nano_usd: 1 }), '1.500000000 ?');
  assert.equal(marked({ ...sure, partly_unpriced: 1 }), '1.500000000 *');
  assert.equal(marked({ ...sure, estimated_nano_usd: '5' }), '1.500000000 ~');
  assert.equal(
    marked({ cost_nano_usd: 0, unconfirmed_nano_usd: 1, estimated_nano_usd: 1, unpriced: 2, partly_unpriced: 3 }),
    '0.000000000 ?~+*',
  );
});

test('only marks that stand there are explained', () => {
  assert.equal(withLegend('table\n', [sure]), 'table\n');
  const text = withLegend('table\n', [sure, { ...sure, unpriced: 1 }]);
  assert.equal(text, 'table\n\n+ more than that: charged calls have no price');
});
