// INFORMATION_SCHEMA.PARTITIONS of the local warehouse: which days of a table changed, and when. DuckDB has no
// partitions: days are told apart by what is in them.

import type { DuckDBConnection } from '@duckdb/node-api';
import { partitionsTable } from './dialect.ts';

/** The part of it that anyone here asks for, and what a day's rows amount to. */
export const createPartitions = `CREATE TABLE ${partitionsTable} (table_name VARCHAR, partition_id VARCHAR, total_rows BIGINT, last_modified_time TIMESTAMPTZ, mark UBIGINT, PRIMARY KEY (table_name, partition_id))`;

/**
 * Brings it up to date; a day that changed since the last look changed now. However rows came in, this finds it.
 * @param partitioned tables and the columns that their partitions are made by
 */
export async function noteChanges(duck: DuckDBConnection, partitioned: ReadonlyMap<string, string>): Promise<void> {
  for (const [table, column] of partitioned)
    await duck.run(`
      INSERT INTO ${partitionsTable}
      SELECT * FROM (
        SELECT '${table}' AS table_name, strftime("${column}", '%Y%m%d') AS partition_id, COUNT(*) AS total_rows, now() AS last_modified_time, bit_xor(hash(t)) AS mark
        FROM "${table}" AS t
        GROUP BY ALL
      ) AS found
      WHERE NOT EXISTS (
        SELECT 1 FROM ${partitionsTable} AS noted
        WHERE noted.table_name = found.table_name AND noted.partition_id = found.partition_id
          AND noted.total_rows = found.total_rows AND noted.mark = found.mark
      )
      ON CONFLICT DO UPDATE SET total_rows = excluded.total_rows, last_modified_time = excluded.last_modified_time, mark = excluded.mark`);
}
