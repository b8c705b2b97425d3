// What callers are told where no route is: what there is instead, in the shape that their client reads. Not the routes
// (functions).

import { Refusal, type Dialect, type Received } from '../http/http.ts';
import type { Exchange, Route } from './exchange.ts';
import { geminiVerbs, isVerbPath } from './gemini-verbs.ts';
import { isOpenAiSdk, sdkDialect } from './sdk-dialect.ts';

/** What SDKs may call here, by whose SDK; unserved.test.ts holds it to what the functions say of themselves. */
export const servedToSdks = {
  openai: [
    'POST /v1/chat/completions',
    'POST /v1/responses',
    'POST /v1/completions',
    'POST /v1/embeddings',
    'GET /v1/models',
  ],
  anthropic: ['POST /v1/messages', 'POST /v1/messages/count_tokens', 'GET /v1/models'],
  google: [...geminiVerbs.map((verb) => `POST /v1beta/models/{model}:${verb}`), 'GET /v1beta/models'],
} as const;

const filesKept =
  'files would be kept under the account of the gateway, which all callers share: send the content itself';
const cachesKept =
  'what is cached would be kept under the account of the gateway, which all callers share: send the content itself';

/**
 * What a client may look for that a gateway without a store can't have, and why: the first that the path begins with.
 */
const withoutStore: readonly (readonly [path: string, why: string])[] = [
  [
    '/v1/messages/batches',
    'a batch is kept and billed after its call has ended: send each of its messages to POST /v1/messages',
  ],
  ['/v1/batches', 'a batch is kept and billed after its call has ended: send each of its requests by itself'],
  ['/v1/files', filesKept],
  ['/v1/uploads', filesKept],
  ['/v1/fileSearchStores', filesKept],
  ['/v1/cachedContents', cachesKept],
  [
    '/v1/interactions',
    'the gateway keeps no interactions: send the whole conversation to POST /v1beta/models/{model}:generateContent',
  ],
  ['/v1/conversations', 'the gateway keeps no conversations: send the whole of it with each request'],
];

/** Paths of instances and editors, which know the original gateway's words. */
const ofInstances = /^\/v1\/(completions\/|embeddings\/|limits(\/|$)|attribution(\/|$))/;
/**
 * What the SDKs know, whoever asks; of a path that nobody has heard of only who names itself as an SDK is told in its
 * shape.
 */
const ofSdks =
  /^\/v1\/(chat|responses|models|messages|complete|files|uploads|batches|moderations|images|audio|videos|realtime|vector_stores|assistants|threads|fine_tuning|conversations|containers|evals|skills|organizations?|rerank|v1)(\/|$)/;
const ofAnthropic = /^\/v1\/(messages|complete|skills|organizations)(\/|$)/;
/** What Google's API has, and nobody else's. */
const ofGoogle =
  /^(\/upload)?\/v1(alpha|beta)\/|^\/upload\/v1\/|^\/v1\/(auth_tokens|cachedContents|fileSearchStores|interactions|tunedModels)(\/|$)/;
/** Of a path in a text. */
const charactersMax = 200;

/** Stands in for the route that is missing. @param candidates routes of this path, for other methods */
export function unservedRoute(
  { path, method, headers }: Pick<Received, 'path' | 'method' | 'headers'>,
  candidates: readonly Route[],
): Route {
  const [first] = candidates;
  if (first === undefined) return unknownPath(path, method, headers);
  const allow = methodsAt(path, candidates);
  if (method === 'OPTIONS')
    return unrouted(first.dialect, ({ received: { response, replyHeaders } }) => {
      response.writeHead(204, { ...replyHeaders, allow: `${allow}, OPTIONS` }).end();
    });
  const text = `${method} is not served at ${path.slice(0, charactersMax)}, which takes ${allow}`;
  return refusing(first.dialect, new Refusal('method-not-allowed', text, { headers: { allow } }));
}

function unknownPath(path: string, method: string, headers: Received['headers']): Route {
  // Below `/-/` it is empty, as in the original gateway.
  if (path.startsWith('/-/')) return refusing('cody', new Refusal('not-found', ''));
  if (ofInstances.test(path)) return refusing('cody', unknownToAll());
  const dialect = dialectAt(path, headers);
  const meant = meantBy(path, dialect);
  const bySdk = isOpenAiSdk(headers) || sdkDialect(headers) !== 'openai';
  const known = path.startsWith('/v1/') && (bySdk || ofSdks.test(path));
  if (meant === null && !known && !ofGoogle.test(path)) return refusing('cody', unknownToAll());
  const unversioned = path.replace(/^(\/upload)?\/v1(alpha|beta)?(?=\/)/, '/v1');
  const why = withoutStore.find(([lost]) => unversioned === lost || unversioned.startsWith(`${lost}/`))?.[1];
  const instead =
    meant === null ? `the gateway serves ${servedToSdks[dialect].join(', ')}` : `${meant} may be what is meant`;
  const text = `${method} ${path.slice(0, charactersMax)} is not served: ${why ?? instead}`;
  return refusing(dialect, new Refusal('not-found', text));
}

function dialectAt(path: string, headers: Received['headers']): keyof typeof servedToSdks {
  if (ofAnthropic.test(path)) return 'anthropic';
  return ofGoogle.test(path) || verbBelow(path) !== null ? 'google' : sdkDialect(headers);
}

const unknownToAll = (): Refusal => new Refusal('not-found', '404 page not found');

function refusing(dialect: Route['dialect'], refusal: Refusal): Route {
  return unrouted(dialect, () => {
    throw refusal;
  });
}

function unrouted(dialect: Route['dialect'], handle: (exchange: Exchange) => void): Route {
  return {
    method: '*',
    path: 'unrouted',
    dialect,
    handle: (exchange) => {
      handle(exchange);
      return Promise.resolve();
    },
  };
}

/**
 * Methods of a path, as `Allow` has them; `*` where all are refused alike.
 * @param routes of this path in this function
 */
export function methodsAt(path: string, routes: readonly Route[]): string {
  if (routes.length > 0 && isVerbPath(path)) return 'POST';
  // Most paths have one, and each request asks.
  if (routes.length === 1 && routes[0]?.method === 'POST') return 'POST';
  const all = new Set(routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])));
  if (all.size > 1) all.delete('*');
  return [...all].join(', ');
}

export function dialectOf({ dialect }: Route, headers: Received['headers']): Dialect {
  return typeof dialect === 'function' ? dialect(headers) : dialect;
}

/** A base URL without its version, with it twice or with another one, and a slash too many. */
function meantBy(path: string, dialect: keyof typeof servedToSdks): string | null {
  if (dialect === 'google') {
    const below = verbBelow(path);
    if (below !== null) return `POST /v1beta${below.slice(0, charactersMax)}`;
  }
  const last = unversionedPath(path).replace(/\/$/, '');
  if (last === '') return null;
  return (
    servedToSdks[dialect].find((one) => one.endsWith(` /${dialect === 'google' ? 'v1beta' : 'v1'}${last}`)) ?? null
  );
}

/** The path behind its version where it calls a verb of Gemini's dialect, which no other path looks like. */
function verbBelow(path: string): string | null {
  const below = unversionedPath(path);
  return isVerbPath(`/v1${below}`) ? below : null;
}

const unversionedPath = (path: string): string =>
  path.replaceAll(/\/{2,}/g, '/').replace(/^(\/v1(alpha|beta)?)+(?=\/)/, '');
