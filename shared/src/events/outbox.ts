// Sends what this instance posted on to Cloud Tasks, in batches, beside the requests. What it can't send stays in
// Redis for the sweeper.

import { keys, type Store } from '../store/store.ts';
import type { LateSettlement, Posted, PostedNotice } from '../limiter/limiter.ts';
import { within } from '../telemetry/telemetry.ts';
import { nextBatch } from './batch.ts';
import { eventTaskBody, lateTaskBody, taskEventsMax } from './event-task.ts';
import { noticeTaskName, unsentNotice, type Notice } from './notice.ts';
import type { TaskQueue } from './task-queue.ts';
import type { UsageEvent } from './usage-event.ts';

/** Events that wait in memory at the most; beyond it they are left to the sweeper, from the entry in Redis. */
const heldMax = 10_000;
/** How long the first event of a batch waits for company. Short: the instance has CPU only while requests run. */
const gatherMs = 100;
/** Tasks being created at once. */
const sendingMax = 4;
/**
 * Notices under way at once; there are three a window, so more at once are many subscriptions' and can wait for the
 * sweeper.
 */
const noticesMax = 100;

/** What a caller may wait for the queue. */
const sendNowMs = 300;

/** The sending end of the outbox. */
export interface Outbox {
  /** Takes over an event that stands in the outbox. Never waits, never throws. @param event a whole row as JSON */
  take(posted: Posted, event: string): void;
  /**
   * Sends an event that stands in no outbox: waits for the queue, 300 ms at most. False: it did not get through, or
   * nobody knows.
   * @param settlement of a lease that has still to be ended, by deliver-events
   */
  sendNow(event: UsageEvent, settlement?: LateSettlement): Promise<boolean>;
  /**
   * Takes over a notice that stands in the outbox; one that has no queue ends here, in the log. Never waits, never
   * throws.
   */
  notify(posted: Pick<PostedNotice, 'shard' | 'entry'>, notice: Notice): void;
  /** Sends what is held; resolves when nothing is under way any more. For the drain on SIGTERM. */
  flush(): Promise<void>;
}

/**
 * What became of events here: acknowledged by the queue; not, so the sweeper's or the log's; no room or no queue, so
 * the sweeper's.
 */
export type SendingState = 'sent' | 'failed' | 'left';

interface Held {
  readonly posted: Posted;
  readonly event: string;
}

/**
 * @param queue null: nothing is sent, every entry is left to the sweeper.
 * @param noticeQueue null: notices are told to `warn` and forgotten.
 * @param warn is told of batches that could not be sent.
 * @param count is told of every event once, for the metrics.
 */
export function createOutbox(
  store: Store,
  queue: TaskQueue | null,
  noticeQueue: TaskQueue | null,
  warn: (message: string, error: unknown) => void,
  count: (state: SendingState, events: number) => void,
): Outbox {
  let held: Held[] = [];
  let timer: NodeJS.Timeout | null = null;
  const sending = new Set<Promise<void>>();

  const send = async (tasks: TaskQueue, batch: readonly Held[]): Promise<void> => {
    try {
      await tasks.create(eventTaskBody(batch.map(({ event }) => event)));
    } catch (error) {
      count('failed', batch.length);
      return warn(`${batch.length} events stay in the outbox for the sweeper: the queue did not take them`, error);
    }
    // Acknowledged: the queue keeps them from here on. A deletion that fails costs a second delivery, which the
    // warehouse drops.
    count('sent', batch.length);
    await store
      .commands(deletions(batch), { leftMs: 1_000 })
      .catch((error: unknown) =>
        warn(`${batch.length} events were sent, but not deleted: the sweeper sends them again`, error),
      );
  };

  const pump = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    while (queue !== null && held.length > 0 && sending.size < sendingMax) {
      const batch = nextBatch(held, ({ event }) => event);
      held = held.slice(batch.length);
      const work = send(queue, batch).finally(() => {
        sending.delete(work);
        if (held.length > 0) pump();
      });
      sending.add(work);
    }
  };

  const notices = new Set<Promise<void>>();
  const sendNotice = async ({ shard, entry }: Pick<PostedNotice, 'shard' | 'entry'>, notice: Notice): Promise<void> => {
    try {
      if (noticeQueue === null) warn(unsentNotice(notice), null);
      else await noticeQueue.create(JSON.stringify(notice), noticeTaskName(notice));
      await store.commands([['xdel', keys.outbox(shard), entry]], { leftMs: 1_000 });
    } catch (error) {
      warn('a notice stays in the outbox for the sweeper: its queue did not take it, so it comes minutes late', error);
    }
  };

  return {
    sendNow: async (event, settlement) => {
      if (queue === null) {
        count('left', 1);
        return false;
      }
      const body =
        settlement === undefined ? eventTaskBody([JSON.stringify(event)]) : lateTaskBody({ event, settlement });
      const work = queue.create(body).then(
        () => true,
        (error: unknown) => {
          warn('an event did not get into the queue, nor had Redis taken it: the next ERROR line has it whole', error);
          return false;
        },
      );
      const sent = await within(work, sendNowMs, () => false);
      count(sent ? 'sent' : 'failed', 1);
      return sent;
    },
    notify: (posted, notice) => {
      if (notices.size >= noticesMax) return;
      const work = sendNotice(posted, notice).finally(() => notices.delete(work));
      notices.add(work);
    },
    take: (posted, event) => {
      if (queue === null || held.length >= heldMax) {
        count('left', 1);
        return;
      }
      held.push({ posted, event });
      if (held.length >= taskEventsMax) pump();
      else timer ??= setTimeout(pump, gatherMs);
    },
    flush: async () => {
      pump();
      while (sending.size + notices.size > 0) await Promise.all([...sending, ...notices]);
    },
  };
}

/** One XDEL per shard. */
function deletions(batch: readonly Held[]): ['xdel', ...string[]][] {
  const byKey = new Map<string, string[]>();
  for (const { posted } of batch) {
    const key = keys.outbox(posted.shard);
    const entries = byKey.get(key);
    if (entries === undefined) byKey.set(key, [posted.entry]);
    else entries.push(posted.entry);
  }
  return [...byKey].map(([key, entries]) => ['xdel', key, ...entries]);
}
