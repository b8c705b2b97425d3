// Large requests are read one after the other: what is parsed of one takes several times its bytes in V8's heap, until
// it is written again. Not how many may arrive (http/room.ts): those that wait here are bytes outside that heap.

import { Refusal } from '../http/http.ts';

/** Longer than any request is read: its phrases in turns, its tokens up to a limit. */
const waitMs = 30_000;

/** A place for one at a time. */
export interface OneByOne {
  /**
   * Waits until everybody before has left.
   * @param left ends the wait
   * @returns leaves the place; further calls do nothing
   * @throws Refusal `overloaded`; the signal's reason
   */
  enter(left: AbortSignal): Promise<() => void>;
}

export function createOneByOne(): OneByOne {
  let last: Promise<void> = Promise.resolve();
  return {
    enter: async (left) => {
      const before = last;
      const { promise, resolve } = Promise.withResolvers<void>();
      last = promise;
      try {
        await within(before, left);
        return resolve;
      } catch (error) {
        // Whoever comes behind still waits for those in front.
        void before.then(resolve);
        throw error;
      }
    },
  };
}

async function within(before: Promise<void>, left: AbortSignal): Promise<void> {
  left.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = (): void => reject(left.reason as Error);
  const timer = setTimeout(
    () => reject(new Refusal('overloaded', 'too many large requests at once, please retry')),
    waitMs,
  );
  left.addEventListener('abort', leave, { once: true });
  try {
    await Promise.race([before, promise]);
  } finally {
    clearTimeout(timer);
    left.removeEventListener('abort', leave);
  }
}
