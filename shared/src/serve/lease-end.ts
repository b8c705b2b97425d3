// The step of every river that ends the lease: the charge, and what it leaves behind handed to the outbox. Not the counters (limiter), nor the sending (events).

import type { UsageEvent } from '../events/events.ts';
import type { Lease, Settlement } from '../limiter/limiter.ts';
import { spanNames } from '../telemetry/telemetry.ts';
import { postedEvent, postedNotice } from './event.ts';
import type { Exchange } from './exchange.ts';
import { eventAttributes, noticeAttributes } from './spans.ts';

/** A call's event without what only the limiter knows. */
export type EndedEvent = Omit<UsageEvent, 'quota_window' | 'quota_units' | 'count'>;

/**
 * Settles the event's units, or gives the reservation back where it has none. Before the response ends: the CPU is taken away afterwards. Never
 * throws: a lease that could not be ended stands until the sweeper charges it, and the truth goes whole into the log, from which it can be replayed.
 */
export async function endLease(
  { context, scope }: Pick<Exchange, 'context' | 'scope'>,
  lease: Lease,
  event: EndedEvent,
): Promise<void> {
  const charged = event.units > 0;
  const text = JSON.stringify(event);
  const state = charged ? 'settled' : 'released';
  scope.note({ lease: state, tokens: event.tokens });
  try {
    const settlement = await scope.span(
      spanNames.settle,
      () => (charged ? lease.settle(event.units, text, context.budget()) : lease.release(text, context.budget())),
      () => ({ lease: state }),
    );
    await record({ context, scope }, event, text, settlement);
  } catch (error) {
    scope.log('ERROR', 'a lease could not be ended', { usage_event: { ...event, quota_window: lease.window } }, error);
  }
}

/** Waits for the queue in one case alone: an outbox over its share (design §5). Then what the queue does not take goes whole into the log. */
async function record(
  { context: { outbox }, scope }: Pick<Exchange, 'context' | 'scope'>,
  event: EndedEvent,
  eventText: string,
  { posted, overflow, notice }: Settlement,
): Promise<void> {
  const written = posted ?? overflow;
  const row = written === null ? null : postedEvent(event, written);
  const text = row === null ? eventText : JSON.stringify(row);
  if (row !== null && posted !== null) outbox.take(posted, text);
  else if (row !== null && !(await outbox.sendNow(row)))
    scope.log('ERROR', 'the outbox is full and the queue is away', { usage_event: row });
  scope.mark(spanNames.event, () => eventAttributes(event, text));
  if (notice === null) return;
  scope.note({ notice_percent: notice.percent });
  scope.mark(spanNames.notice, () => noticeAttributes(notice));
  outbox.notify(notice, postedNotice(notice, scope));
}
