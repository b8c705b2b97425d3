// Any sequence of steps, on a real Redis through two instances, does what a limiter in plain memory does: every
// answer, every counter, every event; and in the end nothing stands and the ledger has what the counters have. Time is
// an argument: the scripts' clock is replaced, and what Redis expires moves along. LIMITER_MODEL_RUNS says how many
// sequences (60), LIMITER_MODEL_SEED repeats what a failure printed.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from '../../../../scripts/test/draws.ts';
import { Redis } from 'ioredis';
import { startRedis, type LocalRedis } from '../../../../scripts/local/process/redis.ts';
import { connectStore, type Store } from '../../store/store.ts';
import { corrections } from './corrections.ts';
import { PlainLimiter } from './plain-limiter.ts';
import {
  admits,
  changes,
  ends,
  finish,
  reads,
  renewals,
  repeats,
  sweeps,
  waits,
  withdrawals,
  type Step,
} from './steps.ts';
import { Real, type Both } from './world.ts';

const longRuns = process.env['LIMITER_MODEL_RUNS'];
/**
 * A busy machine plays fewer sequences; one that is asked for many may take its time. Making a failing one small
 * counts too.
 */
const limitMs = longRuns === undefined ? 10_000 : 3_600_000;
const runs = Number(longRuns ?? 60);
const seed = process.env['LIMITER_MODEL_SEED'];
const stepsMax = 80;
const startMs = 1_800_000_000_000;

let server: LocalRedis;
let redis: Redis;
let connections: Store[];
before(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  connections = [1, 2].map(() => connectStore({ redisEndpoint: server.url }, () => undefined));
});
after(async () => {
  redis.disconnect();
  await Promise.all(connections.map((store) => store.close()));
  await server.close();
});

/** @param weights how many of a kind there are says how often it is drawn */
async function hold(kinds: readonly fc.Arbitrary<Step>[], share: number): Promise<void> {
  const sequences = fc.commands([...kinds], { maxCommands: stepsMax, size: 'max' });
  const play = async (steps: Iterable<fc.AsyncCommand<Both, Real>>): Promise<void> => {
    const model: Both = {
      plain: new PlainLimiter(startMs),
      made: [],
      plans: new Map(),
      ledger: [],
      late: new Set(),
      reopened: new Map(),
      resets: new Map(),
      owners: new Map(),
    };
    const real = new Real(connections, redis);
    await real.begin(startMs);
    await fc.asyncModelRun(() => ({ model, real }), steps);
    await finish(model, real);
  };
  let last: Promise<void> = Promise.resolve();
  const outcome = await fc.check(
    fc.asyncProperty(sequences, (steps) => (last = play(steps))),
    {
      numRuns: Math.ceil(runs * share),
      interruptAfterTimeLimit: limitMs * share,
      ...(seed !== undefined && { seed: Number(seed) }),
    },
  );
  // At the limit the sequence that is being played is given up, not ended: the next test has the same Redis.
  await last.catch(() => undefined);
  assert.ok(outcome.numRuns > 0, `no sequence was played within ${limitMs * share} ms`);
  if (outcome.failed)
    throw new Error(
      `repeat it with LIMITER_MODEL_SEED=${outcome.seed}\n${(await fc.asyncDefaultReportMessage(outcome)) ?? ''}`,
      { cause: outcome.errorInstance },
    );
}

test('every step of any sequence does what the model does, and counters and ledger agree', () =>
  hold(
    [
      admits,
      admits,
      admits,
      admits,
      admits,
      repeats,
      ends,
      ends,
      ends,
      withdrawals,
      renewals,
      sweeps,
      reads,
      corrections,
      waits,
      waits,
    ],
    1,
  ));

test('windows roll over, close and move with every change of limit and interval, whatever the instances’ clocks say', async (t) => {
  // Nothing but Redis tells the time: each look at an instance's own clock would be an hour off, now this way, now
  // that.
  let looks = 0;
  const { now } = Date;
  t.mock.method(Date, 'now', () => now() + (looks++ % 2 === 0 ? 3_600_000 : -3_600_000));
  await hold([changes, changes, ends, ends, waits, sweeps, reads], 0.5);
});
