// Whose model a request means, and which homes may have it: the choice that a permit and a provider call are made of.
// Not whether this caller may.

import type {
  Catalogue,
  DialectName,
  Home,
  Model,
  ModelFeature,
  ProviderRow,
  Resolution,
} from '../catalogue/catalogue.ts';
import type { CallerFacts, Choice, JsonObject, Surface } from './call.ts';
import { meetsNeeds, needsOf, needsText } from './homes/needs.ts';
import { mayHavePrompts, placesRefusal } from './homes/prompt-places.ts';
import { isObject } from './request-body.ts';
import { resolveModel, type Deployment } from './virtual-models.ts';

/** What the choice depends on besides the request. */
export interface ChoiceRules {
  readonly catalogue: Catalogue;
  readonly surface: Surface;
  readonly dialect: DialectName;
  readonly caller: CallerFacts;
  readonly deployment: Deployment;
}

/** Features of the models that complete. */
const completionFeatures = ['chat', 'code'] as const;

/** Features of the models that a surface takes. */
export function featuresOf({ features = completionFeatures }: Surface): readonly ModelFeature[] {
  return features;
}

/** @throws Error for a surface of a provider that the catalogue does not have: a fault of ours */
export function choose(body: JsonObject, rules: ChoiceRules): Choice {
  const { catalogue, dialect } = rules;
  const name = typeof body['model'] === 'string' ? body['model'] : '';
  const found = resolve(name, rules);
  const provider = providerOf(name, found, rules);
  const typed = bare(name, provider.id, rules);
  const asked = provider.rules.includes('fireworks-virtual-models')
    ? resolveModel(typed, typeof body['languageId'] === 'string' ? body['languageId'] : '', rules.deployment)
    : typed;
  const resolution = asked === typed ? found : catalogue.resolve(asked, provider.id);
  const chosen = { provider, asked, typed, model: null, unavailable: null, homes: [], cacheKey: '', nearest: [] };
  if (resolution.kind === 'refused' || resolution.model.provider !== provider || !answers(resolution.model, rules))
    return { ...chosen, nearest: isForInstances(rules) ? [] : nearestOf(name, resolution, rules) };
  const { model } = resolution;
  const speaking = catalogue.homesOf(model).filter((home) => home.dialects[dialect] !== undefined);
  if (resolution.kind === 'disabled') return { ...chosen, model, unavailable: resolution.text };
  const open = speaking.filter(({ status }) => status === 'open');
  if (open.length > 0) return { ...chosen, model, ...homesFor(model, open, body, rules) };
  const draining = speaking.find(({ status }) => status === 'draining');
  // Homes that lack a key or an address were never served, so they are no reason to speak of an outage.
  return draining === undefined ? chosen : { ...chosen, model, unavailable: draining.why };
}

/** The path of an instance: it takes one provider's models, and their names as they are. */
const isForInstances = ({ caller }: ChoiceRules): boolean => caller.dialect === 'cody';

/** Which of its open homes may have the request, and can serve it; where none is left, why. */
function homesFor(
  model: Model,
  open: readonly Home[],
  body: JsonObject,
  { caller, dialect }: ChoiceRules,
): Pick<Choice, 'homes' | 'unavailable' | 'cacheKey'> {
  const places = caller.places ?? null;
  const allowed = open.filter((home) => mayHavePrompts(home, model.provider, places));
  if (allowed.length === 0) return { homes: [], unavailable: placesRefusal(model.id, places), cacheKey: '' };
  const betas =
    dialect === 'anthropic-messages' && caller.dialect === 'anthropic' ? caller.headers['anthropic-beta'] : '';
  const needs = needsOf(body, typeof betas === 'string' && betas !== '' ? betas : null);
  const homes = allowed.filter((home) => meetsNeeds(home, needs, model.provider));
  if (homes.length === 0) return { homes, unavailable: needsText(model.id, needs), cacheKey: '' };
  // Needed only where there is more than one home to choose from.
  return { homes, unavailable: null, cacheKey: homes.length > 1 ? cacheKeyOf(body, caller) : '' };
}

/** Enough to tell conversations apart; a longer key is cut. */
const cacheKeyMax = 256;

/** OpenAI's member for it, else the user that the caller names, in the body or in an instance's header. */
function cacheKeyOf(body: JsonObject, { actorUid }: CallerFacts): string {
  const { prompt_cache_key: key, user, metadata } = body;
  const named = [key, user, isObject(metadata) ? metadata['user_id'] : null, actorUid];
  const found = named.find((name): name is string => typeof name === 'string' && name !== '');
  return found?.slice(0, cacheKeyMax) ?? '';
}

/**
 * Paths of instances take a prefix in one dialect alone: in the others it would be a part of a name that nobody serves.
 */
function takesPrefix(rules: ChoiceRules): boolean {
  return !isForInstances(rules) || rules.dialect === 'anthropic-messages';
}

function bare(name: string, provider: string, rules: ChoiceRules): string {
  const prefix = `${provider}/`;
  return takesPrefix(rules) && name.toLowerCase().startsWith(prefix) ? name.slice(prefix.length) : name;
}

function resolve(name: string, rules: ChoiceRules): Resolution {
  const { catalogue, surface } = rules;
  if (!isForInstances(rules)) return catalogue.resolve(name);
  const isPrefixed = name.toLowerCase().startsWith(`${surface.provider}/`);
  return isPrefixed && !takesPrefix(rules)
    ? { kind: 'refused', nearest: [] }
    : catalogue.resolve(name, surface.provider);
}

/** The provider of the model that was found, else of the prefix, else of names written alike, else of the surface. */
function providerOf(name: string, found: Resolution, rules: ChoiceRules): ProviderRow {
  const { catalogue, surface } = rules;
  const usual = rowOf(catalogue, surface.provider);
  if (usual === null) throw new Error(`the catalogue has no provider ${surface.provider}`);
  if (isForInstances(rules)) return usual;
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
