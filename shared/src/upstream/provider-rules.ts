// How providers differ from the dialect that they speak: rules by the names that rows of the catalogue give. Not which
// provider has which rule.

import type { ProviderRow } from '../catalogue/catalogue.ts';
import type { CallerFacts, JsonObject } from './call.ts';

/** `negative-sampling-dropped`: clients send -1 for "not set"; zeros are values. */
export function dropNegativeSampling(members: JsonObject): void {
  for (const member of ['top_k', 'top_p'])
    if (typeof members[member] === 'number' && members[member] < 0) delete members[member];
}

/** `max-tokens-renamed`: the newer name of a length is not known there. */
export function renameMaxTokens(members: JsonObject): void {
  const { max_completion_tokens: length } = members;
  delete members['max_completion_tokens'];
  if (length !== undefined) members['max_tokens'] ??= length;
}

/** `genie-header`: a mark by which the provider's own staff trace requests; passed on where the caller sends it. */
export function passedHeaders({ rules }: ProviderRow, { headers }: CallerFacts): Readonly<Record<string, string>> {
  return rules.includes('genie-header') && headers['x-fireworks-genie'] === 'true'
    ? { 'x-fireworks-genie': 'true' }
    : {};
}
