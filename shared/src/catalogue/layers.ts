// Three layers of rows become one catalogue: the later wins member by member, and every value knows its layer.

import { factorKind, priceKind, type FactorRow, type PriceRow } from './price-row.ts';
import { homeKind, secretKind, type HomeRow, type SecretRow } from './home-row.ts';
import { modelKind, type ModelRow } from './model-row.ts';
import { providerKind, type ProviderRow } from './provider-row.ts';
import { rowFaults, rowId, type PartialRow, type RowKind } from './row-kind.ts';

/** A release, Terraform, the operator's command. */
export type LayerName = 'defaults' | 'environment' | 'overlay';

/** Kinds of rows. */
export const kinds = {
  providers: providerKind,
  homes: homeKind,
  secrets: secretKind,
  models: modelKind,
  prices: priceKind,
  factors: factorKind,
} as const;
export type KindName = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as readonly KindName[];

/** Complete rows by kind. */
export interface Rows {
  readonly providers: ProviderRow;
  readonly homes: HomeRow;
  readonly secrets: SecretRow;
  readonly models: ModelRow;
  readonly prices: PriceRow;
  readonly factors: FactorRow;
}

/** What one layer states. */
export interface Layer {
  readonly name: LayerName;
  readonly rows: Readonly<Partial<Record<KindName, readonly PartialRow[]>>>;
}

/** A row and what it is made of. */
export interface MergedRow<Row> {
  readonly id: string;
  readonly row: Row;
  /** The last layer that states anything of it. */
  readonly layer: LayerName;
  /** What each layer states, the earliest first. */
  readonly parts: readonly { readonly layer: LayerName; readonly row: PartialRow }[];
}

/** The layer that a member's value is from; null: nobody states it, and it is what such a member means by itself. */
export function layerOf({ parts }: MergedRow<unknown>, member: string): LayerName | null {
  return parts.findLast(({ row }) => member in row)?.layer ?? null;
}

/** A value that a later layer hides. */
export interface Shadowed {
  readonly kind: string;
  readonly id: string;
  readonly member: string;
  readonly value: unknown;
  readonly layer: LayerName;
  readonly hidden: unknown;
  readonly hiddenLayer: LayerName;
  /** What is hidden is news of a later day than what hides it. */
  readonly older: boolean;
}

/** Rows of one kind. */
export interface Merged<Row> {
  /** By id in lower case, in the order in which they were first stated. */
  readonly rows: ReadonlyMap<string, MergedRow<Row>>;
  readonly shadowed: readonly Shadowed[];
  /** Rows that lack a member which nobody stated; they are not in `rows`. */
  readonly faults: readonly string[];
}

/** Merges rows of one kind. @param layers the earliest first; their rows have been checked */
export function mergeRows<K extends KindName>(kindName: K, layers: readonly Layer[]): Merged<Rows[K]> {
  const kind = kinds[kindName] as unknown as RowKind<Rows[K]>;
  const stated = new Map<string, { id: string; parts: { layer: LayerName; row: PartialRow }[] }>();
  for (const { name, rows } of layers)
    for (const row of rows[kindName] ?? []) {
      const id = rowId(kind, row);
      const known = stated.get(id.toLowerCase());
      if (known === undefined) stated.set(id.toLowerCase(), { id, parts: [{ layer: name, row }] });
      else known.parts.push({ layer: name, row });
    }
  const required = Object.keys(kind.entries).filter((member) => !(member in kind.unstated));
  const rows = new Map<string, MergedRow<Rows[K]>>();
  const faults: string[] = [];
  const shadowed: Shadowed[] = [];
  for (const [key, { id, parts }] of stated) {
    const row: Record<string, unknown> = { ...kind.unstated };
    for (const part of parts) Object.assign(row, part.row);
    // The first spelling of a name stays: it is how answers and lists write it.
    for (const member of kind.key) row[member] = parts[0]?.row[member];
    if (parts.length > 1) shadowed.push(...shadowedIn(kind, id, parts));
    const missing = required.filter((member) => row[member] === undefined);
    if (missing.length > 0) faults.push(...missing.map((member) => `${kindName} ${id}: ${member}: no layer states it`));
    else rows.set(key, { id, row: row as Rows[K], layer: parts.at(-1)?.layer ?? 'defaults', parts });
  }
  return { rows, shadowed, faults };
}

function shadowedIn<Row>(kind: RowKind<Row>, id: string, parts: MergedRow<Row>['parts']): Shadowed[] {
  return parts.flatMap(({ layer, row }, at) =>
    Object.entries(row).flatMap(([member, value]) => {
      const hidden = parts.slice(0, at).findLast((part) => member in part.row);
      if (hidden === undefined || hidden.layer === layer || same(hidden.row[member], value)) return [];
      if (kind.key.includes(member as never) || member === 'source' || member === 'asOf') return [];
      const older = isOlder(row['asOf'], hidden.row['asOf']);
      return [
        { kind: kind.name, id, member, value, layer, hidden: hidden.row[member], hiddenLayer: hidden.layer, older },
      ];
    }),
  );
}

/** Faults of everything that a layer states, one line each. */
export function layerFaults({ rows }: Layer): string[] {
  return Object.entries(rows).flatMap(([name, list]) => {
    if (!Object.hasOwn(kinds, name)) return [`${name}: no such kind of row; there are ${kindNames.join(', ')}`];
    if (!Array.isArray(list)) return [`${name}: is not a list of rows`];
    const kind = kinds[name as KindName] as unknown as RowKind<unknown>;
    const seen = new Set<string>();
    return (list as readonly unknown[]).flatMap((row) => {
      const faults = rowFaults(kind, row);
      if (faults.length > 0) return faults;
      const id = rowId(kind, row as PartialRow);
      if (seen.has(id.toLowerCase())) return [`${name} ${id}: stands there twice`];
      seen.add(id.toLowerCase());
      return [];
    });
  });
}

const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

function isOlder(asOf: unknown, hiddenAsOf: unknown): boolean {
  return typeof asOf === 'string' && typeof hiddenAsOf === 'string' && Date.parse(asOf) < Date.parse(hiddenAsOf);
}
