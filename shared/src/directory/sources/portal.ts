// Enterprise Portal as a source of access: its CodyAccessService over Connect with JSON, as a client of Sourcegraph's accounts. Spec actors §1.6, clients §4.7.

import * as v from 'valibot';
import { fetchJson, FetchFailed, type JsonAnswer } from '../../http/http.ts';
import type { StatedLimit } from '../limits.ts';
import { hashToken } from '../token.ts';
import { SourceUnavailable, type AccessSource, type Page, type Statement } from './access-source.ts';

const service = 'enterpriseportal.codyaccess.v1.CodyAccessService';
/** What reading needs. */
const scopes = 'enterprise_portal::codyaccess::read enterprise_portal::subscription::read';
const findTimeoutMs = 5_000;
const listTimeoutMs = 60_000;
const findBytesMax = 256 * 1024;
const listBytesMax = 128 * 1024 * 1024;
const pagesMax = 1_000;
/** An access token is used no longer than until shortly before its end. */
const expiryMarginMs = 60_000;

/** Where and as whom to ask. */
export interface PortalSettings {
  readonly url: string;
  readonly accountsUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly userAgent: string;
  readonly now: () => number;
}

/** Protobuf's JSON: int64 as text, durations as seconds with an s. */
const int64 = v.pipe(v.union([v.string(), v.number()]), v.transform(Number), v.number(), v.integer());
const limitSchema = v.nullish(
  v.object({
    limit: v.optional(int64, 0),
    intervalDuration: v.optional(v.pipe(v.string(), v.regex(/^\d+(\.\d+)?s$/)), '0s'),
  }),
);
const accessSchema = v.object({
  subscriptionId: v.pipe(v.string(), v.nonEmpty()),
  subscriptionDisplayName: v.optional(v.string(), ''),
  enabled: v.optional(v.boolean(), false),
  chatCompletionsRateLimit: limitSchema,
  codeCompletionsRateLimit: limitSchema,
  embeddingsRateLimit: limitSchema,
  accessTokens: v.optional(v.array(v.object({ token: v.string() })), []),
});
const findSchema = v.object({ access: accessSchema });
const listSchema = v.object({
  accesses: v.optional(v.array(v.unknown()), []),
  nextPageToken: v.optional(v.string(), ''),
});
const tokenSchema = v.object({
  access_token: v.pipe(v.string(), v.nonEmpty()),
  expires_in: v.optional(v.number(), 300),
});

/** Product subscriptions of Enterprise Portal. */
export function portalSubscriptions(settings: PortalSettings): AccessSource {
  const token = accessTokens(settings);
  const call = async (method: string, request: object, signal?: AbortSignal): Promise<unknown> => {
    const lists = signal !== undefined;
    const answer = await post(`${settings.url}/${service}/${method}`, {
      headers: {
        authorization: `Bearer ${await token.get()}`,
        'connect-protocol-version': '1',
        'user-agent': settings.userAgent,
      },
      body: JSON.stringify(request),
      timeoutMs: lists ? listTimeoutMs : findTimeoutMs,
      answerBytesMax: lists ? listBytesMax : findBytesMax,
      ...(lists && { signal }),
    });
    if (answer.status === 200) return answer.body;
    const code = (answer.body as { code?: unknown } | null | undefined)?.code;
    if (code === 'not_found') return null;
    if (answer.status === 401) token.forget();
    throw unavailable(typeof code === 'string' ? code.slice(0, 100) : `unexpected status ${answer.status}`);
  };
  return {
    origin: 'portal',
    takes: 'dotcom-product-subscriptions',
    find: async (known) => {
      const answer = await call('GetCodyGatewayAccess', { accessToken: known.reveal() });
      return answer === null ? null : statementOf(read(findSchema, answer).access);
    },
    list: (signal) => list(call, signal),
  };
}

/** The first page as the original asks for it, without size or token: the server answers it with all there are. */
async function* list(
  call: (method: string, request: object, signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  let pageToken = '';
  for (let page = 0; page < pagesMax; page++) {
    const { accesses, nextPageToken } = read(
      listSchema,
      await call('ListCodyGatewayAccesses', pageToken === '' ? {} : { pageToken }, signal),
    );
    const statements: Statement[] = [];
    const unreadable: string[] = [];
    for (const item of accesses) {
      const result = v.safeParse(accessSchema, item);
      if (result.success) statements.push(statementOf(result.output));
      else unreadable.push(bareId(textOf((item as { subscriptionId?: unknown } | null)?.subscriptionId)));
    }
    yield { statements, unreadable };
    if (nextPageToken === '') return;
    if (nextPageToken === pageToken) break;
    pageToken = nextPageToken;
  }
  throw unavailable('a list that does not end');
}

function statementOf(access: v.InferOutput<typeof accessSchema>): Statement {
  const { subscriptionId, subscriptionDisplayName, enabled, accessTokens: tokens } = access;
  return {
    source: 'dotcom-product-subscriptions',
    id: bareId(subscriptionId),
    name: subscriptionDisplayName === '' ? subscriptionId : subscriptionDisplayName,
    accessEnabled: enabled,
    archived: false,
    tags: [],
    limits: {
      chat_completions: limitOf(access.chatCompletionsRateLimit),
      code_completions: limitOf(access.codeCompletionsRateLimit),
      embeddings: limitOf(access.embeddingsRateLimit),
    },
    tokenHashes: tokens.map(({ token }) => hashToken(token)),
  };
}

/** The portal states no models: all that the gateway serves. */
function limitOf(stated: v.InferOutput<typeof limitSchema>): StatedLimit | null {
  if (stated === null || stated === undefined) return null;
  const intervalSeconds = Math.trunc(Number(stated.intervalDuration.slice(0, -1)));
  return intervalSeconds > 0 ? { limit: stated.limit, intervalSeconds, allowedModels: ['*'] } : null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function bareId(subscriptionId: string): string {
  return subscriptionId.replace(/^es_/, '').toLowerCase();
}

interface AccessTokens {
  get(): Promise<string>;
  /** After a token was not accepted: the next call asks for another. */
  forget(): void;
}

/** OAuth 2.0 client credentials, one token for as long as it is good; concurrent calls share one question. */
function accessTokens({ accountsUrl, clientId, clientSecret, userAgent, now }: PortalSettings): AccessTokens {
  let kept: { readonly token: string; readonly untilMs: number } | null = null;
  let asking: Promise<string> | null = null;
  const ask = async (): Promise<string> => {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: scopes,
    });
    const { status, body } = await post(`${accountsUrl}/oauth/token`, {
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': userAgent },
      body: form.toString(),
      timeoutMs: findTimeoutMs,
      answerBytesMax: findBytesMax,
    });
    if (status !== 200) throw unavailable(`the accounts server answers ${status} to our credentials`);
    const { access_token: token, expires_in: seconds } = read(tokenSchema, body);
    kept = { token, untilMs: now() + seconds * 1000 - expiryMarginMs };
    return token;
  };
  return {
    get: () => {
      if (kept !== null && now() < kept.untilMs) return Promise.resolve(kept.token);
      asking ??= ask().finally(() => (asking = null));
      return asking;
    },
    forget: () => (kept = null),
  };
}

async function post(url: string, request: Omit<Parameters<typeof fetchJson>[0], 'url'>): Promise<JsonAnswer> {
  try {
    return await fetchJson({ url, ...request });
  } catch (error) {
    if (error instanceof FetchFailed) throw unavailable(error.message, error);
    throw error;
  }
}

function read<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (!result.success) throw unavailable('an answer of another shape');
  return result.output;
}

function unavailable(what: string, cause?: unknown): SourceUnavailable {
  return new SourceUnavailable(`Enterprise Portal: ${what}`, { cause });
}
