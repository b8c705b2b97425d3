// An answer's body chunk by chunk, as it arrives and with back-pressure: what Node's own iterator of a stream does, at a fraction of its cost.

import type { IncomingMessage } from 'node:http';

/** Read once, by one reader. Not reading on destroys the answer, as Node's iterator does. */
export interface Reader extends AsyncIterableIterator<Buffer> {
  /** Whether somebody waits for the next chunk. */
  waits(): boolean;
  /** Breaks the answer off: what has come may still be taken, then it throws this. */
  fail(error: Error): void;
}

const done = { done: true, value: undefined } as const;

/**
 * Node's iterator makes two promises, a listener for the end and several ticks of each chunk (4 % of a call's CPU).
 * @param onDone is called once nobody will read on: it ended, failed, or its reader left
 */
export function createReader(response: IncomingMessage, onDone: () => void): Reader {
  const chunks: Buffer[] = [];
  let ended = false;
  let broken: Error | null = null;
  let waiter: PromiseWithResolvers<IteratorResult<Buffer>> | null = null;

  /** Tells the end, or the fault, once every chunk before it is taken. */
  const settle = (): void => {
    if (waiter === null || chunks.length > 0) return;
    if (broken !== null) waiter.reject(broken);
    else if (ended) waiter.resolve(done);
    else return void response.resume();
    waiter = null;
    onDone();
  };
  response.on('data', (chunk: Buffer) => {
    if (waiter === null) {
      chunks.push(chunk);
      // One is kept; the rest waits at the provider, behind the connection's own buffers.
      response.pause();
    } else {
      waiter.resolve({ done: false, value: chunk });
      waiter = null;
    }
  });
  response.once('end', () => {
    ended = true;
    settle();
  });
  const onBroken = (error?: Error): void => {
    if (ended) return;
    broken ??= error ?? new Error('the answer was closed before its end');
    settle();
  };
  response.once('error', onBroken).once('close', onBroken);
  // It may have died before anybody listened.
  if (response.destroyed && !response.readableEnded) onBroken();

  return {
    waits: () => waiter !== null,
    fail: (error) => {
      // Also of one that has come whole, which nobody takes.
      broken ??= error;
      settle();
    },
    next: () => {
      const chunk = chunks.shift();
      if (chunk !== undefined) return Promise.resolve({ done: false, value: chunk });
      waiter = Promise.withResolvers();
      const { promise } = waiter;
      settle();
      return promise;
    },
    return: () => {
      response.destroy();
      onDone();
      return Promise.resolve(done);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
