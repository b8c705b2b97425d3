// The prices of a release, written by `npm run prices:update`. Loaded behind an `import()` (defaults.ts).

import { readFileSync } from 'node:fs';
import { parseRows } from './default-rows.ts';
import type { PartialRow } from './row-kind.ts';

/** Parsed once a process. */
export function defaultPriceRows(): readonly PartialRow[] {
  rows ??= parseRows(readFileSync(new URL('./defaults/prices.json', import.meta.url), 'utf8'));
  return rows;
}

let rows: readonly PartialRow[] | null = null;
