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
   */
  admits(permit: Permit, units: number): boolean;
}

/** Calls that an instance admits per actor and outage; 0 is `closed`. */
type Settings = Pick<Config, 'chatCompletionsWithoutRedis' | 'codeCompletionsWithoutRedis' | 'embeddingsWithoutRedis'>;

/** @param now Unix ms */
export function createOutages(config: Settings, now: () => number): Outages {
  const budgets: Readonly<Record<Feature, number>> = {
    chat_completions: config.chatCompletionsWithoutRedis,
    code_completions: config.codeCompletionsWithoutRedis,
    embeddings: config.embeddingsWithoutRedis,
    attribution: 0,
  };
  const left = new Map<string, { readonly units: number; readonly untilMs: number }>();
  const admitted = new Map<string, { calls: number; units: number; readonly atMs: number }>();
  const keyOf = ({ actor, feature }: Permit): string => `${feature} ${identityOf(actor)}`;

  return {
    decided: (permit, outcome) => {
      if (budgets[permit.feature] === 0) return;
      const key = keyOf(permit);
      admitted.delete(key);
      // Burst and in-flight say nothing about what is left of the quota.
      if (outcome.decision === 'claimed' || (outcome.decision === 'denied' && outcome.cause !== 'quota')) return;
      left.delete(key);
      left.set(
        key,
        outcome.decision === 'denied'
          ? { units: 0, untilMs: outcome.retryAtMs }
          : { units: outcome.remaining, untilMs: outcome.resetAtMs },
      );
      if (left.size > rememberedMax) left.delete(left.keys().next().value ?? '');
    },
    admits: (permit, units) => {
      const budget = budgets[permit.feature];
      if (budget === 0 || permit.blocked) return false;
      const key = keyOf(permit);
      const before = admitted.get(key) ?? { calls: 0, units: 0, atMs: now() };
      const known = left.get(key);
      const available = known !== undefined && known.untilMs > now() ? known.units : permit.entitlement.limit;
      if (before.calls >= budget || before.units + units > available) return false;
      if (!admitted.has(key) && admitted.size >= rememberedMax) {
        const [oldest, entry] = admitted.entries().next().value ?? [];
        if (oldest === undefined || entry === undefined || now() - entry.atMs < forgottenMs) return false;
        admitted.delete(oldest);
      }
      admitted.set(key, { ...before, calls: before.calls + 1, units: before.units + units });
      return true;
    },
  };
}
