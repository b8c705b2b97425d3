// The figures of the usage report, out of the warehouse's views: one query a table, all of them bounded. Not how they
// look (page.ts).

import type { Query, Row } from './query.ts';
import { readTags, type TagSpend } from './tags.ts';

/** What every breakdown sums. Money in billionths of a dollar. */
export interface Sums {
  readonly events: number;
  readonly units: number;
  readonly tokens: number;
  readonly cost_nano_usd: number;
  /** Of the cost: at prices that nobody looked up. */
  readonly unconfirmed_nano_usd: number;
  /** Of the cost: of calls whose tokens nobody reported. */
  readonly estimated_nano_usd: number;
  /** Beside the cost: what attempts may have cost that nobody got anything of. */
  readonly abandoned_nano_usd: number;
  /** Charged calls whose tokens or price are not known. */
  readonly unpriced: number;
  /** Calls of which a part has no price: they cost more than is counted. */
  readonly partly_unpriced: number;
}

const sumNames = [
  'events',
  'units',
  'tokens',
  'cost_nano_usd',
  'unconfirmed_nano_usd',
  'estimated_nano_usd',
  'abandoned_nano_usd',
  'unpriced',
  'partly_unpriced',
] as const satisfies readonly (keyof Sums)[];

/** One line of a breakdown. */
export interface Part extends Sums {
  /** Null where the rows have none: refusals without a model, say. */
  readonly name: string | null;
}

/** Everything that the report shows. */
export interface Figures {
  readonly project: string;
  /** First and last day, both included. */
  readonly from: string;
  readonly to: string;
  readonly total: Sums;
  readonly days: readonly (Sums & { readonly day: string; readonly final: boolean })[];
  readonly functions: readonly Part[];
  readonly features: readonly Part[];
  readonly models: readonly Part[];
  readonly subscriptions: readonly Part[];
  readonly tags: readonly TagSpend[];
  readonly quotas: readonly Quota[];
  readonly refusals: readonly { readonly day: string; readonly cause: string; readonly events: number }[];
  readonly latency: readonly Latency[];
  /** Null where the billing export is not asked for. */
  readonly bill: Bill | null;
}

/** The use of one quota in its latest window. */
export interface Quota {
  readonly subscription: string;
  readonly feature: string;
  readonly units: number;
  /** The highest threshold that a notice was about in that window, in percent. */
  readonly noticed: number | null;
  /** Calls that the quota refused in the whole time of the report. */
  readonly refused: number;
}

/** Milliseconds of one model: what callers waited for us, and for the provider. */
export interface Latency {
  readonly model: string;
  readonly calls: number;
  readonly gateway_p50: number | null;
  readonly gateway_p95: number | null;
  readonly provider_p50: number | null;
  readonly provider_p95: number | null;
}

/** What functions cost altogether. */
export interface Bill {
  /** Micro-dollars by function and part. */
  readonly parts: readonly { readonly function: string; readonly part: string; readonly micro_usd: number }[];
  readonly total_micro_usd: number;
  /** Google's for the project: what lines of no project cost is the whole billing account's, and not in it. */
  readonly google_micro_usd: number;
  /** Of Google's bill for the project, what no function explains. */
  readonly unexplained_micro_usd: number;
}

/** What it is about. */
export interface Range {
  /** First day, `yyyy-mm-dd`; `to` is the last. */
  readonly from: string;
  readonly to: string;
  /** Whether Google's bill is asked for. */
  readonly bill: boolean;
  /** In which days begin and end: the warehouse's own (readTimeZone); UTC where absent. */
  readonly timeZone?: string;
}

/** The billing time zone of a warehouse. @throws Error where it is no name of one */
export async function readTimeZone(query: Query, dataset: string): Promise<string> {
  const [row] = await query(`SELECT time_zone FROM \`${dataset}.billing_time_zone\``, {});
  const zone = String(row?.['time_zone']);
  if (!/^[A-Za-z][\w+/-]*$/.test(zone)) throw new Error(`${dataset}.billing_time_zone says ${JSON.stringify(zone)}`);
  return zone;
}

/** Longer lists are cut: their rest stands in one line, so that the sums agree. */
const partsMost = 25;
const rowsMost = 5_000;
const rest = 'all others';

/** @param dataset `project.dataset` */
export async function readFigures(
  query: Query,
  dataset: string,
  { from, to, bill, timeZone = 'UTC' }: Range,
): Promise<Figures> {
  const params = { from, to };
  const rows = (sql: string): Promise<Row[]> =>
    query(`${sql.replaceAll('$dataset', dataset).replaceAll('$zone', timeZone)}\nLIMIT ${rowsMost}`, params);
  const breakdown = async (name: string): Promise<Part[]> =>
    cut((await rows(sumsBy(name, name))).map((row) => ({ name: text(row['name']), ...sumsOf(row) })));
  const days = (await rows(sumsBy('day', 'day', ', LOGICAL_AND(final) AS final'))).map((row) => ({
    day: String(text(row['name'])),
    final: row['final'] === true,
    ...sumsOf(row),
  }));
  return {
    project: dataset.split('.')[0] ?? '',
    from,
    to,
    total: add(days),
    days: days.toSorted((a, b) => a.day.localeCompare(b.day)),
    functions: await breakdown('function'),
    features: await breakdown('feature'),
    models: await breakdown('model'),
    subscriptions: await breakdown('identifier'),
    tags: await readTags(query, dataset, timeZone, { from, to }),
    quotas: (await rows(quotaSql)).map((row) => ({
      subscription: String(row['identifier']),
      feature: String(row['feature']),
      units: Number(row['units']),
      noticed: number(row['noticed']),
      refused: Number(row['refused']),
    })),
    refusals: (await rows(refusalSql)).map((row) => ({
      day: String(text(row['day'])),
      cause: String(row['cause']),
      events: Number(row['events']),
    })),
    latency: (await rows(latencySql)).map((row) => ({
      model: String(row['model']),
      calls: Number(row['calls']),
      gateway_p50: number(row['gateway_p50']),
      gateway_p95: number(row['gateway_p95']),
      provider_p50: number(row['provider_p50']),
      provider_p95: number(row['provider_p95']),
    })),
    bill: bill ? billOf(await rows(billSql)) : null,
  };
}

function sumsBy(column: string, order: string, more = ''): string {
  const sums = sumNames.map((name) => `SUM(IFNULL(${name}, 0)) AS ${name}`).join(', ');
  return `SELECT ${column} AS name, ${sums}${more}
  FROM \`$dataset.usage_daily\`
  WHERE day BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY ${column}
  ORDER BY cost_nano_usd DESC, events DESC, ${order}`;
}

const events =
  "`$dataset.events_between`(TIMESTAMP(CAST(@from AS DATE), '$zone'), TIMESTAMP(DATE_ADD(CAST(@to AS DATE), INTERVAL 1 DAY), '$zone'))";

const quotaSql = `WITH windows AS (
    SELECT identifier, feature, quota_window, SUM(quota_units) AS units, MAX(created_at) AS last,
      MAX(CAST(JSON_VALUE(metadata, '$.notice_percent') AS INT64)) AS noticed
    FROM ${events}
    WHERE quota_window IS NOT NULL
    GROUP BY identifier, feature, quota_window
    QUALIFY ROW_NUMBER() OVER (PARTITION BY identifier, feature ORDER BY MAX(created_at) DESC) = 1
  ), refusals AS (
    SELECT identifier, feature, SUM(count) AS refused
    FROM ${events}
    WHERE name = 'RateLimited' AND JSON_VALUE(metadata, '$.cause') = 'quota'
    GROUP BY identifier, feature
  )
  SELECT windows.identifier, windows.feature, units, noticed, IFNULL(refused, 0) AS refused
  FROM windows
  LEFT JOIN refusals ON refusals.identifier = windows.identifier AND refusals.feature = windows.feature
  ORDER BY units DESC, windows.identifier, windows.feature`;

const refusalSql = `SELECT DATE(created_at, '$zone') AS day,
    CASE name WHEN 'RateLimited' THEN JSON_VALUE(metadata, '$.cause') ELSE name END AS cause, SUM(count) AS events
  FROM ${events}
  WHERE name IN ('RateLimited', 'AccessDenied', 'Unauthorized', 'RequestBlocked')
  GROUP BY day, cause
  ORDER BY day, cause`;

const latencySql = `SELECT model, COUNT(*) AS calls,
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
  ORDER BY calls DESC, model`;

const billSql = `SELECT IFNULL(function, 'none') AS function, part, SUM(micro_usd) AS micro_usd
  FROM \`$dataset.bill_between\`(
    TIMESTAMP(CAST(@from AS DATE), '$zone'), TIMESTAMP(DATE_ADD(CAST(@to AS DATE), INTERVAL 1 DAY), '$zone'))
  GROUP BY function, part
  ORDER BY function, part`;

function billOf(rows: readonly Row[]): Bill {
  const parts = rows.map((row) => ({
    function: String(row['function']),
    part: String(row['part']),
    micro_usd: Number(row['micro_usd']),
  }));
  const sum = (some: typeof parts): number => some.reduce((total, { micro_usd }) => total + micro_usd, 0);
  return {
    parts,
    total_micro_usd: sum(parts),
    google_micro_usd: sum(parts.filter(({ part }) => part !== 'llm' && part !== 'without a project')),
    unexplained_micro_usd: sum(parts.filter(({ part }) => part === 'unexplained')),
  };
}

/** The dearest lines, and one for the rest. */
function cut(parts: readonly Part[]): Part[] {
  if (parts.length <= partsMost) return [...parts];
  return [...parts.slice(0, partsMost), { name: rest, ...add(parts.slice(partsMost)) }];
}

function add(parts: readonly Sums[]): Sums {
  return sums((name) => parts.reduce((total, part) => total + part[name], 0));
}

function sumsOf(row: Row): Sums {
  return sums((name) => Number(row[name]));
}

const sums = (of: (name: keyof Sums) => number): Sums =>
  Object.fromEntries(sumNames.map((name) => [name, of(name)])) as unknown as Sums;

/** Dates and timestamps come wrapped by the client. */
function text(value: unknown): string | null {
  if (typeof value === 'object' && value !== null && 'value' in value) return String(value.value);
  return typeof value === 'string' ? value : null;
}

function number(value: unknown): number | null {
  return value === null || value === undefined ? null : Math.round(Number(value));
}
