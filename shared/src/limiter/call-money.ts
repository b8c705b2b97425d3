// What a call may cost, as it goes with its admission. Not the budgets that it is held against (auth), nor how its
// cost is bounded (catalogue). All amounts are whole nano-dollars (10^-9 $) below 2^53.

import type { DollarBudget } from '../auth/auth.ts';
import type { NoticeRule } from './notice-rule.ts';

/** What a call may cost, by the prices of its admission. */
export interface CallCost {
  /** The upper bound, over all homes that may serve it. */
  readonly worstNanoUsd: number;
  /** What such a call probably costs, at most the worst case. Used only where a budget has an overshoot. */
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

/** Why a budget refuses: all is spent; what is left is reserved by calls in flight; it would not do without them. */
export type BudgetCause = 'budget-used-up' | 'budget-held' | 'budget-too-dear';
