// When the windows of budgets begin and end, and what they are called: by the calendar of the billing time zone.
// Pure, and made once a window. What is spent in them is the limiter's.

import type { BudgetSpan, StatedBudget } from './budget.ts';

/** One window of a budget: its name is for one span of time only. Letters, digits, `.` and `-`. */
export interface BudgetWindow {
  /** `2026-11`, `2026-11-28` or `life`; after a reset `2026-11.2`. */
  readonly name: string;
  /** Unix ms. */
  readonly startMs: number;
  /** Unix ms, exclusive; null: it never ends. */
  readonly endMs: number | null;
}

/** More than any zone is away from UTC, and than any change of its clocks that leaves out no whole day. */
const offsetMaxMs = 26 * 3_600_000;
const life: readonly BudgetWindow[] = Object.freeze([Object.freeze({ name: 'life', startMs: 0, endMs: null })]);

/** The last answer for each zone and span: every call asks for the same. */
const latest = new Map<string, readonly [BudgetWindow, BudgetWindow]>();
/** An operator has one zone; tests have more. */
const keptMax = 64;

/**
 * The window of a moment and the one behind it. While the window lasts the same array comes back.
 * @param timeZone a name of IANA's
 * @throws RangeError for a zone that nobody knows
 */
export function calendarWindows(span: BudgetSpan, atMs: number, timeZone: string): readonly BudgetWindow[] {
  if (span === 'life') return life;
  const key = span === 'month' ? `m${timeZone}` : `d${timeZone}`;
  const known = latest.get(key);
  if (known !== undefined && atMs >= known[0].startMs && atMs < (known[0].endMs ?? Infinity)) return known;
  const first = windowAt(span, atMs, timeZone);
  const made = Object.freeze([first, windowAt(span, first.endMs ?? atMs, timeZone)] as const);
  if (latest.size >= keptMax) latest.clear();
  latest.set(key, made);
  return made;
}

/** The same windows under the names that they have after resets. */
export function budgetWindows(
  { window, resets }: Pick<StatedBudget, 'window' | 'resets'>,
  atMs: number,
  timeZone: string,
): readonly BudgetWindow[] {
  const windows = calendarWindows(window, atMs, timeZone);
  if (!windows.some(({ name }) => resets.some((reset) => reset.window === name))) return windows;
  return windows.map((one) => {
    const count = resets.find((reset) => reset.window === one.name)?.count;
    return count === undefined ? one : { ...one, name: `${one.name}.${count + 1}` };
  });
}

function windowAt(span: 'month' | 'day', atMs: number, timeZone: string): BudgetWindow {
  const [year, month, day] = dateAt(atMs, timeZone);
  const [from, to] =
    span === 'month'
      ? [Date.UTC(year, month - 1, 1), Date.UTC(year, month, 1)]
      : [Date.UTC(year, month - 1, day), Date.UTC(year, month - 1, day + 1)];
  const date = new Date(from).toISOString();
  return Object.freeze({
    name: span === 'month' ? date.slice(0, 7) : date.slice(0, 10),
    startMs: firstOf(from, timeZone),
    endMs: firstOf(to, timeZone),
  });
}

/**
 * The first moment whose date in the zone is this one or a later one: where clocks are put forward over midnight the
 * day begins later, and a day that a zone left out has no moment.
 * @param date midnight of it, as if the zone were UTC
 */
function firstOf(date: number, timeZone: string): number {
  let [before, from] = [date - offsetMaxMs, date + offsetMaxMs];
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2);
    const [year, month, day] = dateAt(middle, timeZone);
    if (Date.UTC(year, month - 1, day) >= date) from = middle;
    else before = middle;
  }
  return from;
}

type DateParts = readonly [year: number, month: number, day: number];

function dateAt(atMs: number, timeZone: string): DateParts {
  // In Swedish, which writes dates as 2026-11-28.
  const [year = 0, month = 0, day = 0] = clockOf(timeZone).format(atMs).split('-').map(Number);
  return [year, month, day];
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for a zone that nobody knows */
function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  const options = { timeZone, year: 'numeric', month: '2-digit', day: '2-digit', calendar: 'gregory' } as const;
  const made = new Intl.DateTimeFormat('sv-SE', options);
  if (clocks.size >= keptMax) clocks.clear();
  clocks.set(timeZone, made);
  return made;
}
