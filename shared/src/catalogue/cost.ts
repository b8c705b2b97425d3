// What a call costs: counts × price, to the nano-dollar. Pure, and the only place where tokens become money.

import { add, multiply, one, parseDecimal, roundHalfUp, shifted, zero, type Decimal } from './decimal.ts';
import { dimensionOf } from './dimensions.ts';
import type { PriceRow } from './price-row.ts';

/** What a provider reported of one call, or of one of its parts that another model served. */
export interface Usage {
  /** By dimension (dimensions.ts); no token is counted in two. Unknown names are kept, and mark the cost. */
  readonly counts: Readonly<Record<string, number>>;
  /** What the answer says of itself: `{ service_tier: 'priority', speed: 'fast', geo: 'us', batch: 'true' }`. */
  readonly qualifiers?: Readonly<Record<string, string>>;
  /** Counts are taken from the length of texts, not from a report. */
  readonly estimated?: boolean;
}

/** What it comes to. */
export interface Cost {
  /** Integer nano-dollars; null where the model has no price, or what was reported can't be true. */
  readonly nanoUsd: number | null;
  /**
   * What could not be priced, or only by a price that may be too low: dimensions, qualifiers, `price`. Sorted; empty:
   * all is known.
   */
  readonly unpriced: readonly string[];
  readonly estimated: boolean;
  /** The price is from memory. */
  readonly unconfirmed: boolean;
}

/** Above any context window; a count beyond it is no count. */
const countMax = 1e9;

const noQualifiers: NonNullable<Usage['qualifiers']> = {};

/** An answer that says so was billed at the plain price. */
const plain: ReadonlySet<string> = new Set(['default', 'standard', 'global', 'false']);

/**
 * Exact decimals up to the end, then one rounding for the whole call, a half goes up. Tiers are chosen by all tokens
 * of the input, cached ones too, and hold for the whole call. Qualifiers multiply prices of tokens, never fees of
 * tools.
 * @param price null: the model has no price
 * @param factor what was negotiated, on the whole
 */
export function cost(usage: Usage, price: PriceRow | null, factor = '1'): Cost {
  const estimated = usage.estimated === true;
  const used: string[] = [];
  for (const name in usage.counts) {
    const count = usage.counts[name];
    if (!isCount(count)) return { nanoUsd: null, unpriced: ['counts'], estimated, unconfirmed: false };
    if (count > 0) used.push(name);
  }
  // Nothing is billed for nothing, whatever the model costs.
  if (used.length === 0) return { nanoUsd: 0, unpriced: [], estimated, unconfirmed: false };
  if (price === null) return { nanoUsd: null, unpriced: ['price'], estimated, unconfirmed: false };

  const unpriced = new Set<string>();
  const amounts = amountsFor(price, used, usage.counts);
  const multipliers = multipliersFor(price, usage.qualifiers ?? noQualifiers, unpriced);
  let sum = zero;
  for (const name of used) {
    const amount = amountOf(name, amounts, unpriced);
    if (amount === null) continue;
    const tokens = dimensionOf(name)?.unit === 'tokens';
    const multiplied = tokens ? multipliers.reduce((by, of) => multiply(by, of(name)), amount) : amount;
    // Per million tokens or per use, times 10⁹ nano-dollars.
    sum = add(sum, shifted(multiply(multiplied, { units: BigInt(usage.counts[name] ?? 0), scale: 0 }), tokens ? 3 : 9));
  }
  const rounded = Number(roundHalfUp(multiply(sum, factor === '1' ? one : parseDecimal(factor))));
  // Nine million dollars: not a call's price, and more than a number holds to the nano-dollar.
  const nanoUsd = Number.isSafeInteger(rounded) ? rounded : null;
  if (nanoUsd === null) unpriced.add('sum');
  return {
    nanoUsd,
    unpriced: unpriced.size === 0 ? none : [...unpriced].sort(),
    estimated,
    unconfirmed: price.basis === 'memory',
  };
}

const none: readonly string[] = [];

/** The cost of a call of several parts; unknown if one of them is. */
export function totalCost(parts: readonly Cost[]): Cost {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  return {
    nanoUsd: parts.reduce<number | null>(
      (sum, { nanoUsd }) => (sum === null || nanoUsd === null ? null : sum + nanoUsd),
      0,
    ),
    unpriced: [...new Set(parts.flatMap(({ unpriced }) => unpriced))].sort(),
    estimated: parts.some(({ estimated }) => estimated),
    unconfirmed: parts.some(({ unconfirmed }) => unconfirmed),
  };
}

/** Dollars by dimension, as a price has them. */
export type Amounts = Readonly<Record<string, string>>;

function amountsFor({ dimensions, tiers }: PriceRow, used: readonly string[], counts: Usage['counts']): Amounts {
  if (tiers.length === 0) return dimensions;
  const inputTokens = used.reduce(
    (sum, name) => (dimensionOf(name)?.input === true ? sum + (counts[name] ?? 0) : sum),
    0,
  );
  const tier = tiers.findLast(({ above }) => inputTokens > above);
  return tier === undefined ? dimensions : { ...dimensions, ...tier.dimensions };
}

/**
 * The price of a dimension, or of the one that it is like; null without one.
 * @param unpriced is told of what has none, or one that may be too low
 */
export function amountOf(name: string, amounts: Amounts, unpriced: Set<string>): Decimal | null {
  for (let at: string | null = name, sure = true; at !== null;) {
    const amount = Object.hasOwn(amounts, at) ? amounts[at] : undefined;
    if (amount !== undefined) {
      if (!sure) unpriced.add(name);
      return parseDecimal(amount);
    }
    const dimension = dimensionOf(at);
    sure &&= dimension?.sure ?? false;
    // A price without cache writes has none for the one-hour cache either.
    if (at === 'cache_write_1h' && !Object.hasOwn(amounts, 'cache_write_5m')) sure = true;
    at = dimension?.like ?? null;
  }
  unpriced.add(name);
  return null;
}

const noMultipliers: ((dimension: string) => Decimal)[] = [];

function multipliersFor(
  { multipliers }: PriceRow,
  qualifiers: Readonly<Record<string, string>>,
  unpriced: Set<string>,
): ((dimension: string) => Decimal)[] {
  const names = Object.entries(qualifiers);
  if (names.length === 0) return noMultipliers;
  return names.flatMap(([name, value]) => {
    const qualifier = `${name}:${value}`;
    const multiplier = Object.hasOwn(multipliers, qualifier) ? multipliers[qualifier] : undefined;
    if (multiplier === undefined) {
      if (!plain.has(value)) unpriced.add(qualifier);
      return [];
    }
    if (typeof multiplier === 'string') {
      const all = parseDecimal(multiplier);
      return [() => all];
    }
    const byDimension = multiplier as Readonly<Record<string, string>>;
    return [(dimension: string) => parseDecimal(byDimension[dimension] ?? byDimension['*'] ?? '1')];
  });
}

/** Rows are read again by re-pricing: what a report or an older function wrote there may be anything. */
function isCount(count: unknown): count is number {
  return Number.isSafeInteger(count) && (count as number) >= 0 && (count as number) <= countMax;
}
