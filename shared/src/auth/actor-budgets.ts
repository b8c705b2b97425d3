// An actor's budgets in dollars as they hold for one call: limits with what was granted on top, and the windows of the
// calendar. Accounts live for minutes in caches, so windows are worked out when they are used, and once a window.

import { nanoUsdOf } from '../catalogue/catalogue.ts';
import {
  budgetScopes,
  budgetWindows,
  grantedAt,
  type BudgetScope,
  type StatedBudget,
  type StatedBudgets,
} from '../directory/directory.ts';
import type { DollarBudget } from './dollar-budget.ts';
import type { Feature } from './entitlement.ts';

/**
 * By how much an instance's clock may be ahead of Redis's. So long after a window has begun by ours, the one before is
 * named, too: whichever runs by Redis's time is charged.
 */
const aheadMs = 60_000;

/** For everybody without one: nothing is made for them. */
export const noBudgets: readonly DollarBudget[] = Object.freeze([]);

/** What of an account's budgets a call of one feature meets: the whole's first, then the feature's. */
export class ActorBudgets {
  readonly #stated: readonly (readonly [BudgetScope, StatedBudget])[];
  readonly #timeZone: string;
  readonly #latest = new Map<Feature, Lasting>();

  /** @param timeZone in which days and months begin */
  constructor(stated: readonly (readonly [BudgetScope, StatedBudget])[], timeZone: string) {
    this.#stated = stated;
    this.#timeZone = timeZone;
  }

  /** All of an actor's budgets as they stand at a moment, to be shown to people. */
  all(atMs: number): readonly DollarBudget[] {
    return this.#stated.map(([scope, stated]) => this.#budget(scope, stated, atMs));
  }

  /** The same array for as long as windows and grants stay what they are. */
  of(feature: Feature, atMs: number): readonly DollarBudget[] {
    const known = this.#latest.get(feature);
    if (known !== undefined && atMs >= known.fromMs && atMs < known.untilMs) return known.budgets;
    let untilMs = Infinity;
    const budgets: DollarBudget[] = [];
    for (const [scope, stated] of this.#stated) {
      if (scope !== 'subscription' && scope !== feature) continue;
      const budget = this.#budget(scope, stated, atMs);
      budgets.push(budget);
      const ends = budget.windows[0]?.endMs ?? Infinity;
      untilMs = Math.min(untilMs, ends + aheadMs, grantedAt(stated, atMs).untilMs ?? Infinity);
    }
    // Before this moment a grant may have held that has lapsed: a clock that went back is asked anew.
    const made = { budgets: budgets.length === 0 ? noBudgets : Object.freeze(budgets), fromMs: atMs, untilMs };
    this.#latest.set(feature, made);
    return made.budgets;
  }

  #budget(scope: BudgetScope, stated: StatedBudget, atMs: number): DollarBudget {
    const windows = budgetWindows(stated, atMs - aheadMs, this.#timeZone);
    return Object.freeze({ ...dollarBudget(scope, stated, atMs, this.#timeZone), windows });
  }
}

interface Lasting {
  readonly budgets: readonly DollarBudget[];
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Null where no budget is stated. */
export function actorBudgets(stated: StatedBudgets | null | undefined, timeZone: string): ActorBudgets | null {
  if (stated === null || stated === undefined) return null;
  const all = budgetScopes.flatMap((scope) => {
    const budget = stated[scope];
    return budget === null || budget === undefined ? [] : [[scope, budget] as const];
  });
  return all.length === 0 ? null : new ActorBudgets(all, timeZone);
}

/** A stated budget at a moment. */
export function dollarBudget(scope: BudgetScope, stated: StatedBudget, atMs: number, timeZone: string): DollarBudget {
  const granted = grantedAt(stated, atMs).grants.reduce((sum, { usd }) => sum + nanoUsdOf(usd), 0);
  return Object.freeze({
    scope,
    // Fifty grants of nine million would be more than a number holds.
    limitNanoUsd: Math.min(nanoUsdOf(stated.limitUsd) + granted, limitMostNanoUsd),
    overshootNanoUsd: nanoUsdOf(stated.overshootUsd),
    isHard: stated.hard,
    windows: budgetWindows(stated, atMs, timeZone),
  });
}

/** $9,000,000. */
const limitMostNanoUsd = 9_000_000 * 1e9;
