// The events of requests that are never admitted: refused for their token, their account, what they ask, or before it
// is read. Not those that admission refused (admit.ts).

import type { AccessEvent, Actor, Feature, Permit } from '../auth/auth.ts';
import { refusedEvent, unservedEvent, type UsageEvent } from '../events/events.ts';
import type { Denial } from '../limiter/limiter.ts';
import type { Flagging } from '../upstream/upstream.ts';
import { callerIdMetadata, type CallerIds } from './caller-ids.ts';
import { eventDraft } from './event-draft.ts';
import type { Exchange } from './exchange.ts';
import { flaggedMetadata } from './flagged-metadata.ts';

type Where = Pick<Exchange, 'context' | 'scope'>;

/** `AccessDenied` or `Unauthorized`: an event of a request that got no further than its token. */
export function accessEvent(where: Where, { name, source, identifier, reason }: AccessEvent): UsageEvent {
  const metadata = reason === null ? {} : { reason };
  return unservedEvent(eventDraft(where, { name, source, identifier, feature: null, model: null, metadata }));
}

/** `RateLimited` of a blocked account, which is one whose limit is exactly 1. */
export function bannedEvent(where: Where, { actor, feature }: Permit, callerIds: CallerIds): UsageEvent {
  const { source, id: identifier } = actor;
  const metadata = {
    error: 'completions access has not been granted',
    feature,
    cause: 'quota',
    ...callerIdMetadata(callerIds),
  };
  const facts = { name: 'RateLimited', source, identifier, feature, model: null, metadata } as const;
  return unservedEvent(eventDraft(where, facts));
}

/**
 * `RateLimited` of a call whose body was not parsed: its model is not known.
 * @param callerIds null where none are read
 */
export function unparsedEvent(
  where: Where,
  { source, id: identifier }: Actor,
  feature: Feature,
  callerIds: CallerIds | null,
  denial: Denial,
): UsageEvent {
  const metadata = callerIds === null ? {} : callerIdMetadata(callerIds);
  const draft = eventDraft(where, { name: 'RateLimited', source, identifier, feature, model: null, metadata });
  return refusedEvent(draft, denial);
}

/** `RequestBlocked`. Unknown counts are -1, absent ones 0, as readers of the table know them. */
export function blockedEvent(
  where: Where,
  { actor, feature, model }: Permit,
  provider: string,
  flagging: Flagging,
  callerIds: CallerIds,
): UsageEvent {
  const { source, id: identifier } = actor;
  const metadata = {
    ...flaggedMetadata(flagging),
    feature,
    model,
    provider,
    prompt_token_count: flagging.promptTokens ?? -1,
    max_tokens_to_sample: flagging.maxTokens ?? 0,
    ...callerIdMetadata(callerIds),
  };
  return unservedEvent(eventDraft(where, { name: 'RequestBlocked', source, identifier, feature, model, metadata }));
}
