// What the report asks besides the overview and the page of functions: usage of some days by everything that finance
// sums it by, quotas, what became of calls, and what they waited for.

import type { CostPart } from '../functions/functions.ts';
import { functionsQuestions, partOf } from '../functions/functions.ts';
import { LookupFailed, type Lookups, type Question, type Row } from '../lookups.ts';
import { outcomeColumns, outcomeSql, whoseSql } from '../outcome.ts';
import { numberOf, sumsOf, sumsSql, textOf, type Sums } from '../sums.ts';
import { told, type Told } from '../told.ts';
import { tagRow, tagsQuestion, type TagSpend } from './tags.ts';
import type { Day } from '../overview/overview-data.ts';

/** Sums of one name; null: the rows have no name. */
export type Named = Sums & { readonly name: string | null };

/** What a customer used of a model; source and id are null for the line of all others. */
export interface CustomerModel extends Sums {
  readonly source: string | null;
  readonly id: string | null;
  readonly model: string | null;
}

/** The use of one quota in its latest window. */
export interface QuotaUse {
  readonly source: string;
  readonly id: string;
  readonly feature: string;
  readonly units: number;
  /** The highest threshold that a notice was about in that window, in percent. */
  readonly noticed: number | null;
  /** Calls that the quota refused in all these days. */
  readonly refused: number;
}

/** What became of calls, and what they cost. */
export interface Outcome {
  readonly whose: string;
  readonly what: string;
  readonly requests: number;
  readonly costNano: number;
  readonly estimatedNano: number;
  readonly abandonedNano: number;
}

/** Refusals of a day, by cause. */
export interface Refusal {
  readonly day: string;
  readonly cause: string;
  readonly requests: number;
}

/** Milliseconds of a model: what callers waited for us, and for the provider. */
export interface Latency {
  readonly model: string;
  readonly calls: number;
  readonly gatewayP50: number | null;
  readonly gatewayP95: number | null;
  readonly providerP50: number | null;
  readonly providerP95: number | null;
}

/** Tokens that a provider's cache read, and wrote, for a model. */
export interface CacheUse {
  readonly model: string;
  readonly readTokens: number;
  readonly writtenTokens: number;
}

/** Everything that it shows of these days. */
export interface ReportData {
  /** First and last day, `yyyy-mm-dd`. */
  readonly from: string;
  readonly to: string;
  readonly days: Told<readonly Day[]>;
  readonly functions: Told<readonly Named[]>;
  readonly features: Told<readonly Named[]>;
  readonly models: Told<readonly Named[]>;
  readonly customers: Told<readonly CustomerModel[]>;
  readonly customerModels: Told<readonly CustomerModel[]>;
  readonly tags: Told<readonly TagSpend[]>;
  readonly quotas: Told<readonly QuotaUse[]>;
  readonly outcomes: Told<readonly Outcome[]>;
  readonly refusals: Told<readonly Refusal[]>;
  readonly latency: Told<readonly Latency[]>;
  readonly cache: Told<readonly CacheUse[]>;
  /** Null: nobody asked for Google's bill, or it is not connected. */
  readonly bill: Told<readonly CostPart[] | null>;
}

const gibibyte = 1024 ** 3;
const bytesMax = 200 * gibibyte;
/** Longer lists end with a line of all others, so that sums agree. */
export const linesMax = 200;

const usage = (columns: string, rowsMax: number, order = columns): Question => ({
  sql: `SELECT ${columns}, ${sumsSql}
FROM \`$dataset.usage_daily\`
WHERE day BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
GROUP BY ${columns}
ORDER BY cost_nano_usd DESC, events DESC, ${order}`,
  rowsMax,
  bytesMax,
});

const events =
  "`$dataset.events_between`(TIMESTAMP(CAST(@from AS DATE), '$zone'), TIMESTAMP(DATE_ADD(CAST(@to AS DATE), INTERVAL 1 DAY), '$zone'))";

/** For the list of the project's SQL as well. */
export const reportQuestions = {
  days: {
    sql: `SELECT CAST(day AS STRING) AS day, LOGICAL_AND(final) AS final, ${sumsSql}
FROM \`$dataset.usage_daily\`
WHERE day BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
GROUP BY day
ORDER BY day DESC`,
    rowsMax: 400,
    bytesMax,
  },
  features: usage('feature', 100),
  models: usage('model', 1_000),
  customers: usage('source, identifier', linesMax),
  customerModels: usage('source, identifier, model', linesMax),
  tags: tagsQuestion,
  quotas: {
    sql: `WITH windows AS (
  SELECT source, identifier, feature, quota_window, SUM(quota_units) AS units, MAX(created_at) AS last,
    MAX(CAST(JSON_VALUE(metadata, '$.notice_percent') AS INT64)) AS noticed
  FROM ${events}
  WHERE quota_window IS NOT NULL
  GROUP BY source, identifier, feature, quota_window
  QUALIFY ROW_NUMBER() OVER (PARTITION BY source, identifier, feature ORDER BY MAX(created_at) DESC) = 1
), refusals AS (
  SELECT source, identifier, feature, SUM(count) AS refused
  FROM ${events}
  WHERE name = 'RateLimited' AND JSON_VALUE(metadata, '$.cause') = 'quota'
  GROUP BY source, identifier, feature
)
SELECT windows.source, windows.identifier, windows.feature, units, noticed, IFNULL(refused, 0) AS refused
FROM windows
LEFT JOIN refusals ON refusals.source = windows.source AND refusals.identifier = windows.identifier AND refusals.feature = windows.feature
ORDER BY units DESC, windows.identifier, windows.feature`,
    rowsMax: 1_000,
    bytesMax,
  },
  outcomes: {
    sql: `SELECT whose, what, SUM(requests) AS requests, SUM(cost) AS cost_nano_usd, SUM(estimated) AS estimated_nano_usd, SUM(abandoned) AS abandoned_nano_usd
FROM (
  SELECT requests, cost, IF(price_version LIKE '%estimated tokens%', cost, 0) AS estimated, abandoned,
    ${whoseSql} AS whose,
    ${outcomeSql} AS what
  FROM (
    SELECT name, count AS requests, IFNULL(cost_nano_usd, 0) AS cost, IFNULL(abandoned_nano_usd, 0) AS abandoned, price_version,
      ${outcomeColumns}
    FROM ${events}
  )
)
GROUP BY whose, what
ORDER BY cost_nano_usd DESC, requests DESC, whose, what`,
    rowsMax: 50,
    bytesMax,
  },
  refusals: {
    sql: `SELECT CAST(DATE(created_at, '$zone') AS STRING) AS day,
  CASE name WHEN 'RateLimited' THEN JSON_VALUE(metadata, '$.cause') ELSE name END AS cause, SUM(count) AS requests
FROM ${events}
WHERE name IN ('RateLimited', 'AccessDenied', 'Unauthorized', 'RequestBlocked')
GROUP BY day, cause
ORDER BY day DESC, cause`,
    rowsMax: 3_000,
    bytesMax,
  },
  latency: {
    sql: `SELECT model, COUNT(*) AS calls,
  APPROX_QUANTILES(gateway_ms, 100)[OFFSET(50)] AS gateway_p50,
  APPROX_QUANTILES(gateway_ms, 100)[OFFSET(95)] AS gateway_p95,
  APPROX_QUANTILES(provider_ms, 100)[OFFSET(50)] AS provider_p50,
  APPROX_QUANTILES(provider_ms, 100)[OFFSET(95)] AS provider_p95
FROM (
  SELECT model, gateway_ms, CAST(JSON_VALUE(metadata, '$.upstream_request_duration_ms') AS INT64) AS provider_ms
  FROM ${events}
  WHERE units > 0 AND rank = 1 AND model IS NOT NULL
)
GROUP BY model
ORDER BY calls DESC, model`,
    rowsMax: 200,
    bytesMax,
  },
  cache: {
    sql: `SELECT model, SUM(IFNULL(read_tokens, 0)) AS reads, SUM(IFNULL(written_tokens, 0)) AS writes
FROM (
  SELECT model, CAST(JSON_VALUE(metadata, '$.cache_read_token_count') AS INT64) AS read_tokens,
    CAST(JSON_VALUE(metadata, '$.cache_write_token_count') AS INT64) AS written_tokens
  FROM ${events}
  WHERE model IS NOT NULL AND name = 'CompletionsFinished'
)
WHERE read_tokens > 0 OR written_tokens > 0
GROUP BY model
ORDER BY reads DESC, model`,
    rowsMax: 200,
    bytesMax,
  },
} as const satisfies Readonly<Record<string, Question>>;

/** @param bill whether Google's bill is asked for, which has its own export. @param failed is told what went wrong */
export async function readReport(
  lookups: Lookups,
  range: { readonly from: string; readonly to: string; readonly bill: boolean },
  failed: (error: unknown) => void,
): Promise<ReportData> {
  const params = { from: range.from, to: range.to };
  const ask = <T>(question: Question, of: (row: Row) => T): Promise<Told<readonly T[]>> =>
    told(
      lookups.rows(question, params).then(({ value, readAtMs }) => ({ value: value.map(of), readAtMs })),
      failed,
    );
  const q = reportQuestions;
  const [days, functions, features, models, customers, customerModels, tags] = await Promise.all([
    ask(q.days, (row): Day => ({ day: textOf(row['day']) ?? '', final: row['final'] === true, ...sumsOf(row) })),
    ask(functionsQuestions.spend, (row) => namedRow(row, 'function')),
    ask(q.features, (row) => namedRow(row, 'feature')),
    ask(q.models, (row) => namedRow(row, 'model')),
    ask(q.customers, customerModelRow),
    ask(q.customerModels, customerModelRow),
    ask(q.tags, tagRow),
  ]);
  const [quotas, outcomes, refusals, latency, cache, bill] = await Promise.all([
    ask(q.quotas, quotaRow),
    ask(q.outcomes, outcomeRow),
    ask(q.refusals, (row) => ({
      day: textOf(row['day']) ?? '',
      cause: textOf(row['cause']) ?? 'unknown',
      requests: numberOf(row['requests']) ?? 0,
    })),
    ask(q.latency, latencyRow),
    ask(q.cache, (row) => ({
      model: textOf(row['model']) ?? '',
      readTokens: numberOf(row['reads']) ?? 0,
      writtenTokens: numberOf(row['writes']) ?? 0,
    })),
    range.bill ? told(readBill(lookups, params), failed) : { value: null, readAtMs: 0 },
  ]);
  const byCost = { days, functions, features, models, customers, customerModels, tags };
  return { ...params, ...byCost, quotas, outcomes, refusals, latency, cache, bill };
}

async function readBill(lookups: Lookups, params: Readonly<Record<string, string>>) {
  try {
    const { value, readAtMs } = await lookups.rows(functionsQuestions.parts, params);
    return { value: value.map(partOf), readAtMs };
  } catch (error) {
    if (error instanceof LookupFailed && error.missing)
      throw new LookupFailed('Google’s billing export is not connected: billing_export in terraform/envs', true, error);
    throw error;
  }
}

const namedRow = (row: Row, column: string): Named => ({ name: textOf(row[column]), ...sumsOf(row) });

const customerModelRow = (row: Row): CustomerModel => ({
  source: textOf(row['source']),
  id: textOf(row['identifier']),
  model: textOf(row['model']),
  ...sumsOf(row),
});

const quotaRow = (row: Row): QuotaUse => ({
  source: textOf(row['source']) ?? '',
  id: textOf(row['identifier']) ?? '',
  feature: textOf(row['feature']) ?? '',
  units: numberOf(row['units']) ?? 0,
  noticed: numberOf(row['noticed']),
  refused: numberOf(row['refused']) ?? 0,
});

const outcomeRow = (row: Row): Outcome => ({
  whose: textOf(row['whose']) ?? 'gateway',
  what: textOf(row['what']) ?? '',
  requests: numberOf(row['requests']) ?? 0,
  costNano: numberOf(row['cost_nano_usd']) ?? 0,
  estimatedNano: numberOf(row['estimated_nano_usd']) ?? 0,
  abandonedNano: numberOf(row['abandoned_nano_usd']) ?? 0,
});

const latencyRow = (row: Row): Latency => ({
  model: textOf(row['model']) ?? '',
  calls: numberOf(row['calls']) ?? 0,
  gatewayP50: rounded(row['gateway_p50']),
  gatewayP95: rounded(row['gateway_p95']),
  providerP50: rounded(row['provider_p50']),
  providerP95: rounded(row['provider_p95']),
});

function rounded(value: unknown): number | null {
  const number = numberOf(value);
  return number === null ? null : Math.round(number);
}
