// An actor's quota windows as an operator sees them, and the end of one before its time. Not the reading of callers
// (reading.ts).

import type { Actor, Feature } from '../auth/auth.ts';
import { keys, readRedisTime, shardOf, type TimeBudget, type Store } from '../store/store.ts';
import { upkeepScripts } from './upkeep-scripts.ts';

/** What Redis has of one feature of an actor. Times in Unix ms by Redis's clock. */
export interface QuotaWindow {
  /** The window's name, as rows of the ledger have it; null: none is open, and nothing is used. */
  readonly id: string | null;
  /** Units settled and reserved, and those of them that are reserved for calls in flight. */
  readonly used: number;
  readonly reserved: number;
  readonly startMs: number | null;
  readonly endMs: number | null;
  /** Calls in flight. */
  readonly inFlight: number;
}

/** Whose windows: the parts of an actor that name it. */
type Owner = Pick<Actor, 'source' | 'id'>;

const fields = ['id', 'used', 'reserved', 'start', 'end'] as const;

/** Reads only. @throws StoreUnavailable */
export async function readWindows(
  store: Store,
  owner: Owner,
  features: readonly Feature[],
  budget: TimeBudget,
): Promise<ReadonlyMap<Feature, QuotaWindow>> {
  const actor = actorOf(owner);
  const shard = shardOf(actor);
  const nowMs = await readRedisTime(store, budget);
  const replies = await store.commands(
    features.flatMap((feature) => [
      ['hmget', keys.limit(shard, feature, actor), ...fields] as const,
      ['zcount', keys.inFlight(shard, feature, actor), `(${nowMs}`, '+inf'] as const,
    ]),
    budget,
  );
  return new Map(
    features.map((feature, i): [Feature, QuotaWindow] => {
      const [id = null, used, reserved, start, end] = replies[2 * i] as (string | null)[];
      const inFlight = Number(replies[2 * i + 1]);
      if (id === null || Number(end) <= nowMs)
        return [feature, { id: null, used: 0, reserved: 0, startMs: null, endMs: null, inFlight }];
      const times = { startMs: Number(start), endMs: Number(end) };
      return [feature, { id, used: Number(used), reserved: Number(reserved), ...times, inFlight }];
    }),
  );
}

/**
 * Closes that window, so that the next call begins with a whole quota. May be repeated after StoreUnavailable.
 * @returns whether it was the open one
 */
export async function closeWindow(
  store: Store,
  owner: Owner,
  feature: Feature,
  window: string,
  budget: TimeBudget,
): Promise<boolean> {
  const actor = actorOf(owner);
  return (await store.run(upkeepScripts.reset, [keys.limit(shardOf(actor), feature, actor)], [window], budget)) === 1;
}

/** As identityOf (limiter.ts) names those who have a token. */
export function actorOf({ source, id }: Owner): string {
  return encodeURIComponent(`${source}:${id}`);
}
