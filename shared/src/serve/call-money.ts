// The money of one charged call before it is admitted: what it may cost, and the budgets that this is held against. Not
// the bound itself (upstream, catalogue), nor what it did cost (price.ts).

import type { Permit } from '../auth/auth.ts';
import { priceCall, type Bound, type Catalogue, type Part, type PriceBook } from '../catalogue/catalogue.ts';
import type { NoticeDraft } from '../events/events.ts';
import { Refusal } from '../http/http.ts';
import { renewEveryMs, type CallCost, type CallMoney } from '../limiter/limiter.ts';
import { within } from '../telemetry/telemetry.ts';
import type { Exchange } from './exchange.ts';

/** Asks what a call may cost; null for one that costs nothing whatever becomes of it. */
export type AskBound = ((book: PriceBook, asked: { atMs: number; unseenMs: number }) => Bound | Promise<Bound>) | null;

/** Reading prices takes some tens of milliseconds, once an instance: longer means that they can't be had. */
const pricesWaitMs = 1_000;
const free: CallCost = { worstNanoUsd: 0, expectedNanoUsd: 0, inputNanoUsd: 0, renewalNanoUsd: 0 };

/**
 * Undefined for an actor without a budget, which most are: nothing is read or counted for them.
 * @throws Refusal: a hard budget holds, and nobody can say what the call costs at the most
 */
export async function callMoney(
  exchange: Exchange,
  permit: Permit,
  ask: AskBound,
  catalogue: Pick<Catalogue, 'prices'> | null,
): Promise<CallMoney | undefined> {
  const { budgets } = permit;
  if (budgets.length === 0) return undefined;
  const isHard = budgets.some((budget) => budget.isHard);
  const cost = ask === null || catalogue === null ? free : await costBound(exchange, ask, catalogue, isHard);
  const { source, id: identifier, name } = permit.actor;
  const thresholds = exchange.context.config.budgetThresholds;
  if (thresholds.length === 0) return { cost, budgets };
  const draft: NoticeDraft = { source, identifier, name, feature: permit.feature };
  return { cost, budgets, notice: { thresholds, draft: JSON.stringify(draft) } };
}

async function costBound(
  { context, scope }: Exchange,
  ask: NonNullable<AskBound>,
  catalogue: Pick<Catalogue, 'prices'>,
  isHard: boolean,
): Promise<CallCost> {
  const book = await within(catalogue.prices(), pricesWaitMs, () => null).catch((error: unknown) => {
    scope.log('ERROR', 'prices could not be read: calls under a hard budget get 503, others pass unchecked', {}, error);
    return null;
  });
  if (book === null && isHard)
    throw new Refusal('limiter-unavailable', 'what this call may cost cannot be checked at the moment, please retry');
  const bound = book === null ? null : await ask(book, { atMs: Date.now(), unseenMs: renewEveryMs });
  if (bound !== null && bound.worstNanoUsd !== null) return bound;
  const ceiling = context.config.unpricedCeilingNanoUsd;
  const why = bound === null ? 'prices can’t be read' : bound.why;
  if (ceiling !== null) {
    scope.annotate({ budget_ceiling: why });
    return { worstNanoUsd: ceiling, expectedNanoUsd: ceiling, inputNanoUsd: ceiling, renewalNanoUsd: 0 };
  }
  if (isHard)
    throw new Refusal(
      'bad-request',
      `a budget in dollars holds for this subscription, and nobody can say what this call costs at the most: ${why}`,
    );
  scope.annotate({ budget_unbounded: why });
  return free;
}

/**
 * What a call has cost so far, for its lease's renewals: 0 as long as prices are not there.
 * @param parts what the provider would bill if it ended now
 */
export function meteredCost(
  prices: PriceBook | null,
  model: string | null,
  home: string | null,
  atMs: number,
  parts: readonly Part[],
): number {
  if (prices === null || model === null || parts.length === 0) return 0;
  return priceCall(parts, { model, home, atMs }, prices).nanoUsd ?? 0;
}
