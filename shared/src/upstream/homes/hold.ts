// Holds an answer's first bytes back until it is clear what they are: an answer, or a failure that another home may
// make good. They stay in the reader, so that whoever relays the answer gets every byte.

import { SseSplitter } from '../../http/http.ts';
import type { DialectName } from '../../catalogue/catalogue.ts';
import { errorDocument } from '../answer-json.ts';
import type { Reader } from '../reader.ts';
import { isFailure, saidBy } from './first-words.ts';

/** Of a prologue, or of an error's body. */
const heldBytesMax = 64 * 1024;

/**
 * `begun`: the answer is the caller's from here on. `failed`: with these words. `cut`: it ended before it said
 * anything.
 */
export type FirstWords =
  | { readonly what: 'begun' }
  | { readonly what: 'failed'; readonly text: string }
  | { readonly what: 'cut'; readonly error: Error };

export const begun: FirstWords = { what: 'begun' };

/** Bytes in which the first line of a stream begins. */
const blanksMax = 200;

/** Whether the lines of an answer are those of a stream, whatever its label says. Waits for the first of them. */
export async function beginsAsStream(reader: Reader): Promise<boolean> {
  for (let at = 0; ; at++) {
    if (reader.waiting.length <= at) await reader.arrival(at);
    if (reader.waiting.length <= at) return false;
    const bytes = Buffer.concat(reader.waiting);
    const text = bytes.toString('utf8', 0, blanksMax).trimStart();
    if (/^(?:data|event|id|retry)?:/.test(text)) return true;
    // It may be the beginning of such a word, or of a byte-order mark.
    if (!/^[a-z\ufffd]{0,5}$/.test(text) || bytes.length > blanksMax) return false;
  }
}

/** Of a stream: until its first event that is no prologue. */
export async function holdStream(reader: Reader, dialect: DialectName, ms: number): Promise<FirstWords> {
  const splitter = new SseSplitter(heldBytesMax);
  let bytes = 0;
  let spoke = false;
  const timer = new HoldTimer(reader, ms);
  try {
    for (let at = 0; ; at++) {
      if (reader.waiting.length <= at) await reader.arrival(at);
      const chunk = reader.waiting[at];
      if (chunk === undefined) {
        const end = reader.end();
        if (timer.over || end === null) return begun;
        // Some servers close a stream without an end mark: the meter tells whether it was whole.
        if (end === 'whole')
          return spoke ? { what: 'cut', error: new Error('the stream ended without a word') } : begun;
        return { what: 'cut', error: end };
      }
      bytes += chunk.length;
      for (const event of splitter.push(chunk)) {
        const { data } = event;
        spoke ||= data !== null;
        const said = saidBy(dialect, data);
        if (said === 'word') return begun;
        if (said === 'failure') return { what: 'failed', text: data ?? '' };
      }
      if (splitter.lost || bytes > heldBytesMax) return begun;
    }
  } finally {
    timer.end();
  }
}

/** Of a whole answer: until its first bytes, which an error's document can be told by. */
export async function holdWhole(reader: Reader, ms: number): Promise<FirstWords> {
  const timer = new HoldTimer(reader, ms);
  try {
    if (reader.waiting.length === 0) await reader.arrival(0);
    const first = reader.waiting[0];
    if (
      first === undefined ||
      !/^\s*(?:\[\s*)?\{\s*"(?:type"\s*:\s*"error|error"\s*:\s*\{)/.test(first.toString('latin1', 0, 200))
    )
      return begun;
    const text = await bodyText(reader);
    const answer = errorDocument(text);
    return answer !== null && isFailure(answer) ? { what: 'failed', text } : begun;
  } finally {
    timer.end();
  }
}

/** The body of an answer that is an error: as much as is there in time. */
export async function errorText(reader: Reader, ms: number): Promise<string> {
  const timer = new HoldTimer(reader, ms);
  try {
    return await bodyText(reader);
  } finally {
    timer.end();
  }
}

async function bodyText(reader: Reader): Promise<string> {
  let bytes = 0;
  for (let at = 0; bytes <= heldBytesMax; at++) {
    if (reader.waiting.length <= at) await reader.arrival(at);
    const chunk = reader.waiting[at];
    if (chunk === undefined) break;
    bytes += chunk.length;
  }
  return Buffer.concat(reader.waiting).toString('utf8');
}

/** Ends a wait for more when its time is over. */
class HoldTimer {
  over = false;
  readonly #timer: NodeJS.Timeout;

  constructor(reader: Reader, ms: number) {
    this.#timer = setTimeout(() => {
      this.over = true;
      reader.wake();
    }, ms);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
