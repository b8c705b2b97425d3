// What a settlement leaves behind, handed to the outbox: the event, the notice it set off. Not the settlement itself (limiter), nor the sending (events).

import type { UsageEvent } from '../events/events.ts';
import type { Settlement } from '../limiter/limiter.ts';
import { spanNames } from '../telemetry/telemetry.ts';
import { postedEvent, postedNotice } from './event.ts';
import type { Exchange } from './exchange.ts';
import { eventAttributes } from './spans.ts';

/** Waits for the queue in one case alone: an outbox over its share (design §5). Then what the queue does not take goes whole into the log. */
export async function record(
  { context: { outbox }, scope }: Pick<Exchange, 'context' | 'scope'>,
  event: Omit<UsageEvent, 'quota_window' | 'quota_units' | 'count'>,
  { posted, overflow, notice }: Settlement,
): Promise<void> {
  const written = posted ?? overflow;
  const row = written === null ? null : postedEvent(event, written);
  if (row !== null && posted !== null) outbox.take(posted, row);
  else if (row !== null && !(await outbox.sendNow(row)))
    scope.log('ERROR', 'the outbox is full and the queue is away', { usage_event: row });
  scope.mark(spanNames.event, () => eventAttributes(row ?? event));
  if (notice === null) return;
  scope.note({ notice_percent: notice.percent });
  outbox.notify(notice, postedNotice(notice));
}
