// What a request costs Redis: commands, round trips and script time of `admit` and `settle`, and how many of them one
// node carries, beside plain INCR by the same client in the same run. Not the gateway's own time (sections.ts).

import { randomUUID } from 'node:crypto';
import type { Actor, Permit } from '@cody-gateway/shared/auth';
import { createLimiter, type CallMoney, type Lease } from '@cody-gateway/shared/limiter';
import { connectStore } from '@cody-gateway/shared/store';
import { Redis } from 'ioredis';
import { startRedis } from '../local/process/redis.ts';

/**
 * One connection an instance, and what a few busy instances have under way at once: this is the pipelining, of INCR
 * too.
 */
const connections = 16;
const inFlight = 64;
const actors = 1_000;
const callsATurn = 20_000;
const rounds = 6;
/** About what a completion's event has. */
const eventBytes = 650;

/** One kind of call, as Redis saw it. */
export interface RedisRow {
  readonly call: string;
  /** Round trips and commands inside them, a call. */
  readonly roundTrips: number;
  readonly commands: number;
  /** In the script, and all that Redis's thread spent on it, parsing and sockets included. */
  readonly scriptMicros: number | null;
  readonly cpuMicros: number;
  readonly perSecond: number;
  /**
   * Calls a second of a node whose only thread does nothing else: by its CPU time, so that a slow client does not
   * flatter anybody.
   */
  readonly ceilingPerSecond: number;
  /** Percent of INCR's, by rate and by ceiling. */
  readonly rateOfIncr: number;
  readonly ceilingOfIncr: number;
}

/** Calls of each kind in turns; medians over the rounds. */
export async function redisCost(share: number): Promise<RedisRow[]> {
  const server = await startRedis();
  const admin = new Redis(server.url);
  const plain = Array.from({ length: connections }, () => new Redis(server.url));
  const stores = Array.from({ length: connections }, () =>
    connectStore({ redisEndpoint: server.url }, () => undefined),
  );
  const limiters = stores.map(createLimiter);
  const permits = Array.from({ length: actors }, permitOf);
  const leases: (Lease | undefined)[] = [];
  const budget = (): { leftMs: number } => ({ leftMs: 60_000 });
  /** Real amounts have such digits: Lua and Redis write them as texts. */
  const spentNanoUsd = 2_345_678_901;
  const window = (name: string) => [
    { name, startMs: 0, endMs: Date.now() + 86_400_000 },
    { name: `${name}-next`, startMs: Date.now() + 86_400_000, endMs: Date.now() + 2 * 86_400_000 },
  ];
  const limits = { limitNanoUsd: 9_000_000 * 1e9, overshootNanoUsd: 0, isHard: true };
  const money: CallMoney = {
    cost: {
      worstNanoUsd: 12_345_678_901,
      expectedNanoUsd: 4_345_678_901,
      inputNanoUsd: 1_345_678_901,
      renewalNanoUsd: 345_678_901,
    },
    budgets: [
      { scope: 'subscription', windows: window('2026-11'), ...limits },
      { scope: 'chat_completions', windows: window('2026-11-28'), ...limits },
    ],
    notice: { thresholds: [50, 80, 100], draft: '{}' },
  };
  const text = `{"event":"${'x'.repeat(eventBytes)}"}`;
  const notice = { thresholds: [90, 95, 100], draft: '{}' };
  const kinds: Record<string, (i: number) => Promise<unknown>> = {
    INCR: (i) => (plain[i % connections] as Redis).incr(`{s0000}:incr:${i % actors}`),
    admit: async (i) => {
      const admission = { leaseId: randomUUID(), estimate: 1, draft: text, notice };
      const lease = await limiters[i % connections]?.admit(permits[i % actors] as Permit, admission, budget());
      if (lease === undefined || lease.decision !== 'admitted') throw new Error(`call ${i} was refused`);
      leases[i] = lease;
    },
    settle: async (i) => (leases[i] as Lease).settle(1, text, budget()),
    'admit, two budgets': async (i) => {
      const admission = { leaseId: randomUUID(), estimate: 1, draft: text, notice, money };
      const lease = await limiters[i % connections]?.admit(permits[i % actors] as Permit, admission, budget());
      if (lease === undefined || lease.decision !== 'admitted') throw new Error(`call ${i} was refused`);
      leases[i] = lease;
    },
    'settle, two budgets': async (i) => (leases[i] as Lease).settle(1, text, budget(), spentNanoUsd),
  };
  const calls = Math.round(callsATurn * share);
  const taken = Object.keys(kinds).map((call) => ({ call, samples: [] as Sample[] }));
  try {
    for (let round = -1; round < rounds; round++) {
      for (const { call, samples } of taken) {
        const sample = await measure(admin, calls, kinds[call] as (typeof kinds)[string]);
        // The first round is for connections, scripts and code to be warm.
        if (round >= 0) samples.push(sample);
      }
      await admin.flushall();
    }
  } finally {
    for (const redis of [admin, ...plain]) redis.disconnect();
    await Promise.all(stores.map((store) => store.close()));
    await server.close();
  }
  return rowsOf(taken);
}

interface Sample {
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly scriptMicros: number | null;
  readonly roundTrips: number;
  readonly commands: number;
}

async function measure(admin: Redis, calls: number, call: (i: number) => Promise<unknown>): Promise<Sample> {
  await admin.config('RESETSTAT');
  const cpuBefore = await cpuSeconds(admin);
  const startedMs = performance.now();
  let next = 0;
  const loop = async (): Promise<void> => {
    while (next < calls) await call(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  const elapsedMs = performance.now() - startedMs;
  const cpuMicros = (((await cpuSeconds(admin)) - cpuBefore) * 1e6) / calls;
  const stats = new Map<string, { calls: number; micros: number }>();
  for (const [, name = '', count, micros] of (await admin.info('commandstats')).matchAll(
    /^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm,
  ))
    stats.set(name, { calls: Number(count), micros: Number(micros) });
  for (const own of ['info', 'config|resetstat']) stats.delete(own);
  const script = stats.get('evalsha');
  stats.delete('evalsha');
  const commands = [...stats.values()].reduce((sum, stat) => sum + stat.calls, 0) / calls;
  return {
    perSecond: (calls / elapsedMs) * 1000,
    cpuMicros,
    scriptMicros: script === undefined ? null : script.micros / script.calls,
    roundTrips: script === undefined ? commands : script.calls / calls,
    commands,
  };
}

/** Of the one thread that runs commands. */
async function cpuSeconds(admin: Redis): Promise<number> {
  const info = await admin.info('cpu');
  const field = (name: string): number =>
    Number(new RegExp(`^used_cpu_${name}_main_thread:([\\d.]+)`, 'm').exec(info)?.[1]);
  return field('user') + field('sys');
}

function rowsOf(taken: readonly { call: string; samples: readonly Sample[] }[]): RedisRow[] {
  const medians = taken.map(({ call, samples }) => {
    const of = (pick: (sample: Sample) => number): number =>
      samples.map(pick).toSorted((a, b) => a - b)[Math.floor(samples.length / 2)] ?? Number.NaN;
    const scripted = samples.every(({ scriptMicros }) => scriptMicros !== null);
    return {
      call,
      roundTrips: of((sample) => sample.roundTrips),
      commands: of((sample) => sample.commands),
      scriptMicros: scripted ? of((sample) => sample.scriptMicros ?? 0) : null,
      cpuMicros: of((sample) => sample.cpuMicros),
      perSecond: of((sample) => sample.perSecond),
    };
  });
  const [incr, ...pairs] = medians;
  for (const [name, at] of [
    ['both: one request', 0],
    ['both, two budgets', 2],
  ] as const) {
    const [admit, settle] = pairs.slice(at, at + 2);
    if (admit === undefined || settle === undefined) continue;
    const sum = (pick: (row: (typeof medians)[number]) => number): number => pick(admit) + pick(settle);
    medians.push({
      call: name,
      roundTrips: sum((row) => row.roundTrips),
      commands: sum((row) => row.commands),
      scriptMicros: sum((row) => row.scriptMicros ?? 0),
      cpuMicros: sum((row) => row.cpuMicros),
      perSecond: 1 / sum((row) => 1 / row.perSecond),
    });
  }
  return medians.map((row) => ({
    call: row.call,
    roundTrips: Math.round(row.roundTrips * 100) / 100,
    commands: Math.round(row.commands * 10) / 10,
    scriptMicros: row.scriptMicros === null ? null : Math.round(row.scriptMicros * 10) / 10,
    cpuMicros: Math.round(row.cpuMicros * 10) / 10,
    perSecond: Math.round(row.perSecond),
    ceilingPerSecond: Math.round(1e6 / row.cpuMicros),
    rateOfIncr: Math.round((row.perSecond / (incr?.perSecond ?? 1)) * 100),
    ceilingOfIncr: Math.round(((incr?.cpuMicros ?? 1) / row.cpuMicros) * 100),
  }));
}

function permitOf(): Permit {
  const actor: Actor = {
    source: 'dotcom-product-subscriptions',
    id: randomUUID(),
    name: 'bench',
    accessEnabled: true,
    tags: [],
    pool: null,
    lastUpdatedMs: null,
    version: 0,
    limits: {},
  };
  const burst = { limit: 1e6, intervalMs: 10_000 };
  const entitlement = { limit: 1e9, intervalMs: 86_400_000, allowedModels: ['*'], burst, inFlightMax: 1_000 };
  // A permit is auth's proof; a benchmark of the limiter alone has to make one up.
  return { actor, feature: 'chat_completions', entitlement, model: 'p/m', blocked: false } as unknown as Permit;
}
