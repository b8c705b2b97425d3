// The columns of a row that say what windows of budgets kept of a call, and the field of an outbox entry that they are
// read from. Not the counting (limiter).

import type { ByBudget, KeptMoney } from '../limiter/limiter.ts';

/** What the subscription's budget and the feature's kept; null: there is no such budget. */
export type KeptBudgets = ByBudget<KeptMoney>;

/** Absent: a call without budgets. */
export function keptColumns(budgets: KeptBudgets | undefined) {
  return {
    budget_window: budgets?.subscription?.window ?? null,
    budget_nano_usd: budgets?.subscription?.nanoUsd ?? null,
    feature_budget_window: budgets?.feature?.window ?? null,
    feature_budget_nano_usd: budgets?.feature?.nanoUsd ?? null,
  };
}

/** Of the field `b`: `<window>;<nano-dollars>` of each, no window where there is no such budget. */
export function budgetsOf(text: string): KeptBudgets {
  const [window = '', kept, featureWindow = '', featureKept] = text.split(';');
  return {
    subscription: window === '' ? null : { window, nanoUsd: Number(kept) },
    feature: featureWindow === '' ? null : { window: featureWindow, nanoUsd: Number(featureKept) },
  };
}
