// JSON of others that is only read, with the numbers that a double may not hold kept as they were written. Not the
// bodies of requests (json.ts).

/**
 * Such numbers are `JSON.rawJSON` objects. Looks at values: most texts hold none, and then this is JSON.parse.
 * @throws SyntaxError
 */
export function parseExactNumbers(text: string): unknown {
  const value = JSON.parse(text) as unknown;
  return holdsLossyNumber(value) ? (JSON.parse(text, keepLossyNumbers) as unknown) : value;
}

function holdsLossyNumber(value: unknown): boolean {
  const left = [value];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next === 'number' && isLossy(next)) return true;
    if (typeof next === 'object' && next !== null)
      for (const member of Object.values(next) as unknown[]) if (typeof member !== 'string') left.push(member);
  }
  return false;
}

/** Whether a number may have been another one before it became a double. */
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
