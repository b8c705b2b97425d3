// An answer's body chunk by chunk, as it arrives and with back-pressure: what Node's own iterator of a stream does, at
// a fraction of its cost.

import type { Readable } from 'node:stream';

/** Read once, by one reader. Not reading on destroys the answer, as Node's iterator does. */
export interface Reader extends AsyncIterableIterator<Buffer> {
  /** Whether somebody waits for the next chunk. */
  waits(): boolean;
  /** Breaks the answer off: what has come may still be taken, then it throws this. */
  fail(error: Error): void;
  /** What has come and was not taken yet. */
  readonly waiting: readonly Buffer[];
  /** Resolves when more than so many pieces wait, when no more will come, or at `wake`. Takes nothing. */
  arrival(count: number): Promise<void>;
  /** Ends a wait for an arrival. */
  wake(): void;
  /** How it ended: whole, or by what; null while more may come. */
  end(): 'whole' | Error | null;
}

/** Why nobody will read on: the end was told, a fault was, or the reader left. */
export type ReaderEnd = 'whole' | 'broken' | 'left';

const done = { done: true, value: undefined } as const;

/**
 * Node's iterator makes two promises, a listener for the end and several ticks of each chunk (4 % of a call's CPU).
 * @param onDone is called once nobody will read on: it ended, failed, or its reader left
 */
export function createReader(response: Readable, onDone: (end: ReaderEnd) => void): Reader {
  const chunks: Buffer[] = [];
  let ended = false;
  let broken: Error | null = null;
  let waiter: PromiseWithResolvers<IteratorResult<Buffer>> | null = null;
  let watcher: (() => void) | null = null;

  const wake = (): void => {
    watcher?.();
    watcher = null;
  };

  /** Tells the end, or the fault, once every chunk before it is taken. */
  const settle = (): void => {
    if (waiter === null || chunks.length > 0) return;
    if (broken !== null) waiter.reject(broken);
    else if (ended) waiter.resolve(done);
    else return void response.resume();
    waiter = null;
    onDone(broken === null ? 'whole' : 'broken');
  };
  response.on('data', (chunk: Buffer) => {
    if (waiter === null) {
      chunks.push(chunk);
      // One is kept; the rest waits at the provider, behind the connection's own buffers.
      response.pause();
      wake();
    } else {
      waiter.resolve({ done: false, value: chunk });
      waiter = null;
    }
  });
  response.once('end', () => {
    ended = true;
    wake();
    settle();
  });
  const onBroken = (error?: Error): void => {
    if (ended) return;
    broken ??= error ?? new Error('the answer was closed before its end');
    wake();
    settle();
  };
  response.once('error', onBroken).once('close', onBroken);
  // It may have died before anybody listened.
  if (response.destroyed && !response.readableEnded) onBroken();

  return {
    waits: () => waiter !== null || watcher !== null,
    fail: (error) => {
      // Also of one that has come whole, which nobody takes.
      broken ??= error;
      wake();
      settle();
    },
    waiting: chunks,
    arrival: (count) => {
      if (chunks.length > count || ended || broken !== null) return Promise.resolve();
      return new Promise((resolve) => {
        watcher = resolve;
        response.resume();
      });
    },
    wake,
    end: () => broken ?? (ended ? 'whole' : null),
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
      onDone('left');
      return Promise.resolve(done);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
