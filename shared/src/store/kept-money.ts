// What windows of budgets kept of a call: the text that scripts answer with and outbox entries have. The limiter
// charges by it, rows are made of it.

/** Something of each of a call's budgets; null where it has no such budget. */
export interface ByBudget<T> {
  readonly subscription: T | null;
  readonly feature: T | null;
}

/** What a window kept of a call. */
export interface KeptMoney {
  readonly window: string;
  /** What its tally has of the call for good: the cost. 0 of a call that was refused, or came too late to count. */
  readonly nanoUsd: number;
  /** The threshold whose notice the call caused, in percent; absent: none. */
  readonly noticed?: number;
}

/**
 * What windows kept, as scripts and outbox entries have it: `<window>;<nano-dollars>` for each of the two, no window
 * where there is no such budget; of a call that caused notices `;<percent>;<percent>` after them.
 */
export function keptMoney(text: string): ByBudget<KeptMoney> {
  const [window, kept, featureWindow, featureKept, percent, featurePercent] = text.split(';');
  return { subscription: keptOf(window, kept, percent), feature: keptOf(featureWindow, featureKept, featurePercent) };
}

function keptOf(window = '', kept = '', percent = ''): KeptMoney | null {
  if (window === '') return null;
  return { window, nanoUsd: Number(kept), ...(percent !== '' && { noticed: Number(percent) }) };
}
