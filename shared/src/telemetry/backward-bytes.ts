// Protobuf's wire format, written from the back of a buffer to its front: the length of a message stands before it and is known only behind it, so
// that nothing is measured twice or moved. Not what the messages are (otlp-spans.ts).

/** Up to it a loop is faster than a call into native code, and the length is one byte. */
const shortCharactersMax = 48;
const digitOf = (code: number): number => (code < 58 ? code - 48 : code - 87);

/** Field numbers with their wire types. */
export const tags = {
  varint: (field: number): number => field << 3,
  fixed64: (field: number): number => (field << 3) | 1,
  bytes: (field: number): number => (field << 3) | 2,
  fixed32: (field: number): number => (field << 3) | 5,
} as const;

/** A buffer that fills up from its end. What has no more room is not written; whoever writes asks `at` afterwards: below zero, it is incomplete. */
export class BackwardBytes {
  /** Where the first written byte is. */
  at: number;
  readonly #bytes: Buffer;

  /** @param bytes are overwritten */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.at = bytes.length;
  }

  written(): Uint8Array {
    return this.#bytes.subarray(this.at);
  }

  /** A whole number from 0 to 2^53. Field numbers go up to 268 million, lengths too: one function for all. */
  varint(value: number): void {
    if (value < 0x80) {
      this.#bytes[--this.at] = value;
      return;
    }
    let bytes = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
    this.at -= bytes;
    let rest = value;
    for (let n = 0; n < bytes; n++) {
      this.#bytes[this.at + n] = (rest % 0x80) | (n < bytes - 1 ? 0x80 : 0);
      rest = Math.floor(rest / 0x80);
    }
  }

  /** An int64 below zero: ten bytes. */
  negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    this.at -= 10;
    for (let n = 0; n < 10; n++) {
      this.#bytes[this.at + n] = Number(rest & 0x7fn) | (n < 9 ? 0x80 : 0);
      rest >>= 7n;
    }
  }

  fixed32(value: number): void {
    this.at -= 4;
    for (let n = 0; n < 4; n++) this.#bytes[this.at + n] = (value >>> (8 * n)) & 0xff;
  }

  /** Unix ms as nanoseconds, exact to the microsecond: beyond that doubles end. */
  nanoseconds(ms: number): void {
    const microseconds = Math.round(ms * 1000);
    const low = (microseconds % 0x1_0000_0000) * 1000;
    const high = Math.floor(microseconds / 0x1_0000_0000) * 1000 + Math.floor(low / 0x1_0000_0000);
    this.fixed32(high);
    this.fixed32(low % 0x1_0000_0000);
  }

  double(value: number): void {
    this.at -= 8;
    if (this.at >= 0) this.#bytes.writeDoubleLE(value, this.at);
  }

  /** Characters of base 16, lower case. */
  hex(digits: string): void {
    const bytes = this.#bytes;
    let { at } = this;
    for (let n = digits.length - 2; n >= 0; n -= 2)
      bytes[--at] = (digitOf(digits.charCodeAt(n)) << 4) | digitOf(digits.charCodeAt(n + 1));
    this.at = at;
  }

  raw(bytes: Uint8Array, from = 0, to = bytes.length): void {
    const own = this.#bytes;
    let { at } = this;
    for (let n = to - 1; n >= from; n--) own[--at] = bytes[n] ?? 0;
    this.at = at;
  }

  /** UTF-8, with its length in front. */
  text(value: string): void {
    const { length } = value;
    if (length <= shortCharactersMax && this.#ascii(value, length)) {
      this.#bytes[--this.at] = length;
      return;
    }
    const bytes = Buffer.byteLength(value);
    this.at -= bytes;
    if (this.at >= 0) this.#bytes.write(value, this.at, bytes, bytes === length ? 'latin1' : 'utf8');
    this.varint(bytes);
  }

  /** False where a character is none of ASCII's; nothing is written then. */
  #ascii(value: string, length: number): boolean {
    const bytes = this.#bytes;
    let { at } = this;
    for (let n = length - 1; n >= 0; n--) {
      const code = value.charCodeAt(n);
      if (code > 0x7f) return false;
      bytes[--at] = code;
    }
    this.at = at;
    return true;
  }

  /** Length and tag in front of what was written since `end`. */
  close(tag: number, end: number): void {
    this.varint(end - this.at);
    this.varint(tag);
  }
}
