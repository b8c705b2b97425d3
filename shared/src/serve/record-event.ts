// The writing of an event that belongs to no lease. Those of calls are written by the end of their lease
// (lease-end.ts).

import type { UsageEvent } from '../events/events.ts';
import { spanNames } from '../telemetry/telemetry.ts';
import type { Exchange } from './exchange.ts';
import { lostEvent } from './lost-event.ts';
import { eventAttributes } from './spans.ts';

/**
 * Writes an event that belongs to no lease; never throws. The answer to the caller does not depend on it, and an event
 * that Redis did not take goes whole into the log, where it can be read back.
 */
export async function recordEvent(
  { context, scope, budget }: Pick<Exchange, 'context' | 'scope' | 'budget'>,
  identity: string,
  kind: string,
  event: UsageEvent,
): Promise<void> {
  try {
    const text = JSON.stringify(event);
    const posted = await context.limiter.recordEvent(identity, kind, event.event_id, text, event.count, budget);
    if (posted !== null) context.outbox.take(posted, text);
    scope.mark(spanNames.event, () => eventAttributes(event, text));
  } catch (error) {
    scope.log('ERROR', lostEvent, { usage_event: event }, error);
  }
}
