// The least speed of a body, by a clock that is handed in.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPace, leastBytesPerSecond, paceWindowMs } from './pace.ts';

const leastBytes = (leastBytesPerSecond * paceWindowMs) / 1_000;
const totalMs = 75_000;

test('at the least speed a body may take all its time, and no more', () => {
  const pace = createPace(5_000, totalMs);
  for (let ms = paceWindowMs; ms < totalMs; ms += paceWindowMs) {
    pace.arrived(leastBytes);
    assert.equal(pace.fault(5_000 + ms), null);
  }
  pace.arrived(leastBytes);
  assert.equal(pace.fault(5_000 + totalMs), 'did not arrive within 75 s');
});

test('one byte less in any window is too slow, whatever came before', () => {
  const pace = createPace(0, totalMs);
  pace.arrived(1_000_000);
  assert.equal(pace.fault(paceWindowMs - 1), null);
  assert.equal(pace.fault(paceWindowMs), null);
  pace.arrived(leastBytes - 1);
  assert.equal(pace.fault(2 * paceWindowMs - 1), null);
  assert.equal(pace.fault(2 * paceWindowMs), 'came slower than 1000 bytes/s');
});

test('a look that comes late asks for no more than one in time', () => {
  const pace = createPace(0, totalMs);
  pace.arrived(leastBytes);
  assert.equal(pace.fault(5 * paceWindowMs), null);
});
