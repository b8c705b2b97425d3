// What was spent by tag, of calls and of subscriptions: for the command that shows it and for the report. The sums are
// the saved query's, whose subscriptions are put together here.

import type { Question, Row } from '../lookups.ts';
import { numberOf, textOf } from '../sums.ts';

/** A tag, or all calls without one. */
export interface TagSpend {
  /** Whose tag it is. Each call counts once among tags of calls and once among those of subscriptions, or more often
   * with several tags. */
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

/** Dearest first, tags of calls before those of subscriptions. Parameters: @from and @to, first and last day. */
export const tagsQuestion: Question = {
  sql: `SELECT tagged_by, tag, COUNT(*) AS callers, SUM(events) AS calls, SUM(IFNULL(tokens, 0)) AS tokens,
    SUM(cost_nano_usd) AS cost_nano_usd, SUM(unpriced) AS unpriced
  FROM \`$dataset.usage_by_tag\`(
    CONCAT(@from, ' 00:00:00 $zone'),
    CONCAT(CAST(DATE_ADD(CAST(@to AS DATE), INTERVAL 1 DAY) AS STRING), ' 00:00:00 $zone')
  )
  GROUP BY tagged_by, tag
  ORDER BY tagged_by, cost_nano_usd DESC, tag IS NULL, tag`,
  // More tags than anybody reads.
  rowsMax: 1_000,
  bytesMax: 200 * 1024 ** 3,
};

/** Of a row of it. */
export const tagRow = (row: Row): TagSpend => ({
  tagged_by: row['tagged_by'] === 'call' ? 'call' : 'subscription',
  tag: textOf(row['tag']),
  callers: numberOf(row['callers']) ?? 0,
  calls: numberOf(row['calls']) ?? 0,
  tokens: numberOf(row['tokens']) ?? 0,
  cost_nano_usd: numberOf(row['cost_nano_usd']) ?? 0,
  unpriced: numberOf(row['unpriced']) ?? 0,
});
