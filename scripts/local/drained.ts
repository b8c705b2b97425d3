// The end of what a gateway owes the events table, for tests: no outbox holds an entry, no task waits. What an instance
// gave up on is the sweep's; where no sweep runs its work is done here, by its own code.

import type { Redis } from 'ioredis';
import { loadConfig } from '@cody-gateway/shared/config';
import { createEventQueue, createNoticeQueue, takeLeftBehind, tasksOverRest } from '@cody-gateway/shared/events';
import { connectStore } from '@cody-gateway/shared/store';
import type { LocalCloud } from './cloud.ts';

/** For a fault, not for a slow machine: so long nothing at all has moved. */
const stillMs = 30_000;
const lookEveryMs = 20;
const entriesMax = 1_000;

/** What an instance says of entries that it sends no more (events/outbox.ts). */
const givenUp = /in the outbox for the sweeper|the sweeper sends them again/;

/** What becomes of events. */
export interface Drain {
  /** Takes each line of each function. */
  line(line: string): void;
  /** Resolves once everything has arrived. @throws Error when nothing moves any more */
  drained(cloud: LocalCloud, redis: Redis): Promise<void>;
}

/** Looks, since outbox and queue empty themselves. */
export function createDrain(): Drain {
  let left = false;
  return {
    line: (line) => {
      left ||= givenUp.test(line);
    },
    drained: async (cloud, redis) => {
      let [before, sinceMs] = ['', Date.now()];
      for (;;) {
        const outboxes = await redis.keys('*:outbox');
        const lengths = await Promise.all(outboxes.map((key) => redis.xlen(key)));
        if (lengths.every((length) => length === 0)) return cloud.tasks.idle();
        const seen = JSON.stringify([lengths, cloud.tasks.stats]);
        if (seen !== before) [before, sinceMs] = [seen, Date.now()];
        if (Date.now() - sinceMs > stillMs)
          throw new Error(`an outbox holds entries, and nothing has moved for ${stillMs / 1000} s`);
        if (left && !cloud.functions.has('sweep-leases')) {
          left = false;
          await deliverLeftBehind(cloud, outboxes);
        }
        await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
      }
    },
  };
}

/** What a sweep does for these shards, and without its patience: their instance has said that it is through. */
export async function deliverLeftBehind(cloud: LocalCloud, outboxes: readonly string[]): Promise<void> {
  const config = loadConfig(cloud.env);
  const tasks = tasksOverRest(cloud.tasks.url, () => Promise.reject(new Error('a stand-in wants no token')));
  const queues = { events: createEventQueue(config, tasks), notices: createNoticeQueue(config, tasks) };
  const store = connectStore(config, () => undefined);
  try {
    for (const key of outboxes)
      await takeLeftBehind(store, queues, key.slice(1, key.indexOf('}')), Number.MAX_SAFE_INTEGER, entriesMax, () => ({
        leftMs: 10_000,
      }));
  } finally {
    await store.close();
  }
}
