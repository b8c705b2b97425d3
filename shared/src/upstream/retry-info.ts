// The wait that a provider names in the body of an error: Google's RetryInfo (google.rpc). Not the headers (status.ts).

import { jsonObject } from './answer-json.ts';
import { isObject } from './request-body.ts';

/** Whole seconds, rounded up, as `retry-after` has them; null where the body names none. */
export function waitIn(text: string): string | null {
  // Google's endpoint for OpenAI's clients puts its error into a list.
  const error = jsonObject(text.trim().replace(/^\[/, '').replace(/\]$/, ''))?.['error'];
  const details: unknown = isObject(error) ? error['details'] : null;
  if (!Array.isArray(details)) return null;
  for (const detail of details as unknown[]) {
    const delay: unknown = isObject(detail) ? detail['retryDelay'] : null;
    const seconds = typeof delay === 'string' ? /^(\d{1,6}(?:\.\d{1,9})?)s$/.exec(delay)?.[1] : undefined;
    if (seconds !== undefined) return String(Math.ceil(Number(seconds)));
  }
  return null;
}
