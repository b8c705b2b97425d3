// What a budget in dollars is to the limiter: a limit for each window of the calendar, and what a call may cost against
// it. Not who states budgets (directory), nor how a call's cost is bounded (catalogue, serve).
// All amounts are whole nano-dollars (10^-9 $) below 2^53; limits are at most $9,000,000.

import type { Feature } from '../auth/auth.ts';
import type { NoticeRule } from './lease.ts';

/** One window of a budget. Windows of one budget do not overlap, and each name is used for one span only. */
export interface BudgetWindow {
  /**
   * By the calendar (`2026-11`, `2026-11-28`) or `life`; after a reset `2026-11.2`. Letters, digits, `.` and `-` only.
   */
  readonly name: string;
  /** Unix ms. */
  readonly startMs: number;
  /** Unix ms, exclusive; null: it never ends. */
  readonly endMs: number | null;
}

/** A limit in dollars, as it holds for one call. */
export interface DollarBudget {
  /** What it counts: all that the subscription spends, or one feature of it. One counter each. */
  readonly scope: 'subscription' | Feature;
  /** With what was granted on top and still holds. */
  readonly limitNanoUsd: number;
  /**
   * By how much a window's use may pass the limit: as long as what the calls in flight might cost more than expected
   * stays within it, they are reserved at the cost that is expected instead of the worst. 0: never above the limit.
   */
  readonly overshootNanoUsd: number;
  /** False: it counts and gives notices, and never refuses. */
  readonly isHard: boolean;
  /**
   * This window and the next by the caller's clock, in the order of their starts, at least one. The script takes the
   * last that has begun by Redis's time (the first, where none has).
   */
  readonly windows: readonly BudgetWindow[];
}

/** What a call may cost, by the prices of its admission. */
export interface CallCost {
  /** The upper bound, over all homes that may serve it. */
  readonly worstNanoUsd: number;
  /** What such a call probably costs; at most the worst. Counts only where a budget has an overshoot. */
  readonly expectedNanoUsd: number;
  /**
   * The part of the worst that is spent by sending it: its input. What a dead holder's call costs before its first
   * renewal, besides `renewalNanoUsd`.
   */
  readonly inputNanoUsd: number;
  /** What its output within `renewEveryMs` can cost at the most: a holder that died has metered all but that. */
  readonly renewalNanoUsd: number;
}

/** The money of one call: goes with its admission. */
export interface CallMoney {
  readonly cost: CallCost;
  /** At most two: the subscription's, and that of the call's feature. */
  readonly budgets: readonly DollarBudget[];
  /** Absent where nobody gets notices of budgets. */
  readonly notice?: NoticeRule;
}
