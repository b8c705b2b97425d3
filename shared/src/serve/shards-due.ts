// Which shards have something for the sweeper: one look at all of them. Not the work itself (sweep.ts).

import { keys, type TimeBudget, type Shard, type Store } from '../store/store.ts';

/**
 * Shards looked at at once. Their commands leave in one write and cost Redis about a millisecond: a look at 4,096 idle
 * shards is sixteen round trips. Each shard's commands are waited for by themselves, so that a node of a cluster that
 * is away fails its own shards alone.
 */
const shardsAtOnce = 256;

/** What the look found. */
export interface ShardsDue {
  /** With leases or folds whose time is over. */
  readonly overdue: readonly Shard[];
  /** With events that were written before `olderThanMs`. */
  readonly leftBehind: readonly Shard[];
  /** When the oldest event of any outbox was written, Unix ms by Redis's clock; null when all are empty. */
  readonly oldestMs: number | null;
  /** Shards that the look did not come to. */
  readonly left: number;
}

/**
 * Looks, changing nothing: another run may do what is found meanwhile.
 * @param nowMs by Redis's clock
 * @param goesOn asked before each round trip
 * @param failed is told of shards that could not be looked at
 */
export async function findShardsDue(
  store: Store,
  shards: readonly Shard[],
  { nowMs, olderThanMs }: { readonly nowMs: number; readonly olderThanMs: number },
  budget: () => TimeBudget,
  goesOn: () => boolean,
  failed: (shard: Shard, error: unknown) => void,
): Promise<ShardsDue> {
  const overdue: Shard[] = [];
  const leftBehind: Shard[] = [];
  let oldestMs: number | null = null;
  const due = ['-inf', nowMs, 'byscore', 'limit', 0, 1] as const;
  const look = async (shard: Shard): Promise<void> => {
    const [leases, folds, [oldest]] = (await store.commands(
      [
        ['zrange', keys.leases(shard), ...due],
        ['zrange', keys.folds(shard), ...due],
        ['xrange', keys.outbox(shard), '-', '+', 'count', 1],
      ],
      budget(),
    )) as [unknown[], unknown[], [id: string, fields: string[]][]];
    if (leases.length + folds.length > 0) overdue.push(shard);
    if (oldest === undefined) return;
    const writtenMs = Number(oldest[0].split('-')[0]);
    oldestMs = Math.min(oldestMs ?? writtenMs, writtenMs);
    if (writtenMs <= olderThanMs) leftBehind.push(shard);
  };
  let next = 0;
  while (next < shards.length && goesOn()) {
    const some = shards.slice(next, next + shardsAtOnce);
    next += some.length;
    await Promise.all(some.map((shard) => look(shard).catch((error: unknown) => failed(shard, error))));
  }
  return { overdue, leftBehind, oldestMs, left: shards.length - next };
}
