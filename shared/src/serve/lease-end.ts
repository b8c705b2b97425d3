// The step of every charged call that ends its lease: the charge, and what it leaves behind handed to the outbox. Not
// the counters (limiter), nor the sending (events).

import { budgetNoticeAbout, eventRow, eventRowText, noticeAbout, type EndedEvent } from '../events/events.ts';
import type { Lease, Settlement } from '../limiter/limiter.ts';
import { spanNames } from '../telemetry/telemetry.ts';
import type { Exchange } from './exchange.ts';
import { replayIt } from './lost-event.ts';
import { eventAttributes, noticeAttributes } from './spans.ts';

/**
 * Settles the event's units, or gives the reservation back where it has none. Before the response ends: the CPU is
 * taken away afterwards. Never throws: a lease that Redis did not end is ended by a task, whose creation is waited for;
 * what the queue does not take either goes whole into the log, from which it can be replayed.
 */
export async function endLease(
  { context, scope }: Pick<Exchange, 'context' | 'scope'>,
  lease: Lease,
  event: EndedEvent,
): Promise<void> {
  const charged = event.units > 0;
  const text = JSON.stringify(event);
  const state = charged ? 'settled' : 'released';
  scope.annotate({ lease: state, tokens: event.tokens });
  try {
    const settlement = await scope.span(
      spanNames.settle,
      () =>
        charged
          ? lease.settle(event.units, text, context.budget(), event.cost_nano_usd)
          : lease.release(text, context.budget(), event.cost_nano_usd),
      () => ({ lease: state }),
    );
    await handOver({ context, scope }, event, text, settlement);
  } catch (error) {
    await endLater({ context, scope }, lease, event, error);
  }
}

/** What the counter will keep is known when the task is carried out: until then the actual usage is assumed. */
async function endLater(
  { context: { outbox }, scope }: Pick<Exchange, 'context' | 'scope'>,
  lease: Lease,
  event: EndedEvent,
  error: unknown,
): Promise<void> {
  const settlement = lease.late(Date.now(), event.cost_nano_usd);
  const row = eventRow(event, { window: lease.window, kept: event.units });
  const sent = await outbox.sendNow(row, settlement);
  scope.mark(spanNames.event, () => eventAttributes(row, JSON.stringify(row)));
  scope.annotate({ settled_by: sent ? 'task' : 'log' });
  if (!sent)
    scope.log(
      'ERROR',
      `a lease could not be ended: neither Redis nor the queue took its settlement. ${replayIt}`,
      { usage_event: row, settlement },
      error,
    );
}

/**
 * Waits for the queue where the outbox is over its share. Then what the queue does not take goes whole into the log.
 */
async function handOver(
  { context: { outbox, telemetry }, scope }: Pick<Exchange, 'context' | 'scope'>,
  event: EndedEvent,
  eventText: string,
  { posted, overflow, notice, budgetNotices, aboveBoundNanoUsd }: Settlement,
): Promise<void> {
  const written = posted ?? overflow;
  const text = written === null ? eventText : eventRowText(event, eventText, written);
  if (posted !== null) outbox.take(posted, text);
  else if (written !== null) {
    const row = eventRow(event, written);
    if (!(await outbox.sendNow(row)))
      scope.log('ERROR', `an event could not be written: the outbox in Redis is full, the queue away. ${replayIt}`, {
        usage_event: row,
      });
  }
  scope.mark(spanNames.event, () => eventAttributes(event, text));
  if (aboveBoundNanoUsd > 0) {
    // The call cost more than was reserved for it and is charged whole: it may have overspent a budget, and one of the
    // catalogue's bounds is too low.
    telemetry.count('gateway.budget.above_bound', 1, { model: event.model ?? '' });
    scope.log(
      'ERROR',
      'a call cost more than its upper bound, maybe more than a budget: npm run gateway -- prices compare',
      {
        above_bound_nano_usd: aboveBoundNanoUsd,
        cost_nano_usd: event.cost_nano_usd,
        model: event.model,
        event_id: event.event_id,
      },
    );
  }
  const request = { trace_id: scope.traceId, span_id: scope.spanId };
  for (const one of budgetNotices) outbox.notify(one, budgetNoticeAbout(one, request));
  if (notice === null) return;
  scope.annotate({ notice_percent: notice.percent });
  scope.mark(spanNames.notice, () => noticeAttributes(notice));
  outbox.notify(notice, noticeAbout(notice, request));
}
