// Server-sent events as bytes: where one event ends and what its data says. Not a decoder for browsers (no ids, no
// reconnects).

const LF = 10;
const CR = 13;
const empty = Buffer.alloc(0);
/** Of one event: more than anybody sends, and few enough not to fill the heap with texts of no characters. */
const linesMax = 10_000;

/**
 * One event as it came: `raw` with its closing blank line, so that relaying every `raw` in order relays the stream
 * byte for byte. Blank lines in front of an event are an event of their own, without data.
 */
export class SseEvent {
  readonly raw: Buffer;

  constructor(raw: Buffer) {
    this.raw = raw;
  }

  /** The `event:` field, or null. */
  get name(): string | null {
    return field(this.raw.toString('utf8'), 'event')[0] ?? null;
  }

  /**
   * The `data:` fields joined by a line feed, one leading space of each removed (WHATWG HTML §9.2.6), or null without
   * any.
   */
  get data(): string | null {
    const lines = field(this.raw.toString('utf8'), 'data');
    return lines.length === 0 ? null : lines.join('\n');
  }
}

/** Room for an event that has not ended, beside others' of the process. */
export interface EventRoom {
  /** For so many bytes in all. False: there is none. */
  upTo(bytes: number): boolean;
}

/**
 * Cuts a byte stream into events at blank lines (`\n\n`, `\r\n\r\n` and mixtures), whatever the chunks are.
 * `pendingBytesMax` bounds what is kept of an event that does not end, and so does the room that there is: past it the
 * pieces come out as they are and `lost` turns true.
 */
export class SseSplitter {
  /** True once an event was too large to be kept whole: what follows is still relayed, but no longer read. */
  lost = false;
  /** The event that has not ended: its bytes, in front of room for as many more. */
  #pending: Buffer = empty;
  #pendingBytes = 0;
  #lineEmpty = true;
  readonly #pendingBytesMax: number;

  readonly #room: EventRoom | null;

  constructor(pendingBytesMax: number, room: EventRoom | null = null) {
    this.#pendingBytesMax = pendingBytesMax;
    this.#room = room;
  }

  /** Takes the next chunk and gives the events that it completes, in order. */
  push(chunk: Buffer): SseEvent[] {
    const events: SseEvent[] = [];
    let start = 0;
    let at = 0;
    while (at < chunk.length) {
      const end = chunk.indexOf(LF, at);
      if (end === -1) {
        this.#lineEmpty &&= onlyReturns(chunk, at, chunk.length);
        break;
      }
      const blank = this.#lineEmpty && onlyReturns(chunk, at, end);
      const alone = at === start && this.#pendingBytes === 0;
      at = end + 1;
      this.#lineEmpty = true;
      // A server that sends nothing but blank lines would have us make an event of each byte.
      if (blank && alone) while (chunk[at] === LF) at++;
      if (blank) {
        events.push(new SseEvent(this.#take(chunk.subarray(start, at))));
        start = at;
      }
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start), events);
    return events;
  }

  /** What is left behind the last whole event, once the stream ended; null when nothing is. */
  rest(): Buffer | null {
    return this.#pendingBytes === 0 ? null : this.#take(empty);
  }

  #take(tail: Buffer): Buffer {
    if (this.#pendingBytes === 0) return tail;
    this.#append(tail);
    const whole = this.#pending.subarray(0, this.#pendingBytes);
    this.#pending = empty;
    this.#pendingBytes = 0;
    return whole;
  }

  #keep(tail: Buffer, events: SseEvent[]): void {
    const bytes = this.#pendingBytes + tail.length;
    if (bytes > this.#pendingBytesMax || this.#room?.upTo(bytes) === false) {
      this.lost = true;
      events.push(new SseEvent(this.#take(tail)));
    } else this.#append(tail);
  }

  /** Room grows by doubling: each byte is copied twice on average, in however many pieces it comes. */
  #append(tail: Buffer): void {
    const bytes = this.#pendingBytes + tail.length;
    if (bytes > this.#pending.length) {
      // Not from the pool: an event is read after others have come.
      const room = Buffer.allocUnsafeSlow(Math.max(bytes, this.#pendingBytes * 2));
      this.#pending.copy(room, 0, 0, this.#pendingBytes);
      this.#pending = room;
    }
    tail.copy(this.#pending, this.#pendingBytes);
    this.#pendingBytes = bytes;
  }
}

function onlyReturns(bytes: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== CR) return false;
  return true;
}

/** The values of a field; none at all of an event of too many lines, which is relayed but not read. */
function field(text: string, name: string): string[] {
  const values: string[] = [];
  let lines = 0;
  for (let at = 0; at < text.length; lines++) {
    if (lines === linesMax) return [];
    lineEnd.lastIndex = at;
    const end = lineEnd.exec(text)?.index ?? text.length;
    if (text.startsWith(name, at) && text[at + name.length] === ':') {
      const from = at + name.length + 1;
      values.push(text.slice(text[from] === ' ' ? from + 1 : from, end));
    }
    at = end + (text[end] === '\r' && text[end + 1] === '\n' ? 2 : 1);
  }
  return values;
}

const lineEnd = /[\r\n]/g;
