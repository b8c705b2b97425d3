// What a call that has ended costs, by the prices of its snapshot. Not what they are (catalogue).

import { priceCall, type Part, type PriceBook, type PricedBy, type PricedCall } from '../catalogue/catalogue.ts';
import { within } from '../telemetry/telemetry.ts';

/**
 * The first call of an instance reads the prices, some tens of milliseconds, beside the provider's answer. One that
 * ends sooner waits so long at most, and is priced when its row is delivered.
 */
const waitMs = 250;

const nothing: PricedCall = { nanoUsd: 0, version: null, unpriced: [], estimated: false, unconfirmed: false };

/**
 * Null where the prices can't be read in time. Never rejects.
 * @param prices a promise where they are still being read
 * @param parts what the provider billed; without any it costs nothing, whatever the prices say
 * @param warn is told why prices can't be read
 */
export async function costOf(
  parts: readonly Part[],
  by: PricedBy,
  prices: PriceBook | Promise<PriceBook>,
  warn: (message: string, error: unknown) => void,
): Promise<PricedCall | null> {
  if (parts.length === 0) return nothing;
  try {
    const book = prices instanceof Promise ? await within(prices, waitMs, () => null) : prices;
    return book === null ? null : priceCall(parts, by, book);
  } catch (error) {
    warn('a call could not be priced, its row has no cost: npm run gateway -- prices reprice', error);
    return null;
  }
}
