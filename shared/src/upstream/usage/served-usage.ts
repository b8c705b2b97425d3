// What an answer's usage comes to, whichever provider reported it.

import type { Usage } from '../../catalogue/catalogue.ts';

/** What one model did of a call, by the dimensions that prices have. */
export interface ServedUsage extends Usage {
  /** As the provider calls it; null: the model that was asked for. */
  readonly model: string | null;
}

/** An answer's report, read. */
export interface UsageReport {
  /** Disjoint counts by the model that served them. Empty: nothing was reported. */
  readonly parts: readonly ServedUsage[];
  /** The report as it came: numbers and single words. Null: there was none. */
  readonly whole: Readonly<Record<string, unknown>> | null;
  /** The model that the answer names, one word, as its home spells it; null: it names none. */
  readonly answered: string | null;
  /** `input`: an answer that broke off, or was left, before its output was reported. */
  readonly told: 'nothing' | 'input' | 'all';
}
