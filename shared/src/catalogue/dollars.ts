// Dollars as people write them and as counters hold them: decimal text, and whole nano-dollars below 2^53.

import { decimalText } from './decimal.ts';

/** A number holds this much to the nano-dollar, with some room for sums above it. */
export const dollarsMost = 9_000_000;
const nanoDigits = 9;

/**
 * Whole nano-dollars of a text such as `12.50`, or what is wrong with it, in words that say what to write.
 * @param least in dollars: 0 where nothing is an amount, too
 */
export function nanoUsdIn(text: string, least: '0' | 'above 0' = '0'): number | { readonly fault: string } {
  const example = 'write dollars such as 250 or 12.50';
  const shown = JSON.stringify(text.slice(0, 40));
  if (!/^\d{1,12}(\.\d+)?$/.test(text)) return { fault: `${shown} is no amount of dollars: ${example}` };
  const [whole = '', fraction = ''] = text.split('.');
  if (fraction.length > nanoDigits) return { fault: `${shown} is finer than a billionth of a dollar: ${example}` };
  const nano = BigInt(whole + fraction.padEnd(nanoDigits, '0'));
  if (nano > BigInt(dollarsMost) * 1_000_000_000n)
    return { fault: `${shown} is above ${dollarsMost} dollars, more than is counted exactly: ${example}` };
  if (nano === 0n && least === 'above 0') return { fault: `${shown} is nothing: ${example}` };
  return Number(nano);
}

/** The same. @throws RangeError with what is wrong */
export function nanoUsdOf(text: string): number {
  const nano = nanoUsdIn(text);
  if (typeof nano !== 'number') throw new RangeError(nano.fault);
  return nano;
}

/** The shortest exact text of an amount, at least with cents where it has a fraction; below zero, too. */
export function dollarText(nanoUsd: number): string {
  const text = decimalText({ units: BigInt(Math.abs(nanoUsd)), scale: nanoDigits });
  const cents = /\.\d$/.test(text) ? `${text}0` : text;
  return nanoUsd < 0 ? `-${cents}` : cents;
}
