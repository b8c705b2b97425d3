// When the heavy clients load that a first answer may do without. Not what they are (context.ts).

import type { IncomingMessage, ServerResponse } from 'node:http';

/** Takes one request; it never rejects. */
type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** An instance that nobody has asked for so long waits for its first request: better now than then. */
const unaskedMs = 1_000;

/**
 * Reading such a client holds everything up, 100 to 400 ms of a busy processor: so not between the opening of the port, which is when the
 * platform hands the first request over, and its answer. A first request that needs one loads it itself.
 * @param warm is called once, behind the first answer
 */
export function warmBehindFirst(handle: Handle, warm: () => void): Handle {
  let cold = true;
  const unasked = setTimeout(() => {
    cold = false;
    warm();
  }, unaskedMs);
  unasked.unref();
  return (request, response) => {
    const work = handle(request, response);
    if (!cold) return work;
    cold = false;
    clearTimeout(unasked);
    return work.then(warm);
  };
}
