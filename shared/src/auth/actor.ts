// The actor: who a request is charged to.

import {
  effectiveLimit,
  features,
  hasAccess,
  promptPlaces,
  type Account,
  type PromptPlaces,
  type SubscribedFeature,
  type SubscriptionRecord,
  type TokenSource,
} from '../directory/directory.ts';
import { actorBudgets, type ActorBudgets } from './actor-budgets.ts';
import { entitle, type BurstSettings, type Entitlement, type Feature } from './entitlement.ts';

/** Names of the original gateway's sources; they stand in events and in thresholds of notices, so they stay. */
export type ActorSource = 'anonymous' | TokenSource;

/** A subscription, a Sourcegraph.com user, or everybody without a token. Never changed once made. */
export interface Actor {
  readonly source: ActorSource;
  /** Subscription id without `es_`, or decimal user number; the `identifier` of events. */
  readonly id: string;
  readonly name: string;
  /** Of the subscription: what its source or operator calls it by, for reports. */
  readonly tags: readonly string[];
  readonly accessEnabled: boolean;
  /** Where its prompts may go; absent or null: nothing is stated. */
  readonly places?: PromptPlaces | null;
  /** What it may spend in dollars; absent: there is no such limit. */
  readonly budgets?: ActorBudgets;
  /** Whose pool an anonymous caller draws from: a hash of its address. Null for everybody who has a token. */
  readonly pool: string | null;
  /** When its source last told of it, Unix ms; null where none did: an operator made it. */
  readonly lastUpdatedMs: number | null;
  /** Grows with each change in the directory, microseconds (documents). */
  readonly version: number;
  /** Only usable ones: interval and limit above zero, at least one model. */
  readonly limits: Readonly<Partial<Record<Feature, Entitlement>>>;
}

/** What of the configuration decides about access. */
export interface AccessSettings extends BurstSettings {
  /** Only licences with the tag `dev` or `internal` have access. */
  readonly dotcomInternalMode: boolean;
  /** In which days and months of budgets begin. */
  readonly billingTimeZone: string;
}

/** In every row of a call; licences have two or three. */
const tagsMax = 20;

/** Tags that internal mode lets in. */
const internalTags = ['dev', 'internal'];

/** The actor of an account, by today's configuration and time. */
export function actorOf({ source, id, record, version }: Account, settings: AccessSettings, nowMs: number): Actor {
  const limits: Partial<Record<SubscribedFeature, Entitlement>> = {};
  for (const feature of features) {
    const entitlement = entitle(effectiveLimit(record, feature, nowMs), settings);
    if (entitlement !== null) limits[feature] = entitlement;
  }
  const budgets = actorBudgets(record.overrides.budgets, settings.billingTimeZone);
  return {
    source,
    id,
    name: record.name,
    tags: record.tags.slice(0, tagsMax),
    accessEnabled: hasAccess(record) && (!settings.dotcomInternalMode || isInternal(source, record)),
    places: promptPlaces(record),
    ...(budgets !== null && { budgets }),
    pool: null,
    lastUpdatedMs: record.lastUpdatedMs ?? null,
    version,
    limits,
  };
}

/** Operators' own subscriptions have no licence; internal mode is about those that Sourcegraph.com lists. */
function isInternal(source: TokenSource, { origin, tags }: SubscriptionRecord): boolean {
  if (origin === 'operator' || source === 'dotcom-user') return true;
  return tags.some((tag) => internalTags.includes(tag));
}
