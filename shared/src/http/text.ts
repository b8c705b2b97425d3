// Bytes that arrived in pieces, as one text.

/**
 * Smaller pieces are copied together: each costs some 200 bytes beside its own, and one of a byte may keep 64 kB of a
 * connection's buffer alive.
 */
const smallBytes = 8 * 1024;
const blockBytes = 64 * 1024;

/** Takes bytes as they arrive; what it holds is at most twice what arrived, and a block. */
export class Pieces {
  /** Bytes taken so far. */
  bytes = 0;
  #whole: Buffer[] = [];
  #block: Buffer | null = null;
  #used = 0;

  /** Nobody else may keep it. */
  push(piece: Buffer): void {
    this.bytes += piece.length;
    if (piece.length >= smallBytes && piece.length * 2 >= piece.buffer.byteLength) {
      this.#closeBlock();
      this.#whole.push(piece);
      return;
    }
    // An answer or body in one small piece, which most are, needs no block.
    if (this.#whole.length === 0 && this.#block === null) {
      this.#whole.push(piece);
      return;
    }
    for (let from = 0; from < piece.length;) {
      this.#block ??= Buffer.allocUnsafeSlow(blockBytes);
      const copied = piece.copy(this.#block, this.#used, from);
      from += copied;
      this.#used += copied;
      if (this.#used === blockBytes) this.#closeBlock();
    }
  }

  /** All of it, as UTF-8; nothing is left. @param look at the bytes; what it throws is thrown */
  text(look?: (bytes: Buffer) => void): string {
    this.#closeBlock();
    const whole = this.#whole;
    this.clear();
    return textOf(whole, look);
  }

  /** Lets go of everything but the count. */
  clear(): void {
    this.#whole = [];
    this.#block = null;
    this.#used = 0;
  }

  #closeBlock(): void {
    if (this.#block === null) return;
    const filled = this.#block.subarray(0, this.#used);
    // One that is closed early, by a large piece, is cut to size.
    this.#whole.push(this.#used * 2 < blockBytes ? Buffer.from(filled) : filled);
    this.#block = null;
    this.#used = 0;
  }
}

/** UTF-8. The pieces are gone afterwards: nobody else may have kept one. */
export function textOf(pieces: readonly Buffer[], look: (bytes: Buffer) => void = () => undefined): string {
  const [first] = pieces;
  if (first === undefined) return '';
  const whole = pieces.length === 1 ? first : Buffer.concat(pieces);
  look(whole);
  if (pieces.length === 1) return whole.toString('utf8');
  const text = whole.toString('utf8');
  for (const read of [...pieces, whole]) giveBack(read);
  return text;
}

/**
 * Frees bytes that nobody reads again. V8 counts what lies outside its heap towards the next major collection, needed
 * or not: with bodies of 300 kB it made one every 13 requests, and a call cost half as much again.
 */
function giveBack({ buffer, byteLength }: Buffer): void {
  // A slice of a pool is others' too.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
