// The prices of the release alone, for whoever has no catalogue of its own.

import { defaultPrices } from './defaults.ts';
import { mergeRows } from './layers.ts';
import { createPriceBook, type PriceBook } from './price-book.ts';

/** Read once a process. */
export function releasePriceBook(): Promise<PriceBook> {
  book ??= defaultPrices().then((prices) =>
    createPriceBook(mergeRows('prices', [{ name: 'defaults', rows: { prices } }]), mergeRows('factors', [])),
  );
  return book;
}

let book: Promise<PriceBook> | null = null;
