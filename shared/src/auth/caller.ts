// What callers say of themselves in headers: their token and the feature they use.

import type { IncomingHttpHeaders } from 'node:http';
import { Refusal, type Dialect } from '../http/http.ts';
import type { Feature } from './entitlement.ts';

/** The sender of a request, before its token is looked up. */
export interface Caller {
  /** Empty where the caller sent none. */
  readonly token: string;
  /** Its network address, for callers without a token. */
  readonly address: string;
}

/** Where the SDKs of a dialect put their key. Elsewhere vendor headers of callers mean nothing. */
const keyHeaders: Readonly<Partial<Record<Dialect, string>>> = { anthropic: 'x-api-key', google: 'x-goog-api-key' };

/**
 * The token of a request, empty without one. Split at the first blank, the scheme in any case; where there is no such
 * header, the key of the dialect's SDK.
 * @throws Refusal `malformed-authorization`
 */
export function callerToken(headers: IncomingHttpHeaders, dialect: Dialect): string {
  const authorization = headers.authorization ?? '';
  if (authorization === '') {
    const key = headers[keyHeaders[dialect] ?? ''];
    return typeof key === 'string' ? key : '';
  }
  const blank = authorization.indexOf(' ');
  if (blank === -1) throw new Refusal('malformed-authorization', 'token type missing in Authorization header');
  const scheme = authorization.slice(0, blank);
  if (scheme.toLowerCase() !== 'bearer') throw new Refusal('malformed-authorization', `invalid token type ${scheme}`);
  return authorization.slice(blank + 1);
}

/**
 * The key that a request has in its URL, as Google's REST examples write it; empty without one.
 * @throws Refusal `malformed-authorization` where that is not allowed
 */
export function keyInUrl(query: string, allowed: boolean): string {
  const key = query.includes('key=') ? new URLSearchParams(query).get('key') : null;
  if (key !== null && !allowed)
    throw new Refusal(
      'malformed-authorization',
      'a key in the URL is not accepted, since URLs are logged on the way: send it as x-goog-api-key, and replace this one',
    );
  return key ?? '';
}

/**
 * The feature header of Cody's completion routes: trimmed, case-sensitive, one of two.
 * @throws Refusal `feature-header`
 */
export function featureFromHeader(header: string | string[] | undefined): Feature {
  const value = typeof header === 'string' ? header.trim() : '';
  if (value === '') throw new Refusal('feature-header', 'X-Sourcegraph-Feature header is required');
  if (value === 'chat_completions' || value === 'code_completions') return value;
  throw new Refusal('feature-header', 'invalid value for X-Sourcegraph-Feature');
}
