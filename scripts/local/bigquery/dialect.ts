// BigQuery's SQL as DuckDB runs it: every difference that our queries meet, one rule each. Not a general translator.

/** A query in DuckDB's dialect. */
export function toDuckDb(sql: string): string {
  return (
    sql
      // `project.dataset.table` is one name there and a quoted table here: there is one project and one dataset.
      .replace(/`(?:[^`.]+\.)*([^`.]+)`/g, '"$1"')
      // Named parameters are written @name there, $name here.
      .replace(/@([a-zA-Z_]\w*)/g, '$$$1')
      // JSON members as text.
      .replace(/\bJSON_VALUE\(/gi, 'json_extract_string(')
      .replace(/\bSAFE_DIVIDE\(([^,()]+),\s*([^()]+)\)/gi, '($1) / nullif($2, 0)')
      .replace(/\bCURRENT_TIMESTAMP\(\)/gi, 'now()')
      .replace(/\bINT64\b/g, 'BIGINT')
  );
}

/** BigQuery's column types in DuckDB. */
export const columnTypes: Readonly<Record<string, string>> = {
  STRING: 'VARCHAR',
  TIMESTAMP: 'TIMESTAMPTZ',
  INTEGER: 'BIGINT',
  INT64: 'BIGINT',
  FLOAT: 'DOUBLE',
  FLOAT64: 'DOUBLE',
  NUMERIC: 'DECIMAL(38,9)',
  BOOLEAN: 'BOOLEAN',
  BOOL: 'BOOLEAN',
  DATE: 'DATE',
  JSON: 'JSON',
};

/** DuckDB's result types as BigQuery names them, for the real client to map values by. */
export function resultType(duckType: string): string {
  if (/^(BIGINT|INTEGER|SMALLINT|TINYINT|UBIGINT|HUGEINT)/.test(duckType)) return 'INTEGER';
  if (/^(DOUBLE|FLOAT)/.test(duckType)) return 'FLOAT';
  if (duckType.startsWith('DECIMAL')) return 'NUMERIC';
  if (duckType === 'BOOLEAN') return 'BOOLEAN';
  if (duckType.startsWith('TIMESTAMP')) return 'TIMESTAMP';
  if (duckType === 'DATE') return 'DATE';
  return 'STRING';
}
