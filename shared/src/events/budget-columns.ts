// What a row says of the budgets of a call: what their windows kept, and which notices it caused. Not the counting
// (limiter).

import type { ByBudget, KeptMoney } from '../store/store.ts';

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

/** Members of a row's metadata for a call that caused notices of budgets: their thresholds in percent. */
export function budgetNotices(budgets: KeptBudgets | undefined): Readonly<Record<string, number>> {
  const [whole, feature] = [budgets?.subscription?.noticed, budgets?.feature?.noticed];
  return {
    ...(whole !== undefined && { budget_notice_percent: whole }),
    ...(feature !== undefined && { feature_budget_notice_percent: feature }),
  };
}
