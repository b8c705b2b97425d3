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

/**
 * The token of a request, empty without one. Split at the first blank, the scheme in any case. Anthropic's SDK sends
 * its key as `x-api-key`: on its dialect that is the token; elsewhere vendor headers of callers mean nothing.
 * @throws Refusal `malformed-authorization`
 */
export function callerToken(headers: IncomingHttpHeaders, dialect: Dialect): string {
  const authorization = headers.authorization ?? '';
  if (authorization === '') {
    const key = dialect === 'anthropic' ? headers['x-api-key'] : undefined;
    return typeof key === 'string' ? key : '';
  }
  const blank = authorization.indexOf(' ');
  if (blank === -1) throw new Refusal('malformed-authorization', 'token type missing in Authorization header');
  const scheme = authorization.slice(0, blank);
  if (scheme.toLowerCase() !== 'bearer') throw new Refusal('malformed-authorization', `invalid token type ${scheme}`);
  return authorization.slice(blank + 1);
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
