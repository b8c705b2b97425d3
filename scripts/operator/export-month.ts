// A month of the ledger as CSV, a line at a time: nothing is held but a page of the warehouse's answer. Not where it
// goes (usage-export.ts).

import { csvLine } from '@cody-gateway/shared/console';
import { within } from '@cody-gateway/shared/telemetry';
import type { Query, RowStream } from './warehouse.ts';
import { changedDays, type BillingMonth } from './billing-month.ts';
import { correctionsSql, financeSql, usageSql } from './export-sql.ts';
import { financeColumns } from './finance-rows.ts';
import { correctionCharge, focusFields, focusHeading, usageCharge, type Charge } from './focus-rows.ts';
import { wholeOf, type Customers, type Row } from './ledger-row.ts';

/** The wait from one row to the next. BigQuery gives the first only when it has them all. */
const rowTimeoutMs = 300_000;

/** What it is made of. */
export interface ExportSources {
  readonly query: Query;
  readonly stream: RowStream;
  /** `project.dataset`. */
  readonly dataset: string;
  readonly customers: Customers;
  readonly nowMs: number;
}

/** What a file came to, when its last line is written. */
export interface ExportSums {
  rows: number;
  corrections: number;
  /** Nano-dollars: more than a number holds, where many months are. */
  nanoUsd: bigint;
  correctedNanoUsd: bigint;
  unpriced: number;
  partlyUnpriced: number;
  unconfirmedNanoUsd: bigint;
  estimatedNanoUsd: bigint;
}

export const noSums = (): ExportSums => ({
  rows: 0,
  corrections: 0,
  nanoUsd: 0n,
  correctedNanoUsd: 0n,
  unpriced: 0,
  partlyUnpriced: 0,
  unconfirmedNanoUsd: 0n,
  estimatedNanoUsd: 0n,
});

/** Everything that finance can use, by day, customer, model and what became of calls. @param sums is added up */
export async function* financeLines(
  { stream, dataset, customers, nowMs }: ExportSources,
  month: BillingMonth,
  sums: ExportSums,
): AsyncGenerator<string> {
  const columns = financeColumns(month, customers, nowMs);
  yield csvLine(columns.map(([name]) => name));
  for await (const row of inTime(stream(financeSql(dataset, month), {}))) {
    note(sums, row);
    yield csvLine(columns.map(([, of]) => of(row)));
  }
}

/**
 * Charges as FOCUS has them: what the month's usage cost when it was closed, then, as corrections, what re-pricing
 * added to earlier months before this one was closed. So each nano-dollar stands in one file, and all files together
 * are what the views say.
 */
export async function* focusLines(
  { query, stream, dataset, customers }: ExportSources,
  month: BillingMonth,
  sums: ExportSums,
): AsyncGenerator<string> {
  const context = { month, project: dataset.split('.')[0] ?? '', customers };
  const line = (charge: Charge): string => csvLine(focusFields(charge));
  yield csvLine(focusHeading);
  const changed = await changedDays(query, dataset, month);
  for await (const row of inTime(stream(usageSql(dataset, month, changed.own), {}))) {
    note(sums, row);
    yield line(usageCharge(row, context));
  }
  for (const days of changed.before)
    for await (const row of inTime(stream(correctionsSql(dataset, month, days), {}))) {
      sums.corrections++;
      sums.correctedNanoUsd += BigInt(wholeOf(row, 'delta_nano_usd'));
      yield line(correctionCharge(row, context));
    }
}

function note(sums: ExportSums, row: Row): void {
  sums.rows++;
  sums.nanoUsd += BigInt(wholeOf(row, 'cost_nano_usd'));
  sums.unpriced += wholeOf(row, 'unpriced');
  sums.partlyUnpriced += wholeOf(row, 'partly_unpriced');
  sums.unconfirmedNanoUsd += BigInt(wholeOf(row, 'unconfirmed_nano_usd'));
  sums.estimatedNanoUsd += BigInt(wholeOf(row, 'estimated_nano_usd'));
}

async function* inTime(rows: AsyncIterable<Row>): AsyncGenerator<Row> {
  const late = (): never => {
    throw new Error(`BigQuery did not answer within ${rowTimeoutMs / 1_000} s`);
  };
  const iterator = rows[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next: IteratorResult<Row, unknown> = await within(iterator.next(), rowTimeoutMs, late);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
