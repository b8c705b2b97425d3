// One error as it is reported to Sentry. Not the sending (error-reports.ts), nor Sentry itself.

import type { LogFields, LogTrace } from './log.ts';

/** One error. */
export interface ErrorReport {
  readonly message: string;
  /** Null: a 5xx without an exception of ours. */
  readonly error: unknown;
  readonly details: LogFields;
  readonly trace: LogTrace | null;
}
