// The elements of a JSON array, one by one while its bytes arrive: a stream of Gemini's that was not asked for as
// events. Not a parser (answer-json.ts).

import { Pieces } from '../http/http.ts';
import { jsonObject } from './answer-json.ts';
import type { JsonObject } from './call.ts';

/** Of one element: a larger one passes unread. */
const elementBytesMax = 16 * 1024 * 1024;

const quote = 0x22;
const backslash = 0x5c;
const [braceOpen, braceClose] = [0x7b, 0x7d];
const [bracketOpen, bracketClose] = [0x5b, 0x5d];

/** Reads one array. */
export interface ArrayElements {
  /** Takes the next bytes and gives the objects that they complete; null for one that can't be read. */
  push(chunk: Buffer): (JsonObject | null)[];
  /** Whether the array has been closed. */
  isWhole(): boolean;
}

export function createArrayElements(): ArrayElements {
  let pieces = new Pieces();
  let depth = 0;
  let [inText, escaped, whole, lost] = [false, false, false, false];
  const keep = (bytes: Buffer): void => {
    if (lost || bytes.length === 0) return;
    // A copy: the caller's connection may still hold the chunk.
    pieces.push(Buffer.from(bytes));
    if (pieces.bytes <= elementBytesMax) return;
    lost = true;
    pieces = new Pieces();
  };
  return {
    push: (chunk) => {
      const found: (JsonObject | null)[] = [];
      // Where in this chunk the element begins that is being read; -1 between elements.
      let start = depth > 1 ? 0 : -1;
      for (let at = 0; at < chunk.length; at++) {
        const byte = chunk[at];
        if (inText) {
          if (escaped) escaped = false;
          else if (byte === backslash) escaped = true;
          else if (byte === quote) inText = false;
        } else if (byte === quote) inText = true;
        else if (byte === braceOpen || byte === bracketOpen) {
          if (++depth === 2) start = at;
        } else if (byte === braceClose || byte === bracketClose) {
          depth--;
          if (depth === 0) whole = true;
          if (depth !== 1) continue;
          keep(chunk.subarray(start, at + 1));
          found.push(lost ? null : jsonObject(pieces.text()));
          pieces = new Pieces();
          [start, lost] = [-1, false];
        }
      }
      if (start !== -1) keep(chunk.subarray(start));
      return found;
    },
    isWhole: () => whole,
  };
}
