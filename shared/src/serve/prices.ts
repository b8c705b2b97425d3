// The prices of this process, which no first answer waits for: they are read beside the first call. Not what they say (catalogue).

import type { Part, PriceBook, PricedBy, PricedCall } from '../catalogue/catalogue.ts';
import { within } from '../telemetry/telemetry.ts';

/** Reading them takes some tens of milliseconds, once an instance: a call that ends sooner waits so long at most, and is priced when its row is delivered. */
const waitMs = 250;

/** What calls cost. */
export interface Prices {
  /** Begins to read them. Never throws. */
  warm(): void;
  /** The cost of a call that has ended; null where the prices can't be read by now. Never rejects. */
  costOf(parts: readonly Part[], by: PricedBy): Promise<PricedCall | null>;
  /** @throws Error when they can't be read */
  book(): Promise<PriceBook>;
}

const nothing: PricedCall = { nanoUsd: 0, version: null, unpriced: [], estimated: false, unconfirmed: false };

interface Loaded {
  readonly book: PriceBook;
  readonly priceCall: (parts: readonly Part[], by: PricedBy, book: PriceBook) => PricedCall;
}

/** @param warn is told why they could not be read; the next call tries again */
export function createPrices(
  warn: (message: string, error: unknown) => void,
  load: () => Promise<Loaded> = loadRelease,
): Prices {
  let loading: Promise<Loaded> | null = null;
  const open = (): Promise<Loaded> => {
    loading ??= load().catch((error: unknown) => {
      loading = null;
      throw error;
    });
    return loading;
  };
  const costOf = async (parts: readonly Part[], by: PricedBy): Promise<PricedCall | null> => {
    try {
      const loaded = await within(open(), waitMs, () => null);
      return loaded === null ? null : loaded.priceCall(parts, by, loaded.book);
    } catch (error) {
      warn('a call could not be priced by its instance', error);
      return null;
    }
  };
  return {
    warm: () => void open().catch(() => undefined),
    costOf: (parts, by) => (parts.length === 0 ? Promise.resolve(nothing) : costOf(parts, by)),
    book: async () => (await open()).book,
  };
}

async function loadRelease(): Promise<Loaded> {
  const { priceCall, releasePriceBook } = await import('../catalogue/catalogue.ts');
  return { priceCall, book: await releasePriceBook() };
}
