// What an actor has used of its quotas by now. Reads only: no burst mark, no window opened.

import type { Feature } from '../auth/auth.ts';
import { keys, shardOf, type Budget, type Store } from '../store/store.ts';

/** Consumption of one feature. */
export interface Reading {
  /** Units settled and reserved in the open window; 0 without one. */
  readonly used: number;
  /** End of the open window, Unix ms; null without one. */
  readonly resetAtMs: number | null;
}

/** One round trip for all features of an actor. */
export async function readLimits(
  store: Store,
  actor: string,
  features: readonly Feature[],
  budget: Budget,
): Promise<ReadonlyMap<Feature, Reading>> {
  const shard = shardOf(actor);
  const replies = await store.commands(
    [['time'], ...features.map((feature) => ['hmget', keys.limit(shard, feature, actor), 'used', 'end'] as const)],
    budget,
  );
  const [seconds, micros] = replies[0] as [string, string];
  const nowMs = Number(seconds) * 1000 + Number(micros) / 1000;
  return new Map(
    features.map((feature, i) => {
      const [used, end] = replies[i + 1] as [string | null, string | null];
      const open = used !== null && end !== null && Number(end) > nowMs;
      return [feature, { used: open ? Number(used) : 0, resetAtMs: open ? Number(end) : null }];
    }),
  );
}
