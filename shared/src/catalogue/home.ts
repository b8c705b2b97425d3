// A home as a snapshot sees it: whether it can be used, with which keys, and how a model is called there.

import { allowList } from './allow-list.ts';
import type { HomeRow } from './home-row.ts';
import { overlayAddressFault, secretsOf, type HostRules } from './hosts.ts';
import { layerOf, type MergedRow } from './layers.ts';
import type { DialectName, DialectPath, ProviderRow } from './provider-row.ts';

/** `open`: calls may be sent there. The others get none, and `why` says what would change that. */
export type HomeStatus = 'open' | 'draining' | 'no key' | 'no address' | 'refused';

export interface Home {
  readonly row: HomeRow;
  /** Where its members are from (`layerOf`). */
  readonly merged: MergedRow<HomeRow>;
  readonly status: HomeStatus;
  /** For `draining` words for the caller, else for the operator; null when open. */
  readonly why: string | null;
  /** Names of the secrets that are there and may be sent to its host. */
  readonly secrets: readonly string[];
  /** Where each dialect is spoken, behind the base URL. */
  readonly dialects: Readonly<Partial<Record<DialectName, DialectPath>>>;
  /** @param name as the provider calls it @param id with the provider's prefix */
  readonly serves: (name: string, id: string) => boolean;
  /** How the model is called here. */
  readonly spelling: (name: string, id: string) => string;
}

export function homeStatus(
  merged: MergedRow<HomeRow>,
  provider: ProviderRow,
  rules: HostRules,
  mounted: (secret: string) => boolean,
): Home {
  const { row } = merged;
  const listed = allowList(row.serves, []);
  const spellings = new Map(Object.entries(row.spellings).map(([id, spelling]) => [id.toLowerCase(), spelling]));
  const there = secretsOf(row).filter(mounted);
  const origin = row.baseUrl === null ? null : new URL(row.baseUrl).origin;
  const usable = origin === null ? [] : there.filter((secret) => rules.allows(secret, origin));
  const [status, why] = ((): [HomeStatus, string | null] => {
    if (row.baseUrl === null || origin === null) return ['no address', `no address: ${row.hint ?? 'state baseUrl'}`];
    // A later layer's address is judged whoever stated the rest of the home.
    const fault = layerOf(merged, 'baseUrl') === 'overlay' ? overlayAddressFault(row.baseUrl, rules) : null;
    if (fault !== null) return ['refused', fault];
    if (row.kind !== 'none') {
      if (there.length === 0)
        return ['no key', `no key: apply terraform (${secretsOf(row).join(', ') || 'it names no secret'})`];
      if (usable.length === 0) return ['refused', `${there.join(', ')} may not be sent to ${origin}: apply terraform`];
    }
    return row.draining === null ? ['open', null] : ['draining', row.draining];
  })();
  return {
    row,
    merged,
    status: status === 'open' && row.weight === 0 ? 'draining' : status,
    why: status === 'open' && row.weight === 0 ? `${row.id} has no weight` : why,
    secrets: usable,
    dialects: row.dialects ?? provider.dialects,
    serves: (name, id) => listed.allows(name) || spellings.has(id.toLowerCase()),
    spelling: (name, id) => spellings.get(id.toLowerCase()) ?? name,
  };
}
