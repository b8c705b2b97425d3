// `usage cost` (also `npm run cost`): what was used and what it costs by subscription, feature and model, out of the
// events table.

import { readArguments, type Command } from './command.ts';
import { daysMost, lastDays, readDays } from './days.ts';
import { formatTable } from '../terminal/table.ts';
import { warehouseHelp, warehouseOf } from './warehouse.ts';

/**
 * What is summed of calls, over the de-duplicated view; failed and cancelled calls are told apart from charged ones.
 */
export const usageSums = `SUM(count) AS calls,
  SUM(units) AS charged,
  -- With what caches gave and took. Of rows of older functions: Anthropic reports its cache beside the input, the
  -- others within it.
  SUM(COALESCE(
    CAST(JSON_VALUE(metadata, '$.input_token_count') AS INT64),
    CAST(COALESCE(JSON_VALUE(metadata, '$.prompt_token_count'), JSON_VALUE(metadata, '$.tokens_used'), '0') AS INT64) + IF(
      provider = 'anthropic',
      CAST(COALESCE(JSON_VALUE(metadata, '$.cache_read_token_count'), '0') AS INT64) + CAST(COALESCE(JSON_VALUE(metadata, '$.cache_write_token_count'), '0') AS INT64),
      0
    )
  )) AS input_tokens,
  SUM(COALESCE(
    tokens - CAST(JSON_VALUE(metadata, '$.input_token_count') AS INT64),
    CAST(JSON_VALUE(metadata, '$.completion_token_count') AS INT64),
    0
  )) AS output_tokens,
  SUM(IFNULL(cost_nano_usd, 0)) AS cost_nano_usd,
  CAST(ROUND(SUM(IFNULL(cost_nano_usd, 0)) / 1000) AS INT64) AS cost_micro_usd,
  SUM(IF(price_version LIKE '%unconfirmed%', IFNULL(cost_nano_usd, 0), 0)) AS unconfirmed_nano_usd,
  SUM(IF(price_version LIKE '%estimated tokens%', IFNULL(cost_nano_usd, 0), 0)) AS estimated_nano_usd,
  COUNTIF(price_version LIKE '%unpriced dimensions%') AS partly_unpriced,
  COUNTIF(units > 0 AND cost_nano_usd IS NULL) AS unpriced`;
/** Rows of calls that ended. */
export const usageNames = "name IN ('CompletionsFinished', 'EmbeddingsFinished')";

const sql = `
SELECT identifier AS subscription, feature, model,
  ${usageSums}
FROM $rows
WHERE ${usageNames}
GROUP BY 1, 2, 3
ORDER BY charged DESC, subscription, model`;
const all = '`$dataset.events_unique`';
/** Rows since @from. */
export const rowsSince =
  '`$dataset.events_between`(CAST(@from AS TIMESTAMP), TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 24 HOUR))';

/** @param days whether it asks for the days since @from, or for all */
export function costQuery(dataset: string, days = true): string {
  return sql.replace('$rows', days ? rowsSince : all).replaceAll('$dataset', dataset);
}

const columns = [
  'subscription',
  'feature',
  'model',
  'calls',
  'charged',
  'input_tokens',
  'output_tokens',
  // Charged, and not in the cost: nobody knows their price.
  'unpriced',
  'cost_nano_usd',
] as const;
type Row = Readonly<
  Record<
    (typeof columns)[number] | 'unconfirmed_nano_usd' | 'estimated_nano_usd' | 'partly_unpriced',
    string | number | null
  >
>;
const nanoDollars = 1_000_000_000;
/** A short embedding costs less than a millionth. */
const digits = 9;

/** The command about what usage costs. */
export const costCommands: readonly Command[] = [
  {
    name: 'usage cost',
    summary: 'calls, charges, tokens and cost by subscription, feature and model',
    help: `usage: npm run gateway -- usage cost [--days <number>] [--project <id>] [--dataset <name>] [--bigquery <url>] [--json]

  --days           how many, today included, up to ${daysMost}; all that the table has where absent
${warehouseHelp}  --json           for programs: one JSON document (with npm run --silent, or npm's own lines stand above it)

Of all subscriptions together. One of them by day: usage show. A page for finance: usage report.

example:
  npm run gateway -- usage cost --days 7 --project my-project
`,
    run: async (args) => {
      const { options } = readArguments(args, ['days', 'project', 'dataset', 'bigquery']);
      const from = options.days === undefined ? null : lastDays(readDays(options.days), Date.now()).from;
      const { query, dataset } = await warehouseOf(options);
      const rows = (await query(costQuery(dataset, from !== null), from === null ? {} : { from })) as readonly Row[];
      return { text: rows.length === 0 ? 'nothing was used yet' : table(rows), json: rows };
    },
  },
];

/** With dollars for people, where programs have nano-dollars. */
function table(rows: readonly Row[]): string {
  const lines = formatTable(
    columns.map((column) => (column === 'cost_nano_usd' ? 'COST, $' : column.toUpperCase().replaceAll('_', ' '))),
    rows.map((row) => columns.map((column) => (column === 'cost_nano_usd' ? marked(row) : String(row[column] ?? '')))),
  );
  return withLegend(lines, rows);
}

/** What must be known of a cost. */
type Certainty = Readonly<
  Record<
    'cost_nano_usd' | 'unconfirmed_nano_usd' | 'estimated_nano_usd' | 'unpriced' | 'partly_unpriced',
    string | number | null
  >
>;

const marks = [
  ['?', 'at prices that nobody looked up', (row: Certainty) => Number(row.unconfirmed_nano_usd) !== 0],
  ['~', 'estimated: nobody reported the tokens', (row: Certainty) => Number(row.estimated_nano_usd) !== 0],
  ['+', 'more than that: charged calls have no price', (row: Certainty) => Number(row.unpriced) > 0],
  ['*', 'more than that: calls used something that has no price', (row: Certainty) => Number(row.partly_unpriced) > 0],
] as const;

/** Dollars, and behind them what must be known. */
export function marked(row: Certainty): string {
  return `${dollars(row.cost_nano_usd)} ${marks.map(([mark, , holds]) => (holds(row) ? mark : '')).join('')}`.trimEnd();
}

/** What the marks mean, of those that stand there. */
export function withLegend(table: string, rows: readonly Certainty[]): string {
  const said = marks.filter(([, , holds]) => rows.some(holds)).map(([mark, text]) => `${mark} ${text}`);
  return said.length === 0 ? table : `${table.trimEnd()}\n\n${said.join('\n')}`;
}

/** Of nano-dollars. */
export function dollars(nano: string | number | null): string {
  return (Number(nano) / nanoDollars).toFixed(digits);
}
