// What the export asks of the warehouse: a month's usage by everything that finance sums it by, and what re-pricing
// added to closed days. Not what a file makes of it.

import { outcomeColumns, outcomeSql, sumNames, sumsSql } from '@cody-gateway/shared/console';
import type { BillingMonth, Days } from './billing-month.ts';

const keys = 'source, identifier, function, name, feature, provider, model';

/** Refusals, notices and moves of budgets are no charges. */
const isCharge = "name IN ('CompletionsFinished', 'EmbeddingsFinished')";

/**
 * The month's usage as usage_daily has it, what re-pricing added after the month was closed taken off again.
 * @param asClosed whether any was
 */
export function usageSql(dataset: string, month: BillingMonth, asClosed: boolean): string {
  const { from, to } = month;
  const usage = `SELECT day, ${keys}, ${sumNames.join(', ')}, final
  FROM \`${dataset}.usage_daily\`
  WHERE day BETWEEN CAST('${from}' AS DATE) AND CAST('${to}' AS DATE) AND (${isCharge} OR cost_nano_usd != 0)`;
  const later = `
  UNION ALL
  SELECT day, ${keys}, ${sumNames.map((name) => (name === 'cost_nano_usd' ? '-delta_nano_usd AS cost_nano_usd' : `0 AS ${name}`)).join(', ')}, TRUE AS final
  FROM (${repricedSql(dataset, month, { from, to }, { fromMs: month.closedMs, toMs: null })})`;
  return `SELECT CAST(day AS STRING) AS day, ${keys}, ${sumsSql}, LOGICAL_AND(final) AS final
FROM (
  ${usage}${asClosed ? later : ''}
)
GROUP BY day, ${keys}
ORDER BY day, ${keys}`;
}

/** What runs of re-pricing between the closing of the month before and its own added to days before it. */
export function correctionsSql(dataset: string, month: BillingMonth, days: Days): string {
  const runs = { fromMs: month.openedMs, toMs: month.closedMs };
  return `SELECT CAST(day AS STRING) AS day, ${keys}, delta_nano_usd, calls
FROM (${repricedSql(dataset, month, days, runs)})
ORDER BY day, ${keys}`;
}

/**
 * Of each event the rows of its highest rank, as events_between takes them; each run's price against the one before.
 * @param runs price_rank is the second a run began at
 */
function repricedSql(
  dataset: string,
  { timeZone }: BillingMonth,
  { from, to }: Days,
  runs: { readonly fromMs: number; readonly toMs: number | null },
): string {
  const start = `TIMESTAMP(CAST('${from}' AS DATE), '${timeZone}')`;
  const end = `TIMESTAMP(DATE_ADD(CAST('${to}' AS DATE), INTERVAL 1 DAY), '${timeZone}')`;
  const seconds = (ms: number): number => Math.ceil(ms / 1_000);
  return `
  SELECT DATE(created_at, '${timeZone}') AS day, ${keys}, SUM(IFNULL(cost, 0) - IFNULL(cost_before, 0)) AS delta_nano_usd, COUNT(*) AS calls
  FROM (
    SELECT created_at, ${keys}, price_rank, cost, LAG(cost) OVER (PARTITION BY event_id ORDER BY price_rank) AS cost_before
    FROM (
      SELECT *
      FROM (
        SELECT created_at, ${keys}, event_id, rank, IFNULL(price_rank, 0) AS price_rank, IFNULL(cost_nano_usd, cost_micro_usd * 1000) AS cost
        FROM \`${dataset}.events\`
        WHERE created_at >= TIMESTAMP_SUB(${start}, INTERVAL 48 HOUR) AND created_at < TIMESTAMP_ADD(${end}, INTERVAL 48 HOUR)
        QUALIFY event_id IS NOT NULL AND ROW_NUMBER() OVER (PARTITION BY event_id, IFNULL(price_rank, 0) ORDER BY rank DESC, created_at) = 1
      )
      QUALIFY rank = MAX(rank) OVER (PARTITION BY event_id)
    )
  )
  WHERE created_at >= ${start} AND created_at < ${end}
    AND price_rank >= ${seconds(runs.fromMs)}${runs.toMs === null ? '' : ` AND price_rank < ${seconds(runs.toMs)}`}
  GROUP BY day, ${keys}
  HAVING SUM(IFNULL(cost, 0) - IFNULL(cost_before, 0)) != 0`;
}

/** Everything of a month by what became of calls; tokens by their kind, as providers reported them. */
export function financeSql(dataset: string, { from, to, timeZone }: BillingMonth): string {
  const start = `TIMESTAMP(CAST('${from}' AS DATE), '${timeZone}')`;
  const end = `TIMESTAMP(DATE_ADD(CAST('${to}' AS DATE), INTERVAL 1 DAY), '${timeZone}')`;
  const count = (name: string): string => `CAST(JSON_VALUE(metadata, '$.${name}') AS INT64)`;
  return `SELECT CAST(day AS STRING) AS day, ${keys}, region, home, outcome,
  SUM(events) AS events, SUM(units) AS units, SUM(IFNULL(quota_units, 0)) AS quota_units, SUM(IFNULL(attempts, 0)) AS attempts,
  SUM(IFNULL(tokens, 0)) AS tokens, SUM(IFNULL(input_tokens, 0)) AS input_tokens, SUM(IFNULL(output_tokens, 0)) AS output_tokens,
  SUM(IFNULL(cache_read_tokens, 0)) AS cache_read_tokens, SUM(IFNULL(cache_write_tokens, 0)) AS cache_write_tokens,
  SUM(IFNULL(cost_nano_usd, 0)) AS cost_nano_usd,
  SUM(IF(price_version LIKE '%unconfirmed%', IFNULL(cost_nano_usd, 0), 0)) AS unconfirmed_nano_usd,
  SUM(IF(price_version LIKE '%estimated tokens%', IFNULL(cost_nano_usd, 0), 0)) AS estimated_nano_usd,
  SUM(IFNULL(abandoned_nano_usd, 0)) AS abandoned_nano_usd,
  COUNTIF(units > 0 AND cost_nano_usd IS NULL) AS unpriced,
  COUNTIF(price_version LIKE '%unpriced dimensions%') AS partly_unpriced,
  SUM(IFNULL(request_bytes, 0)) AS request_bytes, SUM(IFNULL(response_bytes, 0)) AS response_bytes
FROM (
  SELECT *, ${outcomeSql} AS outcome
  FROM (
  SELECT DATE(created_at, '${timeZone}') AS day, ${keys}, region, home,
    ${outcomeColumns},
    count AS events, units, quota_units, attempts, tokens, cost_nano_usd, abandoned_nano_usd, price_version, request_bytes, response_bytes,
    COALESCE(${count('prompt_token_count')}, ${count('tokens_used')}) AS input_tokens,
    ${count('completion_token_count')} AS output_tokens,
    ${count('cache_read_token_count')} AS cache_read_tokens,
    ${count('cache_write_token_count')} AS cache_write_tokens
  FROM \`${dataset}.events_between\`(${start}, ${end})
  )
)
GROUP BY day, ${keys}, region, home, outcome
ORDER BY day, ${keys}, region, home, outcome`;
}
