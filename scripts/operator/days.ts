// The option `--days` of commands about usage: how far back they look, in days of UTC, today included.

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

/** First and last of as many days, `yyyy-mm-dd`. */
export function lastDays(days: number, nowMs: number): { readonly from: string; readonly to: string } {
  return { from: dayOf(nowMs - (days - 1) * dayMs), to: dayOf(nowMs) };
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
