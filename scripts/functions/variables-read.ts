// Which environment variables a function reads: all, but for those of a provider that it has no key for, and the warehouse's where it writes no rows.
// Terraform gives a function these alone, so that what concerns one provider makes new revisions of the functions that call it, and of no other.

import { loadConfig, variables, type Config } from '@cody-gateway/shared/config';
import { createUpstream } from '@cody-gateway/shared/upstream';
import type { FunctionFile } from './function-files.ts';

/** A provider's key, and how the names of its other variables begin. */
const owners: Readonly<Record<string, string>> = {
  CODY_GATEWAY_ANTHROPIC_ACCESS_TOKEN: 'CODY_GATEWAY_ANTHROPIC_',
  CODY_GATEWAY_OPENAI_ACCESS_TOKEN: 'CODY_GATEWAY_OPENAI_',
  CODY_GATEWAY_FIREWORKS_ACCESS_TOKEN: 'CODY_GATEWAY_FIREWORKS_',
  CODY_GATEWAY_GOOGLE_ACCESS_TOKEN: 'CODY_GATEWAY_GOOGLE_',
  CODY_GATEWAY_SOURCEGRAPH_EMBEDDINGS_API_TOKEN: 'CODY_GATEWAY_SOURCEGRAPH_EMBEDDINGS_',
  CODY_GATEWAY_EMBEDDINGS_ENDPOINTS_TOKEN: 'CODY_GATEWAY_EMBEDDINGS_ENDPOINTS',
};
const warehouse = 'CODY_GATEWAY_BIGQUERY_';

const rows: readonly (readonly [key: string, row: { readonly name: string; readonly kind: string }])[] =
  Object.entries(variables);

/**
 * Names of the variables that a function reads, secrets left out: its function.json names those. A provider without a key is never made, so nothing of
 * it is read later; what is read while the providers are made counts whoever's it is.
 */
export async function variablesRead({ secrets, uses = [] }: FunctionFile): Promise<string[]> {
  const atStart = await readAtStart(secrets);
  return rows
    .filter(([key, { name, kind }]) => {
      if (kind === 'secret') return false;
      if (name.startsWith(warehouse)) return uses.includes('warehouse');
      const owner = Object.entries(owners).find(([, prefix]) => name.startsWith(prefix));
      return owner === undefined || secrets.includes(owner[0]) || atStart.has(key);
    })
    .map(([, { name }]) => name)
    .toSorted();
}

/** What is read of the configuration while the providers are made. */
async function readAtStart(secrets: readonly string[]): Promise<ReadonlySet<string>> {
  const given = rows.filter(([, { name, kind }]) => kind === 'secret' && secrets.includes(name));
  const config = loadConfig({
    ...Object.fromEntries(rows.filter(([, row]) => required(row)).map(([, { name }]) => [name, 'x'])),
    ...Object.fromEntries(given.map(([, { name }]) => [name, 'x'])),
  });
  const read = new Set<string>();
  const upstream = createUpstream(
    new Proxy(config, {
      get: (target, key) => {
        read.add(String(key));
        return target[key as keyof Config];
      },
    }),
    () => undefined,
  );
  await upstream.close();
  return read;
}

const required = (row: object): boolean => 'fallback' in row && row.fallback === undefined;
