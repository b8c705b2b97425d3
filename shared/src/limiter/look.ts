// Whether an actor would be refused at this moment, whatever it asks for. Reads only: a look admits nobody, and a call
// that passes it may be refused all the same.

import type { Actor, DollarBudget, Entitlement, Feature } from '../auth/auth.ts';
import { keys, shardOf, type TimeBudget, type Store } from '../store/store.ts';
import type { Denial } from './denial.ts';
import { runningTally, tallyCommand } from './tally.ts';

const fields = ['used', 'reserved', 'end', 'interval', 'version', 'burst', 'burstEnd'] as const;
/** As in admit.lua. */
const slotRetryMs = 5_000;
/** As in admit.lua: a budget that never ends may have been raised by then. */
const endlessRetryMs = 86_400_000;

/** Who is looked at. */
export interface Looked {
  /** As `identityOf` writes it. */
  readonly identity: string;
  /** Of an actor whose newer version with another interval opens a new window at its next use; else null. */
  readonly version: Actor['version'] | null;
  readonly feature: Feature;
  readonly entitlement: Entitlement;
  /** Of the actor for this feature; soft ones refuse nobody. */
  readonly budgets: readonly DollarBudget[];
}

/**
 * One round trip, or two where all slots seem to be taken: why one more unit would be refused, whatever it costs, in
 * admit.lua's order, or null.
 */
export async function lookFor(
  store: Store,
  { identity, version, feature, entitlement, budgets }: Looked,
  budget: TimeBudget,
): Promise<Denial | null> {
  const { limit, intervalMs, burst, inFlightMax } = entitlement;
  const shard = shardOf(identity);
  const inFlight = keys.inFlight(shard, feature, identity);
  const hard = budgets.filter(({ isHard }) => isHard);
  const [time, window, slots, ...tallies] = (await store.commands(
    [
      ['time'],
      ['hmget', keys.limit(shard, feature, identity), ...fields],
      ['zcard', inFlight],
      ...hard.map((one) => tallyCommand(shard, identity, one)),
    ],
    budget,
  )) as [readonly [string, string], readonly (string | null)[], number, ...(readonly (string | null)[])[]];
  const nowMs = Math.floor(Number(time[0]) * 1_000 + Number(time[1]) / 1_000);
  const [used, reserved, end, interval, usedBy, burstUsed, burstEnd] = window;
  const denied = (cause: Denial['cause'], reached: number, retryAtMs: number): Denial => ({
    decision: 'denied',
    cause,
    limit: reached,
    retryAtMs,
    nowMs,
    posted: null,
  });
  if (Number(burstEnd ?? 0) > nowMs && Number(burstUsed ?? 0) >= burst.limit)
    return denied('burst', burst.limit, Number(burstEnd));
  if (slots >= inFlightMax) {
    const [standing] = await store.commands([['zcount', inFlight, `(${nowMs}`, '+inf']], budget);
    if (Number(standing) >= inFlightMax) return denied('in-flight', inFlightMax, nowMs + slotRetryMs);
  }
  const changed = version !== null && version >= Number(usedBy ?? 0) && Number(interval) !== intervalMs;
  // A window with missing fields counts as none, as at admission.
  const isWhole = typeof used === 'string' && typeof reserved === 'string' && typeof end === 'string';
  if (isWhole && Number(end) > nowMs && !changed && Number(used) >= limit) {
    // Another interval moves the open window's end.
    const endMs = Number(interval) === intervalMs ? Number(end) : Math.min(Number(end), nowMs + intervalMs);
    return denied('quota', limit, endMs);
  }
  for (const [i, one] of hard.entries()) {
    const reading = runningTally(one, tallies[i] ?? [], nowMs);
    if (reading === null || reading.settledNanoUsd < one.limitNanoUsd) continue;
    const { name, endMs } = reading.window;
    const { settledNanoUsd, reservedNanoUsd } = reading;
    return {
      ...denied('budget-used-up', one.limitNanoUsd, endMs ?? nowMs + endlessRetryMs),
      budget: {
        scope: one.scope,
        window: name,
        resetAtMs: endMs,
        limitNanoUsd: one.limitNanoUsd,
        settledNanoUsd,
        leftNanoUsd: 0,
        reservedNanoUsd,
        costNanoUsd: 0,
        notice: null,
      },
    };
  }
  return null;
}
