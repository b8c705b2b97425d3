// Where a subscription's prompts may go: companies, regions, how long they are kept. Not which home is well, nor which
// knows the request.

import type { PromptPlaces } from '../../auth/auth.ts';
import type { Home, ProviderRow } from '../../catalogue/catalogue.ts';

const retentions = ['none', '30-days', 'longer'] as const;

/**
 * Without a statement prompts go to no company but the one whose model is asked for. With one, a home that does not say
 * where it is or how long it keeps prompts meets no condition on that.
 * @param places as stated; null: nothing is
 */
export function mayHavePrompts({ row }: Home, { company }: ProviderRow, places: PromptPlaces | null): boolean {
  const companies = places?.companies ?? [company];
  if (!companies.includes(row.company)) return false;
  if (places === null) return true;
  const { regions, retention } = places;
  if (regions !== null && (row.region === null || !regions.includes(row.region))) return false;
  return (
    retention === null || (row.retention !== null && retentions.indexOf(row.retention) <= retentions.indexOf(retention))
  );
}

/** Why no home is left, for the caller. */
export function placesRefusal(model: string, places: PromptPlaces | null): string {
  if (places === null)
    return `model ${model} is served at present only by companies that prompts may not go to without your consent`;
  const parts = [
    places.companies === null ? null : `of ${places.companies.join(', ')}`,
    places.regions === null ? null : `in ${places.regions.join(', ')}`,
    places.retention === null
      ? null
      : `that keeps prompts for ${places.retention === 'none' ? 'no time' : `at most ${places.retention}`}`,
  ].filter((part) => part !== null);
  return `model ${model} has no home ${parts.join(' ')} at present, and your prompts may go to no other`;
}
