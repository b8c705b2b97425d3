// What the overview is made of: questions about this month and the last, and one about the last day.

import type { SubscriptionEntry } from '../../directory/directory.ts';
import { subscriptions } from '../customer-link.ts';
import { monthlyBudget } from '../customers/customers.ts';
import type { Lookups, Question, Row } from '../lookups.ts';
import { dayOf, monthsOf, type Months } from '../days.ts';
import { outcomeColumns, outcomeSql, whoseSql } from '../outcome.ts';
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
  /** Null where the rows have no name. */
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
    ${whoseSql} AS whose,
    ${outcomeSql} AS what
  FROM (
    SELECT name, count AS requests,
      ${outcomeColumns}
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
  // Where even the time zone is unknown the questions fail as well, and say why.
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
