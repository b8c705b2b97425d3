// Who is served while Redis can't be asked: by feature nobody, or each actor a small number of calls an outage. The
// charge follows by a task (lease-end.ts).

import type { Feature, Permit } from '../auth/auth.ts';
import type { Config } from '../config/config.ts';
import { identityOf, type Claimed, type Denial, type Lease } from '../limiter/limiter.ts';

/** Actors and features that are remembered of each kind. */
const rememberedMax = 10_000;
/** Who was admitted so long ago and was never seen by Redis since makes room for another, if room is needed. */
const forgottenMs = 3_600_000;

/** What an instance does while Redis is away: nothing of a feature is served, or a few calls of each actor. */
export interface Outages {
  /** What Redis has decided: it ends the outage for that actor, and tells what the actor has left. */
  decided(permit: Permit, outcome: Lease | Denial | Claimed): void;
  /**
   * May the call be made although Redis can't be asked? Counts it if so. Each actor and feature has its number of
   * calls, and no new one before Redis has decided about it again; never an actor that was last seen without the
   * units, or one that is blocked.
   * @param hardNanoUsd what it may cost, where a hard budget in dollars holds; null: none does
   */
  admits(permit: Permit, units: number, hardNanoUsd?: number | null): boolean;
}

/** Calls that an instance admits per actor and outage; 0 is `closed`. */
type Settings = Pick<
  Config,
  'chatCompletionsWithoutRedis' | 'codeCompletionsWithoutRedis' | 'embeddingsWithoutRedis' | 'budgetWithoutRedisNanoUsd'
>;

/** @param now Unix ms */
export function createOutages(settings: Settings, now: () => number): Outages {
  const budgets: Readonly<Record<Feature, number>> = {
    chat_completions: settings.chatCompletionsWithoutRedis,
    code_completions: settings.codeCompletionsWithoutRedis,
    embeddings: settings.embeddingsWithoutRedis,
    attribution: 0,
  };
  const left = new Map<string, { readonly units: number; readonly untilMs: number }>();
  const admitted = new Map<string, { calls: number; units: number; nanoUsd: number; readonly atMs: number }>();
  /** What those of `admitted` may have cost, under hard budgets. */
  let spentNanoUsd = 0;
  const forget = (key: string): void => {
    spentNanoUsd -= admitted.get(key)?.nanoUsd ?? 0;
    admitted.delete(key);
  };
  const keyOf = ({ actor, feature }: Permit): string => `${feature} ${identityOf(actor)}`;

  return {
    decided: (permit, outcome) => {
      if (budgets[permit.feature] === 0) return;
      const key = keyOf(permit);
      forget(key);
      // Burst and in-flight say nothing about what is left of the quota.
      const isUsedUp = outcome.decision === 'denied' && ['quota', 'budget-used-up'].includes(outcome.cause);
      if (outcome.decision === 'claimed' || (outcome.decision === 'denied' && !isUsedUp)) return;
      left.delete(key);
      left.set(
        key,
        outcome.decision === 'denied'
          ? { units: 0, untilMs: outcome.retryAtMs }
          : { units: outcome.remaining, untilMs: outcome.resetAtMs },
      );
      if (left.size > rememberedMax) left.delete(left.keys().next().value ?? '');
    },
    admits: (permit, units, hardNanoUsd = null) => {
      const budget = budgets[permit.feature];
      if (budget === 0 || permit.blocked) return false;
      const key = keyOf(permit);
      const before = admitted.get(key) ?? { calls: 0, units: 0, nanoUsd: 0, atMs: now() };
      const known = left.get(key);
      const available = known !== undefined && known.untilMs > now() ? known.units : permit.entitlement.limit;
      if (before.calls >= budget || before.units + units > available) return false;
      const isTooDear = hardNanoUsd !== null && spentNanoUsd + hardNanoUsd > settings.budgetWithoutRedisNanoUsd;
      if (isTooDear || (hardNanoUsd !== null && settings.budgetWithoutRedisNanoUsd === 0)) return false;
      if (!admitted.has(key) && admitted.size >= rememberedMax) {
        const [oldest, entry] = admitted.entries().next().value ?? [];
        if (oldest === undefined || entry === undefined || now() - entry.atMs < forgottenMs) return false;
        forget(oldest);
      }
      const nanoUsd = hardNanoUsd ?? 0;
      spentNanoUsd += nanoUsd;
      admitted.set(key, {
        ...before,
        calls: before.calls + 1,
        units: before.units + units,
        nanoUsd: before.nanoUsd + nanoUsd,
      });
      return true;
    },
  };
}
