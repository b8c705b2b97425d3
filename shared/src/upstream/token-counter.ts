// Counts the tokens of prompts on a thread of its own, so that no prompt, however long, holds up the event loop. Not
// the rules that ask for it.

import { Worker } from 'node:worker_threads';

/** Counts tokens. */
export interface TokenCounter {
  /**
   * Tokens of a text in cl100k_base; past `stopAfter` the count may stop. Null when the thread failed or took too
   * long, of which `warn` hears.
   */
  count(text: string, stopAfter: number): Promise<number | null>;
  /** Ends the thread. */
  close(): Promise<void>;
}

/**
 * Characters that are counted in one go: some ten milliseconds. Prompts that are counted at the same time take turns
 * by these pieces.
 */
const pieceMax = 32 * 1024;
/** For one piece, the start of the thread included: not for a long prompt, but for a thread that hangs. */
const pieceTimeoutMs = 10_000;
/** Its table takes about 60 MB. */
const heapMiBMax = 192;

interface Waiting {
  readonly resolve: (count: number) => void;
  readonly reject: (error: Error) => void;
}

/** The thread starts with the first count. @param warn is told why a count failed, never of the text */
export function createTokenCounter(warn: (message: string, error: unknown) => void): TokenCounter {
  let thread: { worker: Worker; waiting: Map<number, Waiting> } | null = null;
  let lastId = 0;

  const start = (): NonNullable<typeof thread> => {
    const waiting = new Map<number, Waiting>();
    const worker = new Worker(new URL('./token-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: heapMiBMax },
    });
    const started = { worker, waiting };
    const end = (error: Error): void => {
      if (thread === started) thread = null;
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    };
    worker.on('message', ({ id, count }: { id: number; count: number }) => {
      waiting.get(id)?.resolve(count);
      waiting.delete(id);
    });
    worker.on('error', (error) => end(new Error('the thread that counts tokens failed', { cause: error })));
    worker.on('exit', () => end(new Error('the thread that counts tokens ended')));
    // It must not keep a process alive that has nothing else to do.
    worker.unref();
    return started;
  };

  const countPiece = async (text: string): Promise<number> => {
    thread ??= start();
    const { worker, waiting } = thread;
    const id = ++lastId;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<number>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        timer = setTimeout(() => {
          reject(new Error(`tokens were not counted within ${pieceTimeoutMs} ms`));
          // Its end ends whatever else waits for it; the next count starts another.
          worker.terminate().catch(() => undefined);
        }, pieceTimeoutMs);
        worker.postMessage({ id, text }, []);
      });
    } finally {
      clearTimeout(timer);
      waiting.delete(id);
    }
  };

  return {
    count: async (text, stopAfter) => {
      try {
        let count = 0;
        for (const piece of pieces(text)) {
          count += await countPiece(piece);
          if (count > stopAfter) break;
        }
        return count;
      } catch (error) {
        warn(
          'the tokens of a text could not be counted: its length is held to no limit, its usage is estimated',
          error,
        );
        return null;
      }
    },
    close: async () => void (await thread?.worker.terminate()),
  };
}

/**
 * Cut where tokens are cut anyway: in front of a blank between a letter or digit and a letter. Without such a place,
 * between two characters.
 */
function* pieces(text: string): Generator<string> {
  for (let from = 0; from < text.length;) {
    const to = from + pieceMax >= text.length ? text.length : cutBefore(text, from + pieceMax);
    yield text.slice(from, to);
    from = to;
  }
}

const wordGap = /[a-z0-9] (?=[a-z])/gi;
/** How far back a cut is looked for. */
const lookBack = 256;

function cutBefore(text: string, at: number): number {
  const gap = [...text.slice(at - lookBack, at).matchAll(wordGap)].at(-1);
  if (gap !== undefined) return at - lookBack + gap.index + 1;
  // Not inside a surrogate pair.
  return (text.codePointAt(at - 1) ?? 0) > 0xffff ? at - 1 : at;
}
