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
    .map(({ heading: name, kind }) => field(kind === 'money' ? `${name}, USD` : name));
  const lines = rows.map((row) =>
    columns.flatMap((column, at) => (isData(column) ? [fieldOf(column, row[at] ?? null)] : [])),
  );
  return [heading, ...lines].map((line) => `${line.join(',')}\r\n`).join('');
}

function fieldOf({ kind }: Column, cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'object') return field(cell.text);
  if (typeof cell === 'string') return field(cell);
  if (kind === 'money') return exactDollars(cell);
  return kind === 'time' ? new Date(cell).toISOString() : String(cell);
}

/** A text that a spreadsheet would run as a formula gets an apostrophe in front. */
function field(text: string): string {
  const safe = shown(text);
  const harmless = /^[=+\-@\t\r]/.test(safe) ? `'${safe}` : safe;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
