// One admitted call's hold on its quota: renewed while it works, ended exactly once by settle or release. Made by the
// limiter alone.

import type { DollarBudget, Feature, Permit } from '../auth/auth.ts';
import {
  keptMoney,
  keys,
  StoreUnavailable,
  type ByBudget,
  type TimeBudget,
  type Shard,
  type Store,
} from '../store/store.ts';
import type { Claim } from './claim.ts';
import { scripts } from './scripts.ts';
import type { NoticeRule } from './notice-rule.ts';
import { windowsText, type ChargedWindow } from './money.ts';
import { budgetNotice, type BudgetNoticeReply } from './refused.ts';
import { endedTimeMs, endKeys, type LateSettlement, type PostedNotice, type Settlement } from './settlement.ts';
import { shareOf } from './share.ts';

/** How far ahead a lease is due: a holder that is silent for so long is dead. */
export const leaseTimeMs = 60_000;
/** Three chances to renew before a lease is due. */
export const renewEveryMs = 20_000;

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
  /** Whether it has budgets: then its end has to say what it cost. */
  readonly hasMoney: boolean;
  /**
   * Charges the actual usage and writes the event, in one step. May be repeated after StoreUnavailable.
   * @param nanoUsd what it cost, for budgets; null where nobody knows: then they are charged what was reserved
   */
  settle(units: number, event: string, budget: TimeBudget, nanoUsd?: number | null): Promise<Settlement>;
  /**
   * Gives the units back and writes the event of the failed call. May be repeated after StoreUnavailable.
   * @param nanoUsd as for `settle`: what a provider bills costs dollars where it costs no unit
   */
  release(event: string, budget: TimeBudget, nanoUsd?: number | null): Promise<Settlement>;
  /** What ends it in another process, after a settlement without an answer. @param nanoUsd as for `settle` */
  late(nowMs: number, nanoUsd?: number | null): LateSettlement;
  /**
   * Renews while the call runs; returns what stops it. Faults go to `warn`: the next renewal or the settlement meets
   * them again.
   * @param metered what the call has cost so far, in nano-dollars, for calls with budgets
   */
  keepAlive(warn: (error: unknown) => void, metered?: () => number): () => void;
}

/** What the limiter knows of an admitted call's budgets. */
export interface LeaseMoney {
  readonly windows: ByBudget<ChargedWindow>;
  readonly budgets: ByBudget<DollarBudget>;
  readonly notice: NoticeRule | null;
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
  readonly money: LeaseMoney | null;
}

/** Wraps an admitted lease. Only limiter.ts calls it. */
export function openLease(store: Store, facts: LeaseFacts): Lease {
  const { id, shard, feature, actor, window, money } = facts;
  const ending = endKeys(shard, feature, actor, id, facts.claim?.name ?? null, money !== null);
  const end = async (
    state: 'settled' | 'void',
    units: number,
    event: string,
    budget: TimeBudget,
    nanoUsd: number | null,
  ): Promise<Settlement> => {
    const { thresholds, draft } = facts.notice ?? { thresholds: [], draft: '' };
    const noticeFrom = thresholds.length === 0 ? '' : (Math.min(...thresholds) * facts.limit) / 100;
    const [, kept, entry, crossed, , spent, above = 0, told = []] = (await store.run(
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
        ...(money === null ? nothing : settledMoney(money, nanoUsd)),
      ],
      budget,
    )) as SettleReply;
    const notice = crossed === null ? null : postedNotice(crossed, shard, facts.limit, draft);
    const noticed = notice === null ? {} : { noticed: notice.percent };
    const budgets = money === null || spent === undefined ? {} : { budgets: keptMoney(spent) };
    const posted = { shard, entry: entry ?? '', id, window, kept, ...noticed, ...budgets };
    const budgetNotices = told.map((one) => budgetNotice(one, shard, feature, money?.notice?.draft ?? ''));
    const rest = { notice, budgetNotices, aboveBoundNanoUsd: above };
    if (entry === 'full') return { posted: null, overflow: { ...posted, entry: '' }, ...rest };
    return { posted: entry === null ? null : posted, overflow: null, ...rest };
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
    hasMoney: money !== null,
    settle: (units, event, budget, nanoUsd = null) => end('settled', units, event, budget, nanoUsd),
    release: (event, budget, nanoUsd = 0) => end('void', 0, event, budget, nanoUsd),
    late: (nowMs, nanoUsd = null) => ({
      actor,
      feature,
      window,
      admitted_at_ms: facts.admittedAtMs,
      interval_ms: facts.permit.entitlement.intervalMs,
      tried_at_ms: nowMs,
      claim: facts.claim?.name ?? null,
      ...(money !== null && { money: { nano_usd: nanoUsd, windows: money.windows } }),
    }),
    keepAlive: (warn, metered = () => 0) => {
      const timer = setInterval(() => {
        const renewed = [keys.inFlight(shard, feature, actor), keys.lease(shard, id), keys.leases(shard)];
        const args = money === null ? [id, leaseTimeMs] : [id, leaseTimeMs, Math.ceil(metered())];
        store.run(scripts.renew, renewed, args, { leftMs: renewEveryMs / 4 }).catch(warn);
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
  windows: ByBudget<ChargedWindow> | null,
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
    hasMoney: windows !== null,
    settle: unsettled,
    release: unsettled,
    late: (_nowMs, nanoUsd = null) => ({
      actor,
      feature,
      window: null,
      admitted_at_ms: nowMs,
      interval_ms: intervalMs,
      tried_at_ms: triedAtMs,
      claim: null,
      ...(windows !== null && { money: { nano_usd: nanoUsd, windows } }),
    }),
    keepAlive: () => () => undefined,
  };
}

const nothing: readonly [] = [];

/** ARGV[13] to ARGV[17] of settle.lua. */
function settledMoney({ windows, budgets, notice }: LeaseMoney, nanoUsd: number | null): (string | number)[] {
  const limits =
    notice === null ? '' : `${budgets.subscription?.limitNanoUsd ?? ''};${budgets.feature?.limitNanoUsd ?? ''}`;
  return [nanoUsd ?? '', windowsText(windows), limits, notice?.thresholds.join() ?? '', notice?.draft ?? ''];
}

type SettleReply = readonly [
  found: string,
  kept: number,
  entry: string | null,
  notice: NoticeReply | null,
  lateWindow?: string,
  spent?: string,
  above?: number,
  budgetNotices?: readonly BudgetNoticeReply[],
];

type NoticeReply = readonly [entry: string, window: string, percent: string, used: string, end: string];

function postedNotice(reply: NoticeReply, shard: Shard, limit: number, draft: string): PostedNotice {
  const [entry, window, percent, used, end] = reply;
  return { shard, entry, window, percent: Number(percent), used: Number(used), limit, resetAtMs: Number(end), draft };
}
