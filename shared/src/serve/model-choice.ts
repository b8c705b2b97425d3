// A call's choice of model as auth asks for it, its own and those that it has called beside it.

import type { ModelChoice } from '../auth/auth.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Dialect } from '../http/http.ts';
import { featuresOf, type SecondModel, type Surface } from '../upstream/upstream.ts';

/**
 * Named to callers of SDKs, each of which can list models. Instances can't, and know the sentence that names all
 * models.
 */
const listedAt = 'GET /v1/models';

/** @param catalogue the call's snapshot @param dialect of the route */
export function modelChoice(
  { provider, asked, typed, model, nearest }: Omit<SecondModel, 'unavailable'>,
  catalogue: Catalogue,
  surface: Surface,
  dialect: Dialect,
): ModelChoice {
  const id = model?.id ?? null;
  return {
    provider: provider.id,
    model: asked,
    id,
    names: id === null ? [] : [`${provider.id}/${typed}`, id, ...catalogue.coveringOf(id)],
    served: catalogue.servedNames(provider.id, featuresOf(surface), surface.dialects),
    nearest,
    ...(dialect !== 'cody' && { listedAt }),
  };
}
