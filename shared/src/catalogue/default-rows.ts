// Rows of a release, as its files have them. A bundle leaves out where each fact is from (scripts/build/bundle.ts): a
// sixth of all that a start reads of the catalogue, for the operator's command alone, which is no bundle.

import type { PartialRow } from './row-kind.ts';

/** What stands for it there: a row without it would be none. */
const leftOut = { source: 'defaults of the release', asOf: '1970-01-01' } as const;

/** @param text JSON of one of the files in defaults/ */
export function parseRows(text: string): readonly PartialRow[] {
  return (JSON.parse(text) as readonly PartialRow[]).map((row) => ('source' in row ? row : { ...row, ...leftOut }));
}
