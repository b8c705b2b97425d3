// A feature that is counted in tokens reserves an estimate and settles to the truth: what it uses beyond its limit is
// never more than the calls in flight were wrong by, whatever the order in which they end.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import { Redis } from 'ioredis';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import type { Permit } from '../auth/auth.ts';
import { connectStore, keys, shardOf, type Store } from '../store/store.ts';
import { createLimiter, identityOf, type Lease } from './limiter.ts';

const budget = () => ({ leftMs: 10_000 });
const limit = 1_000;
let server: LocalRedis;
let redis: Redis;
let store: Store;
before(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  store = connectStore({ redisEndpoint: server.url }, () => undefined);
});
after(async () => {
  redis.disconnect();
  await store.close();
  await server.close();
});

function permitOf(id: string): Permit {
  const actor = { source: 'dotcom-product-subscriptions', id, name: 'n', pool: null, version: 0 };
  const burst = { limit: 1e6, intervalMs: 3_600_000 };
  const entitlement = { limit, intervalMs: 86_400_000, allowedModels: ['*'], burst, inFlightMax: 1_000 };
  return { actor, feature: 'embeddings', entitlement, model: 'p/m', blocked: false } as unknown as Permit;
}

interface Running {
  readonly lease: Lease;
  readonly estimate: number;
  readonly truth: number;
}

test('estimates settle to the truth, and the overshoot is bounded by the errors of the calls in flight', async () => {
  const calls = fc.record({
    estimate: fc.integer({ min: 1, max: 400 }),
    // Text may have three times the tokens that its length promises, or a tenth.
    error: fc.double({ min: 0.1, max: 3, noNaN: true }),
    // How many calls that run by then end before the next one comes, and which.
    endsBefore: fc.array(fc.nat(100), { maxLength: 3 }),
  });
  let run = 0;
  let [overshoots, refusals] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(calls, { minLength: 5, maxLength: 40 }), async (sequence) => {
      const permit = permitOf(`run-${run++}`);
      const limiter = createLimiter(store);
      const key = keys.limit(shardOf(identityOf(permit.actor)), 'embeddings', identityOf(permit.actor));
      const running: Running[] = [];
      let inFlightThen: readonly Running[] = [];
      let truths = 0;
      const end = async (pick: number): Promise<void> => {
        const [ended] = running.splice(pick % Math.max(1, running.length), 1);
        if (ended === undefined) return;
        const { posted } = await ended.lease.settle(ended.truth, '{}', budget());
        truths += ended.truth;
        assert.equal(posted?.kept, ended.truth, 'the event has what the counter kept');
      };
      const used = async (): Promise<number> => Number((await redis.hget(key, 'used')) ?? 0);
      for (const [i, { estimate, error, endsBefore }] of sequence.entries()) {
        for (const pick of endsBefore) await end(pick);
        const before = await used();
        const outcome = await limiter.admit(permit, { leaseId: `${key}-${i}`, estimate, draft: '{}' }, budget());
        if (outcome.decision !== 'admitted') {
          refusals++;
          assert.ok(before + estimate > limit, `refused at ${before} + ${estimate}`);
        } else {
          assert.ok(before + estimate <= limit, `admitted at ${before} + ${estimate}`);
          running.push({ lease: outcome, estimate, truth: Math.max(1, Math.round(estimate * error)) });
          inFlightThen = [...running];
        }
        await checkBound();
      }
      while (running.length > 0) {
        await end(0);
        await checkBound();
      }
      const [total, reserved] = await redis.hmget(key, 'used', 'reserved');
      assert.deepEqual([Number(total), Number(reserved)], [truths, 0]);

      async function checkBound(): Promise<void> {
        const errors = inFlightThen.reduce((sum, { estimate, truth }) => sum + Math.max(0, truth - estimate), 0);
        const now = await used();
        if (now > limit) overshoots++;
        assert.ok(now <= limit + errors, `${now} used of ${limit}, errors of ${errors}`);
      }
    }),
    { numRuns: 60, interruptAfterTimeLimit: 15_000 },
  );
  assert.ok(
    overshoots > 0 && refusals > 0,
    `the bound was put to the test: ${overshoots} overshoots, ${refusals} refusals`,
  );
});
