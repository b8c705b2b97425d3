// Server-sent events as bytes: where one event ends and what its data says. Not a decoder for browsers (no ids, no reconnects).

const LF = 10;
const CR = 13;

/**
 * One event as it came: `raw` with its closing blank line, so that relaying every `raw` in order relays the stream byte for byte.
 * A blank line in front of an event is an event of its own, without data.
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

  /** The `data:` fields joined by a line feed, one leading space of each removed (WHATWG HTML §9.2.6), or null without any. */
  get data(): string | null {
    const lines = field(this.raw.toString('utf8'), 'data');
    return lines.length === 0 ? null : lines.join('\n');
  }
}

/**
 * Cuts a byte stream into events at blank lines (`\n\n`, `\r\n\r\n` and mixtures), whatever the chunks are.
 * `pendingBytesMax` bounds what is kept of an event that does not end: past it the pieces come out as they are and `lost` turns true.
 */
export class SseSplitter {
  /** True once an event was too large to be kept whole: what follows is still relayed, but no longer read. */
  lost = false;
  #pending: Buffer | null = null;
  #lineEmpty = true;
  readonly #pendingBytesMax: number;

  constructor(pendingBytesMax: number) {
    this.#pendingBytesMax = pendingBytesMax;
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
      at = end + 1;
      this.#lineEmpty = true;
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
    const rest = this.#pending;
    this.#pending = null;
    return rest;
  }

  #take(tail: Buffer): Buffer {
    if (this.#pending === null) return tail;
    const whole = Buffer.concat([this.#pending, tail]);
    this.#pending = null;
    return whole;
  }

  #keep(tail: Buffer, events: SseEvent[]): void {
    const pending = this.#take(tail);
    if (pending.length > this.#pendingBytesMax) {
      this.lost = true;
      events.push(new SseEvent(pending));
    } else this.#pending = pending;
  }
}

function onlyReturns(bytes: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== CR) return false;
  return true;
}

function field(text: string, name: string): string[] {
  const values: string[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (!line.startsWith(name) || line[name.length] !== ':') continue;
    const value = line.slice(name.length + 1);
    values.push(value.startsWith(' ') ? value.slice(1) : value);
  }
  return values;
}
