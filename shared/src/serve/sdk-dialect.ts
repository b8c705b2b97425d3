// Whose SDK a request comes from, by the headers that each sends of itself. Not by the path (unserved.ts) and not what
// a route speaks.

import type { Dialect, Received } from '../http/http.ts';

/**
 * Anthropic's and Google's SDKs say who they are by headers of their own, Google's whichever way they have their token;
 * everybody else reads OpenAI's shape.
 */
export function sdkDialect(headers: Received['headers']): Extract<Dialect, 'openai' | 'anthropic' | 'google'> {
  if (headers['anthropic-version'] !== undefined) return 'anthropic';
  return headers['x-goog-api-key'] === undefined && headers['x-goog-api-client'] === undefined ? 'openai' : 'google';
}

/** Whether a client of OpenAI's API names itself: its own SDKs do in `x-stainless-…`, Vercel's in the user agent. */
export function isOpenAiSdk(headers: Received['headers']): boolean {
  return headers['x-stainless-lang'] !== undefined || /(^| )ai-sdk[-/]/.test(headers['user-agent'] ?? '');
}
