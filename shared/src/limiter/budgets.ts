// Budgets as an operator, a caller and the reconciliation see them: what their windows have used, and what moves that
// besides calls. Not their limits (directory).

import type { Actor, DollarBudget } from '../auth/auth.ts';
import {
  keptMoney,
  keys,
  redisTimeMs,
  shardOf,
  timeCommand,
  type Shard,
  type Store,
  type TimeBudget,
} from '../store/store.ts';
import type { BudgetWindow } from '../directory/directory.ts';
import { named } from './money.ts';
import { endedTimeMs, type Posted } from './settlement.ts';
import { shareOf } from './share.ts';
import { runningTally, tallyCommand, tallyOf, type BudgetReading } from './tally.ts';
import { actorOf } from './window.ts';
import { upkeepScripts } from './upkeep-scripts.ts';

/** Whose budgets: the parts of an actor that name it. */
type Owner = Pick<Actor, 'source' | 'id'>;

/** One round trip for all budgets of an actor, by Redis's time. Reads only. @throws StoreUnavailable */
export async function readBudgets(
  store: Store,
  owner: Owner,
  budgets: readonly DollarBudget[],
  budget: TimeBudget,
): Promise<readonly BudgetReading[]> {
  const actor = actorOf(owner);
  const shard = shardOf(actor);
  const replies = await store.commands([timeCommand, ...budgets.map((one) => tallyCommand(shard, actor, one))], budget);
  const nowMs = redisTimeMs(replies[0]);
  return budgets.flatMap((one, i) => runningTally(one, replies[i + 1] as (string | null)[], nowMs) ?? []);
}

/** One window of somebody's budget, whoever asks. */
export interface BudgetCounter {
  /** Source and id. */
  readonly actor: string;
  readonly scope: string;
  /** Name of the window, as rows of the ledger have it. */
  readonly window: string;
  /** Unix ms; null: it never ends. */
  readonly endMs: number | null;
  readonly settledNanoUsd: number;
  readonly reservedNanoUsd: number;
}

/** Keys that Redis looks at in one step. */
const stepKeys = 500;
const tallies = '{s*}:budget:*';

/** All windows that are remembered, page by page; one may come twice. @throws StoreUnavailable */
export async function* readBudgetCounters(
  store: Store,
  budget: () => TimeBudget,
): AsyncGenerator<readonly BudgetCounter[]> {
  let cursor = '0';
  do {
    const scan = ['scan', cursor, 'match', tallies, 'count', stepKeys] as const;
    const [[next, found]] = (await store.commands([scan], budget())) as [[string, string[]]];
    cursor = next;
    if (found.length === 0) continue;
    const replies = await store.commands(
      found.map((key) => ['hgetall', key] as const),
      budget(),
    );
    yield found.flatMap((key, i) => {
      const [, , scope = '', actor = ''] = key.split(':');
      return Object.entries(replies[i] as Record<string, string>).map(([window, text]) => ({
        actor: decodeURIComponent(actor),
        scope,
        window,
        ...tallyOf(text),
      }));
    });
  } while (cursor !== '0');
}

/**
 * Raises a window to the ledger's sum in one step, also one that Redis has lost. Calls that settle meanwhile are not
 * counted twice: the sum is what the window has settled at the least.
 * @returns nano-dollars by which it was raised; null when the window is over for more than forty days
 * @throws StoreUnavailable
 */
export async function raiseBudget(
  store: Store,
  { actor, scope, window, endMs }: Pick<BudgetCounter, 'actor' | 'scope' | 'window' | 'endMs'>,
  settledNanoUsd: number,
  budget: TimeBudget,
): Promise<number | null> {
  const identity = encodeURIComponent(actor);
  const key = keys.budget(shardOf(identity), scope, identity);
  return (await store.run(upkeepScripts.raiseBudget, [key], [named(window), endMs ?? 0, settledNanoUsd], budget)) as
    number | null;
}

/** What an operator moves, and the row that says so. */
export interface Correction {
  /** The row's; the same again changes nothing. */
  readonly eventId: string;
  readonly scope: DollarBudget['scope'];
  readonly window: Pick<BudgetWindow, 'name' | 'endMs'>;
  /** By how much the window's use moves: below 0 for a refund, 0 for what moves no counter (a grant, a reset). */
  readonly byNanoUsd: number;
  /** What is given back may not be more than what calls that ended have used: else nothing is done. */
  readonly withinUse?: boolean;
  /** Opaque bytes. */
  readonly event: string;
}

/**
 * `known`: an earlier try of the same has done it. `full`: nothing was done, since the outbox has no room for the
 * event. `short`: nothing was done, since less than that was used.
 */
export type Corrected =
  | { readonly outcome: 'corrected'; readonly settledNanoUsd: number; readonly posted: Posted }
  | { readonly outcome: 'short'; readonly settledNanoUsd: number }
  | { readonly outcome: 'known' }
  | { readonly outcome: 'full' };

/** Counter and event in one step. May be repeated after StoreUnavailable, for a quarter of an hour. */
export async function correctBudget(
  store: Store,
  owner: Owner,
  { eventId, scope, window, byNanoUsd, withinUse = false, event }: Correction,
  budget: TimeBudget,
): Promise<Corrected> {
  const actor = actorOf(owner);
  const shard: Shard = shardOf(actor);
  const isSubscription = scope === 'subscription';
  const [outcome, settledNanoUsd = 0, kept = 0, entry = ''] = (await store.run(
    upkeepScripts.correctBudget,
    [keys.budget(shard, scope, actor), keys.lease(shard, eventId), keys.outbox(shard)],
    [
      eventId,
      named(window.name),
      window.endMs ?? 0,
      byNanoUsd,
      isSubscription ? 1 : 2,
      endedTimeMs,
      event,
      ...shareOf(store),
      withinUse ? 1 : 0,
    ],
    budget,
  )) as [outcome: Corrected['outcome'], settled?: number, kept?: number, entry?: string];
  if (outcome === 'short') return { outcome, settledNanoUsd };
  if (outcome !== 'corrected') return { outcome };
  const budgets = keptMoney(isSubscription ? `${window.name};${kept};;0` : `;0;${window.name};${kept}`);
  return { outcome, settledNanoUsd, posted: { shard, entry, id: eventId, window: null, kept: 0, budgets } };
}
