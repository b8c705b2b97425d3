// Sums that every breakdown has, and how rows of the warehouse become them. Not what they are broken down by.

import type { Cell, Column } from './page.ts';
import type { Row } from './lookups.ts';

/** Money in billionths of a dollar. */
export interface Sums {
  readonly events: number;
  readonly units: number;
  readonly tokens: number;
  readonly cost_nano_usd: number;
  /** Part of the cost: at prices that nobody has confirmed. */
  readonly unconfirmed_nano_usd: number;
  /** Part of the cost: of calls whose tokens nobody reported. */
  readonly estimated_nano_usd: number;
  /** Beside the cost: of attempts whose answers reached nobody. */
  readonly abandoned_nano_usd: number;
  /** Charged calls whose tokens or price are not known. */
  readonly unpriced: number;
  /** Calls of which a part has no price. */
  readonly partly_unpriced: number;
}

/** Their columns in usage_daily. */
export const sumNames = [
  'events',
  'units',
  'tokens',
  'cost_nano_usd',
  'unconfirmed_nano_usd',
  'estimated_nano_usd',
  'abandoned_nano_usd',
  'unpriced',
  'partly_unpriced',
] as const satisfies readonly (keyof Sums)[];

/** The sums in a SELECT over usage_daily. */
export const sumsSql = sumNames.map((name) => `SUM(IFNULL(${name}, 0)) AS ${name}`).join(', ');

const sumsBy = (of: (name: keyof Sums) => number): Sums =>
  Object.fromEntries(sumNames.map((name) => [name, of(name)])) as unknown as Sums;

/** The sums of a row. */
export const sumsOf = (row: Row): Sums => sumsBy((name) => numberOf(row[name]) ?? 0);

/** All together. */
export const addUp = (parts: readonly Sums[]): Sums =>
  sumsBy((name) => parts.reduce((sum, part) => sum + part[name], 0));

/** Sums up the rows of each name, the dearest first. */
export function groupBy<T extends Sums>(
  rows: readonly T[],
  nameOf: (row: T) => string,
): readonly (Sums & { readonly name: string })[] {
  return [...Map.groupBy(rows, nameOf)]
    .map(([name, of]) => ({ name, ...addUp(of) }))
    .sort((a, b) => b.cost_nano_usd - a.cost_nano_usd || b.events - a.events || (a.name < b.name ? -1 : 1));
}

/** Columns of a breakdown behind its name. */
export const sumColumns: readonly Column[] = [
  { heading: 'Spend', kind: 'money' },
  { heading: 'Share', kind: 'bar' },
  { heading: 'Requests', kind: 'count' },
  { heading: 'Units', kind: 'count' },
  { heading: 'Tokens', kind: 'count' },
  { heading: 'Without price', kind: 'count' },
];

/** Their cells. @param whole what the share is of, in nano-dollars */
export function sumCells(sums: Sums, whole: number): readonly Cell[] {
  const share = whole === 0 ? null : sums.cost_nano_usd / whole;
  return [sums.cost_nano_usd, share, sums.events, sums.units, sums.tokens, sums.unpriced];
}

/** The same without shares, for lines that are small parts. */
export const amountColumns: readonly Column[] = sumColumns.filter(({ kind }) => kind !== 'bar');

/** Their cells. */
export const amountCells = (sums: Sums): readonly Cell[] =>
  sumCells(sums, 0).filter((_, at) => sumColumns[at]?.kind !== 'bar');

/** A column of a row as text; dates and timestamps come wrapped by the client. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'object' && value !== null && 'value' in value) return String(value.value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** As number; null where it is none. */
export function numberOf(value: unknown): number | null {
  if (value === null || value === undefined || value === '') return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}
