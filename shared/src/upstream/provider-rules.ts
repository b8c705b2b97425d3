// What providers do otherwise than the dialect that they speak, by the names that their rows in the catalogue give.
// Not which provider does.

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

/** `genie-header`: tracing for the provider's own staff, by their word alone. */
export function passedHeaders({ rules }: ProviderRow, { headers }: CallerFacts): Readonly<Record<string, string>> {
  return rules.includes('genie-header') && headers['x-fireworks-genie'] === 'true'
    ? { 'x-fireworks-genie': 'true' }
    : {};
}
