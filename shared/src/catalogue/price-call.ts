// What a call cost by the prices of a book: each part at the price of the model that served it, on the whole what was
// negotiated.

import { cost, totalCost, type Cost, type Usage } from './cost.ts';
import type { PriceBook } from './price-book.ts';

/** What one model did of a call. */
export interface Part extends Usage {
  /** As the provider calls it; null: the model that was asked for. */
  readonly model: string | null;
}

/** What decides about the price besides what was used. */
export interface PricedBy {
  /** Qualified. */
  readonly model: string;
  readonly home: string | null;
  /** When the call was admitted, Unix ms: its price is that moment's. */
  readonly atMs: number;
}

/**
 * The cost, and by which prices: their models and first days, then what must be known of it. Null where nothing was
 * priced.
 */
export interface PricedCall extends Cost {
  readonly version: string | null;
}

/** What a row says of its cost; the views look for these words (terraform/events). */
const marks = { unconfirmed: 'unconfirmed', estimated: 'estimated tokens', unpriced: 'unpriced dimensions' } as const;

/** @param parts empty: the provider billed nothing */
export function priceCall(parts: readonly Part[], { model, home, atMs }: PricedBy, book: PriceBook): PricedCall {
  const provider = model.slice(0, model.indexOf('/'));
  const versions = new Set<string>();
  const costs = parts.map((part) => {
    const served = part.model === null ? model : `${provider}/${part.model}`;
    const own = book.priceOf(served, atMs);
    // A model without a price costs something: what was asked for, and the row says so.
    const price = own ?? book.priceOf(model, atMs);
    const factor = book.factorOf({ model: served, provider, home }, atMs);
    const priced = cost(part, price, factor);
    if (price === null || priced.nanoUsd === null) return priced;
    versions.add(`${price.model} ${price.from.slice(0, 10)}${factor === '1' ? '' : ` × ${factor}`}`);
    return own === null ? { ...priced, unpriced: [...priced.unpriced, `model:${part.model ?? ''}`] } : priced;
  });
  const total = totalCost(costs);
  const said = [
    [...versions].join(' + '),
    ...(total.unconfirmed ? [marks.unconfirmed] : []),
    ...(total.estimated ? [marks.estimated] : []),
    ...(total.unpriced.length > 0 ? [marks.unpriced] : []),
  ];
  return { ...total, version: total.nanoUsd === null || versions.size === 0 ? null : said.join(', ') };
}
