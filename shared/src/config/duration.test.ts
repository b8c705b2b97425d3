import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goDuration } from './duration.ts';

test('durations read as Go writes them', () => {
  for (const [seconds, text] of [
    [0, '0s'],
    [10, '10s'],
    [60, '1m0s'],
    [3600, '1h0m0s'],
    [86_400, '24h0m0s'],
    [2_592_000, '720h0m0s'],
    [2_147_483_647, '596523h14m7s'],
    [239, '3m59s'],
  ] as const) {
    assert.equal(goDuration(seconds * 1000), text);
  }
});
