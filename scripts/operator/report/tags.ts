// What was spent by tag, of calls and of subscriptions: for the command that shows it and for the report. The sums are
// the saved query's, whose subscriptions are put together here.

import type { Query } from './query.ts';

/** A tag, or all calls without one. */
export interface TagSpend {
  /** Whose tag it is. A call is once among the first and once among the second, more often with several tags. */
  readonly tagged_by: 'call' | 'subscription';
  /** Null: without a tag. */
  readonly tag: string | null;
  /** Whose calls they are: how many callers, Sourcegraph.com's users too. */
  readonly callers: number;
  readonly calls: number;
  readonly tokens: number;
  readonly cost_nano_usd: number;
  /** Charged calls whose price is not known. */
  readonly unpriced: number;
}

/** More tags than anybody reads. */
const rowsMost = 1_000;

/** Parameters: @from and @to, the first day and the last. @param zone in which days begin and end */
export function tagsSql(dataset: string, zone: string): string {
  return `SELECT tagged_by, tag, COUNT(*) AS callers, SUM(events) AS calls, SUM(IFNULL(tokens, 0)) AS tokens,
    SUM(cost_nano_usd) AS cost_nano_usd, SUM(unpriced) AS unpriced
  FROM \`${dataset}.usage_by_tag\`(
    CONCAT(@from, ' 00:00:00 ${zone}'),
    CONCAT(CAST(DATE_ADD(CAST(@to AS DATE), INTERVAL 1 DAY) AS STRING), ' 00:00:00 ${zone}')
  )
  GROUP BY tagged_by, tag
  ORDER BY tagged_by, cost_nano_usd DESC, tag IS NULL, tag
  LIMIT ${rowsMost}`;
}

/** Dearest first, tags of calls before those of subscriptions. @param days first and last, `yyyy-mm-dd` */
export async function readTags(
  query: Query,
  dataset: string,
  zone: string,
  days: { readonly from: string; readonly to: string },
): Promise<TagSpend[]> {
  const { from, to } = days;
  return (await query(tagsSql(dataset, zone), { from, to })).map((row) => ({
    tagged_by: row['tagged_by'] === 'call' ? 'call' : 'subscription',
    tag: typeof row['tag'] === 'string' ? row['tag'] : null,
    callers: Number(row['callers']),
    calls: Number(row['calls']),
    tokens: Number(row['tokens']),
    cost_nano_usd: Number(row['cost_nano_usd']),
    unpriced: Number(row['unpriced']),
  }));
}
