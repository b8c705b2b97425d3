// What a release knows, without its prices. The files are checked by tests, not at each start.

import { readFileSync } from 'node:fs';
import { parseRows } from './default-rows.ts';
import type { Layer } from './layers.ts';
import type { PartialRow } from './row-kind.ts';

/** Parsed once a process. */
export function defaultsLayer(): Layer {
  layer ??= {
    name: 'defaults',
    rows: {
      providers: parseRows(readFileSync(new URL('./defaults/providers.json', import.meta.url), 'utf8')),
      homes: parseRows(readFileSync(new URL('./defaults/homes.json', import.meta.url), 'utf8')),
      secrets: parseRows(readFileSync(new URL('./defaults/secrets.json', import.meta.url), 'utf8')),
      models: parseRows(readFileSync(new URL('./defaults/models.json', import.meta.url), 'utf8')),
    },
  };
  return layer;
}

/** Prices of the release: a chunk of its own, since the first answer does not wait for it. */
export async function defaultPrices(): Promise<readonly PartialRow[]> {
  return (await import('./default-prices.ts')).defaultPriceRows();
}

let layer: Layer | null = null;
