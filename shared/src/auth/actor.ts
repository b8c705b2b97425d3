// The actor: who a request is charged to.

import type { Entitlement, Feature } from './entitlement.ts';

/** Names of the original's sources; they stand in events and in thresholds of notices, so they stay (spec actors §1.3). */
export type ActorSource = 'anonymous' | 'dotcom-user' | 'dotcom-product-subscriptions';

/** A subscription, a Sourcegraph.com user, or everybody without a token. Never changed once made. */
export interface Actor {
  readonly source: ActorSource;
  /** Subscription id without `es_`, or decimal user number; the `identifier` of events. */
  readonly id: string;
  readonly name: string;
  readonly accessEnabled: boolean;
  /** Whose pool an anonymous caller draws from: a hash of its address. Null for everybody who has a token. */
  readonly pool: string | null;
  /** When its source last told of it, Unix ms; null where none did: an operator made it. */
  readonly lastUpdatedMs: number | null;
  /** Grows with each change in the directory, microseconds (directory.ts). */
  readonly version: number;
  /** Only usable ones: interval and limit above zero, at least one model (spec completions §1.3). */
  readonly limits: Readonly<Partial<Record<Feature, Entitlement>>>;
}
