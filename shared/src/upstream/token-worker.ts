// The thread that counts tokens (cl100k_base), a piece of text at a time. Nothing but token-counter.ts starts it.

import { countTokens } from 'gpt-tokenizer/encoding/cl100k_base';
import { parentPort } from 'node:worker_threads';

/**
 * An unbroken run is cut after so many characters: merging is quadratic in its length (20,000 letters take half a
 * second, 200,000 half a minute), and in pieces of 256 it is linear. A cut costs at most a token or two, of which a
 * run of that length has a hundred.
 */
const longRun = /\p{L}{256}|[^\s\p{L}\p{N}]{256}|\s{256}/gu;

parentPort?.on('message', ({ id, text }: { id: number; text: string }) => {
  let count = 0;
  let from = 0;
  for (const { index, 0: run } of text.matchAll(longRun)) {
    count += countTokens(text.slice(from, index + run.length), { allowedSpecial: 'all' });
    from = index + run.length;
  }
  count += countTokens(text.slice(from), { allowedSpecial: 'all' });
  parentPort?.postMessage({ id, count }, []);
});
