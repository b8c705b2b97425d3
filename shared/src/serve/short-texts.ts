// JSON with the beginnings of its texts alone, made while its bytes pass: long texts are nearly all of a large answer
// (a picture is one), and none of its usage. Not a parser: what is no JSON stays none.

const [quote, backslash, letterU] = [0x22, 0x5c, 0x75];
/** Longer than any name or enumeration of an API. */
const textBytes = 1024;

/** Takes a JSON text piece by piece. */
export class ShortTexts {
  #inText = false;
  /** Of the text that has not ended. */
  #bytes = 0;
  /** What is left of an escape, and one more; 1: its backslash came last. */
  #escape = 0;
  #cut = false;

  /** Looks at a piece that stays as it is. */
  pass(piece: Buffer): void {
    this.#read(piece, null);
  }

  /** A copy of the piece without what is beyond the beginning of a text. */
  shorten(piece: Buffer): Buffer {
    const kept = Buffer.allocUnsafeSlow(piece.length);
    return Buffer.from(kept.subarray(0, this.#read(piece, kept)));
  }

  #read(piece: Buffer, kept: Buffer | null): number {
    let at = 0;
    for (const byte of piece) {
      if (!this.#inText) {
        if (byte === quote) [this.#inText, this.#bytes] = [true, 0];
      } else if (this.#escape > 0) {
        if (this.#escape === 1) this.#escape = byte === letterU ? 5 : 0;
        else this.#escape = this.#escape === 2 ? 0 : this.#escape - 1;
      } else if (byte === quote) {
        [this.#inText, this.#cut] = [false, false];
      } else {
        // Never within an escape.
        this.#cut ||= kept !== null && this.#bytes >= textBytes;
        if (byte === backslash) this.#escape = 1;
      }
      if (this.#inText) this.#bytes++;
      if (kept !== null && !this.#cut) kept[at++] = byte;
    }
    return at;
  }
}
