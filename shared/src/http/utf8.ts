// Whether the bytes of a request are text. Not what the text says (json.ts).

import { isUtf8 } from 'node:buffer';
import { Refusal } from './refusal.ts';

/** Looked through byte by byte, at most; bytes of characters that a piece cuts belong to the next. */
const pieceBytes = 4_096;

/**
 * Decoded all the same, another text would reach the provider than was sent.
 * @throws Refusal `bad-request` with the place of the first byte that is none of UTF-8
 */
export function refuseUnlessUtf8(bytes: Buffer): void {
  if (isUtf8(bytes)) return;
  throw new Refusal(
    'bad-request',
    `failed to parse request body: it is not UTF-8, at byte ${firstFault(bytes)}: send the text encoded as UTF-8`,
  );
}

function firstFault(bytes: Buffer): number {
  let at = 0;
  for (;;) {
    let end = Math.min(bytes.length, at + pieceBytes);
    while (end < bytes.length && end > at && isContinuation(bytes[end])) end--;
    if (end > at && end < bytes.length && isUtf8(bytes.subarray(at, end))) at = end;
    else break;
  }
  while (at < bytes.length) {
    const length = [1, 2, 3, 4].find((count) => at + count <= bytes.length && isUtf8(bytes.subarray(at, at + count)));
    if (length === undefined) return at;
    at += length;
  }
  return at;
}

const isContinuation = (byte = 0): boolean => (byte & 0xc0) === 0x80;
