// A limit in dollars as it holds for one call. Not who states it (directory), nor what is spent of it (limiter).
// All amounts are whole nano-dollars (10^-9 $) below 2^53; limits are at most $9,000,000.

import type { BudgetScope, BudgetWindow } from '../directory/directory.ts';

/** A budget of a permit. */
export interface DollarBudget {
  /** What it counts: all that the subscription or user spends, or one feature of it. One counter each. */
  readonly scope: BudgetScope;
  /** With what was granted on top and still holds. */
  readonly limitNanoUsd: number;
  /**
   * By how much the windows' use may pass the limit: as long as what the calls in flight might cost more than expected
   * stays within it, they are reserved at the cost that is expected instead of the worst. 0: never above the limit.
   */
  readonly overshootNanoUsd: number;
  /** False: it counts and gives notices, and never refuses. */
  readonly isHard: boolean;
  /**
   * This window and the next by the caller's clock, and where this one has just begun the one before and this one: in
   * the order of their starts, at least one. The script takes the last that has begun by Redis's time (the first, where
   * none has).
   */
  readonly windows: readonly BudgetWindow[];
}
