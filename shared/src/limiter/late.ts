// A settlement that Redis did not confirm: what a task carries of it, and how it is applied when the task arrives. The
// task is the journal.

import { keptMoney, shardOf, type ByBudget, type KeptMoney, type TimeBudget, type Store } from '../store/store.ts';
import { scripts } from './scripts.ts';
import { windowsText } from './money.ts';
import { endedTimeMs, endKeys, rememberedTimeMs, type LateMoney, type LateSettlement } from './settlement.ts';

/** What the counter kept of a late settlement. */
export interface LateOutcome {
  /** Null: it counts in no window. */
  readonly window: string | null;
  readonly kept: number;
  /** Of a call with budgets: what their windows kept. */
  readonly budgets?: ByBudget<KeptMoney>;
}

/** A record of the first try may have ended so long before its life: clocks differ, and tasks take their time. */
const clockSkewMs = 60_000;

/**
 * Ends the lease by what is found of it. Open: the actual usage is applied; ended: nothing; swept: the difference; no
 * record: charged if its window is open. May be repeated: the record that it leaves outlives the window.
 *
 * A call that was admitted without Redis has no window of its own: it is charged to the one that stands when the charge
 * arrives, as long as a window that the call itself would have opened would still stand; where none stands it opens
 * that one, begun with the call. Later it is the ledger's alone.
 *
 * Where an earlier try may have been applied so long ago that its record has ended, `no record` says nothing: then the
 * earlier try, or the sweeper after it, is taken to have charged the units.
 * @param units 0 gives the reservation back
 * @throws StoreUnavailable
 */
export async function settleLate(
  store: Store,
  leaseId: string,
  units: number,
  late: LateSettlement,
  nowMs: number,
  budget: TimeBudget,
): Promise<LateOutcome> {
  const { actor, feature, money } = late;
  const doubtful = late.tried_at_ms !== null && nowMs - late.tried_at_ms > endedTimeMs - clockSkewMs;
  const since = `@${Math.floor(late.admitted_at_ms)}+${Math.floor(late.interval_ms)}`;
  const [found, kept, , , window, spent] = (await store.run(
    scripts.settle,
    endKeys(shardOf(actor), feature, actor, leaseId, late.claim, money !== undefined),
    [
      leaseId,
      doubtful ? '' : (late.window ?? since),
      units,
      units > 0 ? 'settled' : 'void',
      // A window ends within an interval: no repetition can charge twice.
      Math.max(endedTimeMs, Math.ceil(late.interval_ms), money === undefined ? 0 : rememberedTimeMs),
      '',
      ...(money === undefined ? [] : lateMoney(money, doubtful)),
    ],
    budget,
  )) as [found: string, kept: number, entry: null, notice: null, window?: string, spent?: string];
  // Without a window: the record is that of a doubtful try before this one.
  const assumed = doubtful && (found === 'none' || (money !== undefined && spent === ';0;;0'));
  const budgets = money === undefined ? {} : { budgets: assumed ? assumedMoney(money) : keptMoney(spent ?? '') };
  if (assumed) return { window: late.window, kept: late.window === null ? 0 : units, ...budgets };
  const charged = late.window ?? (window === undefined || window === '' ? null : window);
  return { window: charged, kept: charged === null ? 0 : kept, ...budgets };
}

/** ARGV[7] to ARGV[17] of settle.lua, without notices or an event. */
function lateMoney({ nano_usd, windows }: LateMoney, doubtful: boolean): (string | number)[] {
  return ['', '', '', '', '', '', nano_usd ?? '', doubtful ? ';;;' : windowsText(windows), '', '', ''];
}

/** What an earlier try has charged, whose record is gone. */
function assumedMoney({ nano_usd, windows }: LateMoney): ByBudget<KeptMoney> {
  const kept = (window: { readonly name: string } | null): KeptMoney | null =>
    window === null ? null : { window: window.name, nanoUsd: nano_usd ?? 0 };
  return { subscription: kept(windows.subscription), feature: kept(windows.feature) };
}
