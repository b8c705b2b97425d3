// What the overview is made of: questions about this month and the last, and one about the last day.

import type { SubscriptionEntry } from '../../directory/directory.ts';
import { subscriptions } from '../customer-link.ts';
import { monthlyBudget } from '../customers/customers.ts';
import type { Lookups, Question, Row } from '../lookups.ts';
import { dayOf, monthsOf, type Months } from '../days.ts';
import { numberOf, sumsOf, sumsSql, textOf, type Sums } from '../sums.ts';
import { told, valueOf, type Told } from '../told.ts';

/** A day of the warehouse. */
export interface Day extends Sums {
  readonly day: string;
  /** Nothing is added to it any more. */
  readonly final: boolean;
}

/** Somebody whose spend changed. */
export interface Mover {
  readonly kind: 'customer' | 'model';
  /** Of a customer; null for a model. */
  readonly source: string | null;
  /** Null where the rows have none. */
  readonly name: string | null;
  readonly nowNano: number;
  readonly beforeNano: number;
}

/** Whose fault requests that got no answer are. */
export interface Fault {
  readonly whose: 'nobody' | 'caller' | 'provider' | 'gateway';
  readonly what: string;
  readonly requests: number;
}

/** Everything that the overview shows. */
export interface OverviewData {
  readonly months: Months;
  readonly timeZone: string;
  readonly days: Told<readonly Day[]>;
  readonly movers: Told<readonly Mover[]>;
  readonly faults: Told<readonly Fault[]>;
  readonly entries: Told<readonly SubscriptionEntry[]>;
  /** What those with a budget of the month have spent in it; null where nobody has one. */
  readonly budgeted: Told<number | null>;
}

const gibibyte = 1024 ** 3;
/** Ids that a question names: some hundred kilobytes. */
const budgetedMost = 5_000;

/** All of them, for the list of the project's SQL as well. */
export const overviewQuestions = {
  days: {
    sql: `SELECT CAST(day AS STRING) AS day, LOGICAL_AND(final) AS final, ${sumsSql}
FROM \`$dataset.usage_daily\`
WHERE day BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
GROUP BY day
ORDER BY day DESC`,
    rowsMax: 62,
    bytesMax: 50 * gibibyte,
  },
  movers: {
    sql: `WITH sums AS (
  SELECT source, identifier, model,
    SUM(IF(day >= CAST(@from AS DATE), cost_nano_usd, 0)) AS now_nano,
    SUM(IF(day < CAST(@from AS DATE), cost_nano_usd, 0)) AS before_nano
  FROM \`$dataset.usage_daily\`
  WHERE day BETWEEN CAST(@before AS DATE) AND CAST(@same AS DATE) OR day BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY source, identifier, model
),
parts AS (
  SELECT 'customer' AS kind, source, identifier AS name, SUM(now_nano) AS now_nano, SUM(before_nano) AS before_nano
  FROM sums
  GROUP BY source, identifier
  UNION ALL
  SELECT 'model' AS kind, NULL AS source, model AS name, SUM(now_nano) AS now_nano, SUM(before_nano) AS before_nano
  FROM sums
  WHERE model IS NOT NULL
  GROUP BY model
)
SELECT kind, source, name, now_nano, before_nano
FROM parts
WHERE now_nano != before_nano
QUALIFY ROW_NUMBER() OVER (PARTITION BY kind ORDER BY ABS(now_nano - before_nano) DESC, name) <= 8
ORDER BY kind, ABS(now_nano - before_nano) DESC, name`,
    rowsMax: 16,
    bytesMax: 50 * gibibyte,
  },
  faults: {
    sql: `SELECT whose, what, SUM(requests) AS requests
FROM (
  SELECT requests,
    CASE
      WHEN name = 'RateLimited' OR name = 'RequestBlocked' OR name = 'AccessDenied' OR name = 'Unauthorized' THEN 'caller'
      WHEN orphaned THEN 'gateway'
      WHEN resolved = -1 THEN 'caller'
      WHEN broken THEN 'provider'
      WHEN IFNULL(resolved, 200) < 400 THEN 'nobody'
      WHEN resolved < 500 AND resolved != 429 THEN 'caller'
      WHEN upstream IN (401, 402, 403) THEN 'gateway'
      WHEN upstream = -1 OR upstream >= 400 THEN 'provider'
      ELSE 'gateway'
    END AS whose,
    CASE
      WHEN name = 'RateLimited' AND cause = 'quota' THEN 'quota used up'
      WHEN name = 'RateLimited' AND cause LIKE 'budget-%' THEN 'budget used up'
      WHEN name = 'RateLimited' THEN 'too many at once'
      WHEN name = 'RequestBlocked' THEN 'prompt blocked'
      WHEN name = 'AccessDenied' THEN 'no access'
      WHEN name = 'Unauthorized' THEN 'unknown token'
      WHEN orphaned THEN 'the instance ended'
      WHEN resolved = -1 THEN 'caller left'
      WHEN broken THEN 'answer broke off'
      WHEN IFNULL(resolved, 200) < 400 THEN 'served'
      WHEN resolved < 500 AND resolved != 429 THEN 'bad request'
      WHEN upstream IN (401, 402, 403) THEN 'our key or account'
      WHEN upstream = -1 THEN 'provider not reached'
      WHEN upstream = 429 OR upstream = 529 THEN 'provider overloaded'
      WHEN upstream >= 400 THEN 'provider failed'
      ELSE 'gateway failed'
    END AS what
  FROM (
    SELECT name, count AS requests,
      JSON_VALUE(metadata, '$.cause') AS cause,
      IFNULL(JSON_VALUE(metadata, '$.orphaned'), 'false') = 'true' AS orphaned,
      IFNULL(JSON_VALUE(metadata, '$.truncated'), 'false') = 'true' AS broken,
      CAST(JSON_VALUE(metadata, '$.resolved_status_code') AS INT64) AS resolved,
      CAST(JSON_VALUE(metadata, '$.upstream_status_code') AS INT64) AS upstream
    FROM \`$dataset.events_between\`(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 24 HOUR), CURRENT_TIMESTAMP())
  )
)
GROUP BY whose, what
ORDER BY requests DESC, whose, what`,
    rowsMax: 50,
    bytesMax: 50 * gibibyte,
  },
  budgeted: {
    sql: `SELECT SUM(cost_nano_usd) AS spent_nano
FROM \`$dataset.usage_daily\`
WHERE day BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE) AND source = @source AND STRPOS(@ids, CONCAT(',', identifier, ',')) > 0`,
    rowsMax: 1,
    bytesMax: 50 * gibibyte,
  },
} as const satisfies Readonly<Record<string, Question>>;

/** Asks for all of it at once. @param failed is told what went wrong */
export async function readOverview(
  lookups: Lookups,
  entries: Promise<Told<readonly SubscriptionEntry[]>>,
  nowMs: number,
  failed: (error: unknown) => void,
): Promise<OverviewData> {
  // Where not even that is known, the questions fail too, and say so.
  const timeZone = await lookups.timeZone().catch(() => 'UTC');
  const months = monthsOf(dayOf(nowMs, timeZone));
  const { from, today, beforeFrom, beforeSame } = months;
  const ask = <T>(
    name: keyof typeof overviewQuestions,
    params: Readonly<Record<string, string>>,
    of: (row: Row) => T,
  ) =>
    told(
      lookups.rows(overviewQuestions[name], params).then(({ value, readAtMs }) => ({ value: value.map(of), readAtMs })),
      failed,
    );
  const budgeted = entries.then((found): Promise<Told<number | null>> => {
    const ids = valueOf(found, []).flatMap((entry) => (monthlyBudget(entry) === null ? [] : [entry.id]));
    if (ids.length === 0) return Promise.resolve({ value: null, readAtMs: nowMs });
    const params = { from, to: today, source: subscriptions, ids: `,${ids.slice(0, budgetedMost).join()},` };
    const spent = lookups.rows(overviewQuestions.budgeted, params);
    return told(
      spent.then(({ value, readAtMs }) => ({ value: numberOf(value[0]?.['spent_nano']) ?? 0, readAtMs })),
      failed,
    );
  });
  const [days, movers, faults, known, spent] = await Promise.all([
    ask('days', { from: beforeFrom, to: today }, dayRow),
    ask('movers', { before: beforeFrom, same: beforeSame, from, to: today }, moverRow),
    ask('faults', {}, faultRow),
    entries,
    budgeted,
  ]);
  return { months, timeZone, days, movers, faults, entries: known, budgeted: spent };
}

const dayRow = (row: Row): Day => ({ day: textOf(row['day']) ?? '', final: row['final'] === true, ...sumsOf(row) });

const moverRow = (row: Row): Mover => ({
  kind: row['kind'] === 'model' ? 'model' : 'customer',
  source: textOf(row['source']),
  name: textOf(row['name']),
  nowNano: numberOf(row['now_nano']) ?? 0,
  beforeNano: numberOf(row['before_nano']) ?? 0,
});

const faultRow = (row: Row): Fault => ({
  whose: (textOf(row['whose']) ?? 'gateway') as Fault['whose'],
  what: textOf(row['what']) ?? '',
  requests: numberOf(row['requests']) ?? 0,
});
