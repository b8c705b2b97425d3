// Exactness of budgets with what the product itself reserves: 20 processes read requests of every dialect, hold what
// these may cost at the most, and are charged for answers with every dimension at its largest. They spend up to the
// limit and no more, and counters equal events afterwards.

import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import fc from '../../../../../scripts/test/draws.ts';
import { startTestRedis, testRedis } from '../../../../../scripts/local/process/test-redis.ts';
import type { DollarBudget, Permit } from '../../../auth/auth.ts';
import { createLimiter, identityOf, type CallCost } from '../../../limiter/limiter.ts';
import { connectStore, keptMoney, keys, shardOf, type StoreSettings } from '../../../store/store.ts';
import { boundOfCall } from '../call-bound.ts';
import { asked, book, ingredients, read, speakers, taken, truthOf } from './speakers.ts';

const processes = 20;
/** Of each dialect and model, in each process. */
const drawn = 3;
const window = { name: '2026-11', startMs: 0, endMs: Date.now() + 86_400_000 };

/** A call as the product bounds it, and as its provider bills it. */
interface Drawn {
  readonly dialect: string;
  readonly cost: CallCost;
  readonly truthNanoUsd: number;
}

function draw(seed: number): Drawn[] {
  return Object.entries(speakers).flatMap(([dialect, speaker]) =>
    speaker.models.flatMap((model, n) =>
      fc.sample(ingredients, { seed: seed * 100 + n, numRuns: drawn }).map((all) => {
        const of = taken(all, speaker);
        const call = read(speaker.surface, { model, ...speaker.request(of) });
        const cost = boundOfCall(call, book, asked);
        if (cost.worstNanoUsd === null) assert.fail(cost.why);
        return { dialect, cost, truthNanoUsd: truthOf(call, speaker, of) };
      }),
    ),
  );
}

function permitOf(id: string): Permit {
  const actor = { source: 'dotcom-product-subscriptions', id, name: 'n', accessEnabled: true, limits: {} };
  const burst = { limit: 1e6, intervalMs: 86_400_000 };
  const entitlement = { limit: 1e6, intervalMs: 86_400_000, allowedModels: ['*'], burst, inFlightMax: 1e6 };
  return { actor, feature: 'chat_completions', entitlement, model: 'p/m', blocked: false } as unknown as Permit;
}

/** What a round is about. */
interface Round {
  readonly id: string;
  readonly limit: number;
  readonly overshoot: number;
}

interface Order {
  readonly round: Round;
  /** Of the Redis that it is counted in. */
  readonly settings: StoreSettings;
}

const budgetOf = ({ limit, overshoot }: Round): DollarBudget => ({
  scope: 'subscription',
  limitNanoUsd: limit,
  overshootNanoUsd: overshoot,
  isHard: true,
  windows: [window],
});

/** What one process did: dialects that were served, what they cost, and how often each refusal was given. */
interface Did {
  readonly spent: number;
  readonly served: readonly string[];
  readonly refused: Readonly<Record<string, number>>;
}

function work(seed: number): void {
  const limiters = new Map<string, ReturnType<typeof createLimiter>>();
  const limiterOf = (settings: StoreSettings): ReturnType<typeof createLimiter> => {
    const known = limiters.get(settings.redisEndpoint) ?? createLimiter(connectStore(settings, () => undefined));
    limiters.set(settings.redisEndpoint, known);
    return known;
  };
  const budget = () => ({ leftMs: 60_000 });
  const calls = draw(seed);
  process.on('message', ({ round, settings }: Order) => {
    const limiter = limiterOf(settings);
    const did = { spent: 0, served: [] as string[], refused: {} as Record<string, number> };
    const one = async ({ dialect, cost, truthNanoUsd }: Drawn): Promise<void> => {
      const money = { cost, budgets: [budgetOf(round)] };
      const admission = { leaseId: randomUUID(), estimate: 1, draft: '{}', money };
      const lease = await limiter.admit(permitOf(round.id), admission, budget());
      if (lease.decision !== 'admitted') {
        const cause = lease.decision === 'denied' ? lease.cause : lease.decision;
        did.refused[cause] = (did.refused[cause] ?? 0) + 1;
        return;
      }
      await lease.settle(1, '{}', budget(), truthNanoUsd);
      did.spent += truthNanoUsd;
      did.served.push(dialect);
    };
    Promise.all(calls.map(one)).then(
      () => process.send?.(did),
      (error: unknown) => {
        throw error;
      },
    );
  });
  process.send?.('ready');
}

if (process.argv[2] === 'worker') work(Number(process.argv[3]));
else {
  let workers: ChildProcess[] = [];
  before(async () => {
    workers = Array.from({ length: processes }, (_, n) => fork(import.meta.filename, ['worker', String(n)]));
    await Promise.all(workers.map((worker) => once(worker, 'message')));
  });
  after(() => workers.forEach((worker) => worker.kill()));
  const ask = async (worker: ChildProcess, order: Order): Promise<Did> => {
    const answer = once(worker, 'message') as Promise<[Did]>;
    worker.send(order);
    return (await answer)[0];
  };

  for (const kind of ['node', 'cluster'] as const)
    test(`on a ${kind}: ${processes} processes, requests of each dialect, answers at their largest`, async () => {
      testRedis.kind = kind;
      const { settings, client: redis, close } = await startTestRedis();
      try {
        // What one process would spend of its own: all of them together find a fifth of what they need.
        const wanted = draw(0).reduce((sum, { truthNanoUsd }) => sum + truthNanoUsd, 0);
        const served = new Set<string>();
        const refused = new Set<string>();
        for (const share of [0, 0.2, 0]) {
          const round = { id: randomUUID(), limit: 4 * wanted, overshoot: Math.round(4 * wanted * share) };
          const did = await Promise.all(workers.map((worker) => ask(worker, { round, settings })));
          const spent = did.reduce((sum, one) => sum + one.spent, 0);
          assert.ok(spent <= round.limit + round.overshoot, `${spent} of ${round.limit} and ${round.overshoot}`);
          for (const one of did) {
            one.served.forEach((dialect) => served.add(dialect));
            Object.keys(one.refused).forEach((cause) => refused.add(cause));
          }
          const identity = identityOf(permitOf(round.id).actor);
          const shard = shardOf(identity);
          const tally = await redis.hget(keys.budget(shard, 'subscription', identity), window.name);
          assert.match(tally ?? '', new RegExp(`^${spent} 0 0 `), 'all of it is settled, and nothing held');
          const kept = (await redis.xrange(keys.outbox(shard), '-', '+'))
            .map(([, fields]) => fields[fields.indexOf('b') + 1] ?? '')
            .reduce((sum, text) => sum + (keptMoney(text).subscription?.nanoUsd ?? 0), 0);
          assert.equal(kept, spent, 'counter and rows');
        }
        assert.deepEqual([...served].toSorted(), Object.keys(speakers).toSorted(), 'each dialect was served');
        assert.ok(refused.size > 0, 'nobody was refused: the limit was none');
      } finally {
        await close();
      }
    });
}
