// Budgets for tokens that nobody remembers: each costs a cheap look-up in the directory and, where that does not know
// it, one at its source; anybody can make them up.

/**
 * Look-ups at once after a quiet time, in seconds' worth: an instance that just started knows the token of none of its
 * callers.
 */
const burstSeconds = 5;

/** The budget of this process. */
export interface UnknownTokenBudget {
  /** Whether one more unknown token may be looked up now. */
  take(): boolean;
}

/** @param perSecond look-ups a second in the long run */
export function createUnknownTokenBudget(perSecond: number, now: () => number): UnknownTokenBudget {
  const most = perSecond * burstSeconds;
  let left = most;
  let atMs = now();
  return {
    take: () => {
      const nowMs = now();
      left = Math.min(most, left + (Math.max(0, nowMs - atMs) / 1000) * perSecond);
      atMs = nowMs;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
