// Who may: an access token's scopes, asked of the authorization server that issued it (OAuth 2.0 Token Introspection, RFC 7662). Not the product-subscription tokens of callers (auth).

import { fetchJson, type Received } from '@cody-gateway/shared/http';

/** The authorization server and our credentials there. */
export interface Introspection {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** `unauthorized`: no bearer token. `inactive`: expired, revoked or not theirs. */
export type Verdict = 'granted' | 'unauthorized' | 'inactive' | 'missing-scope';

const timeoutMs = 5_000;
const tokenCharactersMax = 8_192;
/** What is known of one token. */
const answerBytesMax = 64 * 1024;

/** Asked each time: the paths behind it are for people, and a revoked token must not be believed. @throws when the server can't be asked, or answers what is no answer */
export async function hasScope(
  { headers }: Pick<Received, 'headers'>,
  scope: string,
  { url, clientId, clientSecret }: Introspection,
): Promise<Verdict> {
  const token = /^bearer +([^\s]+)$/i.exec(headers.authorization ?? '')?.[1];
  if (token === undefined || token.length > tokenCharactersMax) return 'unauthorized';
  const credentials = [clientId, clientSecret].map(encodeURIComponent).join(':');
  const { status, body } = await fetchJson({
    url,
    headers: {
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
    },
    body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
    timeoutMs,
    answerBytesMax,
  });
  if (status < 200 || status > 299) throw new Error(`the token introspection endpoint answered ${status}`);
  const { active, scope: scopes } = (body ?? {}) as { active?: unknown; scope?: unknown };
  if (typeof active !== 'boolean')
    throw new Error('the token introspection endpoint did not say whether the token is active');
  if (!active) return 'inactive';
  return typeof scopes === 'string' && scopes.split(' ').includes(scope) ? 'granted' : 'missing-scope';
}
