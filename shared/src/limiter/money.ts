// The money of one call on its way into the scripts and out of them: arguments, and the two windows that it is charged
// to. Not what they kept (store/kept-money.ts), nor the arithmetic (scripts/weigh.lua, scripts/spend.lua).

import type { DollarBudget, Feature } from '../auth/auth.ts';
import { keys, type ByBudget, type Shard } from '../store/store.ts';
import type { CallMoney } from './call-money.ts';
import type { BudgetWindow } from '../directory/directory.ts';

/** A window that a call is charged to. */
export type ChargedWindow = Pick<BudgetWindow, 'name' | 'endMs'>;

/** Keys of the two budgets, the subscription's first: the last KEYS of admit.lua, settle.lua and sweep.lua. */
export function budgetKeys(shard: Shard, feature: string, actor: string): [subscription: string, feature: string] {
  return [keys.budget(shard, 'subscription', actor), keys.budget(shard, feature, actor)];
}

/** The call's budgets by their place. @throws Error for a budget of another feature: nobody would look at it */
export function byPlace({ budgets }: CallMoney, feature: Feature): ByBudget<DollarBudget> {
  const found: { subscription: DollarBudget | null; feature: DollarBudget | null } = {
    subscription: null,
    feature: null,
  };
  for (const budget of budgets) {
    const place = budget.scope === 'subscription' ? 'subscription' : 'feature';
    if ((place === 'feature' && budget.scope !== feature) || found[place] !== null)
      throw new Error(`a budget for ${budget.scope} is too much for a call of ${feature}`);
    found[place] = budget;
  }
  return found;
}

/** ARGV[15] to ARGV[21] of admit.lua. */
export function admissionMoney({ cost, notice }: CallMoney, budgets: ByBudget<DollarBudget>): (string | number)[] {
  const { worstNanoUsd, expectedNanoUsd, inputNanoUsd, renewalNanoUsd } = cost;
  return [
    whole(worstNanoUsd),
    whole(Math.min(expectedNanoUsd, worstNanoUsd)),
    whole(Math.min(inputNanoUsd, worstNanoUsd)),
    whole(renewalNanoUsd),
    stated(budgets.subscription),
    stated(budgets.feature),
    notice?.draft ?? '',
  ];
}

/** As weigh.lua reads it. */
function stated(budget: DollarBudget | null): string {
  if (budget === null) return '';
  const { limitNanoUsd, overshootNanoUsd, isHard, windows } = budget;
  if (windows.length === 0) throw new Error(`the budget of ${budget.scope} has no window`);
  const spans = windows.map(({ name, startMs, endMs }) => ` ${named(name)} ${whole(startMs)} ${whole(endMs ?? 0)}`);
  return `${whole(limitNanoUsd)} ${whole(overshootNanoUsd)} ${isHard ? 1 : 0}${spans.join('')}`;
}

function whole(amount: number): number {
  if (!Number.isSafeInteger(amount) || amount < 0) throw new RangeError(`${amount} is no whole amount from 0 on`);
  return amount;
}

/** Records and replies are taken apart at blanks and semicolons. */
export function named(window: string): string {
  if (!/^[\w.-]+$/.test(window)) throw new Error(`${JSON.stringify(window)} is no name of a budget's window`);
  return window;
}

/** Of an open lease's record (lease.lua): the windows that it is charged to. */
export function chargedWindows(money: string): ByBudget<ChargedWindow> {
  const parts = money.split(';');
  const at = (name: number): ChargedWindow | null =>
    parts[name] === undefined || parts[name] === ''
      ? null
      : { name: parts[name], endMs: parts[name + 1] === '0' ? null : Number(parts[name + 1]) };
  return { subscription: at(3), feature: at(7) };
}

/** Of windows by the caller's own clock, for a call that Redis was not asked about. */
export function windowsAt(budgets: ByBudget<DollarBudget>, nowMs: number): ByBudget<ChargedWindow> {
  const at = (budget: DollarBudget | null): ChargedWindow | null =>
    budget?.windows.findLast(({ startMs }, i) => i === 0 || nowMs >= startMs) ?? null;
  return { subscription: at(budgets.subscription), feature: at(budgets.feature) };
}

/** ARGV[14] of settle.lua. */
export function windowsText({ subscription, feature }: ByBudget<ChargedWindow>): string {
  const text = (window: ChargedWindow | null): string =>
    window === null ? ';' : `${window.name};${window.endMs ?? 0}`;
  return `${text(subscription)};${text(feature)}`;
}
