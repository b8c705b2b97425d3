// Rows into the events table, with the real BigQuery client. The queue retries; this file only reports what happened.

import type { PriceBook } from '../catalogue/catalogue.ts';
import { lazyClient } from '../http/http.ts';
import { within } from '../telemetry/telemetry.ts';
import { loadBigQuery, type WarehouseSettings } from './bigquery-client.ts';
import type { Row } from './columns.ts';
import { createUnplaced, type Unplaced } from './unplaced.ts';
import type { UsageEvent } from './usage-event.ts';

/** Longer than any healthy insert, shorter than the task's dispatch deadline. */
const insertTimeoutMs = 30_000;

/** What became of a batch. */
export interface Insertion {
  readonly inserted: number;
  /** What was inserted did cost. A row that comes again counts again: for alerts, not for bills. */
  readonly costNanoUsd: number;
  /** Charged calls among them that have no price. */
  readonly unpriced: number;
  /** Rows that BigQuery will never take, each with its reason. */
  readonly poison: readonly { readonly event: UsageEvent; readonly reason: string }[];
  /** Members that the table has no column for: their values are kept in `metadata.unplaced`. */
  readonly unplaced: readonly string[];
}

/** The events table. */
export interface Warehouse {
  /**
   * Prices what has no cost, and inserts rows; equal `event_id`, `rank` and `price_rank` again are dropped by BigQuery
   * within its window and by the view for ever.
   * @throws when a retry can help.
   */
  insert(events: readonly UsageEvent[]): Promise<Insertion>;
}

/**
 * Loads the client with the first insert.
 * @param book asked for with the first row that has no cost
 * @param now Unix ms
 */
export function createWarehouse(
  config: WarehouseSettings,
  book: () => Promise<PriceBook>,
  now: () => number = Date.now,
): Warehouse {
  const client = lazyClient(() => loadBigQuery(config));
  const unplaced = createUnplaced();
  return {
    insert: async (events) => {
      const table = (await client.open()).dataset(config.bigqueryDataset).table(config.bigqueryTable);
      // The client has no deadline for an insert of its own. One for all of its requests.
      const untilMs = performance.now() + insertTimeoutMs;
      const late = (): never => {
        throw new Error(`BigQuery did not answer within ${insertTimeoutMs} ms`);
      };
      return insertRows(await pricedRows(events, book), unplaced, now(), (rows) =>
        within(table.insert(rows, { raw: true, partialRetries: 0 }), Math.max(1, untilMs - performance.now()), late),
      );
    },
  };
}

/** Columns of JSON, which are inserted as texts. */
type JsonColumn = 'metadata' | 'tags' | 'call_tags';

interface RawRow {
  readonly insertId: string;
  readonly json: Omit<Row, JsonColumn> & { readonly [Name in JsonColumn]: string | null };
}

const nanoPerMicro = 1_000;

/** An event, and its row as it is inserted. */
type Pending = Awaited<ReturnType<typeof pricedRows>>[number];

async function pricedRows(events: readonly UsageEvent[], book: () => Promise<PriceBook>) {
  if (events.length === 0) return [];
  // Half a megabyte of prices, which most batches do not need.
  const missing = events.some(({ cost_nano_usd: cost }) => (cost ?? null) === null);
  const priced = missing ? (await import('./price-row.ts')).pricedRow : null;
  const prices = priced === null ? null : await book();
  return events.map((event) => {
    const row = priced === null || prices === null ? event : priced(event, prices);
    const { cost_nano_usd: nano } = row;
    return { event, row: { ...row, cost_micro_usd: nano === null ? null : Math.round(nano / nanoPerMicro) } };
  });
}

/** As the views count: `unpriced` is a row that is charged and has no cost. */
function sumsOf(rows: readonly Row[]): Pick<Insertion, 'costNanoUsd' | 'unpriced'> {
  return {
    costNanoUsd: rows.reduce((sum, { cost_nano_usd: cost }) => sum + (cost ?? 0), 0),
    unpriced: rows.filter(({ units, cost_nano_usd: cost }) => units > 0 && cost === null).length,
  };
}

/**
 * A row that can't be taken stops its whole request (its neighbours read `stopped`): the rest goes again without it.
 * What only lacks a column goes again with that member elsewhere. Each turn learns of a member or drops a row, so it
 * ends.
 */
async function insertRows(
  pending: readonly Pending[],
  unplaced: Unplaced,
  nowMs: number,
  insert: (rows: RawRow[]) => Promise<unknown>,
): Promise<Insertion> {
  const poison: { event: UsageEvent; reason: string }[] = [];
  let left = pending;
  while (left.length > 0) {
    const placed = left.map(({ row }) => unplaced.put(row, nowMs));
    const rows = placed.map(({ row }) => rawRow(row));
    try {
      await insert(rows);
      const members = new Set(placed.flatMap((one) => one.members));
      return { inserted: rows.length, ...sumsOf(left.map(({ row }) => row)), poison, unplaced: [...members] };
    } catch (error) {
      const reasons = invalidRows(error);
      // In the same turn two rows may name the same member: it is learnt of once.
      const learnt = new Set([...reasons.values()].filter((reason) => unplaced.learn(reason, nowMs)));
      const isPoison = (event: UsageEvent): boolean => {
        const reason = reasons.get(insertId(event));
        return reason !== undefined && !learnt.has(reason);
      };
      const good = left.filter(({ event }) => !isPoison(event));
      if (learnt.size === 0 && good.length === left.length) throw error;
      for (const { event } of left)
        if (isPoison(event)) poison.push({ event, reason: reasons.get(insertId(event)) ?? 'invalid' });
      left = good;
    }
  }
  return { inserted: 0, costNanoUsd: 0, unpriced: 0, poison, unplaced: [] };
}

function insertId({ event_id, rank, price_rank }: Pick<UsageEvent, 'event_id' | 'rank' | 'price_rank'>): string {
  // Rows of older functions lack the member.
  return `${event_id}:${rank}:${(price_rank as number | undefined) ?? 0}`;
}

function rawRow(row: Row): RawRow {
  // What the table has no column for is not there any more; rows of older functions never had it.
  const text = (value: unknown): string | null =>
    value === undefined || value === null ? null : JSON.stringify(value);
  const json = {
    ...row,
    metadata: text(row.metadata),
    ...('tags' in row && { tags: text(row.tags) }),
    ...('call_tags' in row && { call_tags: text(row.call_tags) }),
  };
  return { insertId: insertId(row), json: json as RawRow['json'] };
}

/**
 * insertId -> reason of the rows that a PartialFailureError calls invalid (its message is empty, the details are
 * inside).
 */
function invalidRows(error: unknown): ReadonlyMap<string, string> {
  const failed =
    (error as {
      name?: string;
      errors?: { row?: { insertId?: string }; errors?: { reason?: string; message?: string }[] }[];
    } | null) ?? {};
  const reasons = new Map<string, string>();
  if (failed.name !== 'PartialFailureError') return reasons;
  for (const { row, errors = [] } of failed.errors ?? []) {
    const invalid = errors.find(({ reason }) => reason === 'invalid');
    if (invalid !== undefined && row?.insertId !== undefined) reasons.set(row.insertId, invalid.message ?? 'invalid');
  }
  return reasons;
}
