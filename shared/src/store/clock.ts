// This process's time, as the store's parts take it as an argument.

import type { BreakerClock } from './breaker.ts';

/** Its timers keep no process alive: probes are beside requests. */
export const clock: BreakerClock = {
  now: () => performance.now(),
  after: (ms: number, work: () => void): (() => void) => {
    const timer = setTimeout(work, ms).unref();
    return () => clearTimeout(timer);
  },
  // Between timers and this, Node reads its sockets.
  afterReads: (work: () => void): void => void setImmediate(work),
};
