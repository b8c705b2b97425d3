// Holds the counters of budgets against the ledger, and raises what Redis has lost: by an operator's command, and by
// itself when another Redis answers than before, and once a day. Quotas' counters are the operator's command alone.

import { calendarWindows } from '../directory/directory.ts';
import { budgetSums, budgetWindowName, type BudgetSum, type Ledger } from '../events/events.ts';
import { raiseBudget, readBudgetCounters } from '../limiter/limiter.ts';
import { keys, type Store, type TimeBudget } from '../store/store.ts';

/** A call may have begun a little before the clock of Redis opened its window. */
const earlierMs = 86_400_000;
/** Before any row of ours. */
const beginningMs = Date.UTC(2020, 0, 1);
/**
 * Between the two looks of a run that raises by itself: the row of a refund, or of a call that settled lower than the
 * sweeper had charged it, is on its way for some seconds, and until it arrives the ledger says too much.
 */
const secondLookMs = 60_000;
/** Longer than any pause of the job; whoever finds none reconciles everything. */
const markLifeMs = 30 * 86_400_000;
const dayMs = 86_400_000;

/** A window whose counter is not what its rows say. */
export interface BudgetDifference extends BudgetSum {
  /** Unix ms; null: it never ends. */
  readonly endMs: number | null;
  /** What the counter has settled; 0 where Redis does not know the window. */
  readonly settledNanoUsd: number;
}

/** Where the ledger and the counters are that are compared. */
export interface BudgetPlaces {
  readonly ledger: Pick<Ledger, 'query' | 'dataset'>;
  readonly store: Store;
  /** The billing time zone. */
  readonly timeZone: string;
  readonly nowMs: number;
  /** A fresh one for each step. */
  readonly budget: () => TimeBudget;
}

/**
 * Windows that run now and differ, those that are furthest below first. The counters are read first: what settles
 * afterwards is in the ledger's sum alone, and raising by it is right all the same.
 * @param whole windows that never end are summed over the whole ledger; else only where the month has a row of one
 * @throws StoreUnavailable, and what the warehouse throws
 */
export async function compareBudgets(
  { ledger, store, timeZone, nowMs, budget }: BudgetPlaces,
  whole: boolean,
): Promise<readonly BudgetDifference[]> {
  const ends = new Map<string, number | null>([['life', null]]);
  for (const span of ['month', 'day'] as const) {
    const [window] = calendarWindows(span, nowMs, timeZone);
    if (window !== undefined) ends.set(window.name, window.endMs);
  }
  const [month] = calendarWindows('month', nowMs, timeZone);
  const settled = new Map<string, BudgetDifference>();
  for await (const page of readBudgetCounters(store, budget))
    for (const { actor, scope, window, settledNanoUsd } of page) {
      const endMs = ends.get(budgetWindowName(window));
      if (endMs === undefined) continue;
      settled.set(keyOf({ actor, scope, window }), { actor, scope, window, endMs, settledNanoUsd, nanoUsd: 0 });
    }
  const recent = await budgetSums(ledger, { names: [...ends.keys()], fromMs: (month?.startMs ?? nowMs) - earlierMs });
  const isEndless = ({ window }: Pick<BudgetSum, 'window'>): boolean => budgetWindowName(window) === 'life';
  const lives =
    whole || recent.some(isEndless) ? await budgetSums(ledger, { names: ['life'], fromMs: beginningMs }) : [];
  for (const sum of [...recent.filter((one) => !isEndless(one)), ...lives]) {
    const endMs = ends.get(budgetWindowName(sum.window)) ?? null;
    const known = settled.get(keyOf(sum));
    settled.set(keyOf(sum), { ...sum, endMs, settledNanoUsd: known?.settledNanoUsd ?? 0 });
  }
  // Nobody summed those that never end.
  const summed = whole || lives.length > 0;
  return [...settled.values()]
    .filter((one) => one.nanoUsd !== one.settledNanoUsd && (summed || !isEndless(one)))
    .toSorted((a, b) => missing(b) - missing(a));
}

/** Nano-dollars that the counter lacks; below 0: rows are on their way. */
export function missing({ nanoUsd, settledNanoUsd }: BudgetDifference): number {
  return nanoUsd - settledNanoUsd;
}

/** @returns nano-dollars by which it was raised; null: the window is over. @throws StoreUnavailable */
export function raiseDifference(store: Store, one: BudgetDifference, budget: TimeBudget): Promise<number | null> {
  return raiseBudget(store, one, one.nanoUsd, budget);
}

/** What a run of the job has done; null: nothing was due. */
export interface Reconciled {
  readonly why: 'another redis' | 'daily';
  /** Windows that were raised, and by how much altogether. */
  readonly raised: number;
  readonly raised_nano_usd: number;
}

/**
 * Once a day, and whenever another Redis answers than at the last time (a failover, a restart, one that is empty): the
 * mark of that stands in Redis itself, and is lost with what it tells of.
 * @param wait between the two looks
 * @throws StoreUnavailable, and what the warehouse throws; then the next run tries again
 */
export async function reconcileWhenDue(
  places: BudgetPlaces,
  wait: (ms: number) => Promise<unknown>,
): Promise<Reconciled | null> {
  const { store, nowMs, budget } = places;
  const runIds = (await store.runIds(budget())).toSorted().join(',');
  const [mark] = (await store.commands([['get', keys.reconciled()]], budget())) as [string | null];
  const [knownIds, atMs = '0'] = (mark ?? '').split(' ');
  const isOther = knownIds !== runIds;
  if (!isOther && nowMs - Number(atMs) < dayMs) return null;
  const below = async (): Promise<readonly BudgetDifference[]> =>
    (await compareBudgets(places, isOther)).filter((one) => missing(one) > 0);
  const first = await below();
  let [raised, raisedNanoUsd] = [0, 0];
  if (first.length > 0) {
    await wait(secondLookMs);
    const before = new Set(first.map(keyOf));
    for (const one of await below()) {
      const by = before.has(keyOf(one)) ? await raiseDifference(store, one, budget()) : null;
      if (by === null || by === 0) continue;
      raised += 1;
      raisedNanoUsd += by;
    }
  }
  await store.commands([['set', keys.reconciled(), `${runIds} ${nowMs}`, 'px', markLifeMs]], budget());
  return { why: isOther ? 'another redis' : 'daily', raised, raised_nano_usd: raisedNanoUsd };
}

function keyOf({ actor, scope, window }: Pick<BudgetSum, 'actor' | 'scope' | 'window'>): string {
  return JSON.stringify([actor, scope, window]);
}
