// Prices are read beside the first call: nobody waits for them long, a fault is tried again, and nothing that was billed needs none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrices } from './prices.ts';

const by = { model: 'openai/gpt-4o', home: null, atMs: Date.parse('2026-11-28T00:00:00Z') };
const parts = [{ model: null, counts: { input: 1_000 } }];

test('the release’s own prices', async () => {
  const prices = createPrices((message) => assert.fail(message));
  prices.warm();
  assert.equal((await prices.costOf(parts, by))?.nanoUsd, 2_500_000);
  assert.equal((await prices.book()).priceOf(by.model, by.atMs)?.dimensions['input'], '2.5');
});

test('prices that do not come in time leave the call without one; what was not billed waits for nothing', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const prices = createPrices(
    () => undefined,
    () => new Promise(() => {}),
  );
  assert.equal((await prices.costOf([], by))?.nanoUsd, 0);
  const asked = prices.costOf(parts, by);
  t.mock.timers.tick(250);
  assert.equal(await asked, null);
});

test('a fault is told, costs that call its price alone, and the next one tries again', async () => {
  const told: string[] = [];
  let loads = 0;
  const real = createPrices(() => undefined);
  const prices = createPrices(
    (message) => told.push(message),
    async () => {
      if (++loads === 1) throw new Error('a chunk is missing');
      return { book: await real.book(), priceCall: () => ({ ...free, nanoUsd: 5 }) };
    },
  );
  assert.equal(await prices.costOf(parts, by), null);
  assert.equal((await prices.costOf(parts, by))?.nanoUsd, 5);
  assert.deepEqual([loads, told], [2, ['a call could not be priced by its instance']]);
});

const free = { version: null, unpriced: [], estimated: false, unconfirmed: false };
