// The event of a call that was admitted: its draft before, the whole of it when it has ended. What one kind of call
// says more is its own.

import type { Permit } from '../auth/auth.ts';
import type { Part } from '../catalogue/catalogue.ts';
import type { EndedEvent, EventDraft, EventName } from '../events/events.ts';
import type { Refusal } from '../http/http.ts';
import { callTagsOf } from './call-tags.ts';
import { eventDraft } from './event-draft.ts';
import type { Exchange } from './exchange.ts';

/** How a call went. */
export interface Outcome<Used> {
  /** The provider's status; -1 when it never answered, as readers of the table know it. */
  readonly upstreamStatus: number;
  /** The status that the caller got; -1 when it left before one was written. */
  readonly resolvedStatus: number;
  /** From the call to the provider until the end of its body. */
  readonly upstreamDurationMs: number;
  /** What of the request was not the provider's, up to its settlement. */
  readonly gatewayMs: number;
  /** Null unless the provider served the call. */
  readonly used: Used | null;
  /** What the provider bills, or may bill, by the model that served it. */
  readonly billed: readonly Part[];
  /** The caller left. */
  readonly cancelled: boolean;
  /** The provider's answer broke off, or ended without its end mark. */
  readonly truncated: boolean;
  /** Why it was not served, where that is known as a refusal. */
  readonly refusal: Refusal | null;
  /** Of the request's body, as it came in. */
  readonly requestBytes: number;
  /** Of the answer's, as the caller reads it, before it is compressed; null: nobody counted them. */
  readonly answerBytes: number | null;
}

/** What the event of one kind of call says besides what every one says. */
export interface CallEvent<Used> {
  readonly name: EventName;
  /** Qualified; null for a call of no model. */
  readonly model: string | null;
  /** What is known before admission: written as it is when the holder dies or the call is refused. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** What the call is tagged with; absent: what its header says. */
  readonly callTags?: readonly string[];
  /** What is known when it has ended. `tokens` as in the row. */
  ended(outcome: Outcome<Used>): {
    readonly metadata: Readonly<Record<string, unknown>>;
    readonly tokens: number | null;
    /** Where it was served; absent for what is asked of no home. */
    readonly home?: string | null;
    /** How often it was tried. */
    readonly attempts?: number;
  };
}

/** What is known before admission. Its id becomes the lease's. */
export function draftEvent<Used>(
  exchange: Pick<Exchange, 'context' | 'scope' | 'received'>,
  { actor, feature }: Permit,
  { name, model, metadata, callTags = callTagsOf(exchange.received.headers).tags }: CallEvent<Used>,
): EventDraft {
  const { source, id: identifier, tags } = actor;
  const facts = { name, source, identifier, feature, model, metadata: { ...metadata, feature }, tags, callTags };
  return eventDraft(exchange, facts);
}

/** The whole event of a call that has ended, without what only the limiter knows. @param units that are charged */
export function finishedEvent<Used>(
  draft: EventDraft,
  event: CallEvent<Used>,
  outcome: Outcome<Used>,
  units: number,
): EndedEvent {
  const { metadata, tokens, home = null, attempts = null } = event.ended(outcome);
  return {
    ...draft,
    created_at: new Date().toISOString(),
    metadata: {
      ...draft.metadata,
      ...metadata,
      upstream_request_duration_ms: Math.round(outcome.upstreamDurationMs),
      resolved_status_code: outcome.resolvedStatus,
      ...(outcome.cancelled && { cancelled: true }),
      ...(outcome.truncated && { truncated: true }),
    },
    rank: 1,
    units,
    tokens,
    gateway_ms: Math.round(outcome.gatewayMs),
    cost_nano_usd: null,
    price_version: null,
    price_rank: 0,
    abandoned_nano_usd: null,
    home,
    attempts,
    request_bytes: outcome.requestBytes,
    response_bytes: outcome.answerBytes,
  };
}
