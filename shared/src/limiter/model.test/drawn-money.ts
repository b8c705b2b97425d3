// Budgets and costs of model.test.ts' calls, drawn by chance: as the model has them, as the limiter is told them, and
// what must be true of both.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { DollarBudget, Feature } from '../../auth/auth.ts';
import { keptMoney } from '../../store/store.ts';
import type { CallMoney } from '../limiter.ts';
import type { ModelBudget, ModelMoney } from './plain-budgets.ts';
import { budgetNoticeDraft, type ModelEvent } from './plain-admission.ts';
import { budgetNames, unitMs, type Both, type RealState } from './world.ts';

/** Sums of it have more digits than Lua writes by itself. */
export const nanoUnit = 1_000_000_000_123;

const budgets = fc.record({
  limit: fc.constantFrom(3, 10, 10, 40).map((units) => units * nanoUnit),
  overshoot: fc.constantFrom(0, 0, 6).map((units) => units * nanoUnit),
  hard: fc.constantFrom(true, true, false),
  /** Length of a window in units of time; 0: one that never ends. */
  span: fc.constantFrom(0, 5, 20, 20, 20),
  /** By how many windows the caller's clock is off. */
  skew: fc.constantFrom(0, 0, 0, -1, 1),
});

/** What a call may cost and what limits it. */
export const moneys = fc.option(
  fc.record({
    worst: fc.constantFrom(0, 1, 2, 2, 5, 20),
    expected: fc.constantFrom(0, 1),
    input: fc.constantFrom(0, 1),
    renewal: fc.constantFrom(0, 1),
    subscription: fc.option(budgets, { freq: 4, nil: null }),
    feature: fc.option(budgets, { freq: 2, nil: null }),
  }),
  { freq: 3, nil: null },
);
type Drawn = NonNullable<typeof moneys extends fc.Arbitrary<infer T> ? T : never>;

/** What a call cost: unknown, less than was thought, all of it, more. */
export const costs = fc
  .constantFrom(null, 0, 1, 1, 2, 3, 9)
  .map((units) => (units === null ? null : units * nanoUnit + (units > 0 ? 1 : 0)));

/** @param resets how often the actor's windows were begun anew */
export function moneyOf(drawn: Drawn | null, feature: Feature, now: number, resets: number): ModelMoney | null {
  if (drawn === null) return null;
  const [worst, expected, input, renewal] = [drawn.worst, drawn.expected, drawn.input, drawn.renewal].map(
    (units) => units * nanoUnit,
  ) as [number, number, number, number];
  const budget = (one: Drawn['subscription'], scope: string): ModelBudget | null =>
    one === null ? null : { ...one, scope, windows: windowsOf(one.span, now, one.skew, resets) };
  return {
    worst,
    expected: Math.min(expected, worst),
    input: Math.min(input, worst),
    renewal,
    budgets: [budget(drawn.subscription, 'subscription'), budget(drawn.feature, feature)],
  };
}

/** This window and the next, by a clock that may be off. */
export function windowsOf(span: number, now: number, skew: number, resets: number): ModelBudget['windows'] {
  const suffix = resets === 0 ? '' : `.${resets + 1}`;
  if (span === 0) return [{ name: `life${suffix}`, start: 0, end: null }];
  const length = span * unitMs;
  const first = Math.floor(now / length) + skew;
  return [first, first + 1].map((n) => ({ name: `${span}-${n}${suffix}`, start: n * length, end: (n + 1) * length }));
}

/** As the limiter is told it. */
export function callMoney(
  { worst, expected, input, renewal, budgets: stated }: ModelMoney,
  thresholds: readonly number[],
): CallMoney {
  return {
    cost: { worstNanoUsd: worst, expectedNanoUsd: expected, inputNanoUsd: input, renewalNanoUsd: renewal },
    budgets: stated.flatMap((one): DollarBudget[] => {
      if (one === null) return [];
      const { scope, limit: limitNanoUsd, overshoot: overshootNanoUsd, hard: isHard } = one;
      const windows = one.windows.map(({ name, start, end }) => ({ name, startMs: start, endMs: end }));
      return [{ scope: scope as DollarBudget['scope'], limitNanoUsd, overshootNanoUsd, isHard, windows }];
    }),
    notice: { thresholds, draft: budgetNoticeDraft },
  };
}

/**
 * A call that was just admitted brought no hard budget above its limit, and what calls in flight may cost beyond what
 * is held for them not above the overshoot by which it was admitted.
 */
export function checkAdmitted({ plain }: Both, id: string, actor: string, money: ModelMoney | null): void {
  const lease = plain.leases.get(id);
  if (money === null || lease?.state !== 'open') return;
  for (const [i, hold] of (lease.money?.holds ?? []).entries()) {
    const budget = money.budgets[i] ?? null;
    if (budget === null || hold === null) continue;
    const tally = plain.budgets.byKey.get(`${budget.scope} ${actor}`)?.windows.get(hold.window);
    assert.ok(tally !== undefined);
    if (budget.hard) assert.ok(tally.used <= budget.limit, `${tally.used} of ${budget.limit} are used at an admission`);
    if (hold.risk > 0) assert.ok(tally.risk <= budget.overshoot, `${tally.risk} are risked of ${budget.overshoot}`);
  }
}

/**
 * What a window has used for good is what its rows kept, by its name: whatever was killed, came late, was begun anew or
 * corrected.
 */
export function checkBudgets({ ledger, late, owners }: Both, { budgets: real }: RealState): void {
  const rows = new Map<string, ModelEvent>();
  const doubtful = new Set<string>();
  const windowsIn = ({ id, fields }: ModelEvent): { name: string; nano: number }[] => {
    const kept = keptMoney(fields['b'] ?? ';0;;0');
    return [kept.subscription, kept.feature].flatMap((one, i) =>
      one === null ? [] : [{ name: `${owners.get(id)?.[i] ?? ''} ${one.window}`, nano: one.nanoUsd }],
    );
  };
  for (const event of ledger) {
    if (event.kind !== 'event' && event.kind !== 'orphaned') continue;
    rows.set(event.id, event);
    if (late.has(event.id)) for (const { name } of windowsIn(event)) doubtful.add(name);
  }
  const sums = new Map<string, number>();
  for (const row of rows.values())
    for (const { name, nano } of windowsIn(row)) sums.set(name, (sums.get(name) ?? 0) + nano);
  for (const [i, { windows }] of real.entries())
    for (const [window, text] of Object.entries(windows)) {
      const name = `${budgetNames[i] ?? ''} ${window}`;
      const [used = 0, reserved = 0] = text.split(' ').map(Number);
      if (doubtful.has(name)) continue;
      assert.equal(used - reserved, sums.get(name) ?? 0, `nano-dollars of ${name}: counter and ledger`);
    }
}
