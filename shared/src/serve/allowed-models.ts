// The models that an actor may use by now, over all providers that have a key.

import { allowedModels, type Actor, type Feature } from '../auth/auth.ts';
import type { ProviderName } from '../upstream/upstream.ts';
import type { Context } from './context.ts';

/** Qualified names in the order of the actor's list, or of the gateway's where it allows all; empty without access to the feature. */
export function allowedFor(
  { upstream }: Context,
  actor: Actor,
  feature: Feature,
  provider: ProviderName,
): readonly string[] {
  const entitlement = actor.limits[feature];
  return entitlement === undefined || entitlement.limit === 1
    ? []
    : allowedModels(entitlement.allowedModels, provider, upstream.served(provider));
}
