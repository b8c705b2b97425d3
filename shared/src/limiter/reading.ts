// What an actor has used of its quotas so far. Reads only: no burst mark, no window opened.

import type { Feature } from '../auth/auth.ts';
import { keys, redisTimeMs, shardOf, timeCommand, type TimeBudget, type Store } from '../store/store.ts';

const fields = ['used', 'end', 'interval', 'version'] as const;

/** Consumption of one feature. */
export interface Reading {
  /** Units settled and reserved in the open window; 0 without one. */
  readonly used: number;
  /** End of the open window, Unix ms; null without one. */
  readonly resetAtMs: number | null;
}

/**
 * One round trip for all features of an actor.
 * @param version where a newer one with another interval opens a new window at its next use (admit.lua): then nothing
 * is used so far.
 * @param intervals of the features that are asked for, in ms.
 */
export async function readLimits(
  store: Store,
  actor: string,
  version: number | null,
  intervals: ReadonlyMap<Feature, number | null>,
  budget: TimeBudget,
): Promise<ReadonlyMap<Feature, Reading>> {
  const shard = shardOf(actor);
  const features = [...intervals.keys()];
  const replies = await store.commands(
    [timeCommand, ...features.map((feature) => ['hmget', keys.limit(shard, feature, actor), ...fields] as const)],
    budget,
  );
  const nowMs = redisTimeMs(replies[0]);
  return new Map(
    features.map((feature, i) => {
      const [used, end, interval, usedBy] = replies[i + 1] as (string | null)[];
      const changed = version !== null && version >= Number(usedBy ?? 0) && Number(interval) !== intervals.get(feature);
      const open = typeof used === 'string' && typeof end === 'string' && Number(end) > nowMs && !changed;
      return [feature, { used: open ? Number(used) : 0, resetAtMs: open ? Number(end) : null }];
    }),
  );
}
