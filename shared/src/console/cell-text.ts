// How numbers are written: for people, aligned by their decimals, and for programs, whole. Not markup.

import type { Cell, Column } from './page.ts';

const whole = new Intl.NumberFormat('en-US');
const nanoDigits = 9;
const nanoPerDollar = 1_000_000_000;

/** How an unknown value is written. */
export const unknownText = '–';

/**
 * How many decimals a column of money needs, so that its smallest amount says something and all points stand below
 * each other: two, or up to six where there are only fractions of cents.
 */
export function moneyDigits(nanos: readonly number[]): number {
  const amounts = nanos.map(Math.abs).filter((nano) => nano > 0);
  if (amounts.length === 0) return 2;
  const largest = Math.max(...amounts) / nanoPerDollar;
  return largest >= 1 ? 2 : largest >= 0.01 ? 4 : 6;
}

/** `$1,234.50`. What is too small for its decimals is not nothing: `<$0.01`. */
export function moneyText(nano: number, digits = moneyDigits([nano])): string {
  const dollars = nano / nanoPerDollar;
  const least = 10 ** -digits;
  if (nano !== 0 && Math.abs(dollars) < least / 2) return `${nano < 0 ? '-' : ''}<$${least.toFixed(digits)}`;
  const text = Math.abs(dollars).toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return `${dollars < 0 ? '-' : ''}$${text}`;
}

/** To the last billionth, without rounding: a double is no place for sums. */
export function exactDollars(nano: number): string {
  const digits = String(Math.abs(Math.round(nano))).padStart(nanoDigits + 1, '0');
  return `${nano < 0 ? '-' : ''}${digits.slice(0, -nanoDigits)}.${digits.slice(-nanoDigits)}`;
}

const decimalsMax = 4;

/** How many decimals a column of numbers shows: as many as the longest of them has, up to four. */
export function digitsOf({ kind }: Pick<Column, 'kind'>, numbers: readonly number[]): number {
  if (kind === 'money') return moneyDigits(numbers);
  if (kind !== 'decimal') return 0;
  const decimals = numbers.map((number) => /\.(\d+)$/.exec(String(number))?.[1]?.length ?? 0);
  return Math.min(decimalsMax, Math.max(0, ...decimals));
}

/** `1,234,567`. */
export const countText = (value: number): string => whole.format(Math.round(value));

/** Shares of 1 with one decimal. */
export const percentText = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** To the second, UTC, as everything here is. */
export const timeText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** As people read it. @param digits by digitsOf of the whole column */
export function cellText({ kind }: Pick<Column, 'kind'>, cell: Cell, digits: number): string {
  if (cell === null) return unknownText;
  if (typeof cell === 'object') return cell.text;
  if (typeof cell === 'string') return cell;
  switch (kind) {
    case 'money':
      return moneyText(cell, digits);
    case 'decimal':
      return cell.toFixed(digits);
    case 'count':
      return countText(cell);
    case 'ms':
      return `${countText(cell)} ms`;
    case 'percent':
    case 'bar':
      return percentText(cell);
    case 'time':
      return timeText(cell);
    case 'text':
    case 'code':
    case 'state':
      return String(cell);
  }
}

/** Columns that are aligned to the right. */
export const isNumeric = ({ kind }: Column): boolean =>
  kind === 'money' || kind === 'decimal' || kind === 'count' || kind === 'ms' || kind === 'percent';
