// Enterprise Portal as a source of access: its CodyAccessService over Connect with JSON, as a client of Sourcegraph's
// accounts.

import * as v from 'valibot';
import { fetchJson, FetchFailed, type JsonAnswer } from '../../http/http.ts';
import { features, type StatedLimit, type SubscribedFeature } from '../limits.ts';
import { hashToken } from '../token.ts';
import { SourceUnavailable, type AccessSource, type Page, type Statement } from './access-source.ts';
import { clientCredentials, NoAccessToken } from './client-credentials.ts';
import { sourceWords, withWords } from './source-words.ts';
import { int64 } from './stated-number.ts';

const service = 'enterpriseportal.codyaccess.v1.CodyAccessService';
/** What reading needs. */
const scope = 'enterprise_portal::codyaccess::read enterprise_portal::subscription::read';
const findTimeoutMs = 5_000;
const listTimeoutMs = 60_000;
const findBytesMax = 256 * 1024;
const listBytesMax = 128 * 1024 * 1024;
const pagesMax = 1_000;
/** The longest duration that protobuf has: ten thousand years. */
const secondsMax = 315_576_000_000;

/** Where and as whom to ask. */
export interface PortalSettings {
  readonly url: string;
  readonly accountsUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly userAgent: string;
  readonly now: () => number;
}

/** Protobuf's JSON: 64-bit integers as text, durations as seconds with an s, zero left out. */
const limitSchema = v.nullish(
  v.object({
    limit: v.optional(int64, 0),
    intervalDuration: v.optional(
      v.pipe(
        v.string(),
        v.regex(/^\d+(\.\d+)?s$/),
        v.transform((text) => Math.trunc(Number(text.slice(0, -1)))),
        v.maxValue(secondsMax),
      ),
      '0s',
    ),
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
/** Codes of Connect with which an access token is turned down. */
const unaccepted: ReadonlySet<unknown> = new Set(['unauthenticated', 'permission_denied']);

/** Product subscriptions of Enterprise Portal. */
export function portalSubscriptions(settings: PortalSettings): AccessSource {
  const credentials = clientCredentials({ ...settings, scope });
  /**
   * @param secret what the request contains and no message may repeat.
   * @returns the message; null where the portal definitely has none
   */
  const call = async (method: string, request: object, secret: string, signal?: AbortSignal): Promise<unknown> => {
    const lists = signal !== undefined;
    let secrets = [secret, settings.clientSecret];
    const answer = await told(
      credentials.use(
        (token) => {
          secrets = [secret, settings.clientSecret, token];
          return fetchJson({
            url: `${settings.url}/${service}/${method}`,
            headers: {
              authorization: `Bearer ${token}`,
              'connect-protocol-version': '1',
              'user-agent': settings.userAgent,
            },
            body: JSON.stringify(request),
            timeoutMs: lists ? listTimeoutMs : findTimeoutMs,
            answerBytesMax: lists ? listBytesMax : findBytesMax,
            exactNumbers: true,
            ...(lists && { signal }),
          });
        },
        // The portal says permission_denied of an expired token, and unauthenticated only where no token came.
        (unchecked) => unaccepted.has(faultOf(unchecked).code) || unchecked.status === 401,
      ),
    );
    // Null means that it definitely does not exist, and an empty body does not say that.
    if (answer.status === 200) return answer.body ?? undefined;
    const { code, message } = faultOf(answer);
    if (answer.status === 404 && code === 'not_found' && !lists) return null;
    const what = typeof code === 'string' ? sourceWords(code, secrets) : `unexpected status ${answer.status}`;
    throw unavailable(withWords(what, sourceWords(message, secrets)));
  };
  const get = async (query: object, secret: string): Promise<Statement | null> => {
    const answer = await call('GetCodyGatewayAccess', query, secret);
    return answer === null ? null : statementOf(read(findSchema, answer).access);
  };
  return {
    origin: 'portal',
    takes: 'dotcom-product-subscriptions',
    find: (known) => get({ accessToken: known.reveal() }, known.reveal()),
    findById: (id) => get({ subscriptionId: `es_${id}` }, ''),
    list: (signal) => list((method, request) => call(method, request, '', signal)),
  };
}

/** Connect's members of an error; undefined where the answer has none. */
function faultOf({ body }: JsonAnswer): { readonly code?: unknown; readonly message?: unknown } {
  return typeof body === 'object' && body !== null ? body : {};
}

/** The first page as the original asks for it, without size or token: the server answers it with all there are. */
async function* list(call: (method: string, request: object) => Promise<unknown>): AsyncGenerator<Page> {
  let pageToken = '';
  for (let page = 0; page < pagesMax; page++) {
    const { accesses, nextPageToken } = read(
      listSchema,
      await call('ListCodyGatewayAccesses', pageToken === '' ? {} : { pageToken }),
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
  const stated = {
    chat_completions: access.chatCompletionsRateLimit,
    code_completions: access.codeCompletionsRateLimit,
    embeddings: access.embeddingsRateLimit,
  } satisfies Record<SubscribedFeature, unknown>;
  return {
    source: 'dotcom-product-subscriptions',
    id: bareId(subscriptionId),
    name: subscriptionDisplayName === '' ? subscriptionId : subscriptionDisplayName,
    accessEnabled: enabled,
    archived: false,
    tags: [],
    limits: {
      chat_completions: limitOf(stated.chat_completions),
      code_completions: limitOf(stated.code_completions),
      embeddings: limitOf(stated.embeddings),
    },
    unreadableLimits: features.filter((feature) => stated[feature]?.limit === null),
    tokenHashes: tokens.map(({ token }) => hashToken(token)),
  };
}

/** The portal states no models: all that the gateway serves. */
function limitOf(stated: v.InferOutput<typeof limitSchema>): StatedLimit | null {
  if (stated === null || stated === undefined || stated.limit === null) return null;
  const { limit, intervalDuration: intervalSeconds } = stated;
  return intervalSeconds > 0 ? { limit, intervalSeconds, allowedModels: ['*'] } : null;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function bareId(subscriptionId: string): string {
  return subscriptionId.replace(/^es_/, '').toLowerCase();
}

/** Failures of the way in the words of this source. */
async function told<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof FetchFailed || error instanceof NoAccessToken) throw unavailable(error.message, error);
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
