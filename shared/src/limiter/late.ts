// A settlement that Redis did not confirm: what a task carries of it, and how it is applied when the task arrives. The task is the journal (design §5).

import { keys, shardOf, type Budget, type Store } from '../store/store.ts';
import { claimKey } from './claim.ts';
import { endedTimeMs } from './lease.ts';
import { scripts } from './scripts.ts';

/** What of a lease must be known to end it in another process. Lease id and units are its event's. As JSON in tasks and log lines. */
export interface LateSettlement {
  /** Identity as keys have it (limiter.ts). */
  readonly actor: string;
  readonly feature: string;
  /** Quota window of its admission; null: it was admitted without Redis. */
  readonly window: string | null;
  readonly admitted_at_ms: number;
  /** Length of a quota window of the actor. */
  readonly interval_ms: number;
  /** When a script about this lease was sent whose outcome nobody knows, Unix ms; null: none was. */
  readonly tried_at_ms: number | null;
  /** Name of its Idempotency-Key's claim. */
  readonly claim: string | null;
}

/** What the counter kept of a late settlement. */
export interface LateOutcome {
  /** Null: it counts in no window. */
  readonly window: string | null;
  readonly kept: number;
}

/** A record of the first try may have ended so long before its life: clocks differ, and tasks take their time. */
const clockSkewMs = 60_000;

/**
 * Ends the lease by what is found of it: it stands: the truth is applied; ended: nothing; swept: the difference; no record: charged if its window is
 * open. May be repeated: the record that it leaves outlives the window.
 *
 * A call that was admitted without Redis has no window of its own: it is charged to the one that stands when the charge arrives, as long as a window
 * that the call itself would have opened would still stand; where none stands it opens that one, begun with the call. Later it is the ledger's alone.
 *
 * Where an earlier try may have been applied so long ago that its record has ended, `no record` says nothing: then the earlier try, or the sweeper
 * after it, is taken to have charged the units.
 * @param units 0 gives the reservation back
 * @throws StoreUnavailable
 */
export async function settleLate(
  store: Store,
  leaseId: string,
  units: number,
  late: LateSettlement,
  nowMs: number,
  budget: Budget,
): Promise<LateOutcome> {
  const { actor, feature } = late;
  const shard = shardOf(actor);
  const record = keys.lease(shard, leaseId);
  const doubtful = late.tried_at_ms !== null && nowMs - late.tried_at_ms > endedTimeMs - clockSkewMs;
  const since = `@${Math.floor(late.admitted_at_ms)}+${Math.floor(late.interval_ms)}`;
  const [found, kept, , , window] = (await store.run(
    scripts.settle,
    [
      keys.limit(shard, feature, actor),
      keys.inFlight(shard, feature, actor),
      record,
      keys.leases(shard),
      keys.outbox(shard),
      claimKey(shard, actor, late.claim, record),
    ],
    [
      leaseId,
      doubtful ? '' : (late.window ?? since),
      units,
      units > 0 ? 'settled' : 'void',
      // A window ends within an interval: no repetition can charge twice.
      Math.max(endedTimeMs, Math.ceil(late.interval_ms)),
      '',
    ],
    budget,
  )) as [found: string, kept: number, entry: null, notice: null, window?: string];
  if (doubtful && found === 'none') return { window: late.window, kept: late.window === null ? 0 : units };
  const charged = late.window ?? (window === undefined || window === '' ? null : window);
  return { window: charged, kept: charged === null ? 0 : kept };
}
