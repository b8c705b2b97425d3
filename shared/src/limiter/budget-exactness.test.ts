// Exactness of budgets: 20 processes with 500 parallel calls spend no more than the limit, with an overshoot no more
// than that beyond it, calls that could have been paid are not left out, and counters equal events afterwards.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { startTestRedis, testRedis } from '../../../scripts/local/process/test-redis.ts';
import type { DollarBudget, Permit } from '../auth/auth.ts';
import { connectStore, keptMoney, keys, shardOf, type StoreSettings } from '../store/store.ts';
import { createLimiter, identityOf, type CallCost } from './limiter.ts';

const processes = 20;
const callsEach = 25;
const unit = 1_000_000_000_123;
const limit = 100 * unit;
const overshoot = 20 * unit;
/** Each may cost twice what it probably does; every fifth does, to the nano-dollar. */
const cost: CallCost = { worstNanoUsd: 2 * unit, expectedNanoUsd: unit, inputNanoUsd: 0, renewalNanoUsd: 0 };

function permitOf(id: string): Permit {
  const actor = { source: 'dotcom-product-subscriptions', id, name: 'n', accessEnabled: true, limits: {} };
  const entitlement = {
    limit: 1e6,
    intervalMs: 86_400_000,
    allowedModels: ['*'],
    burst: { limit: 1e6, intervalMs: 86_400_000 },
    inFlightMax: 1e6,
  };
  return { actor, feature: 'chat_completions', entitlement, model: 'p/m', blocked: false } as unknown as Permit;
}

const budgetOf = (overshootNanoUsd: number): DollarBudget => ({
  scope: 'subscription',
  limitNanoUsd: limit,
  overshootNanoUsd,
  isHard: true,
  windows: [{ name: '2026-11', startMs: 0, endMs: Date.now() + 86_400_000 }],
});

/** One of the processes: a round for each actor id and overshoot that it is sent. */
function work(settings: StoreSettings): void {
  const limiter = createLimiter(connectStore(settings, () => undefined));
  const budget = () => ({ leftMs: 60_000 });
  const call = async (permit: Permit, overshootNanoUsd: number, n: number): Promise<number> => {
    const money = { cost, budgets: [budgetOf(overshootNanoUsd)] };
    const lease = await limiter.admit(permit, { leaseId: randomUUID(), estimate: 1, draft: '{}', money }, budget());
    if (lease.decision !== 'admitted') return 0;
    const spent = n % 5 === 0 ? 2 * unit : unit;
    await lease.settle(1, '{}', budget(), spent);
    return spent;
  };
  process.on('message', ({ id, beyond }: { id: string; beyond: number }) => {
    Promise.all(Array.from({ length: callsEach }, (_, n) => call(permitOf(id), beyond, n))).then(
      (spent) => process.send?.(spent.reduce((sum, one) => sum + one, 0)),
      (error: unknown) => {
        throw error;
      },
    );
  });
  process.send?.('ready');
}

if (process.argv[2] === 'worker') work(JSON.parse(process.argv[3] ?? '') as StoreSettings);
else
  for (const kind of ['node', 'cluster'] as const)
    test(`on a ${kind}: ${processes} processes spend up to the limit and no more, with an overshoot no more than that beyond`, async () => {
      testRedis.kind = kind;
      const { settings, client: redis, close } = await startTestRedis();
      const store = connectStore(settings, () => undefined);
      const workers = Array.from({ length: processes }, () =>
        fork(import.meta.filename, ['worker', JSON.stringify(settings)]),
      );
      try {
        await Promise.all(workers.map((worker) => once(worker, 'message')));
        for (const beyond of [0, overshoot, overshoot]) {
          const permit = permitOf(randomUUID());
          const answers = workers.map(async (worker) => {
            const answer = once(worker, 'message') as Promise<[number]>;
            worker.send({ id: permit.actor.id, beyond });
            return (await answer)[0];
          });
          const spent = (await Promise.all(answers)).reduce((sum, one) => sum + one, 0);
          assert.ok(spent <= limit + beyond, `${spent} of ${limit} and ${beyond}`);
          const identity = identityOf(permit.actor);
          const shard = shardOf(identity);
          const tally = await redis.hget(keys.budget(shard, 'subscription', identity), '2026-11');
          assert.match(tally ?? '', new RegExp(`^${spent} 0 0 `), 'all of it is settled, and nothing held');
          const kept = (await redis.xrange(keys.outbox(shard), '-', '+'))
            .map(([, fields]) => fields[fields.indexOf('b') + 1] ?? '')
            .reduce((sum, text) => sum + (keptMoney(text).subscription?.nanoUsd ?? 0), 0);
          assert.equal(kept, spent, 'counter and rows');
          // What could be paid at its worst was not refused for good: another call finds no room.
          const money = { cost, budgets: [budgetOf(0)] };
          const admission = { leaseId: randomUUID(), estimate: 1, draft: '{}', money };
          const last = await createLimiter(store).admit(permit, admission, {
            leftMs: 60_000,
          });
          assert.equal(last.decision === 'admitted', spent + cost.worstNanoUsd <= limit);
        }
      } finally {
        for (const worker of workers) worker.kill();
        await store.close();
        await close();
      }
    });
