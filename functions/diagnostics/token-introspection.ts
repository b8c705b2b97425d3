// What an authorization server knows of an access token, asked in the way that it takes: Connect as Sourcegraph's
// accounts have it now, OAuth 2.0 Token Introspection (RFC 7662) with a bearer token as the original gateway asked it,
// or with client id and secret. Not who may do what (bearer-scope.ts).

import { clientCredentials, NoAccessToken, type ClientCredentials } from '@cody-gateway/shared/directory';
import { fetchJson, type JsonAnswer } from '@cody-gateway/shared/http';

/** The ways, in the order in which they are tried: the newest first, and the one that sends the secret itself last. */
const ways = ['connect', 'bearer', 'basic'] as const;
type Way = (typeof ways)[number];

/** The authorization server, our credentials there, and how it is asked. */
export interface IntrospectionSettings {
  /** Of RFC 7662. */
  readonly url: string;
  /** Which of the ways; `auto`: the first that the server takes. */
  readonly method: string;
  /** Where the client has its own access tokens from, and where the Connect service is. */
  readonly accountsUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly userAgent: string;
  readonly now: () => number;
}

/** What the server says of a token. */
export interface Introspected {
  readonly active: boolean;
  readonly scopes: readonly string[];
  /** Whether it says that a person's token it is, and not a client's. */
  readonly ofUser: boolean;
}

/**
 * @throws Error when the server can't be asked, or answers what is no answer; the message is for operators, without
 * secrets
 */
export type Introspect = (token: string) => Promise<Introspected>;

const connectPath = '/api/grpc/clients.v1.TokensService/IntrospectToken';
const timeoutMs = 5_000;
const answerBytesMax = 256 * 1024;
/** How long the way that worked is tried first: a server that learns a newer one is asked by it within the hour. */
const rememberMs = 3_600_000;
/** The server does not take this way: it knows no such path or method, or does not take these credentials. */
const notThisWay: ReadonlySet<number> = new Set([401, 403, 404, 405, 415, 501]);

/** Why one way did not work. */
class NotThisWay extends Error {
  override readonly name = 'NotThisWay';
}

/** Asks each time; remembers nothing but the way. */
export function createIntrospection(settings: IntrospectionSettings): Introspect {
  const { url, method, accountsUrl, clientId, clientSecret, userAgent, now } = settings;
  const credentials = clientCredentials({ accountsUrl, clientId, clientSecret, scope: null, userAgent, now });
  const post = (address: string, headers: Readonly<Record<string, string>>, body: string): Promise<JsonAnswer> =>
    fetchJson({
      url: address,
      headers: { accept: 'application/json', 'user-agent': userAgent, ...headers },
      body,
      timeoutMs,
      answerBytesMax,
    });
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const formOf = (token: string): string => new URLSearchParams({ token, token_type_hint: 'access_token' }).toString();
  const asked: Readonly<Record<Way, Introspect>> = {
    connect: async (token) => {
      const answer = await withOwnToken(credentials, (bearer) =>
        post(
          accountsUrl + connectPath,
          { authorization: bearer, 'connect-protocol-version': '1' },
          JSON.stringify({ token }),
        ),
      );
      return fromConnect(accepted(answer));
    },
    bearer: async (token) => {
      const answer = await withOwnToken(credentials, (bearer) =>
        post(url, { ...form, authorization: bearer }, formOf(token)),
      );
      return fromForm(accepted(answer));
    },
    basic: async (token) => {
      const pair = [clientId, clientSecret].map(encodeURIComponent).join(':');
      const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
      return fromForm(accepted(await post(url, { ...form, authorization }, formOf(token))));
    },
  };
  let worked: { readonly way: Way; readonly untilMs: number } | null = null;
  const open = waysOf(settings, method);
  return async (token) => {
    const first = worked !== null && now() < worked.untilMs ? worked.way : null;
    const faults: string[] = [];
    for (const way of first === null ? open : [first, ...open.filter((other) => other !== first)]) {
      try {
        const found = await asked[way](token);
        if (way !== first) worked = { way, untilMs: now() + rememberMs };
        return found;
      } catch (error) {
        if (!(error instanceof NotThisWay)) throw error;
        if (way === first) worked = null;
        faults.push(`${way}: ${error.message}`);
      }
    }
    throw new Error(`the token introspection endpoint takes no way that is open to us (${faults.join('; ')})`);
  };
}

/**
 * The secrets at stake decide: client id, client secret and callers' tokens go only to the server that the operator
 * named. Where that is not the accounts server, neither are the accounts server's access tokens sent to it.
 */
function waysOf({ url, accountsUrl }: IntrospectionSettings, method: string): readonly Way[] {
  const named = ways.filter((way) => way === method);
  if (named.length > 0) return named;
  return new URL(url).origin === new URL(accountsUrl).origin ? ways : ['basic'];
}

async function withOwnToken(
  credentials: ClientCredentials,
  call: (authorization: string) => Promise<JsonAnswer>,
): Promise<JsonAnswer> {
  try {
    return await credentials.use(
      (token) => call(`Bearer ${token}`),
      ({ status }) => status === 401 || status === 403,
    );
  } catch (error) {
    if (error instanceof NoAccessToken && error.refused) throw new NotThisWay(error.message, { cause: error });
    throw error;
  }
}

/** The members of a good answer. */
function accepted({ status, body }: JsonAnswer): Readonly<Record<string, unknown>> {
  if (notThisWay.has(status)) throw new NotThisWay(String(status));
  if (status !== 200) throw new Error(`the token introspection endpoint answered ${status}`);
  // A page for people at this address, say.
  if (typeof body !== 'object' || body === null) throw new NotThisWay('an answer that is no JSON object');
  return body as Record<string, unknown>;
}

/** Protobuf's JSON leaves out what is false or empty. */
function fromConnect({ active = false, scopes = [], userId = '' }: Readonly<Record<string, unknown>>): Introspected {
  if (typeof active !== 'boolean') throw undecided();
  const list = Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : [];
  return { active, scopes: list, ofUser: userId !== '' };
}

function fromForm({ active, scope }: Readonly<Record<string, unknown>>): Introspected {
  if (typeof active !== 'boolean') throw undecided();
  return { active, scopes: typeof scope === 'string' ? scope.split(' ') : [], ofUser: false };
}

function undecided(): Error {
  return new Error('the token introspection endpoint did not say whether the token is active');
}
