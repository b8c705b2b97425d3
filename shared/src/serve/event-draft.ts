// What every event of a request has in common: whose it is, where and when, and in which trace. Not what happened
// (served-event.ts, refused-event.ts).

import { randomUUID } from 'node:crypto';
import type { Feature } from '../auth/auth.ts';
import type { EventDraft, EventName } from '../events/events.ts';
import type { Exchange } from './exchange.ts';

/** What tells one event from another. */
export interface EventFacts {
  readonly name: EventName;
  readonly source: string;
  readonly identifier: string;
  readonly feature: Feature | null;
  /** Qualified; null where the event is of none. */
  readonly model: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Of the subscription; absent where none is known. */
  readonly tags?: readonly string[];
  /** Of the call; absent where none are known. */
  readonly callTags?: readonly string[];
}

/** Makes the draft of an event, with an id of its own. */
export function eventDraft(
  { context: { config }, scope }: Pick<Exchange, 'context' | 'scope'>,
  { name, source, identifier, feature, model, metadata, tags = [], callTags = [] }: EventFacts,
): EventDraft {
  return {
    name,
    source,
    identifier,
    created_at: new Date().toISOString(),
    metadata: { ...metadata, 'sg.actor': {}, trace_id: scope.traceId, span_id: scope.spanId },
    event_id: randomUUID(),
    function: config.functionName,
    region: config.region,
    feature,
    model,
    provider: model === null ? null : model.slice(0, model.indexOf('/')),
    tags: tags.length === 0 ? null : tags,
    call_tags: callTags.length === 0 ? null : callTags,
  };
}
