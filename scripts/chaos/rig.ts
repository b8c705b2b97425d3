// What the limiter's chaos runs on: the local cloud with several instances, subscriptions that call, sweeps, and the
// quiet after it. Not what breaks, nor what must hold.

import { setTimeout as sleep } from 'node:timers/promises';
import { startGateway, type TestGateway } from '../local/test-gateway.ts';
import { callAlong, type Caller, type Seen } from './callers.ts';
import { startFleet, type Fleet } from './fleet.ts';
import { drawCalls } from './schedule.ts';
import { age, overdue, sweep, unfoldable } from './sweeping.ts';

const sweepEveryMs = 700;
/** Everything has to arrive in this time after the load; it is a bound for what hangs. */
const arriveTimeoutMs = 90_000;

/** Waits short enough that stalls and pauses are met many times in a run. */
const settings = {
  env: {
    CODY_GATEWAY_REDIS_BUDGET: '250ms',
    CODY_GATEWAY_UPSTREAM_HEADERS_TIMEOUT: '1s',
    CODY_GATEWAY_UPSTREAM_IDLE_TIMEOUT: '1s',
    CODY_GATEWAY_EMBEDDINGS_TIMEOUT: '1s',
  },
  functions: ['chat-completions', 'embeddings', 'deliver-events', 'sweep-leases'],
  pace: { chunks: 4, chunkDelayMs: 15 },
};

/** How large a rig is. */
export interface RigOptions {
  /** Draws the calls. */
  readonly seed: string;
  /** Of chat-completions and of embeddings each. */
  readonly instances: number;
  /** Busy at once for each subscription. */
  readonly workers: number;
  readonly redisArgs?: readonly string[];
}

/** A running rig. */
export interface Rig {
  readonly gateway: TestGateway;
  readonly fleet: Fleet;
  readonly callers: readonly Caller[];
  readonly workers: number;
  /** Grows while the load is on. */
  readonly seen: Seen[];
  /** Trace ids of the calls whose event went into the log, because Redis did not answer. */
  readonly logged: ReadonlySet<string>;
  /**
   * Callers and sweeps for as long as `work` takes, and what else goes along until it is over; rejects with what
   * breaks first.
   */
  load(work: () => Promise<void>, along?: (over: AbortSignal) => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it. */
export async function startRig({ seed, instances, workers, redisArgs = [] }: RigOptions): Promise<Rig> {
  const logged = new Set<string>();
  const onLine = (line: string): void => recordLogged(line, logged);
  const gateway = await startGateway({ ...settings, redisArgs, onLine: (_name, line) => onLine(line) });
  try {
    const fleet = await startFleet(gateway, { 'chat-completions': instances, embeddings: instances }, onLine);
    const callers = await subscribe(gateway);
    const seen: Seen[] = [];
    return {
      gateway,
      fleet,
      callers,
      workers,
      seen,
      logged,
      load: async (work, along = async () => undefined) => {
        const over = new AbortController();
        const calls = callers.flatMap((caller, nth) =>
          Array.from({ length: workers }, (_, n) =>
            callAlong(gateway, fleet, caller, drawCalls(seed, nth * workers + n), over.signal, seen),
          ),
        );
        const running = Promise.all([...calls, sweepAlong(fleet, over.signal), along(over.signal)]);
        // Waited for below; what breaks before is told there.
        running.catch(() => over.abort());
        await work().finally(() => over.abort());
        await running;
      },
      stop: async () => {
        await fleet.stop();
        await gateway.stop();
      },
    };
  } catch (error) {
    await gateway.stop();
    throw error;
  }
}

/** One that never runs out, one that does at once and stays so, one whose windows roll over every few seconds. */
async function subscribe(gateway: TestGateway): Promise<Caller[]> {
  const quotas = [
    { chat: [1_000_000, 86_400], embeddings: [1_000_000, 86_400], spoilt: true },
    { chat: [10, 86_400], embeddings: [100, 86_400], spoilt: false },
    { chat: [5, 2], embeddings: [60, 3], spoilt: false },
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

/** Two runs at once, on whatever is due. */
async function sweepAlong(fleet: Fleet, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await Promise.all([sweep(fleet), sweep(fleet)]);
    await sleep(sweepEveryMs, null, { signal: over }).catch(() => undefined);
  }
}

/**
 * Waits until no call ends any more.
 * @returns how many leases are left, whose holders are dead or could not reach Redis, and when the last of them is due
 */
export async function leftStanding({
  redisClient,
}: TestGateway): Promise<{ orphanable: number; furthestDueMs: number }> {
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

/**
 * Makes it look as if twice the lease time were over: what stands is overdue, what is in an outbox is left behind.
 * @returns the time it took, ms
 */
export async function arrive({ redisClient, tasks }: TestGateway, fleet: Fleet): Promise<number> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < arriveTimeoutMs) {
    const left = (await overdue(redisClient)) + (await unfoldable(redisClient)) + (await age(redisClient));
    if (left === 0) {
      await tasks.idle();
      break;
    }
    await Promise.all([sweep(fleet), sweep(fleet)]);
  }
  // What is still there is told by the account.
  return performance.now() - startedMs;
}

/** A line that carries a whole event says which call's. */
function recordLogged(line: string, logged: Set<string>): void {
  if (!line.includes('"usage_event"')) return;
  const { usage_event: event } = JSON.parse(line) as { usage_event?: { metadata?: { trace_id?: string } } };
  if (event?.metadata?.trace_id !== undefined) logged.add(event.metadata.trace_id);
}

/**
 * A slow machine needs longer until everything was seen: the load goes on until there was enough, at most ten times as
 * long.
 */
export async function goOn(loadMs: number, enough: () => boolean, meanwhile: () => Promise<void>): Promise<void> {
  const startedMs = performance.now();
  while (!enough() && performance.now() - startedMs < loadMs * 9) {
    await meanwhile();
    await sleep(100);
  }
}
