// Takes over what instances left in a shard's outbox: read, sent to the queue, deleted on its acknowledgement. Run by
// sweep-leases.

import { keys, type TimeBudget, type Shard, type Store } from '../store/store.ts';
import { nextBatch } from './batch.ts';
import { eventTaskBody } from './event-task.ts';
import { noticeOf, noticeTaskName, type Notice } from './notice.ts';
import type { TaskQueue } from './task-queue.ts';
import { eventOf, type OutboxFields, type UsageEvent } from './usage-event.ts';

/** What one pass over a shard's outbox did. */
export interface TakenOver {
  readonly sent: number;
  /** Notices without a queue to go to: out of the outbox, for the caller to log. */
  readonly unsentNotices: readonly Notice[];
  /** Entries that are not events of ours: kept where they are and reported. */
  readonly unreadable: readonly string[];
  /** True when there was more than one pass may take. */
  readonly more: boolean;
  /** Requests that the events came from; a few of them. */
  readonly requests: readonly { readonly traceId: string; readonly spanId: string }[];
}

/** As many as a trace of the sweep can name (telemetry). */
const requestsMax = 64;

/**
 * One bounded pass. Two at once send some events twice, which the warehouse drops by event id.
 * @param olderThanMs only entries written before this Unix time (Redis's clock): younger ones are still their
 * instance's.
 * @param most entries at the most.
 * @throws StoreUnavailable, or what the queue throws; what was not acknowledged is still in the outbox then.
 */
export async function takeLeftBehind(
  store: Store,
  queues: { readonly events: TaskQueue | null; readonly notices: TaskQueue | null },
  shard: Shard,
  olderThanMs: number,
  most: number,
  budget: () => TimeBudget,
): Promise<TakenOver> {
  const key = keys.outbox(shard);
  const [entries] = (await store.commands(
    [['xrange', key, '-', String(Math.max(0, Math.floor(olderThanMs))), 'count', most]],
    budget(),
  )) as [Entries];
  const notices: { id: string; notice: Notice }[] = [];
  const unsentNotices: Notice[] = [];
  const unreadable: string[] = [];
  const requests: TakenOver['requests'][number][] = [];
  const events: { id: string; event: string }[] = [];
  for (const [id, list] of entries) {
    const content = contentOf(list);
    if (content === null) {
      unreadable.push(id);
      continue;
    }
    if (!('event_id' in content)) {
      notices.push({ id, notice: content });
      continue;
    }
    const event = JSON.stringify(content);
    const { trace_id: traceId, span_id: spanId } = content.metadata;
    if (requests.length < requestsMax && typeof traceId === 'string' && typeof spanId === 'string')
      requests.push({ traceId, spanId });
    events.push({ id, event });
  }
  let sent = 0;
  for (let rest = events; queues.events !== null && rest.length > 0;) {
    const batch = nextBatch(rest, ({ event }) => event);
    await queues.events.create(eventTaskBody(batch.map(({ event }) => event)));
    await store.commands([['xdel', key, ...batch.map(({ id }) => id)]], budget());
    sent += batch.length;
    rest = rest.slice(batch.length);
  }
  // After the events: a queue of notices that fails must not hold them up.
  for (const { id, notice } of notices) {
    if (queues.notices === null) unsentNotices.push(notice);
    else await queues.notices.create(JSON.stringify(notice), noticeTaskName(notice));
    await store.commands([['xdel', key, id]], budget());
    sent++;
  }
  return { sent, unsentNotices, unreadable, more: entries.length === most, requests };
}

type Entries = [id: string, fields: string[]][];

/** A row, a notice, or null for what is neither. */
function contentOf(list: readonly string[]): UsageEvent | Notice | null {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < list.length; i += 2) fields[list[i] ?? ''] = list[i + 1] ?? '';
  try {
    const known = fields as unknown as OutboxFields;
    return known.k === 'notice' ? noticeOf(known) : eventOf(known);
  } catch {
    return null;
  }
}
