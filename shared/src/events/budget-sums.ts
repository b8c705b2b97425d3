// What the rows say that windows of budgets kept: what the reconciliation holds counters against. Not the counters
// (limiter).

import type { Ledger } from './final-days.ts';

/** Of the reconciliation's queries: its job has a quarter of an hour for all that it does. */
const queryTimeoutMs = 60_000;

/** The sum of one window's rows. */
export interface BudgetSum {
  /** Source and id, as counters have it. */
  readonly actor: string;
  /** `subscription`, or the feature. */
  readonly scope: string;
  readonly window: string;
  readonly nanoUsd: number;
}

/** Which windows. */
export interface SummedWindows {
  /** Names of calendar windows, without the number of a later beginning; `life` for those that never end. */
  readonly names: readonly string[];
  /** Unix ms: earlier rows are not looked at. */
  readonly fromMs: number;
}

/** Windows without a row have no sum. @throws what the warehouse throws */
export async function budgetSums(
  { query, dataset }: Pick<Ledger, 'query' | 'dataset'>,
  { names, fromMs }: SummedWindows,
): Promise<readonly BudgetSum[]> {
  const rows = await query(
    budgetSumsSql(dataset, names),
    { from: new Date(fromMs).toISOString() },
    {
      timeoutMs: queryTimeoutMs,
    },
  );
  const sums = new Map<string, Omit<BudgetSum, 'nanoUsd'> & { nano: bigint }>();
  const add = (actor: string, scope: string, window: unknown, nano: unknown): void => {
    if (typeof window !== 'string' || !names.includes(baseName(window))) return;
    const key = JSON.stringify([actor, scope, window]);
    const sum = sums.get(key) ?? { actor, scope, window, nano: 0n };
    sum.nano += typeof nano === 'string' ? BigInt(nano) : 0n;
    sums.set(key, sum);
  };
  for (const row of rows) {
    const actor = `${String(row['source'])}:${String(row['identifier'])}`;
    add(actor, 'subscription', row['budget_window'], row['nano_usd']);
    add(actor, String(row['feature']), row['feature_budget_window'], row['feature_nano_usd']);
  }
  return [...sums.values()].map(({ nano, ...sum }) => ({ ...sum, nanoUsd: exactNumber(nano) }));
}

/** `2026-11` of `2026-11.2`. */
export function baseName(window: string): string {
  return window.split('.', 1)[0] ?? window;
}

/** No budget is larger than a number can tell exactly: what is above that is above each of them. */
function exactNumber(nano: bigint): number {
  return nano > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(nano);
}

/** Parameter: @from. Sums are text, since numbers of JavaScript would round them. */
export function budgetSumsSql(dataset: string, names: readonly string[]): string {
  for (const name of names) if (!/^[\w-]+$/.test(name)) throw new Error(`${JSON.stringify(name)} names no window`);
  const list = names.map((name) => `'${name}'`).join(', ');
  return `SELECT source, identifier, feature, budget_window, feature_budget_window,
  CAST(SUM(budget_nano_usd) AS STRING) AS nano_usd,
  CAST(SUM(feature_budget_nano_usd) AS STRING) AS feature_nano_usd
FROM \`${dataset}.events_between\`(CAST(@from AS TIMESTAMP), TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 24 HOUR))
WHERE REGEXP_EXTRACT(budget_window, '^[^.]+') IN (${list}) OR REGEXP_EXTRACT(feature_budget_window, '^[^.]+') IN (${list})
GROUP BY source, identifier, feature, budget_window, feature_budget_window`;
}
