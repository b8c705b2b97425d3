// A slow walk over all keys for counters that lost their expiry: a few thousand keys a run, going on where the last run
// stopped. Not what is due (sweep.ts).

import { keys, type TimeBudget, type Store } from '../store/store.ts';
import { upkeepScripts } from './upkeep-scripts.ts';

/** Keys that Redis looks at in one step: well below a millisecond of its thread. */
const stepKeys = 500;
/** How long a walk that nobody continues is remembered. */
const cursorTimeMs = 86_400_000;
const counters = '{s*}:limit:*';

/**
 * Some steps of the walk. Two walks at once look at some keys twice, which changes nothing.
 * @param steps at the most
 * @returns counters that were given an expiry or forgotten
 * @throws StoreUnavailable; the next run goes on from the last step that was whole
 */
export async function restoreExpiries(store: Store, steps: number, budget: () => TimeBudget): Promise<number> {
  const [saved] = (await store.commands([['get', keys.walk()]], budget())) as [string | null];
  let cursor = saved ?? '0';
  let restored = 0;
  for (let step = 0; step < steps; step++) {
    const scan = ['scan', cursor, 'match', counters, 'count', stepKeys] as const;
    const [[next, found]] = (await store.commands([scan], budget()).catch(async (error: unknown) => {
      // It may be the cursor of a cluster that looked otherwise: the next run begins anew.
      if (cursor !== '0') await store.commands([['del', keys.walk()]], budget()).catch(() => undefined);
      throw error;
    })) as [[string, string[]]];
    const mended = await Promise.all(found.map((key) => store.run(upkeepScripts.restoreExpiry, [key], [], budget())));
    restored += mended.filter((outcome) => outcome === 1).length;
    cursor = next;
    await store.commands([['set', keys.walk(), cursor, 'px', cursorTimeMs]], budget());
    if (cursor === '0') break;
  }
  return restored;
}
