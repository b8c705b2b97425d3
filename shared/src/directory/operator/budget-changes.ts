// What an operator states of budgets in dollars: sets and removes them, grants something on top, resets a window. What
// is spent, and the ledger's rows of grants and resets, are not the directory's.

import { nanoUsdIn } from '../../catalogue/catalogue.ts';
import type { Author, Documents } from '../../documents/documents.ts';
import type { AccountCopies } from '../account-copies.ts';
import { grantedAt, grantsMax, type BudgetGrant, type BudgetScope, type StatedBudget } from '../budget.ts';
import { budgetWindows, calendarWindows, type BudgetWindow } from '../budget-windows.ts';
import type { SubscriptionRecord } from '../records.ts';
import { change, OperatorRefused, type Changed } from './change-record.ts';

/**
 * A change of a budget: absent members stay as they are; a new budget is a hard monthly limit without overshoot unless
 * told otherwise.
 */
export type BudgetChange = Partial<Pick<StatedBudget, 'limitUsd' | 'window' | 'hard' | 'overshootUsd'>>;

type Where = Pick<Documents, 'client'>;

/**
 * Sets a budget, or takes it away with its grants.
 * @param id of a subscription, or `users/7`
 * @param changed null: there is no such budget from now on
 * @throws OperatorRefused, what Firestore throws, and a timeout after 15 s
 */
export function setBudget(
  documents: Where,
  copies: AccountCopies | null,
  id: string,
  scope: BudgetScope,
  changed: BudgetChange | null,
  author: Author,
): Promise<Changed> {
  return change(documents, copies, id, author, 'budgets set', (record) => {
    const before = record.overrides.budgets?.[scope] ?? null;
    if (changed === null) {
      if (before === null) throw new OperatorRefused(`there is no budget for ${scope}: nothing was to be done`);
      return written(record, scope, null, `${scope}: none`);
    }
    const { limitUsd = before?.limitUsd } = changed;
    if (limitUsd === undefined) throw new OperatorRefused(`there is no budget for ${scope} yet: give its limit`);
    for (const amount of [limitUsd, changed.overshootUsd ?? '0']) {
      const read = nanoUsdIn(amount);
      if (typeof read !== 'number') throw new OperatorRefused(read.fault);
    }
    const kept = before ?? { window: 'month', hard: true, overshootUsd: '0', resets: [], grants: [] };
    const { window, hard, overshootUsd, resets, grants } = { ...kept, ...changed };
    const after: StatedBudget = { limitUsd, window, hard, overshootUsd, resets, grants };
    const { resets: _resets, grants: _grants, ...said } = after;
    return written(record, scope, after, `${scope}: ${JSON.stringify(said)}`);
  });
}

/**
 * Puts something on top of each window's limit until a moment. The same id again changes nothing.
 * @throws OperatorRefused, what Firestore throws, and a timeout after 15 s
 */
export function grantBudget(
  documents: Where,
  copies: AccountCopies | null,
  id: string,
  scope: BudgetScope,
  grant: BudgetGrant,
  nowMs: number,
  author: Author,
): Promise<Changed> {
  return change(documents, copies, id, author, 'budgets grant', (record) => {
    const before = statedBudget(record, scope);
    const read = nanoUsdIn(grant.usd, 'above 0');
    if (typeof read !== 'number') throw new OperatorRefused(read.fault);
    if (grant.until !== null && Date.parse(grant.until) <= nowMs)
      throw new OperatorRefused(`${grant.until} is over: give an end that is still to come`);
    const { grants } = grantedAt(before, nowMs);
    const others = grants.filter((one) => one.id !== grant.id);
    if (others.length >= grantsMax)
      throw new OperatorRefused(`${grantsMax} grants hold already: raise the limit instead (budgets set)`);
    const after = { ...before, grants: [...others, grant] };
    return written(record, scope, after, `${scope}: ${grant.usd} dollars until ${grant.until ?? 'it is taken away'}`);
  });
}

/**
 * Resets the running window: another one begins in its place, under another name.
 * @returns with the window that was closed, and the one that runs from now on
 * @throws OperatorRefused, what Firestore throws, and a timeout after 15 s
 */
export async function resetBudget(
  documents: Where,
  copies: AccountCopies | null,
  id: string,
  scope: BudgetScope,
  { nowMs, timeZone }: { readonly nowMs: number; readonly timeZone: string },
  author: Author,
): Promise<Changed & { readonly closed: BudgetWindow; readonly opened: BudgetWindow }> {
  const windows: BudgetWindow[] = [];
  const changed = await change(documents, copies, id, author, 'budgets reset', (record) => {
    const before = statedBudget(record, scope);
    const [running] = calendarWindows(before.window, nowMs, timeZone);
    const [closed] = budgetWindows(before, nowMs, timeZone);
    if (running === undefined || closed === undefined) throw new Error('a budget without a window');
    const count = (before.resets.find(({ window }) => window === running.name)?.count ?? 0) + 1;
    // Resets of the other spans are kept while their windows run: `budgets set` may bring those spans back.
    const spans = (['month', 'day', 'life'] as const).map((span) => calendarWindows(span, nowMs, timeZone)[0]?.name);
    const others = before.resets.filter(({ window }) => window !== running.name && spans.includes(window));
    const after = { ...before, resets: [...others, { window: running.name, count }] };
    const [opened] = budgetWindows(after, nowMs, timeZone);
    if (opened === undefined) throw new Error('a budget without a window');
    // The transaction runs again where somebody else changes the document meanwhile, so the list starts empty.
    windows.splice(0, 2, closed, opened);
    return written(record, scope, after, `${scope}: ${opened.name} in place of ${closed.name}`);
  });
  const [closed, opened] = windows;
  if (closed === undefined || opened === undefined) throw new Error('a budget was not reset');
  return { ...changed, closed, opened };
}

/** @throws OperatorRefused where there is none */
export function statedBudget({ overrides }: SubscriptionRecord, scope: BudgetScope): StatedBudget {
  const budget = overrides.budgets?.[scope] ?? null;
  if (budget === null)
    throw new OperatorRefused(`there is no budget for ${scope}: budgets set makes one, budgets show lists them`);
  return budget;
}

function written({ overrides }: SubscriptionRecord, scope: BudgetScope, budget: StatedBudget | null, text: string) {
  return { overrides: { ...overrides, budgets: { ...overrides.budgets, [scope]: budget } }, text };
}
