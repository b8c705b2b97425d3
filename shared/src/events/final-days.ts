// Final days of the events table: which are due, and how one is put into tables of its own, so that no sum reads the
// history again. Not when (close-days).

import { lazyClient } from '../http/http.ts';
import { within } from '../telemetry/telemetry.ts';
import { loadBigQuery, type WarehouseSettings } from './bigquery-client.ts';

/** A day of a large gateway is some gigabytes in BigQuery. */
const queryTimeoutMs = 300_000;
/** From the end of a day: until then its events may still arrive. */
const finalAfterHours = 48;

/** Where SQL is asked. */
export interface Ledger {
  /** `project.dataset`, or `dataset`. */
  readonly dataset: string;
  /** Runs BigQuery SQL, scripts too. @throws where it fails, or takes more than its bounds allow */
  query(
    sql: string,
    params: Readonly<Record<string, string>>,
    bounds?: QueryBounds,
  ): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** What a query may take. */
export interface QueryBounds {
  /** Bytes of the warehouse: one that would read more is not begun. Absent: as many as it needs. */
  readonly bytesMax?: number;
  /** Five minutes where absent. */
  readonly timeoutMs?: number;
}

/** A day that is final and is not, or no longer, in its tables as events has it. */
export interface DueDay {
  /** `yyyy-mm-dd`, UTC: a partition of events. */
  readonly day: string;
  /** When that was found, by the warehouse's clock: what comes in later makes the day due again. */
  readonly lookedAt: string;
}

/** Loads the client with the first query. */
export function createLedger(config: WarehouseSettings): Ledger {
  const { bigqueryProjectId: project, bigqueryDataset } = config;
  const client = lazyClient(() => loadBigQuery(config));
  return {
    // Without a project the client's own is meant.
    dataset: project === null ? bigqueryDataset : `${project}.${bigqueryDataset}`,
    query: async (sql, params, { bytesMax, timeoutMs = queryTimeoutMs } = {}) => {
      const bound = bytesMax === undefined ? {} : { maximumBytesBilled: String(bytesMax) };
      const asked = (await client.open()).query({ query: sql, params, ...bound });
      const late = (): never => {
        throw new Error(`BigQuery did not answer within ${timeoutMs} ms`);
      };
      const [rows] = await within(asked, timeoutMs, late);
      return rows as readonly Readonly<Record<string, unknown>>[];
    },
  };
}

/**
 * Days that are due, the latest first: never closed, told by another billing time zone, or changed since (a late
 * delivery, a new price, an erasure), they or a neighbour, where another row of an event may stand.
 */
export async function dueDays({ query, dataset }: Ledger, most: number): Promise<readonly DueDay[]> {
  const rows = await query(dueSql(dataset, most), {});
  return rows.map((row) => ({ day: String(row['day']), lookedAt: String(row['looked_at']) }));
}

/** The text is for the list of the project's SQL as well. */
export function dueSql(dataset: string, most: number): string {
  return `WITH parts AS (
    -- Two others are called __NULL__ and __UNPARTITIONED__.
    SELECT PARSE_DATE('%Y%m%d', IF(partition_id < 'A', partition_id, NULL)) AS day, last_modified_time
    FROM \`${dataset}.INFORMATION_SCHEMA.PARTITIONS\`
    WHERE table_name = 'events' AND partition_id < 'A'
  )
  SELECT CAST(part.day AS STRING) AS day, CAST(CURRENT_TIMESTAMP() AS STRING) AS looked_at
  FROM parts AS part
  JOIN parts AS near ON near.day BETWEEN DATE_SUB(part.day, INTERVAL 1 DAY) AND DATE_ADD(part.day, INTERVAL 1 DAY)
  LEFT JOIN \`${dataset}.final_days\` AS final ON final.day = part.day
  CROSS JOIN \`${dataset}.billing_time_zone\` AS billing
  WHERE TIMESTAMP_ADD(TIMESTAMP(part.day), INTERVAL ${24 + finalAfterHours} HOUR) <= CURRENT_TIMESTAMP()
  GROUP BY part.day, final.closed_at, final.time_zone, billing.time_zone
  HAVING final.closed_at IS NULL OR final.time_zone != billing.time_zone OR MAX(near.last_modified_time) > final.closed_at
  ORDER BY day DESC
  LIMIT ${most}`;
}

/** Makes the tables say what events says of a day: all of it or nothing, and the same again when it is done twice. */
export async function closeDay({ query, dataset }: Ledger, { day, lookedAt }: DueDay): Promise<void> {
  await query(closeSql(dataset), { from: `${day} 00:00:00+00`, to: nextDay(day), id: lookedAt });
}

/** Parameters: @from and @to, a day of UTC, and @id, when it was found due. */
export function closeSql(dataset: string): string {
  const from = 'CAST(@from AS TIMESTAMP)';
  const to = 'CAST(@to AS TIMESTAMP)';
  return `BEGIN TRANSACTION;
  DELETE FROM \`${dataset}.final_events\` WHERE created_at >= ${from} AND created_at < ${to};
  INSERT INTO \`${dataset}.final_events\`
  SELECT * FROM \`${dataset}.events_between\`(${from}, ${to});
  -- A day of UTC lies in two days of another time zone.
  DELETE FROM \`${dataset}.final_usage\`
  WHERE utc_day = DATE(${from}) AND day BETWEEN DATE_SUB(DATE(${from}), INTERVAL 1 DAY) AND DATE_ADD(DATE(${from}), INTERVAL 1 DAY);
  INSERT INTO \`${dataset}.final_usage\`
  SELECT * FROM \`${dataset}.usage_between\`(${from}, ${to});
  DELETE FROM \`${dataset}.final_days\` WHERE day = DATE(${from});
  INSERT INTO \`${dataset}.final_days\`
  SELECT DATE(${from}) AS day, time_zone, CAST(@id AS TIMESTAMP) AS closed_at FROM \`${dataset}.billing_time_zone\`;
COMMIT TRANSACTION;`;
}

function nextDay(day: string): string {
  return `${new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10)} 00:00:00+00`;
}
