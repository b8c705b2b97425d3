// What the benchmark makes of frames' times: given times, no clock.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareTimes } from './streams.ts';

const intervalMs = 20;
const streams = 200;

/** Frames at their interval, the first after so long; each may come later by so much. */
function times(firstMs: number, laterMs: (stream: number, frame: number) => number = () => 0): Float64Array[] {
  return Array.from({ length: streams }, (_, stream) =>
    Float64Array.from({ length: 64 }, (_frame, frame) => firstMs + frame * intervalMs + laterMs(stream, frame)),
  );
}

test('what the gateway adds to the first frame it adds to all', () => {
  const { provider, target: gateway, byFrame } = compareTimes(times(5), times(7), intervalMs);
  assert.deepEqual([provider.firstP50, provider.firstP99, provider.lateP50, provider.lateP99], [5, 5, 0, 0]);
  assert.deepEqual([gateway.firstP50, gateway.firstP99, gateway.lateP50, gateway.lateP99], [7, 7, 2, 2]);
  assert.deepEqual([provider.stalled, gateway.stalled, gateway.longestGap], [0, 0, 20]);
  assert.deepEqual([byFrame.addedP50.length, byFrame.addedP50.at(-1), byFrame.addedP99[0]], [64, 2, 2]);
});

test('what is held back in the middle is late there, and does not touch the first', () => {
  const { target: gateway, byFrame } = compareTimes(
    times(5),
    times(5, (_, frame) => (frame >= 32 ? 10 : 0)),
    intervalMs,
  );
  assert.deepEqual([gateway.firstP99, gateway.lateP50, gateway.lateP99, gateway.longestGap], [5, 10, 10, 30]);
  assert.deepEqual([byFrame.addedP99[31], byFrame.addedP99[32]], [0, 10]);
});

test('a stall is a gap of two intervals more than the gaps of the direct run, which is held to the same', () => {
  const held = (ms: number) => (stream: number, frame: number) => (stream === 3 && frame === 40 ? ms : 0);
  const stalled = (direct: Float64Array[], through: Float64Array[]): [number, number] => {
    const { provider, target: gateway } = compareTimes(direct, through, intervalMs);
    return [provider.stalled, gateway.stalled];
  };
  assert.deepEqual(stalled(times(5), times(5, held(40))), [0, 0]);
  assert.deepEqual(stalled(times(5), times(5, held(41))), [0, 1]);
  // One hiccup of the direct run excuses nothing; a gap that is usual there does.
  assert.deepEqual(stalled(times(5, held(100)), times(5, held(41))), [1, 1]);
  const unsteady = times(5, (_, frame) => (frame % 8 === 0 ? 15 : 0));
  assert.deepEqual(stalled(unsteady, times(5, held(50))), [0, 0]);
});

test('a frame that did not come is no time, and the gap is to the one before it', () => {
  const through = times(5);
  through[0]?.fill(Number.NaN, 10, 13);
  through[1]?.fill(Number.NaN);
  const { target: gateway } = compareTimes(times(5), through, intervalMs);
  assert.deepEqual([gateway.longestGap, gateway.stalled, gateway.lateP99], [80, 1, 0]);
});
