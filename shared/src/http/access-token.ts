// The access token of the account that this process runs as. On Cloud Run its metadata server gives it, one plain
// request: the library that knows every other place where credentials may lie takes longer to load than an instance
// has for its own work before its first answer.

import { fetchJson, FetchFailed } from './fetch-json.ts';
import { lazyClient } from './lazy-client.ts';

/** Google's address for what an instance may know about itself. */
const metadataOrigin = 'http://metadata.google.internal';
/** What the account may do, its roles decide. */
const cloudScope = 'https://www.googleapis.com/auth/cloud-platform';
/** It is on the same machine. */
const metadataTimeoutMs = 1_000;
/** A token has some 2 kB. */
const answerBytesMax = 64 * 1024;
/**
 * The metadata server gives the same token until 5 minutes before its end, so an earlier renewal brings nothing; then
 * there is time for tries.
 */
const renewAtRemainingMs = 225_000;
/** A token that ends sooner than a call takes is no token. */
const leastRemainingMs = 10_000;

/**
 * Gives a token that is valid for at least ten seconds.
 * @throws Error or FetchFailed (which may pass), in words without the token
 */
export type AccessTokens = () => Promise<string>;

/**
 * Tokens of this process's account, for one context.
 * @param functionName `local`: not on Cloud Run, so credentials may lie anywhere
 */
export function accessTokens(functionName: string): AccessTokens {
  return functionName === 'local' ? defaultTokens() : metadataTokens();
}

/**
 * Tokens of the account that a Cloud Run instance runs as; each is asked for once, and renewed while it is still good.
 */
export function metadataTokens(origin: string = metadataOrigin, now: () => number = Date.now): AccessTokens {
  let kept = { token: '', endMs: 0 };
  let renewal: Promise<void> | null = null;
  const renew = (): Promise<void> => {
    renewal ??= ask(origin)
      .then(({ token, seconds }) => void (kept = { token, endMs: now() + seconds * 1_000 }))
      .finally(() => (renewal = null));
    return renewal;
  };
  return async () => {
    const remainingMs = kept.endMs - now();
    if (remainingMs < leastRemainingMs) await renew();
    // A failure is tried again by the next caller; when the token is about to expire, callers wait and get the error.
    else if (remainingMs < renewAtRemainingMs) renew().catch(() => undefined);
    return kept.token;
  };
}

async function ask(origin: string): Promise<{ token: string; seconds: number }> {
  const { status, body } = await fetchJson({
    url: `${origin}/computeMetadata/v1/instance/service-accounts/default/token`,
    headers: { 'metadata-flavor': 'Google' },
    body: null,
    timeoutMs: metadataTimeoutMs,
    answerBytesMax,
  });
  const { access_token: token, expires_in: seconds } = (body ?? {}) as Readonly<Record<string, unknown>>;
  if (status !== 200) throw new FetchFailed(`the metadata server answered ${status}`);
  if (typeof token !== 'string' || typeof seconds !== 'number')
    throw new FetchFailed('the metadata server answered without a token');
  return { token, seconds };
}

/** Tokens of whatever credentials are found in the usual places; the library keeps and renews them. */
export function defaultTokens(): AccessTokens {
  const credentials = lazyClient(async () => {
    const { GoogleAuth } = await import('google-auth-library');
    return new GoogleAuth({ scopes: cloudScope });
  });
  return async () => {
    try {
      const token = await (await credentials.open()).getAccessToken();
      if (typeof token !== 'string') throw new Error('the credentials of this process give no access token');
      return token;
    } catch (error) {
      // The next call looks for credentials anew.
      credentials.forget();
      throw error;
    }
  };
}
