// Which environment variables a function reads: all, but for those of a provider that it has no key for, and the
// warehouse's where it neither writes nor reads it. Terraform gives a function these alone, so that what concerns one
// provider makes new revisions of the functions that call it, and of no other.

import { variables } from '@cody-gateway/shared/config';
import type { FunctionFile } from './function-files.ts';

/**
 * A provider's key, and how the names of its other variables begin. Without its key a provider serves nothing, so
 * nothing of it is asked for.
 */
const owners: Readonly<Record<string, string>> = {
  CODY_GATEWAY_ANTHROPIC_ACCESS_TOKEN: 'CODY_GATEWAY_ANTHROPIC_',
  CODY_GATEWAY_OPENAI_ACCESS_TOKEN: 'CODY_GATEWAY_OPENAI_',
  CODY_GATEWAY_FIREWORKS_ACCESS_TOKEN: 'CODY_GATEWAY_FIREWORKS_',
  CODY_GATEWAY_GOOGLE_ACCESS_TOKEN: 'CODY_GATEWAY_GOOGLE_',
  CODY_GATEWAY_SOURCEGRAPH_EMBEDDINGS_API_TOKEN: 'CODY_GATEWAY_SOURCEGRAPH_EMBEDDINGS_',
  CODY_GATEWAY_EMBEDDINGS_ENDPOINTS_TOKEN: 'CODY_GATEWAY_EMBEDDINGS_ENDPOINTS',
};
/**
 * Rules of flagging that are named after Anthropic hold for other providers' calls too
 * (shared/src/upstream/flagging.ts).
 */
const sharedRules = /^CODY_GATEWAY_ANTHROPIC_.*(PATTERNS|FLAGGED_MODEL_NAMES|BLOCKING_ENABLED|_LIMIT)$/;
const warehouse = 'CODY_GATEWAY_BIGQUERY_';
const ofWarehouse: ReadonlySet<string> = new Set(['warehouse', 'ledger', 'final-days']);
const consoles = 'CODY_GATEWAY_CONSOLE_';

/** Names of the variables that a function reads, secrets left out: its function.json names those. */
export function variablesRead({
  secrets,
  uses = [],
  access,
}: Pick<FunctionFile, 'secrets' | 'uses' | 'access'>): string[] {
  const calls = secrets.some((secret) => secret in owners);
  return Object.values<{ readonly name: string; readonly kind: string }>(variables)
    .filter(({ name, kind }) => {
      if (kind === 'secret') return false;
      if (name.startsWith(warehouse)) return uses.some((use) => ofWarehouse.has(use));
      if (name.startsWith(consoles)) return access === 'iap';
      const owner = Object.entries(owners).find(([, prefix]) => name.startsWith(prefix));
      return owner === undefined || secrets.includes(owner[0]) || (calls && sharedRules.test(name));
    })
    .map(({ name }) => name)
    .toSorted();
}
