// Prices final days again: which rows would cost something else by the prices of a book, and their writing. Not the
// command (prices-reprice.ts).

import type { PriceBook } from '@cody-gateway/shared/catalogue';
import {
  closeDay,
  dueDays,
  loadRepricing,
  type Ledger,
  type UsageEvent,
  type Warehouse,
} from '@cody-gateway/shared/events';

const dayMs = 86_400_000;
/**
 * A day is read an hour at a time: rows are held in memory, and of a large gateway an hour has hundreds of thousands.
 */
const sliceMs = 3_600_000;
/** Rows of one insert; BigQuery takes ten times as many. */
const rowsAtOnce = 1_000;
/** More days than any range has that can be asked for. */
const dueMost = 400;

/** What changed, or would. */
export interface Repriced {
  rows: number;
  changed: number;
  beforeNanoUsd: number;
  afterNanoUsd: number;
  readonly models: Map<string, { rows: number; beforeNanoUsd: number; afterNanoUsd: number }>;
}

/**
 * @param days of UTC, final ones
 * @param run its number; null: nothing is written
 */
export async function repriceDays(
  { ledger, warehouse, book }: { readonly ledger: Ledger; readonly warehouse: Warehouse; readonly book: PriceBook },
  days: readonly string[],
  run: number | null,
): Promise<Repriced> {
  const { repricedRow } = await loadRepricing();
  const sums: Repriced = { rows: 0, changed: 0, beforeNanoUsd: 0, afterNanoUsd: 0, models: new Map() };
  const due = new Map((await dueDays(ledger, dueMost)).map((one) => [one.day, one]));
  for (const day of days) {
    // Rows that an earlier run wrote are seen only in a closed day; without this they would be written again.
    const open = due.get(day);
    if (open !== undefined && run !== null) await closeDay(ledger, open);
    const lookedAt = await clockOf(ledger);
    let written = 0;
    for (let ms = Date.parse(day); ms < Date.parse(day) + dayMs; ms += sliceMs) {
      const changed: UsageEvent[] = [];
      for (const event of await readRows(ledger, ms)) {
        sums.rows++;
        const row = repricedRow(event, book, run ?? Number.MAX_SAFE_INTEGER);
        if (row === null) continue;
        changed.push(row);
        note(sums, event, row);
      }
      if (run !== null) await write(warehouse, changed);
      written += changed.length;
    }
    if (run !== null && written > 0) await closeDay(ledger, { day, lookedAt });
  }
  return sums;
}

async function clockOf({ query }: Ledger): Promise<string> {
  const [row] = await query('SELECT CAST(CURRENT_TIMESTAMP() AS STRING) AS now', {});
  return String(row?.['now']);
}

/** Rows of an hour that may have a price, each event once. */
export function rowsSql(dataset: string): string {
  return `SELECT * FROM \`${dataset}.final_events\`
WHERE created_at >= CAST(@from AS TIMESTAMP) AND created_at < CAST(@to AS TIMESTAMP)
  AND name IN ('CompletionsFinished', 'EmbeddingsFinished') AND event_id IS NOT NULL AND model IS NOT NULL`;
}

async function readRows({ query, dataset }: Ledger, fromMs: number): Promise<UsageEvent[]> {
  const params = { from: new Date(fromMs).toISOString(), to: new Date(fromMs + sliceMs).toISOString() };
  return (await query(rowsSql(dataset), params)).map(eventOf);
}

/** As the client gives it: times are wrapped, JSON is text. */
function eventOf(row: Readonly<Record<string, unknown>>): UsageEvent {
  const json = (value: unknown): unknown => (typeof value === 'string' ? JSON.parse(value) : value);
  const at = row['created_at'] as { readonly value: string };
  const { cost_micro_usd: _, ...rest } = row;
  return {
    ...rest,
    created_at: at.value,
    metadata: json(row['metadata']) ?? {},
    tags: json(row['tags']),
  } as UsageEvent;
}

function note(
  sums: Repriced,
  { model, cost_nano_usd: before }: UsageEvent,
  { cost_nano_usd: after }: UsageEvent,
): void {
  const of = sums.models.get(model ?? '') ?? { rows: 0, beforeNanoUsd: 0, afterNanoUsd: 0 };
  sums.models.set(model ?? '', of);
  sums.changed++;
  of.rows++;
  for (const sum of [sums, of]) {
    sum.beforeNanoUsd += before ?? 0;
    sum.afterNanoUsd += after ?? 0;
  }
}

/** @throws Error for a row that BigQuery does not take: the run is stopped, and another one goes on where it was */
async function write(warehouse: Warehouse, rows: readonly UsageEvent[]): Promise<void> {
  for (let i = 0; i < rows.length; i += rowsAtOnce) {
    const { poison } = await warehouse.insert(rows.slice(i, i + rowsAtOnce));
    const [first] = poison;
    if (first !== undefined) throw new Error(`BigQuery did not take ${first.event.event_id}: ${first.reason}`);
  }
}
