// The letter about a month that is over: what it cost, against the month before and the budgets, and who changed most.
// Facts and words; who sends it when is close-days' and deliver-notifications' part.

import * as v from 'valibot';
import { readWhole } from '../http/http.ts';
import type { Ledger } from './final-days.ts';
import { forSlack, type NoticeMessage } from './notice.ts';

const queryTimeoutMs = 60_000;
/** The largest changes that it tells. */
const changesMost = 3;

const changeSchema = v.object({
  source: v.string(),
  identifier: v.string(),
  /** Of a subscription, where the directory has one. */
  name: v.nullable(v.string()),
  now_nano_usd: v.number(),
  before_nano_usd: v.number(),
});

const letterSchema = v.object({
  kind: v.literal('month-letter'),
  id: v.string(),
  /** `2026-11`, and the one before it. */
  month: v.pipe(v.string(), v.regex(/^\d{4}-\d{2}$/)),
  before: v.pipe(v.string(), v.regex(/^\d{4}-\d{2}$/)),
  spent_nano_usd: v.number(),
  before_nano_usd: v.number(),
  /** Calls that have no price and are in neither sum. */
  unpriced: v.number(),
  /**
   * Budgets of that month, of whole subscriptions: how many, their limits and use together, and how many had nothing
   * left.
   */
  budgets: v.object({ count: v.number(), limit_nano_usd: v.number(), used_nano_usd: v.number(), used_up: v.number() }),
  changes: v.array(changeSchema),
  console_url: v.nullable(v.string()),
  /** Unix ms: nobody sends it any more. */
  until_ms: v.number(),
});

/** As its task carries it. */
export type MonthLetter = v.InferOutput<typeof letterSchema>;

/** What the warehouse knows of it. */
export type MonthSums = Pick<MonthLetter, 'spent_nano_usd' | 'before_nano_usd' | 'unpriced'> & {
  readonly changes: readonly Omit<MonthLetter['changes'][number], 'name'>[];
};

/** There is one of each month. */
export function letterId(month: string): string {
  return `month-letter:${month}`;
}

/** @param months `2026-11` and the one before; null: nothing happened in either. @throws what the warehouse throws */
export async function monthSums(
  { query, dataset }: Pick<Ledger, 'query' | 'dataset'>,
  { month, before }: Pick<MonthLetter, 'month' | 'before'>,
): Promise<MonthSums | null> {
  const [year = 0, number = 1] = month.split('-').map(Number);
  const to = new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10);
  const params = { from: `${before}-01`, middle: `${month}-01`, to };
  const rows = await query(monthSumsSql(dataset), params, { timeoutMs: queryTimeoutMs });
  const [first] = rows;
  if (first === undefined) return null;
  const changes = rows.map((row) => ({
    source: String(row['source']),
    identifier: String(row['identifier']),
    now_nano_usd: Number(row['now_nano']),
    before_nano_usd: Number(row['before_nano']),
  }));
  return {
    spent_nano_usd: Number(first['all_now']),
    before_nano_usd: Number(first['all_before']),
    unpriced: Number(first['all_unpriced']),
    changes: changes.filter((change) => change.now_nano_usd !== change.before_nano_usd),
  };
}

/** Parameters: @from, @middle and @to, days. Each row has the sums of all beside its own. */
export function monthSumsSql(dataset: string): string {
  return `SELECT source, identifier, CAST(now_nano AS STRING) AS now_nano, CAST(before_nano AS STRING) AS before_nano,
  CAST(SUM(now_nano) OVER () AS STRING) AS all_now,
  CAST(SUM(before_nano) OVER () AS STRING) AS all_before,
  CAST(SUM(unpriced) OVER () AS STRING) AS all_unpriced
FROM (
  SELECT source, identifier,
    SUM(IF(day >= CAST(@middle AS DATE), IFNULL(cost_nano_usd, 0), 0)) AS now_nano,
    SUM(IF(day < CAST(@middle AS DATE), IFNULL(cost_nano_usd, 0), 0)) AS before_nano,
    SUM(IF(day >= CAST(@middle AS DATE), IFNULL(unpriced, 0), 0)) AS unpriced
  FROM \`${dataset}.usage_daily\`
  WHERE day BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
  GROUP BY source, identifier
) AS sums
ORDER BY ABS(sums.now_nano - sums.before_nano) DESC, source, identifier
LIMIT ${changesMost}`;
}

/** Reads a task's body; null when it is no letter. */
export function parseLetter(body: string): MonthLetter | null {
  const result = v.safeParse(letterSchema, readWhole(body));
  return result.success ? result.output : null;
}

/** The words. */
export function letterMessage(letter: MonthLetter): NoticeMessage {
  const { month, before, spent_nano_usd, before_nano_usd, unpriced, budgets, changes, console_url } = letter;
  const lines = [
    `*${monthName(month)}*: ${usd(spent_nano_usd)} at the providers' list prices, ${usd(before_nano_usd)} in ${monthName(before)}${share(spent_nano_usd, before_nano_usd)}.`,
    ...(unpriced > 0
      ? [`${unpriced} ${unpriced === 1 ? 'call has' : 'calls have'} no price and cost more than that.`]
      : []),
    budgets.count === 0
      ? 'No subscription has a monthly budget.'
      : `Of ${usd(budgets.limit_nano_usd)} in ${budgets.count} monthly ${budgets.count === 1 ? 'budget' : 'budgets'} ${usd(budgets.used_nano_usd)} are spent${budgets.used_up === 0 ? '' : `; ${budgets.used_up} used up`}.`,
    ...(changes.length === 0 ? [] : ['Largest changes:']),
    ...changes.map(
      ({ source, identifier, name, now_nano_usd: now, before_nano_usd: was }) =>
        `• ${forSlack(name ?? identifier)} (${forSlack(source)}): ${now >= was ? '+' : '-'}${usd(Math.abs(now - was))}, from ${usd(was)} to ${usd(now)}`,
    ),
    ...(console_url === null ? [] : [`<${console_url}|The console> shows more.`]),
  ];
  const text = lines.join('\n');
  return { text, blocks: [{ type: 'section', text: { type: 'mrkdwn', text } }] };
}

/** What the log says of one that has nowhere to go. */
export function unsentLetter({ month, spent_nano_usd }: MonthLetter): string {
  return `the letter about ${month} (${usd(spent_nano_usd)}) was not sent: no place is configured to send it to`;
}

const dollars = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });

function usd(nanoUsd: number): string {
  return dollars.format(nanoUsd / 1e9);
}

function share(now: number, was: number): string {
  if (was <= 0) return '';
  const percent = Math.round(((now - was) / was) * 100);
  return ` (${percent >= 0 ? '+' : ''}${percent} %)`;
}

function monthName(month: string): string {
  const format = new Intl.DateTimeFormat('en-US', { month: 'long', year: 'numeric', timeZone: 'UTC' });
  return format.format(Date.parse(`${month}-01T00:00:00Z`));
}
