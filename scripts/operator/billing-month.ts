// A month as finance knows it: when it begins and is closed, and which days were priced again since. Not what stands
// in its file.

import { calendarWindows } from '@cody-gateway/shared/directory';
import { UsageError } from './command.ts';
import { readMonthName } from './days.ts';
import type { Query } from './warehouse.ts';

/** From its end: until then its last events may still arrive (shared/README.md, a day is final 48 hours later). */
const closedAfterMs = 48 * 3_600_000;
/** Ten years of them. */
const daysMost = 3_660;
const dayMs = 86_400_000;
/** Days of UTC lie in two days of a time zone: one more on each side. Ranges nearer than that are one. */
const nearDays = 3;

/** A month of the billing time zone. */
export interface BillingMonth {
  /** `2026-11`. */
  readonly name: string;
  readonly timeZone: string;
  /** First and last day, `yyyy-mm-dd`. */
  readonly from: string;
  readonly to: string;
  /** Unix ms; the end is exclusive. */
  readonly startMs: number;
  readonly endMs: number;
  /** Unix ms: what calls cost by then is the month's, what is priced again later is a correction in a later one. */
  readonly closedMs: number;
  /** When the month before was closed: from then on re-pricing belongs to this one. */
  readonly openedMs: number;
}

/** @throws UsageError for what is no month, or has not begun */
export function readMonth(given: string | undefined, timeZone: string, nowMs: number): BillingMonth {
  const text = readMonthName(given);
  const [window] = calendarWindows('month', Date.parse(`${text}-15T12:00:00Z`), timeZone);
  if (window?.endMs === undefined || window.endMs === null) throw new Error(`${text} has no end in ${timeZone}`);
  const { startMs, endMs } = window;
  if (startMs > nowMs) throw new UsageError(`--month ${text} has not begun`);
  const to = new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5)), 0)).toISOString().slice(0, 10);
  return {
    name: text,
    timeZone,
    from: `${text}-01`,
    to,
    startMs,
    endMs,
    closedMs: endMs + closedAfterMs,
    openedMs: startMs + closedAfterMs,
  };
}

/** Begin and end of a day of the billing time zone, RFC 3339 in UTC; midnight is not always its first moment. */
export function dayBounds(day: string, timeZone: string): readonly [start: string, end: string] {
  const [window] = calendarWindows('day', Date.parse(`${day}T12:00:00Z`), timeZone);
  // East of Greenwich noon of UTC may be the next day already.
  const near = [
    window,
    ...[-dayMs / 2, dayMs / 2].map((ms) => calendarWindows('day', Date.parse(`${day}T12:00:00Z`) + ms, timeZone)[0]),
  ];
  const own = near.find((one) => one?.name === day);
  if (own === undefined || own.endMs === null) throw new Error(`${day} is no day of ${timeZone}`);
  return [timeText(own.startMs), timeText(own.endMs)];
}

/** As FOCUS writes it. */
export const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** Days, both included. */
export interface Days {
  readonly from: string;
  readonly to: string;
}

/** Days that were written to after their month was closed. */
export interface ChangedDays {
  /** Whether some day of the month itself was. */
  readonly own: boolean;
  /** Days before the month that were written to since it opened. */
  readonly before: readonly Days[];
}

/** Looks at when partitions of events were last written to, not at rows. */
export async function changedDays(query: Query, dataset: string, month: BillingMonth): Promise<ChangedDays> {
  const rows = await query(changedSql(dataset, month), {});
  const days = rows.map((row) => ({ day: String(row['day']), after: row['after'] === true }));
  return {
    own: days.some(({ day, after }) => after && day >= month.from && day <= nextDay(month.to)),
    before: rangesOf(
      days.map(({ day }) => day).filter((day) => day <= month.from),
      month,
    ),
  };
}

/** The text is for the list of the project's SQL as well. */
export function changedSql(dataset: string, { openedMs, closedMs, to }: BillingMonth): string {
  return `SELECT CAST(PARSE_DATE('%Y%m%d', partition_id) AS STRING) AS day,
  last_modified_time >= CAST('${timeText(closedMs)}' AS TIMESTAMP) AS after
FROM (
  -- Two others are called __NULL__ and __UNPARTITIONED__.
  SELECT IF(partition_id < 'A', partition_id, NULL) AS partition_id, last_modified_time
  FROM \`${dataset}.INFORMATION_SCHEMA.PARTITIONS\`
  WHERE table_name = 'events' AND partition_id < 'A'
)
WHERE last_modified_time >= CAST('${timeText(openedMs)}' AS TIMESTAMP)
  AND partition_id <= '${nextDay(to).replaceAll('-', '')}'
ORDER BY day
LIMIT ${daysMost}`;
}

function rangesOf(days: readonly string[], month: BillingMonth): readonly Days[] {
  const last = nextDay(month.from, -1);
  const ranges: { from: string; to: string }[] = [];
  for (const day of days) {
    const at = ranges.at(-1);
    if (at !== undefined && Date.parse(day) - Date.parse(at.to) <= nearDays * dayMs) at.to = nextDay(day);
    else ranges.push({ from: nextDay(day, -1), to: nextDay(day) });
  }
  return ranges.map(({ from, to }) => ({ from, to: to > last ? last : to })).filter(({ from, to }) => from <= to);
}

function nextDay(day: string, days = 1): string {
  return new Date(Date.parse(day) + days * dayMs).toISOString().slice(0, 10);
}
