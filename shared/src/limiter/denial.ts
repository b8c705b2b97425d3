// The limiter's no, as a value.

import type { Posted } from './settlement.ts';

/** Why a call was not admitted: a value, not an exception, since most callers meet it one day. */
export interface Denial {
  readonly decision: 'denied';
  readonly cause: 'quota' | 'burst' | 'in-flight';
  /** The limit that was reached, in units (quota) or calls. */
  readonly limit: number;
  /** When a retry makes sense, Unix ms by Redis's clock, and that clock's now. */
  readonly retryAtMs: number;
  readonly nowMs: number;
  /** The refusal's event, if it was written singly. */
  readonly posted: Posted | null;
}
