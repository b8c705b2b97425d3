// Which price holds for a model at a moment. Not what a call costs (cost.ts).

import type { LayerName, Merged, MergedRow, Shadowed } from './layers.ts';
import type { FactorRow, PriceRow } from './price-row.ts';

/** Prices of a snapshot. */
export interface PriceBook {
  /**
   * The price that held, at that hour of the day, by the last layer that has one for that moment, and in it by the
   * latest `from`; null where none is known.
   * @param model qualified; a dated snapshot that has no price of its own has that of its model
   * @param atMs when the call was admitted
   */
  readonly priceOf: (model: string, atMs: number) => PriceRow | null;
  /** What was negotiated for a call: of its model, else of its home, else of its provider; `1` without. */
  readonly factorOf: (
    call: { readonly model: string; readonly provider: string; readonly home: string | null },
    atMs: number,
  ) => string;
  /** All prices of a model: of the last layer first, then the latest first. */
  readonly pricesOf: (model: string) => readonly MergedRow<PriceRow>[];
  /** What was negotiated, in whatever time. */
  readonly factors: readonly MergedRow<FactorRow>[];
  /** Rows that are left out, and why. */
  readonly faults: readonly string[];
  readonly shadowed: readonly Shadowed[];
}

const rank: Readonly<Record<LayerName, number>> = { defaults: 0, environment: 1, overlay: 2 };

export function createPriceBook(prices: Merged<PriceRow>, factors: Merged<FactorRow>): PriceBook {
  const byModel = new Map<string, MergedRow<PriceRow>[]>();
  for (const price of prices.rows.values()) {
    const key = price.row.model.toLowerCase();
    const others = byModel.get(key);
    if (others === undefined) byModel.set(key, [price]);
    else others.push(price);
  }
  for (const rows of byModel.values())
    rows.sort((a, b) => rank[b.layer] - rank[a.layer] || Date.parse(b.row.from) - Date.parse(a.row.from));
  const negotiated = [...factors.rows.values()]
    .map(({ row }) => row)
    .sort((a, b) => specificity(b) - specificity(a) || Date.parse(b.from) - Date.parse(a.from));

  const pricesOf = (model: string): readonly MergedRow<PriceRow>[] => {
    const key = model.toLowerCase();
    return byModel.get(key) ?? byModel.get(withoutDate(key)) ?? [];
  };
  return {
    factors: [...factors.rows.values()],
    faults: [...prices.faults, ...factors.faults],
    shadowed: [...prices.shadowed, ...factors.shadowed],
    pricesOf,
    priceOf: (model, atMs) => {
      const price = pricesOf(model).find(({ row }) => holds(row, atMs));
      return price === undefined ? null : atHour(price.row, atMs);
    },
    factorOf: (call, atMs) =>
      negotiated.find(
        (row) =>
          row.provider === call.provider &&
          (row.home === null || row.home === call.home) &&
          (row.model === null || row.model.toLowerCase() === call.model.toLowerCase()) &&
          holds(row, atMs),
      )?.factor ?? '1',
  };
}

const specificity = ({ model, home }: FactorRow): number => (model === null ? 0 : 2) + (home === null ? 0 : 1);

/** Days begin at midnight UTC. */
function holds({ from, until }: { readonly from: string; readonly until: string | null }, atMs: number): boolean {
  return Date.parse(from) <= atMs && (until === null || atMs < Date.parse(until));
}

function atHour(price: PriceRow, atMs: number): PriceRow {
  if (price.hours.length === 0) return price;
  const clock = new Date(atMs).toISOString().slice(11, 16);
  const within = price.hours.find(({ from, until }) =>
    from < until ? clock >= from && clock < until : clock >= from || clock < until,
  );
  return within === undefined ? price : { ...price, dimensions: { ...price.dimensions, ...within.dimensions } };
}

/** `gpt-7-2027-01-01`, `claude-x-20270101` and `claude-x@20270101` are `gpt-7` and `claude-x` of a day. */
export function withoutDate(model: string): string {
  return model.replace(/[-@](20\d{2}-\d{2}-\d{2}|20\d{6})$/, '');
}
