// A table as CSV (RFC 4180): all its rows, numbers whole, times as RFC 3339. Not how it looks on a page.

import { exactDollars } from './cell-text.ts';
import { shown } from './html.ts';
import type { Cell, Column, Table } from './page.ts';

/** Bars only repeat another column, so files leave them out. */
const isData = ({ kind }: Column): boolean => kind !== 'bar';

/** With a header line; without the line of totals, which a sum over the file would count twice. */
export function tableCsv({ columns, rows }: Table): string {
  const heading = columns
    .filter(isData)
    .map(({ heading: name, kind }) => csvField(kind === 'money' ? `${name}, USD` : name));
  const lines = rows.map((row) =>
    columns.flatMap((column, at) => (isData(column) ? [fieldOf(column, row[at] ?? null)] : [])),
  );
  return [heading, ...lines].map(csvLine).join('');
}

function fieldOf({ kind }: Column, cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'object') return csvField(cell.text);
  if (typeof cell === 'string') return csvField(cell);
  if (kind === 'money') return exactDollars(cell);
  return kind === 'time' ? new Date(cell).toISOString() : String(cell);
}

/** A line of fields that are written already. */
export const csvLine = (fields: readonly string[]): string => `${fields.join(',')}\r\n`;

/** A text as a field. One that a spreadsheet would run as a formula gets an apostrophe in front. */
export function csvField(text: string): string {
  const safe = shown(text);
  const harmless = /^[=+\-@\t\r]/.test(safe) ? `'${safe}` : safe;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
