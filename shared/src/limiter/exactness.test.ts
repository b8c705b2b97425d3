// Exactness: 20 processes with 500 parallel calls and a limit of 100 admit exactly 100, every time, and counters equal
// events afterwards.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { randomUUID } from 'node:crypto';
import { startTestRedis, testRedis } from '../../../scripts/local/process/test-redis.ts';
import type { Permit } from '../auth/auth.ts';
import { connectStore, keys, shardOf, type StoreSettings } from '../store/store.ts';
import { createLimiter, identityOf } from './limiter.ts';

const processes = 20;
const callsEach = 25;
const limit = 100;
const rounds = 5;

function permitOf(id: string): Permit {
  const actor = { source: 'dotcom-product-subscriptions', id, name: 'n', accessEnabled: true, limits: {} };
  const entitlement = {
    limit,
    intervalMs: 86_400_000,
    allowedModels: ['*'],
    burst: { limit: 1e6, intervalMs: 86_400_000 },
    inFlightMax: 1e6,
  };
  return { actor, feature: 'chat_completions', entitlement, model: 'p/m', blocked: false } as unknown as Permit;
}

/** One of the processes: a round for each actor id that it is sent. */
function work(settings: StoreSettings): void {
  const limiter = createLimiter(connectStore(settings, () => undefined));
  const budget = () => ({ leftMs: 60_000 });
  const call = async (permit: Permit): Promise<boolean> => {
    const lease = await limiter.admit(permit, { leaseId: randomUUID(), estimate: 1, draft: '{}' }, budget());
    if (lease.decision !== 'admitted') return false;
    await lease.settle(1, '{}', budget());
    return true;
  };
  process.on('message', (id: string) => {
    Promise.all(Array.from({ length: callsEach }, () => call(permitOf(id)))).then(
      (admitted) => process.send?.(admitted.filter(Boolean).length),
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
    test(`on a ${kind}: ${processes} processes, ${processes * callsEach} parallel calls, limit ${limit}: exactly ${limit} admitted, ${rounds} times`, async () => {
      testRedis.kind = kind;
      const { settings, client: redis, close } = await startTestRedis();
      const workers = Array.from({ length: processes }, () =>
        fork(import.meta.filename, ['worker', JSON.stringify(settings)]),
      );
      await Promise.all(workers.map((worker) => once(worker, 'message')));
      for (let round = 0; round < rounds; round++) {
        const id = randomUUID();
        const replies = workers.map((worker) => once(worker, 'message') as Promise<[number]>);
        for (const worker of workers) worker.send(id);
        const admitted = (await Promise.all(replies)).reduce((sum, [count]) => sum + count, 0);
        assert.equal(admitted, limit);
        const actor = identityOf(permitOf(id).actor);
        const shard = shardOf(actor);
        const [used, reserved] = await redis.hmget(keys.limit(shard, 'chat_completions', actor), 'used', 'reserved');
        assert.deepEqual([used, reserved], [String(limit), '0']);
        const entries = (await redis.xrange(keys.outbox(shard), '-', '+')).map(
          ([, list]) => new Map(list.flatMap((value, i) => (i % 2 === 0 ? [[value, list[i + 1] ?? ''] as const] : []))),
        );
        assert.equal(
          entries
            .filter((fields) => fields.get('k') === 'event')
            .reduce((sum, fields) => sum + Number(fields.get('q')), 0),
          limit,
        );
        await redis.del(keys.outbox(shard));
      }
      for (const worker of workers) worker.kill();
      await close();
    });
