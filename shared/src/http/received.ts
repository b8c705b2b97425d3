// A request as it came in: address, headers, a body read only when asked for and only up to a bound, and whether the
// caller is still there.

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { getHeapStatistics } from 'node:v8';
import { createPace } from './pace.ts';
import { Refusal } from './refusal.ts';
import { createRoom, type Held, type Room } from './room.ts';
import { Pieces, textOf } from './text.ts';
import { refuseUnlessUtf8 } from './utf8.ts';

/** A body that takes longer is a stalled or hostile one: the original gateway's read timeout. */
const bodyTimeoutMs = 75_000;
/** How often a body's pace is looked at. */
const paceLookMs = 2_500;
/**
 * What the caller does not take of an answer that has ended is thrown away after so long without progress, and its
 * connection closed.
 */
const untakenTimeoutMs = 10_000;
/**
 * Large bodies of running requests together, by the larger of what has arrived and what the text of it takes: beyond it
 * the instance answers 503 before it runs out of memory. Text and bytes lie outside V8's heap, and only one body at a
 * time is there as what was read out of it, too.
 */
const processRoom = createRoom(getHeapStatistics().heap_size_limit / 8, () => performance.now());
/**
 * Each chunk costs as much time as 10 kB of a body: one that comes byte by byte, which nobody needs, would hold up all
 * others.
 */
const smallPiecesMax = 10_000;
const smallPieceBytes = 256;
/** As many bodies of this size as there are requests at once are no danger, and a large one must not shut them out. */
const largeBytes = 256 * 1024;

/** One HTTP request. */
export interface Received {
  readonly method: string;
  /** Path as sent, without query. */
  readonly path: string;
  /** What stands behind the question mark. It may hold a secret. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /**
   * Headers of the answer, whatever it will be: lower-case names, written with its status in one go. To set each on
   * the response took a fiftieth of a call's CPU.
   */
  readonly replyHeaders: Record<string, string | string[]>;
  /** Aborted when the connection closes before our answer was written whole. */
  readonly callerLeft: AbortSignal;
  /**
   * Reads the body, UTF-8, at most `bytesMax`. Once.
   * @param holder whose room it takes: while others ask for some, nobody has more than half
   * @throws Refusal `body-too-large`, `body-encoding`, `body-too-slow`, `overloaded`; the caller's leaving rejects
   * with an AbortError.
   */
  readBody(bytesMax: number, holder?: string): Promise<string>;
  /** Nothing of the body is kept any more, though the answer may run for minutes: gives its room back. */
  bodyGone(): void;
  /** Of the body, as it came in; 0 until it is read. */
  bodyBytes(): number;
}

/** Wraps what the framework hands over. `res` is watched, not `req`: `req` closes as soon as a body is read. */
export function receive(request: IncomingMessage, response: ServerResponse, room: Room = processRoom): Received {
  const left = new AbortController();
  let held: Held | null = null;
  let bodyBytes = 0;
  const arrived = (bytes: number): void => void (bodyBytes = bytes);
  response.once('close', () => {
    held?.free();
    if (!response.writableFinished) left.abort(new DOMException('the caller left', 'AbortError'));
  });
  response.once('prefinish', () => {
    // Without a listener the server closes the connection. Kept ones get their own time when the answer is out.
    if (response.writableLength > 0) response.socket?.setTimeout(untakenTimeoutMs);
  });
  const url = request.url ?? '/';
  const query = url.indexOf('?');
  return {
    method: request.method ?? 'GET',
    path: query === -1 ? url : url.slice(0, query),
    query: query === -1 ? '' : url.slice(query + 1),
    headers: request.headers,
    request,
    response,
    replyHeaders: {},
    callerLeft: left.signal,
    readBody: (bytesMax, holder = '') =>
      readBody(request, left.signal, bytesMax, (giveWay) => (held = room.open(holder, bytesMax, giveWay)), arrived),
    bodyGone: () => held?.free(),
    bodyBytes: () => bodyBytes,
  };
}

/** Opens room for a large body. */
type Open = (giveWay: () => void) => Held;

async function readBody(
  request: IncomingMessage,
  callerLeft: AbortSignal,
  bytesMax: number,
  open: Open,
  arrived: (bytes: number) => void,
): Promise<string> {
  const { headers } = request;
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new Refusal('body-encoding', `content-encoding ${encoding} is not supported, send the body as it is`);
  const parsed = (request as { rawBody?: Buffer }).rawBody;
  // The safe path for the day the framework is asked first all the same (request-listener.ts): then only the size is
  // left to check.
  if (parsed !== undefined) {
    arrived(parsed.length);
    return parsed.length > bytesMax ? refuseSize(bytesMax) : textOf([parsed], refuseUnlessUtf8);
  }
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return '';
  if (Number(headers['content-length']) > bytesMax) refuseSize(bytesMax);
  return collect(request, callerLeft, bytesMax, open, arrived);
}

function collect(
  request: IncomingMessage,
  callerLeft: AbortSignal,
  bytesMax: number,
  open: Open,
  arrived: (bytes: number) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces = new Pieces();
    const pace = createPace(performance.now(), bodyTimeoutMs);
    let held: Held | null = null;
    let [heldBytes, count] = [0, 0];
    /** By what has arrived: what is announced costs its sender nothing. */
    const takeRoom = (bytes: number): boolean => {
      if (bytes <= largeBytes) return true;
      held ??= open(() => fail(roomRefusal(heldBytes)));
      const more = bytes - heldBytes;
      heldBytes = bytes;
      return held.take(more);
    };
    const finish = (settle: () => void): void => {
      clearInterval(timer);
      request.off('data', onData).off('end', onEnd).off('error', onError);
      callerLeft.removeEventListener('abort', onError);
      settle();
    };
    const fail = (error: unknown): void => {
      pieces.clear();
      held?.free();
      finish(() => reject(error));
      // Thrown away as it comes, so that the caller can finish sending and then read our answer: a close now would
      // reset its connection.
      request.resume();
    };
    const onData = (chunk: Buffer): void => {
      pieces.push(chunk);
      pace.arrived(chunk.length);
      count++;
      if (pieces.bytes > bytesMax) fail(sizeRefusal(bytesMax));
      else if (count > smallPiecesMax + pieces.bytes / smallPieceBytes) fail(piecesRefusal());
      else if (!takeRoom(pieces.bytes)) fail(roomRefusal(heldBytes));
    };
    const onEnd = (): void => {
      arrived(pieces.bytes);
      held?.arrived();
      finish(() => {
        try {
          const text = pieces.text(refuseUnlessUtf8);
          // One letter that is none of ASCII makes it two bytes for each.
          const weight = text.length === pieces.bytes ? text.length : text.length * 2;
          if (held?.weighs(weight) === false) throw roomRefusal(heldBytes);
          resolve(text);
        } catch (error) {
          held?.free();
          reject(error);
        }
      });
    };
    const onError = (): void => fail(callerLeft.reason ?? new DOMException('the caller left', 'AbortError'));
    const timer = setInterval(() => {
      const fault = pace.fault(performance.now());
      if (fault !== null) fail(new Refusal('body-too-slow', `the request body ${fault}`));
    }, paceLookMs);
    request.on('data', onData).on('end', onEnd).on('error', onError);
    callerLeft.addEventListener('abort', onError, { once: true });
    if (callerLeft.aborted) onError();
  });
}

function roomRefusal(heldBytes: number): Refusal {
  return new Refusal('overloaded', 'too many large requests at once, please retry', {
    detail: `with ${heldBytes} bytes of it held`,
  });
}

function piecesRefusal(): Refusal {
  return new Refusal('bad-request', 'the request body comes in too many small chunks, send larger ones');
}

function sizeRefusal(bytesMax: number): Refusal {
  return new Refusal('body-too-large', `request body is larger than ${bytesMax} bytes`);
}

function refuseSize(bytesMax: number): never {
  throw sizeRefusal(bytesMax);
}
