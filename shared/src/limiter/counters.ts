// Lists all open quota windows, for an operator who compares them with the ledger after a failover, and raises one.
// Not the reading of callers.

import { redisTimeMs, timeCommand, type TimeBudget, type Store } from '../store/store.ts';
import { upkeepScripts } from './upkeep-scripts.ts';

/** Keys that Redis looks at in one step. */
const stepKeys = 500;
const counters = '{s*}:limit:*';

/** An open quota window. */
export interface Counter {
  /** Its key in Redis. */
  readonly key: string;
  readonly feature: string;
  /** Identity as keys have it, decoded: source and id. */
  readonly actor: string;
  /** Name of the window, as rows of the ledger have it. */
  readonly window: string;
  /** Units settled, and those reserved for calls in flight. */
  readonly settled: number;
  readonly reserved: number;
  /** Unix ms by Redis's clock. */
  readonly startMs: number;
  readonly endMs: number;
}

/** Page by page; a counter may come twice. @throws StoreUnavailable */
export async function* readCounters(store: Store, budget: () => TimeBudget): AsyncGenerator<readonly Counter[]> {
  let cursor = '0';
  do {
    const scan = ['scan', cursor, 'match', counters, 'count', stepKeys] as const;
    const [[next, keys]] = (await store.commands([scan], budget())) as [[string, string[]]];
    cursor = next;
    if (keys.length === 0) continue;
    const replies = await store.commands(
      [timeCommand, ...keys.map((key) => ['hmget', key, 'id', 'used', 'reserved', 'start', 'end'] as const)],
      budget(),
    );
    const nowMs = redisTimeMs(replies[0]);
    yield keys.flatMap((key, i) => counterOf(key, replies[i + 1] as (string | null)[], nowMs));
  } while (cursor !== '0');
}

function counterOf(key: string, fields: readonly (string | null)[], nowMs: number): Counter[] {
  const [window = null, used = null, reserved = null, start = null, end = null] = fields;
  const [, , feature = '', actor = ''] = key.split(':');
  if (window === null || used === null || reserved === null || Number(end) <= nowMs) return [];
  const settled = Number(used) - Number(reserved);
  const times = { startMs: Number(start), endMs: Number(end) };
  return [{ key, feature, actor: decodeURIComponent(actor), window, settled, reserved: Number(reserved), ...times }];
}

/**
 * Raises a counter to the ledger's sum in one step, while its window is still the same. Calls that settle meanwhile are
 * not counted twice: the sum is what the window has settled at the least.
 * @returns units by which it was raised; null when the window is over
 * @throws StoreUnavailable
 */
export async function raiseCounter(
  store: Store,
  { key, window }: Counter,
  settledUnits: number,
  budget: TimeBudget,
): Promise<number | null> {
  return (await store.run(upkeepScripts.raiseCounter, [key], [window, settledUnits], budget)) as number | null;
}
