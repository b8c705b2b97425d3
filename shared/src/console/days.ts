// Months and days of a time zone as `yyyy-mm-dd`, and how far a month's spend may go. Pure.

const dayMs = 86_400_000;

/** The day of a moment. */
export function dayOf(ms: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(ms);
}

/** So many days later. Whole days of UTC: a day of a time zone may have 23 hours. */
export function daysAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * dayMs).toISOString().slice(0, 10);
}

/** The days that an overview is about. */
export interface Months {
  /** First day of this month, and today. */
  readonly from: string;
  readonly today: string;
  /** First and last day of the last month, and the day that is as far into it as today is into this one. */
  readonly beforeFrom: string;
  readonly beforeTo: string;
  readonly beforeSame: string;
  /** Days of this month. */
  readonly length: number;
}

export function monthsOf(today: string): Months {
  const from = `${today.slice(0, 8)}01`;
  const beforeTo = daysAfter(from, -1);
  const beforeFrom = `${beforeTo.slice(0, 8)}01`;
  const day = Number(today.slice(8));
  const beforeSame = `${beforeTo.slice(0, 8)}${String(Math.min(day, Number(beforeTo.slice(8)))).padStart(2, '0')}`;
  const nextFrom = daysAfter(`${today.slice(0, 8)}28`, 4);
  const length = Number(daysAfter(`${nextFrom.slice(0, 8)}01`, -1).slice(8));
  return { from, today, beforeFrom, beforeTo, beforeSame, length };
}

/** A forecast and how it was made. */
export interface Forecast {
  readonly nanoUsd: number | null;
  readonly method: string;
}

/** So that each day of the week counts once. */
const lookedAtDays = 7;

/**
 * Sums this month's whole days and, for each other day, today among them, the mean of the last seven whole days; today
 * counts at least what it has cost already.
 * @param spend nano-dollars by day; a day that is missing cost nothing
 * @param first the earliest day of which anything is known; null: there is none
 */
export function forecast(
  spend: ReadonlyMap<string, number>,
  { from, today, length }: Months,
  first: string | null,
): Forecast {
  const whole = Array.from({ length: lookedAtDays }, (_, i) => daysAfter(today, -1 - i)).filter(
    (day) => first !== null && day >= first,
  );
  if (whole.length === 0) return { nanoUsd: null, method: 'no whole day to go by yet' };
  const mean = whole.reduce((sum, day) => sum + (spend.get(day) ?? 0), 0) / whole.length;
  let sum = 0;
  for (let day = from, n = 1; n <= length; day = daysAfter(day, 1), n++) {
    const known = spend.get(day) ?? 0;
    sum += day < today ? known : day === today ? Math.max(known, mean) : mean;
  }
  const days = whole.length === 1 ? 'the last whole day' : `the last ${whole.length} whole days`;
  return { nanoUsd: Math.round(sum), method: `spend so far, then the mean of ${days}` };
}
