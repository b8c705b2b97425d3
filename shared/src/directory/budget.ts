// What an operator states of a budget in dollars, as it stands in the directory. Not its windows (budget-windows.ts),
// nor what is spent of it (limiter).

import * as v from 'valibot';
import { nanoUsdIn } from '../catalogue/catalogue.ts';
import { features, type SubscribedFeature } from './limits.ts';

/** What a budget counts: all that the subscription or user spends, or one feature of it. */
export type BudgetScope = 'subscription' | SubscribedFeature;
export const budgetScopes: readonly BudgetScope[] = ['subscription', ...features];

/** How long its windows are; `life` is one that never ends. */
export const budgetSpans = ['month', 'day', 'life'] as const;
export type BudgetSpan = (typeof budgetSpans)[number];

/** Grants that are kept of one budget; those that have lapsed make room. */
export const grantsMax = 50;
/** One for each span: month, day and life. */
const resetsMax = 3;

const dollars = (least: '0' | 'above 0') =>
  v.pipe(
    v.string('is not text; write dollars as "250" or "12.50"'),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const read = nanoUsdIn(dataset.value, least);
      if (typeof read !== 'number') addIssue({ message: read.fault });
    }),
  );

const grantSchema = v.object({
  id: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/, 'is no id')),
  usd: dollars('above 0'),
  /** Null: for as long as the budget stands. */
  until: v.nullable(v.pipe(v.string(), v.isoTimestamp('is no time such as 2026-12-01T00:00:00.000Z'))),
  why: v.pipe(v.string(), v.maxLength(500)),
});

export const budgetSchema = v.object({
  /** Dollars a window, as text: a number would already be rounded. */
  limitUsd: dollars('0'),
  window: v.picklist(budgetSpans, `is none of ${budgetSpans.join(', ')}`),
  /** False: it counts and tells, and refuses nothing. */
  hard: v.optional(v.boolean(), true),
  /** By how much calls in flight may exceed the limit together; with 0 it is never exceeded. */
  overshootUsd: v.optional(dollars('0'), '0'),
  /** How many times a window began anew: the third beginning of `2026-11` is called `2026-11.3`. */
  resets: v.optional(
    v.pipe(
      v.array(
        v.object({
          window: v.pipe(v.string(), v.regex(/^(\d{4}-\d{2}(-\d{2})?|life)$/, 'is no window such as 2026-11')),
          count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000)),
        }),
      ),
      v.maxLength(resetsMax),
    ),
    [],
  ),
  /** What is granted on top of each window's limit, until a grant ends. */
  grants: v.optional(v.pipe(v.array(grantSchema), v.maxLength(grantsMax)), []),
});

export const budgetsSchema = v.object(
  Object.fromEntries(budgetScopes.map((scope) => [scope, v.nullish(budgetSchema)])) as Record<
    BudgetScope,
    v.NullishSchema<typeof budgetSchema, undefined>
  >,
);

/** A budget as it is stated. */
export type StatedBudget = v.InferOutput<typeof budgetSchema>;
export type StatedBudgets = v.InferOutput<typeof budgetsSchema>;
export type BudgetGrant = v.InferOutput<typeof grantSchema>;

/** The grants that hold at a moment, and until when that stays so (Unix ms; null: as far as can be seen). */
export function grantedAt(
  { grants }: Pick<StatedBudget, 'grants'>,
  atMs: number,
): { readonly grants: readonly BudgetGrant[]; readonly untilMs: number | null } {
  const holding = grants.filter(({ until }) => until === null || atMs < Date.parse(until));
  const ends = holding.flatMap(({ until }) => (until === null ? [] : [Date.parse(until)]));
  return { grants: holding, untilMs: ends.length === 0 ? null : Math.min(...ends) };
}
