// The function `limits`: `GET /v1/limits`, polled by every instance (reading consumes nothing), and
// `POST /v1/limits/refresh`.

import type { Actor, Feature } from '@cody-gateway/shared/auth';
import { dollarText } from '@cody-gateway/shared/catalogue';
import { features } from '@cody-gateway/shared/directory';
import { answer, Refusal } from '@cody-gateway/shared/http';
import { readBudgets, type BudgetReading, type Reading } from '@cody-gateway/shared/limiter';
import { callerOf, defineFunction, identify, type Route } from '@cody-gateway/shared/serve';
import { StoreUnavailable } from '@cody-gateway/shared/store';
import { goDuration } from '@cody-gateway/shared/config';

/** One feature as instances read it (shared/COMPATIBILITY.md#limits-reply). */
interface LimitReply {
  readonly limit: number;
  readonly interval: string;
  readonly usage: number;
  readonly expiry?: string;
  readonly allowedModels: readonly string[];
}

/** One budget, for callers that ask for budgets: amounts are decimal text, since a number would round them. */
interface BudgetReply {
  /** `subscription` for all features together. */
  readonly scope: string;
  readonly window: string;
  readonly limitUsd: string;
  readonly usedUsd: string;
  /** Set aside for calls in flight. */
  readonly heldUsd: string;
  readonly leftUsd: string;
  readonly hard: boolean;
  /** Left out where the budget is for life. */
  readonly resetsAt?: string;
}

/** The member with the budgets, in an answer that has a member for each feature. */
const budgetsMember = 'budgets';

const readLimits: Route = {
  method: 'GET',
  path: '/v1/limits',
  dialect: 'cody',
  handle: async (exchange) => {
    const { context, budget, json, received } = exchange;
    const actor = await identify(exchange);
    const granted = features.filter((feature) => actor.limits[feature] !== undefined);
    // A feature without a limit is left out; the call is refused only when none is left.
    if (granted.length === 0) throw new Refusal('feature-access', `no access to feature ${features[0] ?? ''}`);
    // Instances do not ask for them, and read every member as a feature's.
    const asked = new URLSearchParams(received.query).get('include')?.split(',').includes(budgetsMember) === true;
    const budgets = asked ? (actor.budgets?.all(Date.now()) ?? []) : [];
    const [readings, spent] = await Promise.all([
      context.limiter.read(actor, granted, budget),
      budgets.length === 0 ? [] : readBudgets(context.store, actor, budgets, budget),
    ]).catch((error: unknown) => {
      if (error instanceof StoreUnavailable)
        throw new Refusal('limiter-unavailable', 'usage cannot be read at the moment, please retry', { cause: error });
      throw error;
    });
    const entries = granted.map((feature) => [feature, reply(actor, feature, readings.get(feature))] as const);
    const byFeature = Object.fromEntries(entries.sort(([a], [b]) => a.localeCompare(b)));
    json(200, asked ? { ...byFeature, [budgetsMember]: spent.map(budgetReply) } : byFeature);
  },
};

function reply(actor: Actor, feature: Feature, reading: Reading | undefined): LimitReply | undefined {
  const entitlement = actor.limits[feature];
  if (entitlement === undefined) return undefined;
  const resetAtMs = reading?.resetAtMs ?? null;
  const usage = reading?.used ?? 0;
  return {
    limit: entitlement.limit,
    interval: goDuration(entitlement.intervalMs),
    usage,
    ...(usage > 0 &&
      resetAtMs !== null && { expiry: `${new Date(Math.ceil(resetAtMs / 1000) * 1000).toISOString().slice(0, 19)}Z` }),
    allowedModels: entitlement.allowedModels,
  };
}

function budgetReply({ budget, window, settledNanoUsd, reservedNanoUsd }: BudgetReading): BudgetReply {
  return {
    scope: budget.scope,
    window: window.name,
    limitUsd: dollarText(budget.limitNanoUsd),
    usedUsd: dollarText(settledNanoUsd),
    heldUsd: dollarText(reservedNanoUsd),
    leftUsd: dollarText(Math.max(0, budget.limitNanoUsd - settledNanoUsd - reservedNanoUsd)),
    hard: budget.isHard,
    ...(window.endMs !== null && { resetsAt: new Date(window.endMs).toISOString() }),
  };
}

/**
 * Sourcegraph.com calls it when a plan changes: the answer must be exactly 200, and empty
 * (shared/COMPATIBILITY.md#limits-refresh).
 */
const refreshLimits: Route = {
  method: 'POST',
  path: '/v1/limits/refresh',
  dialect: 'cody',
  handle: async (exchange) => {
    const { context, received } = exchange;
    const actor = await identify(exchange);
    await context.auth.refresh(callerOf(exchange), actor);
    answer(received, 200, {}, '');
  },
};

export const handler = await defineFunction('limits', () => [readLimits, refreshLimits]);
