// The part of `counters reconcile` that is about budgets in dollars. Not the comparison (serve), nor the quotas
// (reconcile.ts).

import { compareBudgets, missing, raiseDifference, type BudgetDifference } from '@cody-gateway/shared/serve';
import type { Store } from '@cody-gateway/shared/store';
import { usd } from './budget-account.ts';
import { patience } from './redis.ts';
import { formatTable } from '../terminal/table.ts';
import type { warehouseOf } from './warehouse.ts';

/** A difference, and nano-dollars by which it was raised; null: it was not. */
export type FoundBudget = BudgetDifference & { raised: number | null };

/** All windows that run now and differ. */
export async function findBudgets(
  store: Store,
  { query, dataset }: Pick<Awaited<ReturnType<typeof warehouseOf>>, 'query' | 'dataset'>,
  timeZone: string,
): Promise<readonly FoundBudget[]> {
  const ledger = { dataset, query };
  const places = { ledger, store, timeZone, nowMs: Date.now(), budget: patience };
  return (await compareBudgets(places, true)).map((one) => ({ ...one, raised: null }));
}

export function isBudgetBelow(one: BudgetDifference): boolean {
  return missing(one) > 0;
}

/** A window that is over meanwhile stays as it is. */
export async function raiseBudgets(store: Store, below: readonly FoundBudget[], tell: () => void): Promise<void> {
  for (const one of below) {
    one.raised = await raiseDifference(store, one, patience());
    if (one.raised !== null) tell();
  }
}

/** For people. */
export function budgetTable(found: readonly FoundBudget[], yes: boolean): string {
  const rows = found.map((one) => {
    const { actor, scope, window, settledNanoUsd, nanoUsd, raised } = one;
    const what = isBudgetBelow(one) ? 'below' : 'ahead';
    const done = !yes || what === 'ahead' ? '' : raised === null ? 'window is over' : `raised by ${usd(raised)}`;
    return [actor, scope, window, usd(settledNanoUsd), usd(nanoUsd), what, done];
  });
  return formatTable(['ACTOR', 'BUDGET', 'WINDOW', 'COUNTER', 'LEDGER', 'IS', ''], rows);
}

/** For programs. */
export function budgetJson({ actor, scope, window, settledNanoUsd, nanoUsd, raised }: FoundBudget) {
  const amounts = { counter_nano_usd: settledNanoUsd, ledger_nano_usd: nanoUsd, raised_nano_usd: raised };
  return { actor, scope, window, ...amounts };
}
