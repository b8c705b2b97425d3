// When a notice about a limit is due. Not the notice (events).

/** When notices are due, and what they say besides the numbers. */
export interface NoticeRule {
  /** Percent of the limit. */
  readonly thresholds: readonly number[];
  /** Opaque bytes. */
  readonly draft: string;
}
