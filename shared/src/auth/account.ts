// What the directory holds of one actor, and the actor that it makes: access, plan, overrides put together. Not where it is stored.

import type { Actor } from './actor.ts';
import type { SubscriptionRecord } from './documents.ts';
import { entitle, features, type BurstSettings, type Entitlement, type SubscribedFeature } from './entitlement.ts';
import { planLimits } from './plan.ts';
import type { TokenSource } from './token.ts';

/** One actor as the directory has it. */
export interface Account {
  readonly source: TokenSource;
  /** Subscription id without `es_`, or decimal user number. */
  readonly id: string;
  readonly record: SubscriptionRecord;
  /** The directory's: microseconds of the last change of the token's or the actor's document; 0 where it is not in there. */
  readonly version: number;
}

/** What of the configuration decides about access. */
export interface AccessSettings extends BurstSettings {
  /** Only licences with the tag `dev` or `internal` have access (spec actors §1.6). */
  readonly dotcomInternalMode: boolean;
}

/** Tags that internal mode lets in. */
const internalTags = ['dev', 'internal'];

/** The actor of an account, by today's configuration and time. */
export function actorOf({ source, id, record, version }: Account, settings: AccessSettings, nowMs: number): Actor {
  const limits: Partial<Record<SubscribedFeature, Entitlement>> = {};
  for (const feature of features) {
    const entitlement = entitle(effectiveLimit(record, feature, nowMs), settings);
    if (entitlement !== null) limits[feature] = entitlement;
  }
  return {
    source,
    id,
    name: record.name,
    accessEnabled: hasAccess(record) && (!settings.dotcomInternalMode || isInternal(source, record)),
    pool: null,
    lastUpdatedMs: record.lastUpdatedMs ?? null,
    version,
    limits,
  };
}

/** Whether the source, or the operator against it, grants access; the archive has the last word. */
export function hasAccess({ accessEnabled, archived, overrides }: SubscriptionRecord): boolean {
  return (overrides.accessEnabled ?? accessEnabled) && !(overrides.archived ?? archived);
}

/** A feature's limit: stated by the source or by the plan, each field replaced where an override is stored; null where none is complete. */
export function effectiveLimit(
  { limits, plan, overrides }: SubscriptionRecord,
  feature: SubscribedFeature,
  nowMs: number,
): { limit: number; intervalSeconds: number; allowedModels: readonly string[] } | null {
  const base = limits[feature] ?? planLimits(plan, nowMs)[feature];
  const override = overrides.limits?.[feature];
  const limit = override?.limit ?? base?.limit;
  const intervalSeconds = override?.intervalSeconds ?? base?.intervalSeconds;
  if (limit === undefined || intervalSeconds === undefined) return null;
  return { limit, intervalSeconds, allowedModels: override?.allowedModels ?? base?.allowedModels ?? ['*'] };
}

/** Operators' own subscriptions have no licence; internal mode is about those that Sourcegraph.com lists. */
function isInternal(source: TokenSource, { origin, tags }: SubscriptionRecord): boolean {
  if (origin === 'operator' || source === 'dotcom-user') return true;
  return tags.some((tag) => internalTags.includes(tag));
}
