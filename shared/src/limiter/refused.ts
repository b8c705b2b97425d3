// A refusal as admit.lua tells it, as a Denial; and notices of budgets as scripts tell them. Not the refusing.

import type { DollarBudget, Feature } from '../auth/auth.ts';
import type { Shard } from '../store/store.ts';
import type { Denial } from './denial.ts';
import type { BudgetCause, CallMoney } from './call-money.ts';
import type { PostedBudgetNotice } from './settlement.ts';

/** Place of a budget in scripts: 1 the subscription's, 2 the feature's. */
type Place = 1 | 2;

export type RefusedReply = readonly [
  state: 'refused',
  cause: Denial['cause'],
  limit: number,
  retryAt: number,
  now: number,
  entry: string | null,
  place?: Place,
  window?: string,
  end?: number,
  settled?: number,
  reserved?: number,
  notice?: string | null,
];

/** @param id of the lease that was asked for */
export function denialOf(
  reply: RefusedReply,
  { id, shard, feature, money }: { id: string; shard: Shard; feature: Feature; money: CallMoney | null },
): Denial {
  const [, cause, limit, retryAtMs, nowMs, entry, place, window, end, settled = 0, reserved = 0, notice = null] = reply;
  const posted = entry === null ? null : { shard, entry, id, window: null, kept: 0 };
  const denial: Denial = { decision: 'denied', cause, limit, retryAtMs, nowMs, posted };
  if (place === undefined || window === undefined || end === undefined) return denial;
  const told = { shard, entry: notice ?? '', scope: scopeOf(place, feature), window, limitNanoUsd: limit };
  const kept = { window, nanoUsd: 0 };
  const budgets = { subscription: place === 1 ? kept : null, feature: place === 2 ? kept : null };
  return {
    ...denial,
    posted: posted === null ? null : { ...posted, budgets },
    budget: {
      scope: told.scope,
      window,
      resetAtMs: endOf(end),
      limitNanoUsd: limit,
      settledNanoUsd: settled,
      leftNanoUsd: Math.max(0, limit - settled - reserved),
      reservedNanoUsd: reserved,
      costNanoUsd: money?.cost.worstNanoUsd ?? 0,
      notice:
        notice === null
          ? null
          : {
              ...told,
              reached: cause as BudgetCause,
              usedNanoUsd: settled,
              resetAtMs: endOf(end),
              draft: money?.notice?.draft ?? '',
            },
    },
  };
}

/** As settle.lua tells a notice: all but the entry's id and the window are numbers. */
export type BudgetNoticeReply = readonly [
  entry: string,
  place: string,
  window: string,
  percent: string,
  settled: string,
  limit: string,
  end: string,
];

export function budgetNotice(
  reply: BudgetNoticeReply,
  shard: Shard,
  feature: Feature,
  draft: string,
): PostedBudgetNotice {
  const [entry, place, window, percent, settled, limit, end] = reply;
  return {
    shard,
    entry,
    scope: scopeOf(Number(place) as Place, feature),
    window,
    reached: Number(percent),
    usedNanoUsd: Number(settled),
    limitNanoUsd: Number(limit),
    resetAtMs: endOf(Number(end)),
    draft,
  };
}

function scopeOf(place: Place, feature: Feature): DollarBudget['scope'] {
  // Only features that models serve have budgets (auth).
  return place === 1 ? 'subscription' : (feature as DollarBudget['scope']);
}

const endOf = (end: number): number | null => (end === 0 ? null : end);
