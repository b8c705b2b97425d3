// The JSON of a request body: its first value, whatever follows, and numbers that a double can't hold kept as they were written.

import { Refusal } from './refusal.ts';

/** Only a number this long can lose digits in a double (2^53 has 16). */
const longNumber = /\d{16}/;

/**
 * The first JSON value of a body (design D7: bytes behind it are ignored, as the reference ignores them). Integers beyond 2^53 become
 * `JSON.rawJSON` objects, so that serialising the value again writes them as they came.
 * @throws Refusal `bad-request`, `failed to parse request body: …`; it never quotes the body, which is a prompt.
 */
export function parseJson(text: string): unknown {
  try {
    return parseExactly(text);
  } catch (error) {
    const end = firstValueEnd(text);
    if (end !== null && end < text.length) {
      try {
        return parseExactly(text.slice(0, end));
      } catch {
        // The first fault is the one worth telling.
      }
    }
    throw new Refusal('bad-request', `failed to parse request body: ${describe(error, text)}`);
  }
}

function parseExactly(text: string): unknown {
  if (!longNumber.test(text)) return JSON.parse(text) as unknown;
  return JSON.parse(text, keepLongNumbers) as unknown;
}

/** ES2025 source text access: a reviver sees how a primitive was written. */
function keepLongNumbers(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || source === undefined || !longNumber.test(source)) return value;
  return Number.isSafeInteger(value) ? value : (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(source);
}

/** V8's message names the position, but also quotes the text around it: keep the first, drop the second. */
function describe(error: unknown, text: string): string {
  if (text.trim() === '') return 'EOF';
  const message = error instanceof Error ? error.message : '';
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return `invalid JSON at byte ${Buffer.byteLength(text.slice(0, Number(position)))}`;
  return message.includes('end of JSON input') ? 'unexpected end of JSON input' : 'invalid JSON';
}

/** Where the first value of an object or array text ends, by counting brackets outside strings; null when it does not end. */
function firstValueEnd(text: string): number | null {
  const start = text.search(/\S/);
  if (text[start] !== '{' && text[start] !== '[') return null;
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const c = text[i];
    if (c === '"') {
      for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === '\\') i++;
    } else if (c === '{' || c === '[') depth++;
    else if ((c === '}' || c === ']') && --depth === 0) return i + 1;
  }
  return null;
}
