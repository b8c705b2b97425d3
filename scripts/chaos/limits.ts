// The limiter under chaos: instances, providers, Redis, queue and callers that fail at random; then every
// invariant of the limiter. The order of a run.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Seen } from './callers.ts';
import type { ChaosResult } from './delivery.ts';
import { createFaults, type Happened } from './faults.ts';
import { checkInvariants } from './invariants.ts';
import { drawFaults, faultKinds } from './schedule.ts';
import { arrive, goOn, leftStanding, startRig, type Rig, type RigOptions } from './rig.ts';

/** A lease is due so long after its holder's last sign (`leaseTimeMs` of the limiter). */
const leaseTimeMs = 60_000;
const redelivered = 0.1;
/** How often the counters are looked at while they move. */
const watchEveryMs = 10;
/** A Redis that keeps what it acknowledged: what the invariants ask for. */
const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];

/** How large a run is. */
export interface LimitsChaosOptions extends Omit<RigOptions, 'redisArgs'> {
  readonly loadMs: number;
  readonly say: (text: string) => void;
}

/**
 * Runs it: load with faults, quiet, what is left behind taken over, then the account. The same seed draws the same
 * faults and calls.
 */
export async function limitsChaos({ loadMs, say, ...options }: LimitsChaosOptions): Promise<ChaosResult> {
  const rig = await startRig({ ...options, redisArgs: durable });
  const { gateway, fleet, callers, seen, logged, workers } = rig;
  try {
    const happened = Object.fromEntries(faultKinds.map((kind) => [kind, 0])) as Happened;
    const watched = { samples: 0, faults: new Set<string>() };
    gateway.tasks.redeliver(redelivered);
    say(`seed ${options.seed}: load on for ${loadMs / 1000} s …`);
    const carryOut = createFaults(gateway, fleet, happened);
    /** Chaos that did not happen proves nothing. */
    const happenings = (): Record<string, number> => ({
      ...happened,
      'calls that returned a byte': count(seen, ({ served }) => served),
      'calls refused by their quota': count(seen, ({ quota }) => quota),
      'calls cut or not answered': count(seen, ({ whole, left }) => !whole && !left),
      'calls left by their caller': count(seen, ({ left }) => left),
      'tasks delivered twice': gateway.tasks.stats.redelivered,
      'looks at the counters': watched.samples,
    });
    const faultsOver = async (): Promise<void> => {
      const faults = drawFaults(options.seed, loadMs).map(async (fault) => {
        await sleep(fault.atMs);
        await carryOut(fault);
      });
      await Promise.all([sleep(loadMs), ...faults]);
      const missing = (): string[] =>
        Object.entries(happenings()).flatMap(([what, times]) => (times === 0 ? [what] : []));
      await goOn(
        loadMs,
        () => missing().length === 0,
        async () => {
          // One that found nothing to hit.
          const kind = faultKinds.find((one) => happened[one] === 0);
          if (kind !== undefined) await carryOut({ kind, atMs: 0, forMs: 300, random: 0 });
        },
      );
    };
    const startedMs = performance.now();
    await rig.load(faultsOver, (over) => watch(rig, watched, over));
    const loadedMs = performance.now() - startedMs;
    gateway.tasks.redeliver(0);
    say('load off; what is left behind has to arrive …');
    const { furthestDueMs, orphanable } = await leftStanding(gateway);
    const arrivalMs = await arrive(gateway, fleet);
    const { faults, figures } = await checkInvariants({
      gateway,
      seen,
      callers,
      logged,
      atOnce: workers,
      touched: () => false,
    });
    faults.push(...watched.faults, ...fleet.faults);
    if (furthestDueMs > leaseTimeMs) faults.push(`a lease that nobody holds is due in ${furthestDueMs} ms only`);
    for (const [what, times] of Object.entries(happenings()))
      if (times === 0) faults.push(`${what}: none, so nothing is shown; let it run longer (--seconds)`);
    return {
      figures: {
        calls: seen.length,
        'calls a second': Math.round((seen.length * 1000) / loadedMs),
        ...happenings(),
        'leases left standing': orphanable,
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
    await rig.stop();
  }
}

/** Use of completions never exceeds the limit, at no moment: each costs what was reserved for it. */
async function watch(
  { gateway: { redisClient }, callers }: Rig,
  watched: { samples: number; readonly faults: Set<string> },
  over: AbortSignal,
): Promise<void> {
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

function count(seen: readonly Seen[], wanted: (call: Seen) => boolean): number {
  return seen.filter(wanted).length;
}
