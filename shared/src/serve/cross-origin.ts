// What lets pages of other origins call the gateway, where an operator names them (CODY_GATEWAY_CORS_ORIGINS). Not who
// may call: that is the token's.

import type { Received } from '../http/http.ts';

/** Browsers ask again after so long. */
const preflightSeconds = 600;
/** A page may send whatever headers it asks for: the token stands in a header, and no cookie is ever read. */
const headerNames = /^[\w!#$%&'*+.^`|~, -]{1,1000}$/;

/**
 * Headers of an answer for a page of an allowed origin, by the Fetch standard (CORS protocol); none for any other.
 * Operators' paths have none.
 * @param origins that are allowed, `*` for all; null: none
 * @param methods of the path, as `Allow` has them
 */
export function crossOriginHeaders(
  { headers, path, method }: Pick<Received, 'headers' | 'path' | 'method'>,
  origins: readonly string[] | null,
  methods: string,
): Readonly<Record<string, string>> {
  if (origins === null || !path.startsWith('/v1')) return {};
  // Caches must not hand one origin's answer to another.
  const vary = { vary: 'origin' };
  const { origin } = headers;
  if (origin === undefined || !(origins.includes('*') || origins.includes(origin))) return vary;
  const allowed = { ...vary, 'access-control-allow-origin': origin, 'access-control-expose-headers': '*' };
  const asked = headers['access-control-request-headers'];
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return allowed;
  return {
    ...allowed,
    vary: 'origin, access-control-request-headers',
    'access-control-allow-methods': methods,
    ...(asked !== undefined && headerNames.test(asked) && { 'access-control-allow-headers': asked }),
    'access-control-max-age': String(preflightSeconds),
  };
}
