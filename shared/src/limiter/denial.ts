// The limiter's no, as a value.

import type { DollarBudget } from '../auth/auth.ts';
import type { BudgetCause } from './call-money.ts';
import type { Posted, PostedBudgetNotice } from './settlement.ts';

/** Which budget said no, and what it has. Amounts in nano-dollars. */
export interface BudgetDenial {
  readonly scope: DollarBudget['scope'];
  readonly window: string;
  /** When the window ends, Unix ms; null: it never does. */
  readonly resetAtMs: number | null;
  /** As it was stated with the call. */
  readonly limitNanoUsd: number;
  /** What calls that have ended cost, what calls in flight reserve, and what is neither. */
  readonly settledNanoUsd: number;
  readonly leftNanoUsd: number;
  readonly reservedNanoUsd: number;
  /** What the call may cost. */
  readonly costNanoUsd: number;
  /** The window's first refusal gives notice. */
  readonly notice: PostedBudgetNotice | null;
}

/** Why a call was not admitted: a value, not an exception, since most callers meet it one day. */
export interface Denial {
  readonly decision: 'denied';
  /**
   * By a budget: all of it is spent (`used-up`); what is left is reserved by calls in flight and may come back
   * (`held`); or it would not do even if none were (`too-dear`).
   */
  readonly cause: 'quota' | 'burst' | 'in-flight' | BudgetCause;
  /** The limit that was reached, in units (quota), calls, or nano-dollars (budgets). */
  readonly limit: number;
  /**
   * When a retry makes sense, Unix ms by Redis's clock, and that clock's now. Of a budget that never ends a day later:
   * somebody may have raised it.
   */
  readonly retryAtMs: number;
  readonly nowMs: number;
  /** The refusal's event, if it was written singly. */
  readonly posted: Posted | null;
  /** Of a refusal by a budget. */
  readonly budget?: BudgetDenial;
}
