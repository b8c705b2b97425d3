// The step before a large body is parsed: callers that would be refused anyway are refused now. Not the admission
// (admit.ts).

import type { Actor, Entitlement, Feature } from '../auth/auth.ts';
import { identityOf, type Denial } from '../limiter/limiter.ts';
import { StoreUnavailable } from '../store/store.ts';
import type { CallerIds } from './caller-ids.ts';
import type { Exchange } from './exchange.ts';
import { denialRefusal } from './rate-limit.ts';
import { recordEvent } from './record-event.ts';
import { unparsedEvent } from './refused-event.ts';

/**
 * A body of a megabyte has at least so many characters, and parsing it may take as long as a hundred ordinary requests.
 */
const lookedCharacters = 333_333;

/** @param text of a body */
export function isLarge(text: string): boolean {
  return text.length >= lookedCharacters;
}

/**
 * @param text of the body
 * @throws Refusal: the 429 that `admit` would give for one unit, with its event
 */
export async function lookBeforeParsing(
  exchange: Exchange,
  text: string,
  actor: Actor,
  feature: Feature,
  entitlement: Entitlement,
  callerIds: CallerIds | null = null,
): Promise<void> {
  if (isLarge(text)) await look(exchange, actor, feature, entitlement, callerIds);
}

/** @throws Refusal: the 429 that `admit` would give for one unit, with its event */
export async function look(
  exchange: Exchange,
  actor: Actor,
  feature: Feature,
  entitlement: Entitlement,
  callerIds: CallerIds | null,
): Promise<void> {
  const { context, scope, budget, dialect } = exchange;
  let denial: Denial | null;
  try {
    const budgets = actor.budgets?.of(feature, Date.now());
    denial = await context.limiter.look(actor, feature, entitlement, budget, budgets);
  } catch (error) {
    // Whether a call is served without Redis is decided at admission.
    if (error instanceof StoreUnavailable) return;
    throw error;
  }
  if (denial === null) return;
  const event = unparsedEvent(exchange, actor, feature, callerIds, denial);
  await recordEvent(exchange, identityOf(actor), `RateLimited:${feature}`, event);
  scope.annotate({ denied: denial.cause });
  throw denialRefusal(denial, { feature, entitlement }, dialect);
}
