// Columns of text for a terminal: as wide as they need to be, folded where the terminal is narrower. Off a terminal a
// row is one line, for programs.

import { oneLine } from '@cody-gateway/shared/telemetry';
import { foldLine } from './fold.ts';
import { terminalColumns } from './output.ts';

const gap = 2;
const indent = '    ';
/** A word of up to this length is not broken: an id is copied whole. */
const wordMax = 36;

/**
 * Rows under headings; no line end after the last. Values too long for the terminal are folded; columns that have no
 * room stand below their row.
 */
export function formatTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  columns = terminalColumns(),
): string {
  const cells = rows.map((row) => row.map(oneLine));
  const widest = (lengthOf: (cell: string) => number): number[] =>
    headings.map((heading, i) => Math.max(heading.length, ...cells.map((row) => lengthOf(row[i] ?? ''))));
  const natural = widest((cell) => cell.length);
  const least = widest((cell) => Math.min(wordMax, Math.max(...cell.split(' ').map((word) => word.length))));
  const beside = fitting(least, columns);
  const widths = shrink(natural.slice(0, beside), least, columns);
  return [headings, ...cells]
    .flatMap((row, at) => [
      ...rowLines(row.slice(0, beside), widths),
      ...(at === 0 ? [] : rest(headings.slice(beside), row.slice(beside), columns)),
    ])
    .join('\n');
}

/** How many of the columns have room beside each other; the first has it anyway. */
function fitting(least: readonly number[], columns: number): number {
  let used = -gap;
  for (const [at, width] of least.entries()) {
    used += width + gap;
    if (used > columns) return Math.max(1, at);
  }
  return least.length;
}

/** Takes from the widest of them until all fit, and from none more than it can spare. */
function shrink(natural: readonly number[], least: readonly number[], columns: number): number[] {
  const widths = [...natural];
  let over = widths.reduce((sum, width) => sum + width + gap, -gap) - columns;
  while (over > 0) {
    const spare = widths.map((width, i) => (width > (least[i] ?? 0) ? width : 0));
    const at = spare.indexOf(Math.max(...spare));
    if (spare[at] === 0) break;
    widths[at] = (widths[at] ?? 0) - 1;
    over -= 1;
  }
  return widths;
}

function rowLines(row: readonly string[], widths: readonly number[]): string[] {
  const folded = row.map((cell, i) => ((widths[i] ?? 0) >= cell.length ? [cell] : foldLine(cell, widths[i] ?? 1, 0)));
  const height = Math.max(1, ...folded.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    folded
      .map((lines, i) => (lines[line] ?? '').padEnd(widths[i] ?? 0))
      .join(' '.repeat(gap))
      .trimEnd(),
  );
}

/** What has no room beside the others, each with its heading, below the row. */
function rest(headings: readonly string[], row: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const [i, heading] of headings.entries()) {
    const part = `${heading} ${row[i] ?? ''}`;
    const last = lines.at(-1);
    if (last !== undefined && last.length + 3 + part.length <= columns) lines[lines.length - 1] = `${last}   ${part}`;
    else lines.push(`${indent}${part}`);
  }
  return lines.flatMap((line) => foldLine(line, columns, indent.length + 2));
}
