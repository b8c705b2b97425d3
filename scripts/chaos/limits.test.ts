// Short runs of the limiter's chaos: a few seconds of load with every kind of fault, or a failover, and every
// invariant after it. `npm run chaos` runs it for longer.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { failoverChaos } from './failover.ts';
import { limitsChaos } from './limits.ts';
import { drawCalls, drawFaults, faultKinds } from './schedule.ts';

/** A failing test prints its seed; given here it draws the same faults and calls. */
const seed = process.env['GATEWAY_CHAOS_SEED'] ?? randomUUID().slice(0, 8);

test('the same seed draws the same faults and calls, another one others; each kind comes in each round', () => {
  const calls = (seed: string) => {
    const drawn = drawCalls(seed, 1);
    return Array.from({ length: 20 }, () => drawn.next().value);
  };
  assert.deepEqual(drawFaults('one', 20_000), drawFaults('one', 20_000));
  assert.deepEqual(calls('one'), calls('one'));
  assert.notDeepEqual(drawFaults('one', 20_000), drawFaults('two', 20_000));
  assert.notDeepEqual(calls('one'), calls('two'));
  const faults = drawFaults('one', 20_000);
  assert.equal(faults.length, 5 * faultKinds.length);
  assert.deepEqual(new Set(faults.slice(0, faultKinds.length).map(({ kind }) => kind)), new Set(faultKinds));
  assert.ok(faults.every(({ atMs }, n) => atMs <= 20_000 && (n === 0 || atMs >= (faults[n - 1]?.atMs ?? 0))));
});

test('the invariants of the limiter hold after kills, pauses, outages and callers that leave', async () => {
  const { figures, faults } = await limitsChaos({
    seed,
    loadMs: 4_000,
    instances: 2,
    workers: 4,
    say: () => undefined,
  });
  assert.deepEqual(faults, [], `GATEWAY_CHAOS_SEED=${seed}\n${JSON.stringify(figures)}`);
});

test('a failover loses no more than what was acknowledged in the moments that the replica missed', async () => {
  const size = { loadMs: 2_500, missedMs: 400, instances: 1, workers: 4 };
  const { figures, faults } = await failoverChaos({ seed, ...size, say: () => undefined });
  assert.deepEqual(faults, [], `GATEWAY_CHAOS_SEED=${seed}\n${JSON.stringify(figures)}`);
});
