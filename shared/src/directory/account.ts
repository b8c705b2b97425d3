// What the directory holds of one actor: access, plan, overrides put together. Not where it is stored.

import type { StatedLimit, SubscribedFeature } from './limits.ts';
import { planLimits } from './plan.ts';
import type { SubscriptionRecord } from './records.ts';
import type { TokenSource } from './token.ts';

/** One actor as the directory has it. */
export interface Account {
  readonly source: TokenSource;
  /** Subscription id without `es_`, or decimal user number. */
  readonly id: string;
  readonly record: SubscriptionRecord;
  /**
   * The directory's: microseconds of the last change of the token's or the actor's document; 0 where it is not in
   * there.
   */
  readonly version: number;
}

/** Where an actor's prompts may go. */
export interface PromptPlaces {
  /** Null: to the company alone whose model is asked for. */
  readonly companies: readonly string[] | null;
  /** Null: anywhere. */
  readonly regions: readonly string[] | null;
  /** How long they may be kept at the most; null: as long as the company does. */
  readonly retention: 'none' | '30-days' | 'longer' | null;
}

/** What is stated of it; null: nothing is. */
export function promptPlaces({ overrides: { prompts } }: SubscriptionRecord): PromptPlaces | null {
  if (prompts === null || prompts === undefined) return null;
  const { companies, regions, retention } = prompts;
  return { companies: companies ?? null, regions: regions ?? null, retention: retention ?? null };
}

/** Whether the source grants access, or the operator in its place; an archived subscription never has it. */
export function hasAccess({ accessEnabled, archived, overrides }: SubscriptionRecord): boolean {
  return (overrides.accessEnabled ?? accessEnabled) && !(overrides.archived ?? archived);
}

/**
 * A feature's limit: stated by the source or by the plan, each field replaced where an override is stored; null where
 * none is complete.
 */
export function effectiveLimit(
  { limits, plan, overrides }: SubscriptionRecord,
  feature: SubscribedFeature,
  nowMs: number,
): StatedLimit | null {
  const base = limits[feature] ?? planLimits(plan, nowMs)[feature];
  const override = overrides.limits?.[feature];
  const limit = override?.limit ?? base?.limit;
  const intervalSeconds = override?.intervalSeconds ?? base?.intervalSeconds;
  if (limit === undefined || intervalSeconds === undefined) return null;
  return { limit, intervalSeconds, allowedModels: override?.allowedModels ?? base?.allowedModels ?? ['*'] };
}
