// A table as HTML: a region that scrolls by keyboard, numbers aligned by their decimals. Not its CSV (table-csv.ts).

import { shareHtml } from './bars.ts';
import { cellText, digitsOf, isNumeric, unknownText } from './cell-text.ts';
import { html, type Content, type Html } from './html.ts';
import type { Cell, Column, Table } from './page.ts';

/** Longer texts may break over lines. */
const longCharacters = 48;

/** @param title of the section, which names the region */
export function tableHtml(title: string, { columns, rows, total, empty, onPaper = rows.length }: Table): Html {
  if (rows.length === 0) return html`<p class="note">${empty}</p>`;
  const digits = columns.map((column, at) =>
    digitsOf(
      column,
      rows.flatMap((row) => (typeof row[at] === 'number' ? [row[at]] : [])),
    ),
  );
  const line = (row: readonly Cell[]): Content =>
    columns.map((column, at) => cellHtml(column, row[at] ?? null, { first: at === 0, digits: digits[at] ?? 2 }));
  return html`<div class="table" role="region" tabindex="0" aria-label="${title}, table">
    <table>
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col" ${isNumeric(column) && html` class="number"`}>${column.heading}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row, at) =>
            html`<tr ${at >= onPaper && html` class="screen"`}>
              ${line(row)}
            </tr> `,
        )}
      </tbody>
      ${
        total !== null &&
        html`<tfoot>
          <tr>
            ${line(total)}
          </tr>
        </tfoot>`
      }
    </table>
    ${onPaper < rows.length && html`<p class="note paper">${rows.length - onPaper} more lines are on the page itself and in its CSV.</p>`}
  </div>`;
}

function cellHtml(column: Column, cell: Cell, { first, digits }: { first: boolean; digits: number }): Html {
  const inner = contentOf(column, cell, digits);
  const kind = isNumeric(column) ? 'number' : cellText(column, cell, digits).length > longCharacters ? 'long' : null;
  const classed = kind !== null && html` class="${kind}"`;
  return first ? html`<th scope="row" ${classed}>${inner}</th>` : html`<td${classed}>${inner}</td>`;
}

function contentOf(column: Column, cell: Cell, digits: number): Content {
  if (cell === null) return html`<span class="unknown">${unknownText}</span>`;
  const text = cellText(column, cell, digits);
  if (typeof cell === 'number' && column.kind === 'bar') return shareHtml(cell);
  if (typeof cell === 'object' && 'tone' in cell) return html`<span class="${cell.tone}">${text}</span>`;
  const written =
    column.kind === 'code' ? html`<code>${text}</code>` : typeof cell === 'number' ? text : html`<bdi>${text}</bdi>`;
  return typeof cell === 'object' && 'href' in cell ? html`<a href="${cell.href}">${written}</a>` : written;
}
