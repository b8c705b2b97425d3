// Own time and the provider's are told apart, on a clock of the test's own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTiming } from './timing.ts';

test('a request without a provider is all ours', () => {
  let ms = 100;
  const timing = createTiming(() => ms);
  ms += 7;
  assert.deepEqual([timing.totalMs(), timing.upstreamMs(), timing.ownMs()], [7, null, 7]);
  assert.equal(timing.header(), 'gateway;dur=7.0');
});

test('from the call to the end of the body the time is the provider’s; what comes before and after is ours', () => {
  let ms = 100;
  const timing = createTiming(() => ms);
  ms += 5;
  timing.upstreamStarts();
  ms += 200;
  assert.equal(timing.header(), 'gateway;dur=5.0, upstream;dur=200.0');
  ms += 800;
  timing.upstreamEnds();
  ms += 3;
  timing.upstreamStarts();
  timing.upstreamEnds();
  assert.deepEqual([timing.totalMs(), timing.upstreamMs(), timing.ownMs()], [1008, 1000, 8]);
});
