// Whose model a request means, and which homes may have it: the choice that a permit and a provider call are made of. Not whether this caller may.

import type { Catalogue, DialectName, Model, ModelFeature, ProviderRow, Resolution } from '../catalogue/catalogue.ts';
import type { Choice, JsonObject, Surface } from './call.ts';
import { resolveModel, type Deployment } from './virtual-models.ts';

/** What the choice depends on besides the request. */
export interface ChoiceRules {
  readonly catalogue: Catalogue;
  readonly surface: Surface;
  readonly dialect: DialectName;
  /** The path of an instance: it takes one provider's models, and their names as they are. */
  readonly forInstances: boolean;
  readonly deployment: Deployment;
}

/** Completions are asked of these. */
const completionFeatures = ['chat', 'code'] as const;

/** Features of the models that a surface takes. */
export function featuresOf({ features = completionFeatures }: Surface): readonly ModelFeature[] {
  return features;
}

/** @throws Error for a surface of a provider that the catalogue does not have: a fault of ours */
export function choose(body: JsonObject, rules: ChoiceRules): Choice {
  const { catalogue, dialect, forInstances } = rules;
  const name = typeof body['model'] === 'string' ? body['model'] : '';
  const found = resolve(name, rules);
  const provider = providerOf(name, found, rules);
  const typed = bare(name, provider.id, rules);
  const asked = provider.rules.includes('fireworks-virtual-models')
    ? resolveModel(typed, typeof body['languageId'] === 'string' ? body['languageId'] : '', rules.deployment)
    : typed;
  const resolution = asked === typed ? found : catalogue.resolve(asked, provider.id);
  const chosen = { provider, asked, typed, model: null, unavailable: null, homes: [], nearest: [] };
  if (resolution.kind === 'refused' || resolution.model.provider !== provider || !answers(resolution.model, rules))
    return { ...chosen, nearest: forInstances ? [] : nearestOf(name, resolution, rules) };
  const { model } = resolution;
  const speaking = catalogue.homesOf(model).filter((home) => home.dialects[dialect] !== undefined);
  if (resolution.kind === 'disabled') return { ...chosen, model, unavailable: resolution.text };
  const homes = speaking.filter(({ status }) => status === 'open');
  if (homes.length > 0) return { ...chosen, model, homes };
  const draining = speaking.find(({ status }) => status === 'draining');
  // Without a key or an address it never was served.
  return draining === undefined ? chosen : { ...chosen, model, unavailable: draining.why };
}

/** Paths of instances take a prefix in front of a name in one dialect alone: elsewhere it is part of a name that nobody serves. */
function takesPrefix({ forInstances, dialect }: ChoiceRules): boolean {
  return !forInstances || dialect === 'anthropic-messages';
}

function bare(name: string, provider: string, rules: ChoiceRules): string {
  const prefix = `${provider}/`;
  return takesPrefix(rules) && name.toLowerCase().startsWith(prefix) ? name.slice(prefix.length) : name;
}

function resolve(name: string, rules: ChoiceRules): Resolution {
  const { catalogue, surface, forInstances } = rules;
  if (!forInstances) return catalogue.resolve(name);
  const isPrefixed = name.toLowerCase().startsWith(`${surface.provider}/`);
  return isPrefixed && !takesPrefix(rules)
    ? { kind: 'refused', nearest: [] }
    : catalogue.resolve(name, surface.provider);
}

/** Whose model is meant: the found one's provider, else that of the prefix, of what is written alike, or of the surface. */
function providerOf(name: string, found: Resolution, rules: ChoiceRules): ProviderRow {
  const { catalogue, surface, forInstances } = rules;
  const usual = rowOf(catalogue, surface.provider);
  if (usual === null) throw new Error(`the catalogue has no provider ${surface.provider}`);
  if (forInstances) return usual;
  if (found.kind !== 'refused' && answers(found.model, rules)) return found.model.provider;
  const prefixed = rowOf(catalogue, prefixOf(name).toLowerCase());
  if (prefixed !== null && surface.dialects.some((dialect) => prefixed.dialects[dialect] !== undefined))
    return prefixed;
  const [alike] = nearestOf(name, found, rules);
  return (alike === undefined ? null : rowOf(catalogue, prefixOf(alike))) ?? usual;
}

function nearestOf(name: string, found: Resolution, { catalogue, surface }: ChoiceRules): readonly string[] {
  const nearest = found.kind === 'refused' ? found.nearest : catalogue.nearest(name);
  const here = new Set(
    catalogue.served({ features: featuresOf(surface), dialects: surface.dialects }).map(({ id }) => id),
  );
  return nearest.filter((id) => here.has(id));
}

/** Whether it can be asked in a dialect of the surface, as far as is known of it and its homes. */
function answers(model: Model, { catalogue, surface }: ChoiceRules): boolean {
  const { row } = model;
  const { dialects } = surface;
  return (
    featuresOf(surface).some((feature) => row.features.includes(feature)) &&
    (row.dialects === null || dialects.some((dialect) => row.dialects?.includes(dialect))) &&
    catalogue.homesOf(model).some((home) => dialects.some((dialect) => home.dialects[dialect] !== undefined))
  );
}

const prefixOf = (name: string): string => name.slice(0, Math.max(0, name.indexOf('/')));

const rowOf = (catalogue: Catalogue, id: string): ProviderRow | null => catalogue.providers.get(id)?.row ?? null;

/** Whether any home can be asked on this surface, open or draining: a surface without one is no path. */
export function hasHomes(catalogue: Catalogue, { provider, dialects }: Surface, forInstances: boolean): boolean {
  return catalogue.homes.some(
    (home) =>
      (!forInstances || home.row.provider === provider) &&
      (home.status === 'open' || home.status === 'draining') &&
      dialects.some((dialect) => home.dialects[dialect] !== undefined),
  );
}
