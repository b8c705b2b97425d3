// By which members a request has another model called, and billed, beside its own: one closed table for each API. What
// has another model answer in the first one's place is refused (guarded-members.ts). Not whether this caller may.

import type { Catalogue, ProviderRow } from '../catalogue/catalogue.ts';
import { Refusal } from '../http/http.ts';
import type { Choice, JsonObject, SecondModel } from './call.ts';
import type { Api } from './guarded-members.ts';
import { isObject } from './request-body.ts';

/**
 * Places of names, from the top of the body; `*` is every item of a list. OpenAI's moderation names a model as well:
 * nobody is billed for it.
 */
const places: Readonly<Record<Api, readonly (readonly string[])[]>> = {
  // The advisor, as a tool of the request or as one that a conversation brings along (@anthropic-ai/sdk 1.12.0).
  anthropic: ['tools.*.model', 'messages.*.content.*.tool.definition.model'].map(steps),
  // Of servers that run tools or plugins of their own, with a model of their own.
  openai: ['tools.*.model', 'tools.*.parameters.model', 'plugins.*.model'].map(steps),
  // Pictures, and the author of drawings within them (openai 7.57.0).
  'openai-responses': ['tools.*.model', 'tools.*.svg.model', 'input.*.tools.*.model', 'input.*.tools.*.svg.model'].map(
    steps,
  ),
  // Both of Google's members choose the model that answers: they are refused.
  google: [],
};

function steps(place: string): readonly string[] {
  return place.split('.');
}

/** The model that a tool uses when its request names none; null: that is not known. */
export function toolModel(type: string, unnamed: ProviderRow['toolModels']): string | null {
  return Object.hasOwn(unnamed, type) ? (unnamed[type] ?? null) : null;
}

/** Each is looked up and held against a list. */
const namesMax = 10;

/**
 * The names, each once. For a tool that names none the provider's own choice counts as named.
 * @param members what goes to the provider
 * @param unnamed that choice by the tool's type
 * @throws Refusal `bad-request` for more of them than a request can need
 */
export function secondNames(members: JsonObject, api: Api, unnamed: ProviderRow['toolModels']): readonly string[] {
  const names = new Set<string>();
  for (const place of places[api]) collect(members, place, 0, names, unnamed);
  return [...names];
}

function collect(
  value: unknown,
  place: readonly string[],
  at: number,
  names: Set<string>,
  unnamed: ProviderRow['toolModels'],
): void {
  const step = place[at];
  if (step === undefined) {
    if (typeof value !== 'string' || value === '') return;
    names.add(value);
    if (names.size > namesMax)
      throw new Refusal('bad-request', `the tools of a request may name ${namesMax} models, these name more`);
  } else if (step === '*') {
    if (Array.isArray(value)) for (const item of value as unknown[]) collect(item, place, at + 1, names, unnamed);
  } else if (isObject(value)) {
    const isTool = at > 1 && place[at - 2] === 'tools' && step === 'model';
    const choice = isTool && typeof value['type'] === 'string' ? toolModel(value['type'], unnamed) : null;
    collect(value[step] ?? choice, place, at + 1, names, unnamed);
  }
}

/**
 * What such names mean: models of the same provider, which is who calls them.
 * @param nearest whether a name that means none is told which ones may have been meant
 */
export function secondModels(
  names: readonly string[],
  provider: Choice['provider'],
  catalogue: Catalogue,
  nearest: boolean,
): readonly SecondModel[] {
  return names.map((name) => {
    const found = catalogue.resolve(name, provider.id);
    const prefix = `${provider.id}/`;
    const typed = name.toLowerCase().startsWith(prefix) ? name.slice(prefix.length) : name;
    const said = { provider, asked: typed, typed, model: null, unavailable: null, nearest: [] };
    if (found.kind === 'refused') return { ...said, nearest: nearest ? found.nearest : [] };
    return { ...said, model: found.model, unavailable: found.kind === 'disabled' ? found.text : null };
  });
}
