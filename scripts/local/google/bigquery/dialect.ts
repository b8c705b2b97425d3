// BigQuery's SQL as DuckDB runs it: every difference that our queries meet, one rule each. Not a general translator. In
// the comments `there` is BigQuery and `here` is DuckDB.

import type { Column } from './row-fault.ts';

/** Literals, comments and quoted names: what the rules for plain words must not touch. */
const quoted = /('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|--[^\n]*|\/\*[\s\S]*?\*\/)/;

/** INFORMATION_SCHEMA.PARTITIONS is a table here (partitions.ts). */
export const partitionsTable = '"__partitions"';

/** A query in DuckDB's dialect. */
export function toDuckDb(sql: string): string {
  return sql
    .split(quoted)
    .map((part, i) => (i % 2 === 1 ? toQuoted(part) : toWords(part)))
    .join('');
}

function toQuoted(part: string): string {
  if (part.endsWith('.INFORMATION_SCHEMA.PARTITIONS`')) return partitionsTable;
  // `project.dataset.table` is one name there and a quoted table here: there is one project and one dataset.
  if (part.startsWith('`')) return `"${part.slice(part.lastIndexOf('.') + 1, -1)}"`;
  if (part.startsWith('-') || part.startsWith('/')) return part;
  // Both quotes make strings there, and a backslash escapes; here "x" is a name, and a quote is doubled.
  return `'${part.slice(1, -1).replace(/\\(.)/g, '$1').replaceAll("'", "''")}'`;
}

function toWords(part: string): string {
  return (
    part
      // A repeated record's members are columns there; here they are inside one, unless it is unnested to the bottom.
      .replace(/\bUNNEST\((\w+)\)/gi, '(SELECT UNNEST($1, recursive := true))')
      // An array of plain values has the alias for its column's name there, and for its table's here. Two pairs of
      // parentheses deep at the most.
      .replace(/\bUNNEST\((\w+\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))\) AS (\w+)/gi, '(SELECT UNNEST($1) AS $2)')
      // Named parameters are written @name there, $name here.
      .replace(/@([a-zA-Z_]\w*)/g, '$$$1')
      // Quantiles: an array of them there, the one that is taken out of it here.
      .replace(/\bAPPROX_QUANTILES\((\w+), 100\)\[OFFSET\((\d+)\)\]/gi, 'quantile_cont($1, $2 / 100)')
      // A JSON member as text: DuckDB's own JSON_VALUE keeps the quotes.
      .replace(/\bJSON_VALUE\(/gi, 'json_extract_string(')
      // A part of a timestamp is a bare word there and text here.
      .replace(/,\s*(MINUTE|HOUR|DAY|WEEK|MONTH|YEAR)\s*\)/gi, ", '$1')")
      // The later one comes first there, and last here.
      .replace(/\bDATE_DIFF\(/gi, 'days_between(')
      // When a line was loaded: a column of every table there, of none here, where it is loaded when it is used.
      .replace(/\b_PARTITIONTIME\b/g, 'usage_start_time')
      .replace(/\bCURRENT_TIMESTAMP\(\)/gi, 'now()')
      .replace(/\bCURRENT_DATE\(\)/gi, 'CURRENT_DATE')
      .replace(/\bCURRENT_DATE\(/gi, 'civil_date(now(), ')
      // Both take a time zone there; here these names are types, and take none.
      .replace(/\bDATE\(/gi, 'civil_date(')
      .replace(/\bTIMESTAMP\(/gi, 'moment(')
      .replace(/\bAS TIMESTAMP\)/gi, 'AS TIMESTAMPTZ)')
      // Zero where no condition is known; here it would be null.
      .replace(/\bCOUNTIF\(/gi, 'count_where(')
      .replace(/\bLOGICAL_AND\(/gi, 'bool_and(')
      .replace(/\bINT64\b/gi, 'BIGINT')
      .replace(/\bFLOAT64\b/gi, 'DOUBLE')
  );
}

/** The statements of a script, which stand between semicolons. */
export function statementsOf(sql: string): string[] {
  const statements = [''];
  for (const [i, part] of sql.split(quoted).entries()) {
    const [first = '', ...others] = i % 2 === 1 ? [part] : part.split(';');
    statements.push(`${statements.pop() ?? ''}${first}`, ...others);
  }
  return statements.filter((statement) => statement.trim() !== '');
}

/** Functions that DuckDB lacks, and the time zone that BigQuery always has. */
export const setup: readonly string[] = [
  "SET TimeZone = 'UTC'",
  'CREATE MACRO safe_divide(a, b) AS a / nullif(b, 0)',
  'CREATE MACRO timestamp_trunc(t, part) AS date_trunc(part, t)',
  'CREATE MACRO timestamp_sub(t, span) AS t - span',
  'CREATE MACRO timestamp_add(t, span) AS t + span',
  'CREATE MACRO civil_date(t) AS CAST(t AS DATE), (t, zone) AS CAST(timezone(zone, t) AS DATE)',
  'CREATE MACRO moment(t) AS CAST(t AS TIMESTAMPTZ), (t, zone) AS timezone(zone, CAST(t AS TIMESTAMP))',
  'CREATE MACRO days_between(later, earlier, part) AS date_diff(part, earlier, later)',
  'CREATE MACRO parse_date(form, t) AS CAST(strptime(t, form) AS DATE)',
  'CREATE MACRO count_where(condition) AS COUNT(CASE WHEN condition THEN 1 END)',
  // A member of a member, such as $.unplaced.tokens: a null in a merge patch takes it away.
  `CREATE MACRO json_remove(j, path) AS json_merge_patch(j, '{"' || split_part(path, '.', 2) || '":{"' || split_part(path, '.', 3) || '":null}}')`,
  "CREATE MACRO json_value_array(j) AS json_extract_string(j, '$[*]')",
  'CREATE MACRO date_sub(d, span) AS CAST(d - span AS DATE)',
  'CREATE MACRO date_add(d, span) AS CAST(d + span AS DATE)',
  'CREATE MACRO generate_date_array(first, last) AS list_transform(generate_series(CAST(first AS TIMESTAMP), CAST(last AS TIMESTAMP), INTERVAL 1 DAY), lambda t: CAST(t AS DATE))',
];

/** BigQuery's column types in DuckDB. */
const columnTypes: Readonly<Record<string, string>> = {
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

/** A column's type, records and repeated ones included. */
export function columnType({ type, mode, fields = [] }: Column): string {
  const one =
    type === 'RECORD'
      ? `STRUCT(${fields.map((field) => `"${field.name}" ${columnType(field)}`).join(', ')})`
      : (columnTypes[type] ?? 'VARCHAR');
  return mode === 'REPEATED' ? `${one}[]` : one;
}

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
