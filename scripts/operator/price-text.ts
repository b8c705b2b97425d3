// Prices as people write them: `input=1.25,output=10`, dollars per million tokens or per use. Both directions.

import { dimensionNames, type PriceBook } from '@cody-gateway/shared/catalogue';
import { readPairs } from './catalogue-rows.ts';
import { UsageError } from './command.ts';

/** @throws UsageError for names that are no dimension; amounts are checked with the row */
export function readAmounts(text: string, option: string): Readonly<Record<string, string>> {
  const amounts = readPairs(text, option);
  const odd = Object.keys(amounts).find((name) => !dimensionNames.includes(name as never));
  if (odd !== undefined)
    throw new UsageError(`${option}: ${JSON.stringify(odd)} is no dimension; there are ${dimensionNames.join(', ')}`);
  return amounts;
}

export function amountsText(amounts: Readonly<Record<string, string>>): string {
  return Object.entries(amounts)
    .map(([name, amount]) => `${name}=${amount}`)
    .join(', ');
}

/** `200000:input=2.5,output=15;…`: other prices above so many tokens of input. @throws UsageError */
export function readTiers(
  text: string,
): { readonly above: number; readonly dimensions: Readonly<Record<string, string>> }[] {
  return text.split(';').map((tier) => {
    const [, above, amounts] = /^\s*([\d_]+)\s*:(.+)$/.exec(tier) ?? [];
    if (above === undefined || amounts === undefined)
      throw new UsageError(`--tiers: ${JSON.stringify(tier)} is no tier such as 200000:input=2.5,output=15`);
    return { above: Number(above.replaceAll('_', '')), dimensions: readAmounts(amounts, '--tiers') };
  });
}

/** `16:30-00:30:input=0.14;…`: other prices in hours of each day, UTC. @throws UsageError */
export function readHours(
  text: string,
): { readonly from: string; readonly until: string; readonly dimensions: Readonly<Record<string, string>> }[] {
  return text.split(';').map((hours) => {
    const [, from, until, amounts] = /^\s*(\d\d:\d\d)-(\d\d:\d\d):(.+)$/.exec(hours) ?? [];
    if (from === undefined || until === undefined || amounts === undefined)
      throw new UsageError(`--hours: ${JSON.stringify(hours)} are no hours such as 16:30-00:30:input=0.14`);
    return { from, until, dimensions: readAmounts(amounts, '--hours') };
  });
}

/** A day of UTC, or a second; today where absent. What it means is checked with the row. */
export function dayText(text: string | undefined): string {
  return text ?? new Date().toISOString().slice(0, 10);
}

/** The price that holds now for a model, for another one; null where none is known. */
export function priceLike(prices: PriceBook, model: string): Record<string, unknown> | null {
  const nowMs = Date.now();
  const row = prices
    .pricesOf(model)
    .find(
      ({ row: { from, until } }) => Date.parse(from) <= nowMs && (until === null || nowMs < Date.parse(until)),
    )?.row;
  if (row === undefined) return null;
  const { dimensions, tiers, hours, multipliers } = row;
  return {
    dimensions,
    tiers,
    hours,
    multipliers,
    basis: 'decision',
    source: `as ${model}: ${row.source}`.slice(0, 600),
  };
}
