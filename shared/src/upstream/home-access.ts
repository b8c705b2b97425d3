// Where a call to a home goes, and the headers that let it in: by the official SDK of its dialect where there is one.
// Not the sending (http/post.ts).

import { LRUCache } from 'lru-cache';
import { googleAccount, type DialectName, type Home } from '../catalogue/catalogue.ts';
import { lazyClient, Refusal, type AccessTokens, type Destination, type LazyClient } from '../http/http.ts';
import type { ApiDialect } from './api-dialect.ts';
import type { Reading } from './call.ts';
import { destinationOf } from './destination.ts';

/** Callers choose Anthropic's betas, so the kinds of calls are not ours to count. */
const kindsMax = 200;
/** Keys in use at once: one or a few for each home. */
const clientsMax = 100;

/** A call, as far as its address and headers are made of it. */
export interface Attempted {
  readonly home: Home;
  readonly dialectName: DialectName;
  readonly dialect: ApiDialect;
  readonly reading: Reading;
  /** Name of the secret that holds the key; absent: the first one of the home that is there. */
  readonly secret?: string | null;
  /** As the home spells it. */
  readonly model: string;
}

/** What is known of credentials. */
export interface Credentials {
  /** Null: it is not there. A promise where it has to be read first. */
  readonly secretNamed: (name: string) => string | null | Promise<string | null>;
  /** Of the account that this process runs as. */
  readonly googleTokens: AccessTokens;
}

type Headers = Reading['headers'];

/** What is asked of an SDK's client. An address that is whole is taken as it is. */
interface SdkClient {
  buildRequest(options: {
    method: 'post';
    path: string;
    headers: Headers;
    body: string;
  }): Promise<{ url: string; req: { headers: { entries(): Iterable<readonly [string, string]> } } }>;
}

/**
 * The SDK knows credentials and versions of its API; the body is ours. Its headers are the same for all calls of a
 * kind, so they are made once: making them for each call took a fifth of its allocations and a tenth of its CPU.
 * @returns what makes destinations. @throws Refusal `upstream-credentials`: no key, or no token of our own account
 */
export function homeAccess({ secretNamed, googleTokens }: Credentials): (call: Attempted) => Promise<Destination> {
  const known = new LRUCache<string, Promise<Destination>>({ max: kindsMax });
  const clients = new LRUCache<string, LazyClient<SdkClient>>({ max: clientsMax });
  const bySdk = async (
    sdk: 'anthropic' | 'openai',
    url: string,
    key: string,
    organization: string | null,
    headers: Headers,
  ) => {
    const name = JSON.stringify([sdk, key, organization]);
    const client = clients.get(name) ?? lazyClient(() => clientOf(sdk, key, organization));
    clients.set(name, client);
    const built = await (await client.open()).buildRequest({ method: 'post', path: url, headers, body: '' });
    return destinationOf(built.url, built.req.headers.entries());
  };
  return async ({ home, dialectName, dialect, reading, model, secret = null }) => {
    const { kind, organization } = home.row;
    const url = addressOf(home, dialectName, reading, model);
    if (kind === 'google') return destinationOf(url, await googleHeaders(home, reading.headers, googleTokens));
    const key = kind === 'none' ? '' : await keyOf(home, secret, secretNamed);
    const headers = { ...reading.headers, ...headersByKind(kind, dialect, reading, key) };
    if (dialect.sdk === null) return destinationOf(url, withoutNulls(headers));
    let kindOfCall = `${dialect.sdk} ${url} ${key} ${organization ?? ''}`;
    for (const name in headers) kindOfCall += `\n${name}: ${headers[name] ?? '\n'}`;
    const kept = known.get(kindOfCall);
    if (kept !== undefined) return kept;
    const built = bySdk(dialect.sdk, url, key, organization, headers);
    known.set(kindOfCall, built);
    built.catch(() => known.delete(kindOfCall));
    return built;
  };
}

/** @throws Error for a home that does not speak it: a fault of ours */
function addressOf({ row, dialects }: Home, dialect: DialectName, { stream, verb }: Reading, model: string): string {
  const paths = dialects[dialect];
  if (row.baseUrl === null || paths === undefined) throw new Error(`${row.id} has no address for ${dialect}`);
  const own = typeof paths === 'string' ? paths : stream ? paths.stream : paths.whole;
  const path = verb === undefined ? own : own.replace(/:\w+(\?.*)?$/, `:${verb}`);
  // An address may have an at sign as it is, and Vertex AI writes its versions behind one.
  return row.baseUrl + path.replace('{model}', encodeURIComponent(model).replaceAll('%40', '@'));
}

function headersByKind(kind: Home['row']['kind'], dialect: ApiDialect, reading: Reading, key: string): Headers {
  if (kind === 'azure') return { authorization: null, 'api-key': key };
  return kind === 'none' ? { authorization: null } : dialect.keyHeaders(reading, key);
}

async function keyOf(
  { row, secrets }: Home,
  secret: string | null,
  secretNamed: Credentials['secretNamed'],
): Promise<string> {
  for (const name of secret === null ? secrets : [secret]) {
    const key = await secretNamed(name);
    if (key !== null) return key;
  }
  throw new Refusal('upstream-credentials', `the gateway has no key for upstream provider ${row.provider}`, {
    detail: `home ${row.id}: none of ${row.secrets.join(', ')} is mounted`,
  });
}

/** There the version of Anthropic's API is a member of the body. */
async function googleHeaders(
  { row, secrets }: Home,
  headers: Headers,
  tokens: AccessTokens,
): Promise<Iterable<readonly [string, string]>> {
  if (!secrets.includes(googleAccount)) throw new Error(`${row.id} may not have a token of our account`);
  try {
    return [
      ...withoutNulls(headers).filter(([name]) => name !== 'anthropic-version'),
      ['authorization', `Bearer ${await tokens()}`],
    ];
  } catch (error) {
    throw new Refusal('upstream-credentials', `the gateway has no credentials for upstream provider ${row.provider}`, {
      detail: `home ${row.id}: no token of the function's own account`,
      cause: error,
    });
  }
}

function withoutNulls(headers: Headers): (readonly [string, string])[] {
  return Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== null);
}

/**
 * Loaded when first needed: an SDK is half a megabyte to read, and an instance's first answer needs only one of them.
 */
async function clientOf(sdk: 'anthropic' | 'openai', key: string, organization: string | null): Promise<SdkClient> {
  // Where there is no key its header is taken away; the SDKs want a text.
  const common = { apiKey: key === '' ? 'none' : key, maxRetries: 0, logLevel: 'off' } as const;
  if (sdk === 'openai') {
    const { OpenAI } = await import('openai');
    // Calls name whole URLs; the base keeps the SDK from looking for one in the environment.
    return new OpenAI({ ...common, organization, project: null, baseURL: 'https://unused.invalid' });
  }
  const { Anthropic } = await import('@anthropic-ai/sdk');
  // Its spans and trace headers would tell the provider of ours.
  return new Anthropic({ ...common, authToken: null, baseURL: 'https://unused.invalid', openTelemetry: false });
}
