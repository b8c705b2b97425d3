// Stated limits become entitlements: the burst arithmetic in 32-bit floats, the cap of calls in flight, and what grants
// nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StatedLimit } from '../directory/directory.ts';
import { burstSize, entitle, type BurstSettings } from './entitlement.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const settings: BurstSettings = { burstPercentage: 50, burstIntervalMs: 10_000, inFlightMin: 20 };
const stated: StatedLimit = { limit: 500, intervalSeconds: 86_400, allowedModels: ['*'] };

test('burst sizes as the original gateway has them', () => {
  for (const [limit, intervalMs, percentage, burst] of [
    [100, dayMs, 10, 10],
    [210, 7 * dayMs, 10, 3],
    [10, hourMs, 10, 24],
    [3, dayMs, 10, 1],
    [50, dayMs, 50, 25],
    [500, dayMs, 50, 250],
    [1000, dayMs, 50, 500],
    [4, dayMs, 50, 2],
    [3, dayMs, 50, 1],
    [2, dayMs, 50, 1],
    [1, dayMs, 50, 1],
    [119, 30 * dayMs, 50, 1],
    [120, 30 * dayMs, 50, 2],
    [200, 30 * dayMs, 50, 3],
    [500, 30 * dayMs, 50, 8],
  ] as const)
    assert.equal(burstSize(limit, intervalMs, percentage), burst, `${limit} in ${intervalMs} ms at ${percentage} %`);
});

test('the arithmetic is that of 32-bit floats: doubles would give 28', () => {
  assert.equal(Math.trunc(0.29 * 100), 28);
  assert.equal(burstSize(100, dayMs, 29), 29);
});

test('actors #34: a burst of 1 stays usable, and calls in flight have a floor of their own', () => {
  const small = entitle({ ...stated, limit: 100, intervalSeconds: 30 * 86_400 }, settings);
  assert.deepEqual([small?.burst, small?.inFlightMax], [{ limit: 1, intervalMs: 10_000 }, 20]);
  assert.equal(entitle(stated, settings)?.inFlightMax, 250);
});

test('actors #32: no limit, no interval or no model grants nothing', () => {
  assert.notEqual(entitle(stated, settings), null);
  for (const nothing of [
    null,
    undefined,
    { ...stated, limit: 0 },
    { ...stated, limit: -1 },
    { ...stated, intervalSeconds: 0 },
    { ...stated, intervalSeconds: -5 },
    { ...stated, allowedModels: [] },
  ])
    assert.equal(entitle(nothing, settings), null, JSON.stringify(nothing));
});

test('actors #45: the longest interval a source can state stays exact', () => {
  assert.equal(entitle({ ...stated, intervalSeconds: 2_147_483_647 }, settings)?.intervalMs, 2_147_483_647_000);
});
