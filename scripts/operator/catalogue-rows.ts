// Rows of the catalogue in a command's hands: which one is meant, what the layers below the overlay say of it, and
// values as text.

import {
  layerOf,
  nearestNames,
  type Catalogue,
  type Home,
  type MergedRow,
  type Model,
  type ProviderRow,
  type RowEdit,
} from '@cody-gateway/shared/catalogue';
import { UsageError } from './command.ts';

/**
<<<<<<< HEAD
 * @param typed with its provider's prefix, or a name that one provider serves; aliases too
 * @throws Error with the nearest names
=======
 * @param typed with its provider's prefix, or a name that one provider serves; aliases too @throws Error with the
 * nearest names
>>>>>>> opcmd
 */
export function modelNamed(catalogue: Catalogue, typed: string): Model {
  const resolution = catalogue.resolve(typed);
  if (resolution.kind !== 'refused') return resolution.model;
  // Known, and not allowed.
  const row = catalogue.models.get(typed.toLowerCase())?.row;
  const provider = row && catalogue.providers.get(row.id.slice(0, row.id.indexOf('/')))?.row;
  if (row !== undefined && provider !== undefined)
    return { id: row.id, provider, name: row.id.slice(row.id.indexOf('/') + 1), row, known: true };
  throw new Error(`there is no model ${JSON.stringify(typed)}${meant(resolution.nearest)} models list shows them`);
}

/** @throws Error with the nearest names */
export function providerNamed(catalogue: Catalogue, id: string): MergedRow<ProviderRow> {
  const provider = catalogue.providers.get(id.toLowerCase());
  if (provider !== undefined) return provider;
  const names = [...catalogue.providers.values()].map(({ row }) => row.id);
  throw new Error(
    `there is no provider ${JSON.stringify(id)}${meant(nearestNames(id, names))} providers list shows them`,
  );
}

/** @throws Error with the nearest names */
export function homeNamed(catalogue: Catalogue, id: string): Home {
  const home = catalogue.homes.find(({ row }) => row.id === id.toLowerCase());
  if (home !== undefined) return home;
  const names = catalogue.homes.map(({ row }) => row.id);
  throw new Error(`there is no home ${JSON.stringify(id)}${meant(nearestNames(id, names))} homes list shows them`);
}

const meant = (nearest: readonly string[]): string =>
  nearest.length === 0 ? ':' : `, did you mean ${nearest.join(' or ')}?`;

/** What the layers below the overlay say of a member; undefined: nothing. */
export function valueBelow({ parts }: MergedRow<unknown>, member: string): unknown {
  return parts.findLast(({ layer, row }) => layer !== 'overlay' && member in row)?.row[member];
}

/** Takes back what the overlay says of a member, and what is said below it too if that is not null. */
export function withdrawn(merged: MergedRow<unknown> | undefined, member: string): Pick<RowEdit, 'set' | 'unset'> {
  return merged !== undefined && (valueBelow(merged, member) ?? null) !== null
    ? { set: { [member]: null } }
    : { unset: [member] };
}

/** Every member of a row, with the layer that it is from. */
export function membersOf<Row extends object>(
  merged: MergedRow<Row>,
): { readonly member: string; readonly value: unknown; readonly layer: string }[] {
  return Object.entries(merged.row).map(([member, value]: [string, unknown]) => ({
    member,
    value,
    layer: layerOf(merged, member) ?? '-',
  }));
}

/** A value on one line. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(', ') || '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `a, b`: words with commas between. */
export function readList(text: string | undefined): readonly string[] | undefined {
  return text?.split(',').flatMap((word) => (word.trim() === '' ? [] : [word.trim()]));
}

/** `a=1,b=2`. @throws UsageError */
export function readPairs(text: string, option: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (readList(text) ?? []).map((pair) => {
      const [, name, value] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
      if (name === undefined || value === undefined)
        throw new UsageError(`${option}: ${JSON.stringify(pair)} is no pair such as name=value`);
      return [name.trim(), value.trim()];
    }),
  );
}

/** @throws UsageError */
export function readCount(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const plain = text.replaceAll('_', '');
  if (!/^\d{1,10}$/.test(plain)) throw new UsageError(`${option} ${JSON.stringify(text)} is not a whole number`);
  return Number(plain);
}

/** Members that were given. */
export function given(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
