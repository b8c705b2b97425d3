// Turns: a few at a time, in their order, and nobody is left waiting.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventLoopTurns } from './event-loop-turns.ts';

const loopTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('three a turn, first come, first served, until nobody waits; who comes later waits behind them', async () => {
  const turn = eventLoopTurns(3);
  const gone: number[] = [];
  const come = (n: number): void => void turn().then(() => gone.push(n));
  for (let n = 0; n < 7; n++) come(n);
  assert.deepEqual(gone, []);
  await loopTurn();
  assert.deepEqual(gone, [0, 1, 2]);
  come(7);
  await loopTurn();
  assert.deepEqual(gone, [0, 1, 2, 3, 4, 5]);
  await loopTurn();
  assert.deepEqual(gone, [0, 1, 2, 3, 4, 5, 6, 7]);
  // An idle one begins anew.
  come(8);
  await loopTurn();
  assert.equal(gone.at(-1), 8);
});
