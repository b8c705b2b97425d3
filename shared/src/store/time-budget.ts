// What a caller gives to a wait for Redis, and what it gets when that was in vain.

/** Redis did not answer in time, is not reachable, or answered with a fault of its own. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  /** False: the command never left this process. True: it may or may not have been applied. */
  readonly sent: boolean;

  constructor(message: string, options: { readonly sent: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.sent = options.sent;
  }
}

/**
 * What a request may still wait for Redis: one budget is shared by all its waits on the way up, another belongs to its
 * settling.
 */
export interface TimeBudget {
  leftMs: number;
  /** For work that no caller waits for: it waits for the end of an outage, where others fail at once. */
  readonly patient?: boolean;
}
