// The JSON of a request body: its first value, whatever follows, and numbers that a double can't hold kept as they were written.

import { Refusal } from './refusal.ts';

/**
 * The first JSON value of a body (design D7: bytes behind it are ignored, as the reference ignores them). Numbers that a double may not hold become
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

/** JSON whose numbers that a double may not hold are `JSON.rawJSON` objects. @throws SyntaxError, RangeError */
export function parseExactly(text: string): unknown {
  const value = JSON.parse(text) as unknown;
  return holdsLossyNumber(value) ? (JSON.parse(text, keepLossyNumbers) as unknown) : value;
}

/** Looks at values and not at text, most of which is one prompt: to search 300 kB for digits takes as long as two thirds of parsing them. */
function holdsLossyNumber(value: unknown): boolean {
  const left = [value];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next === 'number' && isLossy(next)) return true;
    if (typeof next === 'object' && next !== null)
      for (const member of Object.values(next) as unknown[]) if (typeof member !== 'string') left.push(member);
  }
  return false;
}

/** Whether a number may have been another one before it became a double: an integer beyond 2^53, or a fraction of all the digits that a double has. */
function isLossy(value: number): boolean {
  if (Number.isInteger(value)) return !Number.isSafeInteger(value);
  return !Number.isFinite(value) || String(value).length > 16;
}

/** ES2025 source text access: a reviver sees how a primitive was written. */
function keepLossyNumbers(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || source === undefined || !isLossy(value)) return value;
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(source);
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
