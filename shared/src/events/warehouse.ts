// Rows into the events table, with the real BigQuery client. The queue is what retries; here is only told what happened.

import type { BigQuery } from '@google-cloud/bigquery';
import type { Config } from '../config/config.ts';
import { lazyClient } from '../http/http.ts';
import { within } from '../telemetry/telemetry.ts';
import type { Price, priceOf } from './price.ts';
import type { UsageEvent } from './usage-event.ts';

/** Longer than any healthy insert, shorter than the task's dispatch deadline. */
const insertTimeoutMs = 30_000;

/** What became of a batch. */
export interface Insertion {
  readonly inserted: number;
  /** List price of what was inserted. A row that comes again counts again: for alerts, not for bills. */
  readonly costMicroUsd: number;
  /** Charged calls among them that have no price. */
  readonly unpriced: number;
  /** Rows that BigQuery will never take, each with its reason. */
  readonly poison: readonly { readonly event: UsageEvent; readonly reason: string }[];
}

/** The events table. */
export interface Warehouse {
  /** Inserts rows; equal `event_id` and `rank` again are dropped by BigQuery within its window and by the view for ever. @throws when a retry can help. */
  insert(events: readonly UsageEvent[]): Promise<Insertion>;
}

/** Loads the client with the first insert. */
export function createWarehouse(config: Config): Warehouse {
  const client = lazyClient(() => loadClient(config));
  return {
    insert: async (events) => {
      const table = (await client.open()).dataset(config.bigqueryDataset).table(config.bigqueryTable);
      // The client has no deadline for an insert of its own.
      const late = (): never => {
        throw new Error(`BigQuery did not answer within ${insertTimeoutMs} ms`);
      };
      return insertRows(events, (rows) =>
        within(table.insert(rows, { raw: true, partialRetries: 0 }), insertTimeoutMs, late),
      );
    },
  };
}

interface RawRow {
  readonly insertId: string;
  readonly json: Omit<UsageEvent, 'metadata'> & Price & { readonly metadata: string };
}

/** As the views count: `unpriced` is a row that is charged and has no cost. */
function sumsOf(rows: readonly RawRow[]): Pick<Insertion, 'costMicroUsd' | 'unpriced'> {
  return {
    costMicroUsd: rows.reduce((sum, { json }) => sum + (json.cost_micro_usd ?? 0), 0),
    unpriced: rows.filter(({ json }) => json.units > 0 && json.cost_micro_usd === null).length,
  };
}

/** A row that can't be taken stops its whole request (its neighbours read `stopped`): the rest goes again without it. */
async function insertRows(
  events: readonly UsageEvent[],
  insert: (rows: RawRow[]) => Promise<unknown>,
): Promise<Insertion> {
  if (events.length === 0) return { inserted: 0, costMicroUsd: 0, unpriced: 0, poison: [] };
  // Half a megabyte of prices, which no function but the one that inserts reads.
  const prices = await import('./price.ts');
  const rows = events.map((event) => rawRow(event, prices.priceOf));
  try {
    await insert(rows);
    return { inserted: rows.length, ...sumsOf(rows), poison: [] };
  } catch (error) {
    const reasons = invalidRows(error);
    if (reasons.size === 0) throw error;
    const good = rows.filter((row) => !reasons.has(row.insertId));
    const poison = events
      .filter((event) => reasons.has(insertId(event)))
      .map((event) => ({ event, reason: reasons.get(insertId(event)) ?? 'invalid' }));
    if (good.length > 0) await insert(good);
    return { inserted: good.length, ...sumsOf(good), poison };
  }
}

function insertId(event: UsageEvent): string {
  return `${event.event_id}:${event.rank}`;
}

function rawRow(event: UsageEvent, price: typeof priceOf): RawRow {
  return {
    insertId: insertId(event),
    json: { ...event, ...price(event), metadata: JSON.stringify(event.metadata) },
  };
}

/** insertId -> reason of the rows that a PartialFailureError calls invalid (its message is empty, the details are inside: spec platform §4). */
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

async function loadClient(config: Config): Promise<BigQuery> {
  const { BigQuery } = await import('@google-cloud/bigquery');
  const project = config.bigqueryProjectId;
  // The queue retries: a client that retries inside would only hold the task (spec platform §4).
  const common = { autoRetry: false, ...(project !== null && { projectId: project }) };
  const { GoogleAuth, PassThroughClient } = await import('google-auth-library');
  if (config.bigqueryEndpoint === null) {
    // Credentials that are missing are this insert's failure, told to the queue, and looked for again by the next one.
    const authClient = await new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/bigquery' }).getClient();
    return new BigQuery({ ...common, authClient });
  }
  const anonymous = config.bigqueryEndpoint.startsWith('http://') ? { authClient: new PassThroughClient() } : {};
  return new BigQuery({ ...common, apiEndpoint: config.bigqueryEndpoint, ...anonymous });
}
