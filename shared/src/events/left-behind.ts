// Takes over what instances left in a shard's outbox: read, sent to the queue, deleted on its acknowledgement. Run by sweep-leases.

import { keys, type Budget, type Shard, type Store } from '../store/store.ts';
import { eventTaskBody, taskBytesMax, taskEventsMax } from './event-task.ts';
import type { TaskQueue } from './task-queue.ts';
import { eventOf, type OutboxFields } from './usage-event.ts';

/** What one pass over a shard's outbox did. */
export interface TakenOver {
  readonly sent: number;
  /** Entries that are not events of ours: kept where they are and reported. */
  readonly unreadable: readonly string[];
  /** True when there was more than one pass may take. */
  readonly more: boolean;
}

/**
 * One bounded pass. Two at once send some events twice, which the warehouse drops by event id.
 * @param olderThanMs only entries written before this Unix time (Redis's clock): younger ones are still their instance's.
 * @param most entries at the most.
 * @throws StoreUnavailable, or what the queue throws; what was not acknowledged is still in the outbox then.
 */
export async function takeLeftBehind(
  store: Store,
  queue: TaskQueue,
  shard: Shard,
  olderThanMs: number,
  most: number,
  budget: () => Budget,
): Promise<TakenOver> {
  const key = keys.outbox(shard);
  const [entries] = (await store.commands(
    [['xrange', key, '-', String(Math.max(0, Math.floor(olderThanMs))), 'count', most]],
    budget(),
  )) as [[id: string, fields: string[]][]];
  const unreadable: string[] = [];
  let batch: { id: string; event: string }[] = [];
  let bytes = 0;
  let sent = 0;
  const send = async (): Promise<void> => {
    if (batch.length === 0) return;
    await queue.create(eventTaskBody(batch.map(({ event }) => event)));
    await store.commands([['xdel', key, ...batch.map(({ id }) => id)]], budget());
    sent += batch.length;
    batch = [];
    bytes = 0;
  };
  for (const [id, list] of entries) {
    const event = rowText(list);
    if (event === null) {
      unreadable.push(id);
      continue;
    }
    if (bytes + event.length > taskBytesMax || batch.length === taskEventsMax) await send();
    batch.push({ id, event });
    bytes += Buffer.byteLength(event) + 1;
  }
  await send();
  return { sent, unreadable, more: entries.length === most };
}

function rowText(list: readonly string[]): string | null {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < list.length; i += 2) fields[list[i] ?? ''] = list[i + 1] ?? '';
  try {
    return JSON.stringify(eventOf(fields as unknown as OutboxFields));
  } catch {
    return null;
  }
}
