// A request as the river sees it: address, headers, a body read only when asked for and only up to a bound, and whether the caller is still there.

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { getHeapStatistics } from 'node:v8';
import { Refusal } from './refusal.ts';
import { textOf } from './text.ts';

/** The reference's read timeout (spec completions §1.2): a body that takes longer is a stalled or hostile one. */
const bodyTimeoutMs = 75_000;
/**
 * Large bodies of running requests together, beside V8's heap: beyond it the instance answers 503 before it runs out of memory. A body is there as bytes, as
 * text, as what was read out of it and as what is sent: with one of 30 MB an instance of 512 MiB takes 400 MB. One of the largest is always let in.
 */
const heldBytesMax = getHeapStatistics().heap_size_limit / 8;
/** As many bodies of this size as there are requests at once are no danger, and a large one must not shut them out. */
const largeBytes = 256 * 1024;
/** From the beginning of each large body, as long as its header says, until its response is closed. */
let heldBytes = 0;

/** One HTTP request. */
export interface Received {
  readonly method: string;
  /** Path as sent, without query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Headers of the answer, whatever it will be: lower-case names, written with its status in one go. To set each on the response took a fiftieth of a call's CPU. */
  readonly replyHeaders: Record<string, string | string[]>;
  /** Aborted when the connection closes before our answer was written whole. */
  readonly callerLeft: AbortSignal;
  /**
   * Reads the body, UTF-8, at most `bytesMax`.
   * @throws Refusal `body-too-large`, `body-encoding`, `body-too-slow`, `overloaded`; the caller's leaving rejects with an AbortError.
   */
  readBody(bytesMax: number): Promise<string>;
}

/** Wraps what the framework hands over. `res` is watched, not `req`: `req` closes as soon as a body is read (spec platform §1.4). */
export function receive(request: IncomingMessage, response: ServerResponse): Received {
  const left = new AbortController();
  let held: number | null = 0;
  response.once('close', () => {
    heldBytes -= held ?? 0;
    held = null;
    if (!response.writableFinished) left.abort(new DOMException('the caller left', 'AbortError'));
  });
  const url = request.url ?? '/';
  const query = url.indexOf('?');
  return {
    method: request.method ?? 'GET',
    path: query === -1 ? url : url.slice(0, query),
    headers: request.headers,
    request,
    response,
    replyHeaders: {},
    callerLeft: left.signal,
    readBody: (bytesMax) =>
      readBody(request, left.signal, bytesMax, (bytes) => {
        if (held === null) return true;
        if (heldBytes + bytes > Math.max(heldBytesMax, bytesMax)) return false;
        held += bytes;
        heldBytes += bytes;
        return true;
      }),
  };
}

/** Takes room for bytes of a large body. False: there is none. */
type Hold = (bytes: number) => boolean;

async function readBody(
  request: IncomingMessage,
  callerLeft: AbortSignal,
  bytesMax: number,
  hold: Hold,
): Promise<string> {
  const { headers } = request;
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new Refusal('body-encoding', `content-encoding ${encoding} is not supported, send the body as it is`);
  const parsed = (request as { rawBody?: Buffer }).rawBody;
  // The safe path for the day the framework is asked first all the same (request-listener.ts): then only the size is left to check.
  if (parsed !== undefined) return parsed.length > bytesMax ? refuseSize(bytesMax) : parsed.toString('utf8');
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return '';
  if (Number(headers['content-length']) > bytesMax) refuseSize(bytesMax);
  return collect(request, callerLeft, bytesMax, hold);
}

function collect(request: IncomingMessage, callerLeft: AbortSignal, bytesMax: number, hold: Hold): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let [bytes, held] = [0, 0];
    const takeRoom = (wanted: number): boolean => {
      if (wanted <= Math.max(largeBytes, held)) return true;
      const room = hold(wanted - held);
      held = wanted;
      return room;
    };
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('error', onError);
      callerLeft.removeEventListener('abort', onError);
      settle();
    };
    const fail = (error: unknown): void => {
      finish(() => reject(error));
      // Thrown away as it comes, so that the caller can finish sending and then read our answer: a close now would reset its connection.
      request.resume();
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes > bytesMax) fail(sizeRefusal(bytesMax));
      else if (!takeRoom(bytes)) fail(roomRefusal());
    };
    const onEnd = (): void => finish(() => resolve(textOf(chunks)));
    const onError = (): void => fail(callerLeft.reason ?? new DOMException('the caller left', 'AbortError'));
    const timer = setTimeout(
      () => fail(new Refusal('body-too-slow', `the request body did not arrive within ${bodyTimeoutMs / 1000} s`)),
      bodyTimeoutMs,
    );
    request.on('data', onData).on('end', onEnd).on('error', onError);
    callerLeft.addEventListener('abort', onError, { once: true });
    if (callerLeft.aborted) onError();
    else if (!takeRoom(Number(request.headers['content-length'] ?? 0))) fail(roomRefusal());
  });
}

function roomRefusal(): Refusal {
  return new Refusal('overloaded', 'too many large requests at once, please retry', {
    detail: `${heldBytes} bytes of large bodies held`,
  });
}

function sizeRefusal(bytesMax: number): Refusal {
  return new Refusal('body-too-large', `request body is larger than ${bytesMax} bytes`);
}

function refuseSize(bytesMax: number): never {
  throw sizeRefusal(bytesMax);
}
