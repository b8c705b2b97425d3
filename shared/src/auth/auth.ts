// Door of the auth room: who calls, and what they may use. Not how much of it is left (limiter).

import type { Config } from '../config/config.ts';
import { createActorCache } from './actor-cache.ts';
import { accessRefusal, noToken } from './access-refusal.ts';
import type { Actor } from './actor.ts';
import { openDirectory } from './directory.ts';
import { entitle, type Entitlement, type Feature } from './entitlement.ts';
import { entitlementOf, permitAttribution, permitModel, type ModelChoice, type Permit } from './permit.ts';
import { classifyToken } from './token.ts';

export { AccessRefusal, type AccessEvent } from './access-refusal.ts';
export type { Actor, ActorSource } from './actor.ts';
export { callerToken, featureFromHeader } from './request-headers.ts';
export { features, type Entitlement, type Feature } from './entitlement.ts';
export type { ModelChoice, Permit } from './permit.ts';
export { allowedModels } from './permit.ts';
export { openDirectory, type Directory, type DirectorySettings } from './directory.ts';
export type { SubscriptionRecord } from './documents.ts';
export {
  createSubscription,
  findSubscription,
  listSubscriptions,
  type NewSubscription,
  type SubscriptionEntry,
} from './subscriptions.ts';
export { deriveFromAccessToken, deriveFromLicenceKey } from './token.ts';

/** The auth of this process. */
export interface Auth {
  /**
   * Looks the token up: in-process cache, then the directory.
   * @param token empty where the caller sent none.
   * @param evenDisabled for what is open to subscriptions whose access is off (spec actors §8).
   * @throws AccessRefusal (no-token, invalid-token, access-disabled), Refusal (directory-unavailable); texts of spec actors §1.4 with design D1
   */
  identify(token: string, evenDisabled?: boolean): Promise<Actor>;
  /** The actor's entitlement to a feature. @throws Refusal `feature-access` */
  entitlement(actor: Actor, feature: Feature): Entitlement;
  /** Proof that this actor may use this model for this feature. @throws Refusal feature-access, model-unknown, model-not-allowed */
  permit(actor: Actor, feature: Feature, choice: ModelChoice): Permit;
  /** Proof that this actor may search for the origin of code. @throws Refusal `subscriptions-only` */
  permitAttribution(actor: Actor): Permit;
  /** Loads the directory's client; to be called once the port is open. */
  warm(): void;
}

/** What auth needs from the process. */
export interface AuthSettings {
  readonly config: Config;
  readonly now: () => number;
  readonly warn: (message: string, error: unknown) => void;
}

/** Makes the auth of a process over the Firestore directory. */
export function createAuth({ config, now, warn }: AuthSettings): Auth {
  const directory = openDirectory(config);
  const perDay = { limit: config.attributionPerDay, intervalSeconds: 86_400, allowedModels: ['*'] };
  const attribution = entitle(perDay, config);
  if (attribution === null) throw new Error('the limit of attribution grants nothing');
  const cache = createActorCache((token) => directory.findActor(token, config), now, warn);
  return {
    identify: async (token, evenDisabled = false) => {
      if (token === '') throw noToken();
      const known = classifyToken(token);
      const actor = await cache.find(known);
      if (actor === null) throw accessRefusal('unknown', known.source, known.hash);
      if (!actor.accessEnabled && !evenDisabled) throw accessRefusal('disabled', actor.source, actor.id);
      return actor;
    },
    entitlement: entitlementOf,
    permit: permitModel,
    permitAttribution: (actor) => permitAttribution(actor, attribution),
    warm: () => {
      directory
        .warm()
        .catch((error: unknown) => warn('the Firestore client did not load, the next look-up tries again', error));
    },
  };
}
