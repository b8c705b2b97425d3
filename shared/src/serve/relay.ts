// Carries the provider's bytes to the caller unchanged, metering them as they pass and keeping back-pressure. Not
// their meaning (upstream's meters).

import type { ServerResponse } from 'node:http';
import { flattenHeader, SseEvent, SseSplitter, type GzipFrames } from '../http/http.ts';
import type { Answer } from '../upstream/upstream.ts';
import { KeptAnswer, processRoom, type AnswerRoom } from './answer-room.ts';
import { PlainAnswer } from './plain-answer.ts';

/**
 * An event that is longer is relayed in pieces and no longer read (clients take 10 MiB:
 * shared/COMPATIBILITY.md#stream-framing).
 */
const eventBytesMax = 10 * 1024 * 1024;

/** How the relay ended. */
export interface Relayed {
  /** `whole`: the provider said all it had to say. `cut`: it broke off. `left`: the caller did. */
  readonly end: 'whole' | 'cut' | 'left';
  /** Why it was cut, for the log. */
  readonly error: unknown;
  /** It was read as a stream of events. */
  readonly stream: boolean;
  /** What the caller gets with the end of the response: of a whole answer that is no stream, its last piece. */
  readonly last: Buffer | null;
  /** Of the answer, as the caller reads them, the last piece included: not what gzip makes of them. */
  readonly bytes: number;
}

/**
 * Relays the body; the response is left open, since the call is settled before it ends. Events of a stream go out
 * whole and at once, so that a broken stream can still be closed with an error event of its own.
 * @param begin writes status and headers, in front of the first byte, further calls nothing; all give what the bytes go
 *   through, null where they go out as they are
 * @param onFirstByte is called once, when the provider's first bytes are there, with what they are
 * @param room for what is kept of answers: without any, events pass in pieces and texts are read by their beginnings
 */
export async function relay(
  answer: Answer,
  response: ServerResponse,
  begin: () => GzipFrames | null,
  callerLeft: AbortSignal,
  onFirstByte: (stream: boolean) => void = () => undefined,
  room: AnswerRoom = processRoom,
): Promise<Relayed> {
  const kept = new KeptAnswer(room, response);
  const splitter = answer.sse ? new SseSplitter(eventBytesMax, kept) : null;
  const plain = splitter === null ? new PlainAnswer(answer.meter, kept) : null;
  let last: Buffer | null = null;
  let begun = false;
  let flat = false;
  let sent = 0;
  // A stream's headers are sent even when its first event is long in coming; in one packet with it when it is not.
  const early = (): void => {
    begin();
    response.flushHeaders();
  };
  const headers = answer.sse || answer.arrayStream ? setImmediate(early) : undefined;
  try {
    for await (const chunk of answer.body) {
      if (!begun) onFirstByte(splitter !== null);
      begun = true;
      let bytes: Buffer | null;
      if (splitter === null) {
        plain?.take(chunk);
        [bytes, last] = answer.arrayStream ? allButLast(last, chunk) : [last, chunk];
      } else bytes = eventsForCaller(answer, splitter, chunk);
      if (bytes !== null) {
        clearImmediate(headers);
        const gzip = begin();
        sent += bytes.length;
        const taken = response.write(gzip === null ? bytes : gzip.frame(bytes));
        if (splitter !== null && !flat) {
          flattenHeader(response);
          flat = true;
        }
        if (!taken) await drained(response, answer, callerLeft);
      }
      if (callerLeft.aborted) break;
    }
  } catch (error) {
    if (!callerLeft.aborted) return { end: 'cut', error, stream: splitter !== null, last: null, bytes: sent };
  } finally {
    clearImmediate(headers);
  }
  if (callerLeft.aborted) {
    answer.abort();
    return { end: 'left', error: null, stream: splitter !== null, last: null, bytes: sent };
  }
  if (splitter === null)
    return answer.arrayStream && plain?.lost === false && !answer.meter.finished()
      ? {
          end: 'cut',
          error: new Error('the stream ended without its end mark'),
          stream: false,
          last: null,
          bytes: sent,
        }
      : { end: 'whole', error: null, stream: false, last, bytes: sent + (last?.length ?? 0) };
  // The last event may lack the blank line that ends it.
  const rest = splitter.rest();
  const end = rest === null || splitter.lost || answer.meter.event(new SseEvent(rest)) ? rest : null;
  // A stream that stops without a word of its end was cut by somebody on the way, however cleanly the connection
  // closed. What it said last is not relayed then: half an event is of no use, and may be half of one that is not for
  // the caller.
  if (!splitter.lost && !answer.meter.finished())
    return {
      end: 'cut',
      error: new Error('the stream ended without its end mark'),
      stream: true,
      last: null,
      bytes: sent,
    };
  return { end: 'whole', error: null, stream: true, last: end, bytes: sent + (end?.length ?? 0) };
}

/** A stream goes out as it comes, but for the byte without which it is not whole. */
function allButLast(held: Buffer | null, chunk: Buffer): [bytes: Buffer | null, held: Buffer] {
  const bytes = Buffer.concat([held ?? Buffer.alloc(0), chunk.subarray(0, -1)]);
  return [bytes.length === 0 ? null : bytes, chunk.subarray(-1)];
}

/** The bytes of all events that are for the caller, or null. */
function eventsForCaller(answer: Answer, splitter: SseSplitter, chunk: Buffer): Buffer | null {
  const kept: Buffer[] = [];
  for (const event of splitter.push(chunk)) if (answer.meter.event(event)) kept.push(event.raw);
  if (kept.length <= 1) return kept[0] ?? null;
  return Buffer.concat(kept);
}

/** A slow caller makes the provider wait; one that left ends the wait, and so does the call's deadline. */
function drained(response: ServerResponse, answer: Answer, callerLeft: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      callerLeft.removeEventListener('abort', done);
      answer.onEnded(null);
      resolve();
    };
    if (callerLeft.aborted) {
      resolve();
      return;
    }
    response.once('drain', done);
    callerLeft.addEventListener('abort', done, { once: true });
    answer.onEnded(done);
  });
}
