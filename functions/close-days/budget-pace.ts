// Budgets of a month that are spent faster than the month goes: what the counters have, against what the directory
// states. Not the refusals (limiter).

import { dollarBudget } from '@cody-gateway/shared/auth';
import { budgetWindowName } from '@cody-gateway/shared/events';
import { budgetScopes, calendarWindows, findSubscription, findUser } from '@cody-gateway/shared/directory';
import type { Documents } from '@cody-gateway/shared/documents';
import { readBudgetCounters } from '@cody-gateway/shared/limiter';
import type { Store, TimeBudget } from '@cody-gateway/shared/store';

/** Earlier in the month one busy day would decide the forecast. */
const leastElapsed = 0.1;
/** How far above its limit a month must be foreseen to end. */
const aboveShare = 1.2;
/** Documents that are asked for at once. */
const readAtOnce = 20;

/** A monthly budget and what was spent of it. */
export interface SpentBudget {
  readonly source: string;
  readonly identifier: string;
  readonly scope: string;
  readonly window: string;
  readonly usedNanoUsd: number;
  readonly limitNanoUsd: number;
}

/** One that will not last. */
export interface FastBudget extends SpentBudget {
  /** What the month will have cost if it goes on as it did so far. */
  readonly foreseenNanoUsd: number;
}

/** Where it is looked. */
export interface PacePlaces {
  readonly store: Store;
  readonly documents: Documents;
  readonly timeZone: string;
  readonly nowMs: number;
  readonly budget: () => TimeBudget;
}

/** Those that are furthest above their limit first. @throws StoreUnavailable, and what Firestore throws */
export async function fastBudgets(places: PacePlaces): Promise<readonly FastBudget[]> {
  const { timeZone, nowMs } = places;
  const [month] = calendarWindows('month', nowMs, timeZone);
  if (month === undefined || month.endMs === null) return [];
  const elapsed = (nowMs - month.startMs) / (month.endMs - month.startMs);
  if (elapsed < leastElapsed) return [];
  return (await spentBudgets(places, nowMs))
    .map((one) => ({ ...one, foreseenNanoUsd: Math.round(one.usedNanoUsd / elapsed) }))
    .filter(({ foreseenNanoUsd, limitNanoUsd }) => foreseenNanoUsd > aboveShare * limitNanoUsd)
    .toSorted((a, b) => b.foreseenNanoUsd / b.limitNanoUsd - a.foreseenNanoUsd / a.limitNanoUsd);
}

/**
 * Monthly budgets of which something was spent in the month of `atMs`. Of a budget that was reset only the latest
 * window counts.
 * @throws StoreUnavailable, and what Firestore throws
 */
export async function spentBudgets(
  { store, documents, timeZone, budget }: PacePlaces,
  atMs: number,
): Promise<readonly SpentBudget[]> {
  const [month] = calendarWindows('month', atMs, timeZone);
  const used = new Map<string, Map<string, number>>();
  for await (const page of readBudgetCounters(store, budget))
    for (const { actor, scope, window, settledNanoUsd } of page) {
      if (budgetWindowName(window) !== month?.name || settledNanoUsd <= 0) continue;
      const own = used.get(actor) ?? new Map<string, number>();
      used.set(actor, own.set(`${scope} ${window}`, settledNanoUsd));
    }
  const actors = [...used];
  const found: SpentBudget[] = [];
  for (let i = 0; i < actors.length; i += readAtOnce) {
    const some = await Promise.all(
      actors.slice(i, i + readAtOnce).map(async ([actor, own]) => {
        const [source, identifier] = splitAtColon(actor);
        const entry = await (source === 'dotcom-user' ? findUser : findSubscription)(documents, identifier);
        if (entry === null || 'fault' in entry) return [];
        const { budgets } = entry.record.overrides;
        return budgetScopes.flatMap((scope): SpentBudget[] => {
          const stated = budgets?.[scope] ?? null;
          if (stated === null || stated.window !== 'month') return [];
          const { limitNanoUsd, windows } = dollarBudget(scope, stated, atMs, timeZone);
          const window = windows[0]?.name ?? '';
          const usedNanoUsd = own.get(`${scope} ${window}`);
          return usedNanoUsd === undefined ? [] : [{ source, identifier, scope, window, usedNanoUsd, limitNanoUsd }];
        });
      }),
    );
    found.push(...some.flat());
  }
  return found;
}

function splitAtColon(actor: string): readonly [source: string, identifier: string] {
  const at = actor.indexOf(':');
  return [actor.slice(0, at), actor.slice(at + 1)];
}
