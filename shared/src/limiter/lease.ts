// One admitted call's hold on its quota: renewed while it works, ended exactly once by settle or release. Made by the
// limiter alone.

import type { Feature, Permit } from '../auth/auth.ts';
import { keys, StoreUnavailable, type TimeBudget, type Shard, type Store } from '../store/store.ts';
import type { Claim } from './claim.ts';
import { scripts } from './scripts.ts';
import { endedTimeMs, endKeys, type LateSettlement, type PostedNotice, type Settlement } from './settlement.ts';
import { shareOf } from './share.ts';

/** How far ahead a lease is due: a holder that is silent for so long is dead. */
export const leaseTimeMs = 60_000;
/** Three chances to renew before a lease is due. */
const renewEveryMs = 20_000;

/** When notices are due, and what they say besides the numbers. */
export interface NoticeRule {
  /** Percent of the limit. */
  readonly thresholds: readonly number[];
  /** Opaque bytes. */
  readonly draft: string;
}

/** Proof of admission (`upstream.send` takes it) and the hold on the quota. */
export interface Lease {
  /** What tells it from a Denial and a Claimed. */
  readonly decision: 'admitted';
  /** Also the event's id. */
  readonly id: string;
  readonly permit: Permit;
  /** Of its Idempotency-Key; null for a call without one. Whoever ends the lease in another place has to know it. */
  readonly claim: Claim | null;
  /** Name of the quota window that it charges; null: it was admitted without Redis, so the window is not known yet. */
  readonly window: string | null;
  readonly limit: number;
  /** Units left after this one; of an admission without Redis only the limit is known. */
  readonly remaining: number;
  /** End of the window and the moment of admission, Unix ms by Redis's clock. */
  readonly resetAtMs: number;
  readonly admittedAtMs: number;
  /** Charges the actual usage and writes the event, in one step. May be repeated after StoreUnavailable. */
  settle(units: number, event: string, budget: TimeBudget): Promise<Settlement>;
  /** Gives the reservation back and writes the event of the failed call. May be repeated after StoreUnavailable. */
  release(event: string, budget: TimeBudget): Promise<Settlement>;
  /** What ends it in another process, after a settlement without an answer. */
  late(nowMs: number): LateSettlement;
  /**
   * Renews while the call runs; returns what stops it. Faults go to `warn`: the next renewal or the settlement meets
   * them again.
   */
  keepAlive(warn: (error: unknown) => void): () => void;
}

/** What the limiter knows of a lease when it opens it. */
export interface LeaseFacts {
  readonly id: string;
  readonly permit: Permit;
  readonly shard: Shard;
  readonly feature: Feature;
  readonly actor: string;
  readonly window: string;
  readonly limit: number;
  readonly remaining: number;
  readonly resetAtMs: number;
  readonly admittedAtMs: number;
  readonly notice: NoticeRule | null;
  readonly claim: Claim | null;
}

/** Wraps an admitted lease. Only limiter.ts calls it. */
export function openLease(store: Store, facts: LeaseFacts): Lease {
  const { id, shard, feature, actor, window } = facts;
  const ending = endKeys(shard, feature, actor, id, facts.claim?.name ?? null);
  const end = async (
    state: 'settled' | 'void',
    units: number,
    event: string,
    budget: TimeBudget,
  ): Promise<Settlement> => {
    const { thresholds, draft } = facts.notice ?? { thresholds: [], draft: '' };
    const noticeFrom = thresholds.length === 0 ? '' : (Math.min(...thresholds) * facts.limit) / 100;
    const [, kept, entry, crossed] = (await store.run(
      scripts.settle,
      ending,
      [
        id,
        window,
        units,
        state,
        endedTimeMs,
        event,
        noticeFrom,
        thresholds.join(),
        facts.limit,
        draft,
        ...shareOf(store),
      ],
      budget,
    )) as [found: string, kept: number, entry: string | null, notice: NoticeReply | null];
    const notice = crossed === null ? null : postedNotice(crossed, shard, facts.limit, draft);
    const noticed = notice === null ? {} : { noticed: notice.percent };
    const posted = { shard, entry: entry ?? '', id, window, kept, ...noticed };
    if (entry === 'full') return { posted: null, overflow: { ...posted, entry: '' }, notice };
    return { posted: entry === null ? null : posted, overflow: null, notice };
  };
  return {
    decision: 'admitted',
    id,
    permit: facts.permit,
    claim: facts.claim,
    window,
    limit: facts.limit,
    remaining: facts.remaining,
    resetAtMs: facts.resetAtMs,
    admittedAtMs: facts.admittedAtMs,
    settle: (units, event, budget) => end('settled', units, event, budget),
    release: (event, budget) => end('void', 0, event, budget),
    late: (nowMs) => ({
      actor,
      feature,
      window,
      admitted_at_ms: facts.admittedAtMs,
      interval_ms: facts.permit.entitlement.intervalMs,
      tried_at_ms: nowMs,
      claim: facts.claim?.name ?? null,
    }),
    keepAlive: (warn) => {
      const timer = setInterval(() => {
        const renewed = [keys.inFlight(shard, feature, actor), keys.lease(shard, id), keys.leases(shard)];
        store.run(scripts.renew, renewed, [id, leaseTimeMs], { leftMs: renewEveryMs / 4 }).catch(warn);
      }, renewEveryMs);
      timer.unref();
      return () => clearInterval(timer);
    },
  };
}

/**
 * A lease that Redis does not know of: it holds nothing, and its settlement always has to find another way. Only
 * limiter.ts calls it.
 */
export function leaseOnTrust(
  permit: Permit,
  id: string,
  actor: string,
  feature: Feature,
  nowMs: number,
  triedAtMs: number | null,
): Lease {
  const { limit, intervalMs } = permit.entitlement;
  const unsettled = (): Promise<never> =>
    Promise.reject(new StoreUnavailable('admitted without redis: a task settles it', { sent: false }));
  return {
    decision: 'admitted',
    id,
    permit,
    claim: null,
    window: null,
    limit,
    remaining: limit,
    resetAtMs: nowMs + intervalMs,
    admittedAtMs: nowMs,
    settle: unsettled,
    release: unsettled,
    late: () => ({
      actor,
      feature,
      window: null,
      admitted_at_ms: nowMs,
      interval_ms: intervalMs,
      tried_at_ms: triedAtMs,
      claim: null,
    }),
    keepAlive: () => () => undefined,
  };
}

type NoticeReply = readonly [entry: string, window: string, percent: string, used: string, end: string];

function postedNotice(reply: NoticeReply, shard: Shard, limit: number, draft: string): PostedNotice {
  const [entry, window, percent, used, end] = reply;
  return { shard, entry, window, percent: Number(percent), used: Number(used), limit, resetAtMs: Number(end), draft };
}
