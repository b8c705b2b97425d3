// An answer that is no stream of events, on its way to its meter: all of it as long as there is room, then the
// beginnings of its texts, then nothing. Not its way to the caller (relay.ts).

import type { Meter } from '../upstream/upstream.ts';
import { keptBytesFree, type KeptAnswer } from './answer-room.ts';
import { ShortTexts } from './short-texts.ts';

export class PlainAnswer {
  /** Its usage stays unknown: it has more besides its texts than there was room for. */
  lost = false;
  readonly #meter: Meter;
  readonly #kept: KeptAnswer;
  #bytes = 0;
  /** Hardly any answer has a second piece: where texts begin and end is looked at from then on. */
  #first: Buffer | null = null;
  #texts: ShortTexts | null = null;
  /** Of what is passed on shortened; null as long as all of it is. */
  #shortBytes: number | null = null;

  constructor(meter: Meter, kept: KeptAnswer) {
    this.#meter = meter;
    this.#kept = kept;
  }

  take(chunk: Buffer): void {
    if (this.lost) return;
    this.#bytes += chunk.length;
    if (this.#shortBytes === null && this.#kept.upTo(this.#bytes)) {
      if (this.#bytes === chunk.length) this.#first = chunk;
      else this.#textsSoFar().pass(chunk);
      this.#meter.body(chunk);
      return;
    }
    const short = this.#textsSoFar().shorten(chunk);
    this.#shortBytes = (this.#shortBytes ?? 0) + short.length;
    if (this.#shortBytes > keptBytesFree) this.lost = true;
    else if (short.length > 0) this.#meter.body(short);
  }

  #textsSoFar(): ShortTexts {
    if (this.#texts !== null) return this.#texts;
    this.#texts = new ShortTexts();
    if (this.#first !== null) this.#texts.pass(this.#first);
    this.#first = null;
    return this.#texts;
  }
}
