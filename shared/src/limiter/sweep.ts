// Ends what its holder left behind in one shard: overdue leases and folded refusals. What becomes of the outbox is the
// events room's.

import { keys, type TimeBudget, type Shard, type Store } from '../store/store.ts';
import { endKeys, rememberedTimeMs } from './settlement.ts';
import { shareOf } from './share.ts';
import { upkeepScripts } from './upkeep-scripts.ts';

/** Records read in one round trip: some hundred bytes each. */
const recordsAtOnce = 100;

/** What one pass over a shard did. */
export interface Swept {
  /** Leases charged and marked orphaned. */
  readonly orphaned: number;
  /** Folded rows written. */
  readonly unfolded: number;
  /** True when there was more than one pass may take. */
  readonly more: boolean;
}

/**
 * One bounded pass over a shard; safe to run twice at once, since every step is a script that checks first.
 * @param nowMs by Redis's clock; it only picks candidates, each script looks at the clock again.
 * @param most leases and folds at the most.
 * @throws StoreUnavailable
 */
export async function sweepShard(
  store: Store,
  shard: Shard,
  nowMs: number,
  most: number,
  budget: () => TimeBudget,
): Promise<Swept> {
  const due = ['-inf', nowMs, 'byscore', 'limit', 0, most] as const;
  const [leaseIds, foldKeys] = (await store.commands(
    [
      ['zrange', keys.leases(shard), ...due],
      ['zrange', keys.folds(shard), ...due],
    ],
    budget(),
  )) as [string[], string[]];
  let orphaned = 0;
  for (let i = 0; i < leaseIds.length; i += recordsAtOnce) {
    const ids = leaseIds.slice(i, i + recordsAtOnce);
    const records = await store.commands(
      ids.map((id) => ['get', keys.lease(shard, id)] as const),
      budget(),
    );
    for (const [n, id] of ids.entries())
      if (await sweepLease(store, shard, id, records[n] as string | null, budget())) orphaned++;
  }
  let unfolded = 0;
  for (const fold of foldKeys)
    unfolded += (await store.run(
      upkeepScripts.unfold,
      [keys.outbox(shard), fold, keys.folds(shard)],
      shareOf(store),
      budget(),
    )) as number;
  return { orphaned, unfolded, more: leaseIds.length === most || foldKeys.length === most };
}

/** The record names feature and actor, and so the keys; without a record only the index is left to clear. */
async function sweepLease(
  store: Store,
  shard: Shard,
  id: string,
  record: string | null,
  budget: TimeBudget,
): Promise<boolean> {
  const [, , estimate = '', feature = 'none', actor = 'none', claim = null] =
    (record ?? '').split('\n', 1)[0]?.split(' ') ?? [];
  const [outcome] = (await store.run(
    upkeepScripts.sweep,
    endKeys(shard, feature, actor, id, claim, estimate.includes(';')),
    [id, rememberedTimeMs],
    budget,
  )) as [string, number];
  return outcome === 'swept';
}
