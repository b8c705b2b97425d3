// A row of the export's questions as the client gives it, in our own types, and what names its customer. Not a file's
// line (focus-rows.ts, finance-rows.ts).

import { customerName, subscriptions, type Told } from '@cody-gateway/shared/console';
import type { SubscriptionEntry } from '@cody-gateway/shared/directory';

/** A row of the warehouse. */
export type Row = Readonly<Record<string, unknown>>;

/** Text; null where the row has none. Dates come wrapped by the client. */
export function textOf(row: Row, name: string): string | null {
  const value = row[name];
  if (typeof value === 'object' && value !== null && 'value' in value) return String(value.value);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A whole number, as sums are. @throws Error for what a double can't hold: no sum may be a little wrong */
export function wholeOf(row: Row, name: string): number {
  const number = Number(row[name] ?? 0);
  if (!Number.isSafeInteger(number)) throw new Error(`${name} of a row is ${String(row[name])}: no whole number`);
  return number;
}

/** What is known of customers beyond the ledger. */
export interface Customers {
  /** @returns its name, or its id where it has none */
  name(source: string | null, id: string): string;
  /** Of a subscription. */
  tags(source: string | null, id: string): readonly string[];
}

export function customersOf(entries: Told<readonly SubscriptionEntry[]>): Customers {
  const known = new Map<string, { readonly name: string; readonly tags: readonly string[] }>();
  if (!('fault' in entries))
    for (const entry of entries.value)
      if ('record' in entry) known.set(entry.id, { name: entry.record.name, tags: entry.record.tags });
  const names = new Map([...known].filter(([, { name }]) => name !== '').map(([id, { name }]) => [id, name]));
  return {
    name: (source, id) => customerName(source, id, names),
    tags: (source, id) => (source === null || source === subscriptions ? (known.get(id)?.tags ?? []) : []),
  };
}
