// Access tokens of the gateway itself, from Sourcegraph's accounts server (OAuth 2.0 client credentials, RFC 6749
// §4.4). Not what is asked with them.

import * as v from 'valibot';
import { fetchJson } from '../../http/http.ts';
import { sourceWords, withWords } from './source-words.ts';

const timeoutMs = 5_000;
const answerBytesMax = 64 * 1024;
/** How long before its end an access token is no longer used. */
const expiryMarginMs = 60_000;
/**
 * A token that is not accepted most often lacks a right, which a new one would lack too: so not each call asks for one.
 */
const anewEveryMs = 60_000;

/** Where and as whom to ask. */
export interface ClientSettings {
  readonly accountsUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Separated by blanks; null: what the client is registered for. */
  readonly scope: string | null;
  readonly userAgent: string;
  readonly now: () => number;
}

/** The access tokens of this process for one scope. */
export interface ClientCredentials {
  /**
   * Makes a call with an access token, one for as long as it is good; concurrent calls share it. Where the answer says
   * that the token was not accepted (revoked, of another time, without a scope that was granted meanwhile) the call is
   * made once more with a new one, at most once a minute.
   * @returns the last call's answer, an unaccepted one too
   * @throws NoAccessToken; FetchFailed; what `call` throws
   */
  use<T>(call: (accessToken: string) => Promise<T>, isUnaccepted: (answer: T) => boolean): Promise<T>;
}

/** The accounts server answered, but with no access token. The message is for operators: without secrets. */
export class NoAccessToken extends Error {
  override readonly name = 'NoAccessToken';
  /** It refuses the client or its scope: asking again changes nothing. */
  readonly refused: boolean;

  constructor(message: string, refused: boolean) {
    super(message);
    this.refused = refused;
  }
}

const tokenSchema = v.object({
  access_token: v.pipe(v.string(), v.nonEmpty()),
  expires_in: v.optional(v.number(), 300),
});

/** Tokens of one client. */
export function clientCredentials({
  accountsUrl,
  clientId,
  clientSecret,
  scope,
  userAgent,
  now,
}: ClientSettings): ClientCredentials {
  let kept: { readonly token: string; readonly untilMs: number } | null = null;
  let asking: Promise<string> | null = null;
  let askedAnewMs = Number.NEGATIVE_INFINITY;
  const ask = async (): Promise<string> => {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      ...(scope !== null && { scope }),
    });
    const { status, body } = await fetchJson({
      url: `${accountsUrl}/oauth/token`,
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': userAgent },
      body: form.toString(),
      timeoutMs,
      answerBytesMax,
    });
    if (status !== 200) {
      const words = sourceWords((body as { error?: unknown } | null | undefined)?.error, [clientSecret]);
      const answers = withWords(`the accounts server answers ${status} to our credentials`, words);
      throw new NoAccessToken(answers, status >= 400 && status < 500 && status !== 408 && status !== 429);
    }
    const result = v.safeParse(tokenSchema, body);
    if (!result.success)
      throw new NoAccessToken('the accounts server answers our credentials without an access token', false);
    const { access_token: token, expires_in: seconds } = result.output;
    kept = { token, untilMs: now() + seconds * 1000 - Math.min(expiryMarginMs, seconds * 500) };
    return token;
  };
  const get = (): Promise<string> => {
    if (kept !== null && now() < kept.untilMs) return Promise.resolve(kept.token);
    asking ??= ask().finally(() => (asking = null));
    return asking;
  };
  return {
    use: async (call, isUnaccepted) => {
      const token = await get();
      const answer = await call(token);
      if (!isUnaccepted(answer)) return answer;
      // Whoever finds the token unaccepted first asks for a new one on behalf of all.
      if (kept?.token === token) {
        const sinceMs = now() - askedAnewMs;
        if (sinceMs >= 0 && sinceMs < anewEveryMs) return answer;
        askedAnewMs = now();
        kept = null;
      }
      return call(await get());
    },
  };
}
