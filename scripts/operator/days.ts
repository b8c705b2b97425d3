// The options `--days` and `--month` of commands about usage: how far back they look, in days of a time zone, today
// included, or which calendar month.

import { UsageError } from './command.ts';

const dayMs = 86_400_000;
/** A year, and the day of the leap year. */
export const daysMost = 366;

/** @throws UsageError when it is no number of days */
export function readDays(text: string): number {
  const days = /^\d+$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > daysMost)
    throw new UsageError(`--days ${JSON.stringify(text)} is not a whole number from 1 to ${daysMost}`);
  return days;
}

/** @throws UsageError when it is left out, or no month */
export function readMonthName(text: string | undefined): string {
  if (text === undefined) throw new UsageError('--month is missing: a month such as 2026-11');
  if (!/^20\d\d-(0[1-9]|1[0-2])$/.test(text)) throw new UsageError(`--month ${text} is no month such as 2026-11`);
  return text;
}

/** First and last of as many days, `yyyy-mm-dd`. */
export function lastDays(
  days: number,
  nowMs: number,
  timeZone = 'UTC',
): { readonly from: string; readonly to: string } {
  const to = dayOf(nowMs, timeZone);
  // Whole days of UTC: a day of a time zone may have 23 hours.
  return { from: dayOf(Date.parse(to) - (days - 1) * dayMs, 'UTC'), to };
}

/** The day of a moment in a time zone, `yyyy-mm-dd`. */
function dayOf(ms: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(ms);
}
