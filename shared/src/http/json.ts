// The JSON of a request body: its first value, whatever follows, weighed before it is parsed, and numbers that a
// double can't hold kept as they were written.

import { randomBytes } from 'node:crypto';
import { weigh } from './json-weight.ts';
import { markedName } from './member-order.ts';
import { Refusal } from './refusal.ts';

/**
 * Of one request: 400,000 numbers in a list, or 57,000 members of objects. To parse, walk and write it again takes 50
 * ms at the most; a conversation of 5,000 messages has half of it.
 */
export const requestWeightMax = 400_000;

/**
 * The first JSON value of a body: bytes behind it are ignored, as the original gateway ignores them. Numbers that a
 * double may not hold become `JSON.rawJSON` objects, so that serialising the value again writes them as they came.
 * @throws Refusal `bad-request`, `failed to parse request body: …`, or `body-too-large`; it never quotes the body,
 * which is a prompt.
 */
export function parseJson(body: string, weightMax: number = requestWeightMax): unknown {
  return parse(body, weightMax, false);
}

/**
 * The same, for a value that is written again: names of members that an object would put in front are marked, so that
 * all stay in the order in which they came. `unmarked` takes the marks out of what is written.
 */
export function parseInOrder(body: string): unknown {
  return parse(body, requestWeightMax, true);
}

function parse(body: string, weightMax: number, indexNames: boolean): unknown {
  // Windows' clients write a byte-order mark, which a reader may pass over (RFC 8259 §8.1): a blank in its place.
  const text = body.startsWith(byteOrderMark) ? ` ${body.slice(1)}` : body;
  const { end, over, exact } = weigh(text, 0, { weightMax, exact: true, indexNames });
  if (over === 'depth') throw unreadable('it is nested too deeply');
  if (over === 'weight') throw tooHeavy(weightMax);
  // Behind a value that is neither, everything is a fault.
  const isContainer = /^\s*[[{]/.test(text);
  const first = isContainer && end < text.length ? text.slice(0, end) : text;
  try {
    return exact.length === 0 ? (JSON.parse(first) as unknown) : parseExactly(first, exact);
  } catch (error) {
    throw unreadable(describe(exact.length === 0 ? error : faultOf(first, error), text));
  }
}

/** What is wrong with the text as it came: its places are not those of the one that was parsed. */
function faultOf(text: string, otherwise: unknown): unknown {
  try {
    JSON.parse(text);
    return otherwise;
  } catch (error) {
    return error;
  }
}

function tooHeavy(weightMax: number): Refusal {
  return new Refusal(
    'body-too-large',
    `request body holds too many values: it weighs more than ${weightMax}, where a value weighs 1, a list or object 2 more, ` +
      'a member 6 more, a number of more digits than a double holds 30 more, and 16 blanks or digits 1 more',
  );
}

/**
 * @param exact where such numbers begin and end, and names that are marked: json-weight.ts
 *
 * The numbers are parsed as texts that nobody else can have written, and put back where those are found. JSON.parse
 * could tell how each number was written, but makes an object of every value for that.
 */
function parseExactly(text: string, exact: readonly number[]): unknown {
  const mark = randomBytes(16).toString('base64');
  const numbers: string[] = [];
  let marked = '';
  let at = 0;
  for (let i = 0; i < exact.length; i += 2) {
    const [from = 0, end = 0] = [exact[i], exact[i + 1]];
    const token = text.slice(from, end);
    marked += text.slice(at, from);
    if (token.startsWith('"')) marked += markedName(token);
    else {
      marked += `"${mark}${numbers.length}"`;
      numbers.push(token);
    }
    at = end;
  }
  let placed = 0;
  const restored = (value: unknown): unknown => {
    if (typeof value !== 'string' || !value.startsWith(mark)) return value;
    placed++;
    return rawJson(numbers[Number(value.slice(mark.length))] ?? '');
  };
  const root = { value: JSON.parse(marked + text.slice(at)) as unknown };
  if (numbers.length === 0) return root.value;
  const left: unknown[] = [root];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const container = next as Record<string, unknown>;
    for (const key of Object.keys(container)) {
      const member = container[key];
      if (typeof member === 'object' && member !== null) left.push(member);
      else if (typeof member === 'string') {
        const value = restored(member);
        if (value !== member) Object.defineProperty(container, key, { value, ...plain });
      }
    }
  }
  // A number where a name of a member should stand would pass as a text. (A member that is named twice is not found
  // twice.)
  if (placed < numbers.length) JSON.parse(text);
  return root.value;
}

const byteOrderMark = '\ufeff';

/** As JSON.parse makes members, `__proto__` too. */
const plain = { writable: true, enumerable: true, configurable: true } as const;

function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
}

function unreadable(detail: string): Refusal {
  return new Refusal('bad-request', `failed to parse request body: ${detail}`);
}

/** V8's message names the position, but also quotes the text around it: keep the first, drop the second. */
function describe(error: unknown, text: string): string {
  if (text.trim() === '') return 'EOF';
  if (error instanceof RangeError) return 'it is nested too deeply';
  const message = error instanceof Error ? error.message : '';
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return `invalid JSON at byte ${Buffer.byteLength(text.slice(0, Number(position)))}`;
  return message.includes('end of JSON input') ? 'unexpected end of JSON input' : 'invalid JSON';
}
