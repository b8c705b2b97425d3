// Whose spend of today is not what it usually is, and who is served what has no price: the sums, not what is done about
// them (close-days).

import type { Ledger } from './final-days.ts';

const queryTimeoutMs = 60_000;
/** Days that today is held against. */
const pastDays = 28;
/** Fewer calls without a price are told where they are delivered (deliver-events). */
const unpricedLeast = 10;
/** Told in one run; those that spend most come first. */
const findingsMost = 100;

/** One subscription, user or anonymous pool today, so far. */
export interface UnusualSpend {
  readonly source: string;
  readonly identifier: string;
  readonly todayNanoUsd: number;
  /** The median day since it was first seen, within the last 28; 0 for one that was never seen before. */
  readonly usualNanoUsd: number;
  /** Calls of today that have no price, or lack one of a part. */
  readonly unpriced: number;
  readonly finding: 'above-its-past' | 'unpriced';
}

/** From when on a day is unusual. */
export interface UnusualFrom {
  /** The day that runs, `yyyy-mm-dd`, by the billing time zone. */
  readonly today: string;
  /** A day below it is nobody's worry. */
  readonly leastNanoUsd: number;
  /** How many times the usual day. */
  readonly times: number;
}

/** One finding for each reason that somebody is found for. @throws what the warehouse throws */
export async function unusualSpend(
  { query, dataset }: Pick<Ledger, 'query' | 'dataset'>,
  { today, leastNanoUsd, times }: UnusualFrom,
): Promise<readonly UnusualSpend[]> {
  const params = { today, least: String(leastNanoUsd), times: String(times) };
  const rows = await query(unusualSpendSql(dataset), params, { timeoutMs: queryTimeoutMs });
  return rows.flatMap((row) => {
    const one = {
      source: String(row['source']),
      identifier: String(row['identifier']),
      todayNanoUsd: Number(row['today_nano']),
      usualNanoUsd: Number(row['usual_nano']),
      unpriced: Number(row['unpriced']),
    };
    const found: UnusualSpend[] = [];
    if (one.todayNanoUsd >= leastNanoUsd && one.todayNanoUsd > times * one.usualNanoUsd)
      found.push({ ...one, finding: 'above-its-past' });
    if (one.unpriced >= unpricedLeast) found.push({ ...one, finding: 'unpriced' });
    return found;
  });
}

/**
 * Parameters: @today, @least and @times. Days without traffic cost nothing: the median is the day in the middle when
 * those that have a row stand first, the dearest first.
 */
export function unusualSpendSql(dataset: string): string {
  return `WITH days AS (
  SELECT source, identifier, day, SUM(cost_nano_usd) AS nano, SUM(unpriced) + SUM(partly_unpriced) AS unpriced
  FROM \`${dataset}.usage_daily\`
  WHERE day BETWEEN DATE_SUB(CAST(@today AS DATE), INTERVAL ${pastDays} DAY) AND CAST(@today AS DATE)
  GROUP BY day, source, identifier
), past AS (
  SELECT source, identifier, nano,
    ROW_NUMBER() OVER (PARTITION BY source, identifier ORDER BY nano DESC) AS place,
    DATE_DIFF(CAST(@today AS DATE), MIN(day) OVER (PARTITION BY source, identifier), DAY) AS days
  FROM days
  WHERE day < CAST(@today AS DATE)
), usual AS (
  SELECT source, identifier, MAX(IF(place * 2 IN (days, days + 1), IFNULL(nano, 0), 0)) AS nano
  FROM past
  GROUP BY source, identifier
)
SELECT today.source, today.identifier,
  CAST(IFNULL(today.nano, 0) AS STRING) AS today_nano,
  CAST(IFNULL(usual.nano, 0) AS STRING) AS usual_nano,
  CAST(IFNULL(today.unpriced, 0) AS STRING) AS unpriced
FROM days AS today
LEFT JOIN usual ON usual.source = today.source AND usual.identifier = today.identifier
WHERE today.day = CAST(@today AS DATE) AND (
  (today.nano >= CAST(@least AS INT64) AND today.nano > CAST(@times AS INT64) * IFNULL(usual.nano, 0))
  OR today.unpriced >= ${unpricedLeast}
)
ORDER BY today.nano DESC
LIMIT ${findingsMost}`;
}
