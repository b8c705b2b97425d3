// Protobuf's wire format as texts of one character a byte: V8 joins such texts without copying and writes them into a
// buffer at once, where a loop over bytes costs four times as much (npm run bench -- --only telemetry). Not what the
// messages are (otlp-spans.ts).

/** A text whose characters are bytes. */
export type Bytes = string;

const character = String.fromCharCode;

/** Field numbers with their wire types. */
export const tags = {
  varint: (field: number): Bytes => varint(field << 3),
  fixed64: (field: number): Bytes => varint((field << 3) | 1),
  bytes: (field: number): Bytes => varint((field << 3) | 2),
  fixed32: (field: number): Bytes => varint((field << 3) | 5),
} as const;

/** A whole number from 0 to 2^53. */
export function varint(value: number): Bytes {
  if (value < 0x80) return character(value);
  if (value < 0x4000) return character((value & 0x7f) | 0x80, value >> 7);
  let bytes = '';
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes += character((rest % 0x80) | 0x80);
  return bytes + character(rest);
}

/** An int64 below zero: ten bytes. */
export function negative(value: number): Bytes {
  let bytes = '';
  let rest = BigInt.asUintN(64, BigInt(value));
  for (let n = 0; n < 9; n++, rest >>= 7n) bytes += character(Number(rest & 0x7fn) | 0x80);
  return bytes + character(Number(rest));
}

export function fixed32(value: number): Bytes {
  return character(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
}

function fixed64(low: number, high: number): Bytes {
  return character(
    low & 0xff,
    (low >>> 8) & 0xff,
    (low >>> 16) & 0xff,
    low >>> 24,
    high & 0xff,
    (high >>> 8) & 0xff,
    (high >>> 16) & 0xff,
    high >>> 24,
  );
}

/** Unix ms as nanoseconds, exact to the microsecond: beyond that doubles end. */
export function nanoseconds(ms: number): Bytes {
  const microseconds = Math.round(ms * 1000);
  const low = (microseconds % 0x1_0000_0000) * 1000;
  const high = Math.floor(microseconds / 0x1_0000_0000) * 1000 + Math.floor(low / 0x1_0000_0000);
  return fixed64(low % 0x1_0000_0000, high);
}

const oneDouble = new Float64Array(1);
const twoWords = new Uint32Array(oneDouble.buffer);

export function double(value: number): Bytes {
  oneDouble[0] = value;
  return fixed64(twoWords[0] ?? 0, twoWords[1] ?? 0);
}

/** Of characters of base 16. */
export function hex(digits: string): Bytes {
  return Buffer.from(digits, 'hex').toString('latin1');
}

/** What is written with its length in front: a message, bytes, a text that went through `utf8`. */
export function withLength(bytes: Bytes): Bytes {
  return varint(bytes.length) + bytes;
}

/** Most texts are ASCII, and stay as they are. */
export function utf8(text: string): Bytes {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1');
}

/** The same in one piece, for what is kept: joined texts are copied piece by piece each time they are written. */
export function flat(bytes: Bytes): Bytes {
  return Buffer.from(bytes, 'latin1').toString('latin1');
}
