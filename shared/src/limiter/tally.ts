// What one budget has used, as Redis has it: asked for and read, by whoever wants to know. Not what changes it
// (scripts/tally.lua).

import type { DollarBudget } from '../auth/auth.ts';
import { keys, type Shard } from '../store/store.ts';
import type { BudgetWindow } from '../directory/directory.ts';
import { named } from './money.ts';

/** What one budget has used in the window that stands. Amounts in nano-dollars. */
export interface BudgetReading {
  readonly budget: DollarBudget;
  readonly window: BudgetWindow;
  /** What calls that have ended cost, and what is reserved for calls in flight. */
  readonly settledNanoUsd: number;
  readonly reservedNanoUsd: number;
}

/** Asks for the windows of one budget. */
export function tallyCommand(shard: Shard, actor: string, { scope, windows }: DollarBudget) {
  return ['hmget', keys.budget(shard, scope, actor), ...windows.map(({ name }) => named(name))] as const;
}

/** Of the window that runs by Redis's time. @param tallies the reply to `tallyCommand` */
export function runningTally(
  budget: DollarBudget,
  tallies: readonly (string | null)[],
  nowMs: number,
): BudgetReading | null {
  const at = Math.max(
    0,
    budget.windows.findLastIndex(({ startMs }) => nowMs >= startMs),
  );
  const window = budget.windows[at];
  if (window === undefined) return null;
  const { settledNanoUsd, reservedNanoUsd } = tallyOf(tallies[at] ?? null);
  return { budget, window, settledNanoUsd, reservedNanoUsd };
}

/** As tally.lua writes it. */
export function tallyOf(text: string | null): {
  settledNanoUsd: number;
  reservedNanoUsd: number;
  endMs: number | null;
} {
  const [used = 0, reserved = 0, , end = 0] = (text ?? '').split(' ', 4).map(Number);
  return { settledNanoUsd: used - reserved, reservedNanoUsd: reserved, endMs: end === 0 ? null : end };
}
