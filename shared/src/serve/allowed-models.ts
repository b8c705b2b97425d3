// The models that an actor may use at this moment, on a path of the SDKs.

import { allowedModels, type Actor, type Feature } from '../auth/auth.ts';
import type { Catalogue, Model } from '../catalogue/catalogue.ts';
import { featuresOf, type Surface } from '../upstream/upstream.ts';

/**
 * Those of the surface's own provider first; each provider's in the order of the actor's list, or of the gateway's
 * where that allows all.
 */
export function allowedFor(catalogue: Catalogue, actor: Actor, feature: Feature, surface: Surface): readonly Model[] {
  const { provider: own, dialects } = surface;
  const entitlement = actor.limits[feature];
  if (entitlement === undefined || entitlement.limit === 1) return [];
  const served = catalogue.served({ features: featuresOf(surface), dialects });
  const byId = new Map(served.map((model) => [model.id, model]));
  const providers = new Set([own, ...served.map(({ provider }) => provider.id)]);
  return [...providers].flatMap((provider) =>
    allowedModels(
      entitlement.allowedModels,
      provider,
      catalogue.servedNames(provider, featuresOf(surface), dialects),
    ).flatMap((id) => byId.get(id) ?? []),
  );
}
