// The limiter under chaos: instances, providers, Redis, queue and callers that fail by the lot; then every invariant of design §5. The order of a run.

import { setTimeout as sleep } from 'node:timers/promises';
import { startGateway, type TestGateway } from '../acceptance/gateway.ts';
import { callAlong, type Caller, type Seen } from './callers.ts';
import type { ChaosResult } from './delivery.ts';
import { createFaults, type Happened } from './faults.ts';
import { startFleet, type Fleet } from './fleet.ts';
import { checkInvariants } from './invariants.ts';
import { drawCalls, drawFaults, faultKinds } from './lots.ts';
import { age, overdue, sweep, unfoldable } from './sweeping.ts';

/** A lease is due so long after its holder's last sign (design §5, the limiter's own constant). */
const leaseTimeMs = 60_000;
const redelivered = 0.1;
const sweepEveryMs = 700;
/** How often the counters are looked at while they move. */
const watchEveryMs = 10;
/** Everything has to arrive in this time after the load; it is a bound for what hangs. */
const arriveTimeoutMs = 90_000;

/** Durable, as the invariants ask; waits short enough that stalls and pauses are met many times in a run. */
const settings = {
  redisArgs: ['--appendonly', 'yes', '--appendfsync', 'always'],
  env: {
    CODY_GATEWAY_REDIS_BUDGET: '250ms',
    CODY_GATEWAY_UPSTREAM_HEADERS_TIMEOUT: '1s',
    CODY_GATEWAY_UPSTREAM_IDLE_TIMEOUT: '1s',
    CODY_GATEWAY_EMBEDDINGS_TIMEOUT: '1s',
  },
  functions: ['chat-completions', 'embeddings', 'deliver-events', 'sweep-leases'],
  pace: { chunks: 4, chunkDelayMs: 15 },
};

/** How large a run is. */
export interface LimitsChaosOptions {
  /** The same seed draws the same faults and calls. */
  readonly seed: string;
  readonly loadMs: number;
  /** Of chat-completions and of embeddings each. */
  readonly instances: number;
  /** Busy at once for each subscription. */
  readonly workers: number;
  readonly say: (text: string) => void;
}

/** Runs it: load with faults, quiet, what is left behind taken over, then the account. */
export async function limitsChaos({ seed, loadMs, instances, workers, say }: LimitsChaosOptions): Promise<ChaosResult> {
  const logged = new Set<string>();
  const onLine = (line: string): void => noteLogged(line, logged);
  const gateway = await startGateway({ ...settings, onLine: (_name, line) => onLine(line) });
  let fleet: Fleet | null = null;
  try {
    fleet = await startFleet(gateway, { 'chat-completions': instances, embeddings: instances }, onLine);
    const callers = await subscribe(gateway);
    const happened = Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as Happened;
    const seen: Seen[] = [];
    const watched = { samples: 0, faults: new Set<string>() };
    gateway.tasks.redeliver(redelivered);
    say(`seed ${seed}: load on for ${loadMs / 1000} s …`);
    await underLoad({ gateway, fleet, callers, seed, loadMs, workers, happened, seen, watched });
    say('load off; what is left behind has to arrive …');
    const { furthestDueMs, orphanable } = await leftStanding(gateway);
    const startedMs = performance.now();
    await arrive(gateway, fleet);
    const arrivalMs = performance.now() - startedMs;
    const { faults, figures } = await checkInvariants({ gateway, seen, callers, logged, atOnce: workers });
    faults.push(...watched.faults, ...fleet.faults);
    if (furthestDueMs > leaseTimeMs) faults.push(`a lease that nobody holds is due in ${furthestDueMs} ms only`);
    const happenings: Record<string, number> = {
      ...happened,
      'calls that returned a byte': count(seen, ({ served }) => served),
      'calls refused by their quota': count(seen, ({ quota }) => quota),
      'calls cut or not answered': count(seen, ({ whole, left }) => !whole && !left),
      'calls left by their caller': count(seen, ({ left }) => left),
      'leases left standing': orphanable,
      'tasks delivered twice': gateway.tasks.stats.redelivered,
      'looks at the counters': watched.samples,
    };
    // Chaos that did not happen proves nothing.
    for (const [what, times] of Object.entries(happenings))
      if (times === 0) faults.push(`${what}: none, so nothing is shown; let it run longer (--seconds)`);
    return {
      figures: {
        calls: seen.length,
        'calls a second': Math.round((seen.length * 1000) / loadMs),
        ...happenings,
        'answered with 5xx': count(seen, ({ status }) => status !== null && status >= 500),
        'events in the log': logged.size,
        'rows dropped by insertId': gateway.bigquery.stats.dropped,
        'longest end by SIGTERM, ms': fleet.longestEndMs(),
        'last event arrived after, ms': Math.round(arrivalMs),
        ...figures,
        faults: faults.length,
      },
      faults,
    };
  } finally {
    await fleet?.stop();
    await gateway.stop();
  }
}

/** One that never runs out, one that does at once and stays so, one whose windows roll over every few seconds. */
async function subscribe(gateway: TestGateway): Promise<Caller[]> {
  const quotas = [
    { chat: [1_000_000, 86_400], embeddings: [1_000_000, 86_400], spoilt: true },
    { chat: [40, 86_400], embeddings: [400, 86_400], spoilt: false },
    { chat: [15, 2], embeddings: [200, 3], spoilt: false },
  ] as const;
  return Promise.all(
    quotas.map(async ({ chat, embeddings, spoilt }) => {
      const limits = {
        chat_completions: { limit: chat[0], intervalSeconds: chat[1] },
        embeddings: { limit: embeddings[0], intervalSeconds: embeddings[1] },
      };
      const open = { allowedModels: ['*'] };
      const { id, token } = await gateway.subscription(null, {
        limits: {
          chat_completions: { ...limits.chat_completions, ...open },
          embeddings: { ...limits.embeddings, ...open },
        },
      });
      return { id, token, limits, spoilt };
    }),
  );
}

/** What the load needs. */
interface Load {
  readonly gateway: TestGateway;
  readonly fleet: Fleet;
  readonly callers: readonly Caller[];
  readonly seed: string;
  readonly loadMs: number;
  readonly workers: number;
  readonly happened: Happened;
  readonly seen: Seen[];
  readonly watched: { samples: number; readonly faults: Set<string> };
}

/** Callers, sweeps and faults side by side, until the time is over and every fault has ended. */
async function underLoad(load: Load): Promise<void> {
  const { gateway, fleet, callers, seed, loadMs, workers, happened, seen } = load;
  const over = new AbortController();
  const carryOut = createFaults(gateway, fleet, happened);
  const running = [
    ...callers.flatMap((caller, nth) =>
      Array.from({ length: workers }, (_, n) =>
        callAlong(gateway, fleet, caller, drawCalls(seed, nth * workers + n), over.signal, seen),
      ),
    ),
    sweepAlong(fleet, over.signal),
    watch(load, over.signal),
  ];
  const faults = drawFaults(seed, loadMs).map(async (fault) => {
    await sleep(fault.atMs);
    await carryOut(fault);
  });
  // Waited for below; what breaks before is told there.
  const all = Promise.all([...running, ...faults]);
  all.catch(() => over.abort());
  await Promise.all([sleep(loadMs), ...faults]).finally(() => over.abort());
  await all;
  gateway.tasks.redeliver(0);
}

/** Two runs at once, on whatever is due. */
async function sweepAlong(fleet: Fleet, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await Promise.all([sweep(fleet), sweep(fleet)]);
    await sleep(sweepEveryMs, null, { signal: over }).catch(() => undefined);
  }
}

/** Use of completions never exceeds the limit, at no moment: each costs what was reserved for it. */
async function watch({ gateway: { redisClient }, callers, watched }: Load, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const keys = await redisClient.keys('*:limit:chat_completions:*');
    for (const key of keys) {
      const caller = callers.find(({ id }) => key.endsWith(id));
      const used = Number(await redisClient.hget(key, 'used'));
      const limit = caller?.limits.chat_completions.limit ?? 0;
      watched.samples++;
      if (used > limit) watched.faults.add(`${key} was at ${used}, its limit is ${limit}`);
    }
    await sleep(watchEveryMs, null, { signal: over }).catch(() => undefined);
  }
}

/** Once no call ends any more: leases whose holder is dead, or could not reach Redis, and how long the last of them has. */
async function leftStanding({ redisClient }: TestGateway): Promise<{ orphanable: number; furthestDueMs: number }> {
  const standing = async (): Promise<number[]> => {
    const sets = await Promise.all(
      (await redisClient.keys('*:leases')).map((key) => redisClient.zrange(key, 0, '-1', 'WITHSCORES')),
    );
    return sets.flatMap((set) => set.filter((_, n) => n % 2 === 1).map(Number));
  };
  // An aborted call settles a moment after its caller has gone, and a withdrawal may take as long as Redis was away.
  for (let before = -1, now = (await standing()).length; now !== before; now = (await standing()).length) {
    before = now;
    await sleep(1_500);
  }
  const [seconds] = await redisClient.time();
  const dues = await standing();
  return { orphanable: dues.length, furthestDueMs: Math.max(0, ...dues) - Number(seconds) * 1000 };
}

/** As if twice the lease time were over: everything that stands is overdue, everything in an outbox left behind. */
async function arrive({ redisClient, tasks }: TestGateway, fleet: Fleet): Promise<void> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < arriveTimeoutMs) {
    const left = (await overdue(redisClient)) + (await unfoldable(redisClient)) + (await age(redisClient));
    if (left === 0) return tasks.idle();
    await Promise.all([sweep(fleet), sweep(fleet)]);
  }
  // What is still there is told by the account.
}

/** A line that carries a whole event says which call's. */
function noteLogged(line: string, logged: Set<string>): void {
  if (!line.includes('"usage_event"')) return;
  const { usage_event: event } = JSON.parse(line) as { usage_event?: { metadata?: { trace_id?: string } } };
  if (event?.metadata?.trace_id !== undefined) logged.add(event.metadata.trace_id);
}

function count(seen: readonly Seen[], wanted: (call: Seen) => boolean): number {
  return seen.filter(wanted).length;
}
