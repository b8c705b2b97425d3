// A promise with a deadline. Not the breaking off of the work: what nobody waits for any more goes on, and its outcome
// is heard by nobody.

/**
 * The outcome of the work, if it comes in time.
 * @param late gives the outcome when it does not; what it throws is thrown
 */
export async function within<T, Late>(work: Promise<T>, timeoutMs: number, late: () => Late): Promise<T | Late> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs))).then(late);
  try {
    return await Promise.race([work, passed]);
  } finally {
    clearTimeout(timer);
  }
}
