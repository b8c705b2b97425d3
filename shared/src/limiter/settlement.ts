// How a lease ends: the keys that its end needs, and what it leaves behind in the outbox or in a task. Not the ending
// itself (lease.ts, late.ts, sweep.ts).

import { keys, type ByBudget, type KeptMoney, type Shard } from '../store/store.ts';
import { claimKey } from './claim.ts';
import type { BudgetCause } from './call-money.ts';
import type { DollarBudget } from '../auth/auth.ts';
import { budgetKeys, type ChargedWindow } from './money.ts';

/**
 * How long Redis keeps the record of a lease that has ended: longer than any repetition of a settlement (a call lasts
 * ten minutes at most), and no longer, since every call leaves one: about 200 bytes each. An open one stays until it is
 * ended, however long the sweeper is away.
 */
export const endedTimeMs = 15 * 60_000;
/**
 * How long the record of a lease whose end may be asked about much later stays: of one that the sweeper ended, whose
 * own settlement may wait in a queue for a month, and of such a settlement itself. As long as a budget's window is
 * remembered after its end (scripts/tally.lua): no repetition charges twice, and rows say what counters kept.
 */
export const rememberedTimeMs = 40 * 86_400_000;

/** An event in the outbox, as its sender needs it: where it stands, and what the counter kept. */
export interface Posted {
  readonly shard: Shard;
  /** Stream entry id. */
  readonly entry: string;
  /** Event id. */
  readonly id: string;
  /** Quota window, or null for events without one. */
  readonly window: string | null;
  /** Units that the window's counter kept. */
  readonly kept: number;
  /** The threshold whose notice this settlement caused, in percent. */
  readonly noticed?: number;
  /** Of a call with budgets: what their windows kept. */
  readonly budgets?: ByBudget<KeptMoney>;
}

/** A notice in the outbox: settled use has reached a threshold for the first time in its window. */
export interface PostedNotice {
  readonly shard: Shard;
  /** Stream entry id. */
  readonly entry: string;
  readonly window: string;
  readonly percent: number;
  /** Settled units, the window's limit, and its end in Unix ms. */
  readonly used: number;
  readonly limit: number;
  readonly resetAtMs: number;
  readonly draft: string;
}

/**
 * A notice about a budget in the outbox: settled use has reached a threshold for the first time in its window, or a
 * call was refused for the first time.
 */
export interface PostedBudgetNotice {
  readonly shard: Shard;
  /** Stream entry id. */
  readonly entry: string;
  readonly scope: DollarBudget['scope'];
  readonly window: string;
  /** The threshold, or why a call was refused. */
  readonly reached: number | BudgetCause;
  /** Settled nano-dollars, the limit, and the window's end in Unix ms (null: never). */
  readonly usedNanoUsd: number;
  readonly limitNanoUsd: number;
  readonly resetAtMs: number | null;
  readonly draft: string;
}

/** How a lease ended. */
export interface Settlement {
  /** The event in the outbox; null when an earlier try of the same settlement had written it. */
  readonly posted: Posted | null;
  /**
   * The event that found the outbox full (limiter/scripts/outbox.lua): it is in nobody's hands but the caller's. Its
   * `entry` is empty.
   */
  readonly overflow: Posted | null;
  /** The notice that it was the first to cause, if any. */
  readonly notice: PostedNotice | null;
  /** Of a call with budgets: notices that it was the first to cause. */
  readonly budgetNotices: readonly PostedBudgetNotice[];
  /**
   * By how much the call cost more than was thought possible, nano-dollars: its bound was wrong, and a limit may have
   * been passed by it. 0 as it should be.
   */
  readonly aboveBoundNanoUsd: number;
}

/**
 * What of a lease must be known to end it in another process. Lease id and units are its event's. As JSON in tasks and
 * log lines.
 */
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
  /** Of a call with budgets. */
  readonly money?: LateMoney;
}

/** What of a call's money must be known to settle it in another process. */
export interface LateMoney {
  /** What it cost; null: nobody knows, so what was reserved is charged. */
  readonly nano_usd: number | null;
  /** The windows that it is charged to. */
  readonly windows: ByBudget<ChargedWindow>;
}

/**
 * KEYS of settle.lua and sweep.lua, in their order.
 * @param feature as it stands in keys; a lease's record has it as a text
 * @param claim name of its Idempotency-Key's claim, null for a call without one
 * @param hasMoney whether it has budgets
 */
export function endKeys(
  shard: Shard,
  feature: string,
  actor: string,
  leaseId: string,
  claim: string | null,
  hasMoney: boolean,
): string[] {
  const record = keys.lease(shard, leaseId);
  return [
    keys.limit(shard, feature, actor),
    keys.inFlight(shard, feature, actor),
    record,
    keys.leases(shard),
    keys.outbox(shard),
    claimKey(shard, actor, claim, record),
    ...(hasMoney ? budgetKeys(shard, feature, actor) : []),
  ];
}
