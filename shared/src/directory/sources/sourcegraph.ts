// Sourcegraph.com's GraphQL as a source of access: product subscriptions by licence token or as a list, users by their own token. Spec clients §4.1.

import * as v from 'valibot';
import { fetchJson, FetchFailed } from '../../http/http.ts';
import type { StatedLimit } from '../limits.ts';
import { hashToken } from '../token.ts';
import { SourceUnavailable, type AccessSource, type Page, type Statement } from './access-source.ts';

/** A caller waits for it. */
const findTimeoutMs = 5_000;
/** One page may hold every subscription; nobody waits but the sync. */
const listTimeoutMs = 60_000;
/** One actor takes about a kilobyte. */
const findBytesMax = 256 * 1024;
/** Some 80,000 subscriptions. */
const listBytesMax = 128 * 1024 * 1024;
/** More pages than that are a source that turns in circles. */
const pagesMax = 1_000;

/** Where and as whom to ask. */
export interface SourcegraphSettings {
  readonly url: string;
  /** Of a service account that may read. */
  readonly token: string;
  readonly clientId: string | null;
  readonly userAgent: string;
}

const limit = '{ allowedModels source limit intervalSeconds }';
const access = `codyGatewayAccess {
  enabled chatCompletionsRateLimit ${limit} codeCompletionsRateLimit ${limit} embeddingsRateLimit ${limit}
}`;
const subscription = `id uuid account { username } isArchived ${access} activeLicense { info { tags } }`;

const queries = {
  CheckAccessToken: `query CheckAccessToken($token: String!) {
  dotcom { productSubscriptionByAccessToken(accessToken: $token) { ${subscription} } }
}`,
  CheckDotcomUserAccessToken: `query CheckDotcomUserAccessToken($token: String!) {
  dotcom { codyGatewayDotcomUserByToken(token: $token) { id username ${access} } }
}`,
  // The first page as the original asks for it, without arguments: Sourcegraph.com answers it with all there are.
  ListProductSubscriptions: `query ListProductSubscriptions {
  dotcom { productSubscriptions { totalCount pageInfo { endCursor hasNextPage } nodes { ${subscription} sourcegraphAccessTokens } } }
}`,
  ListProductSubscriptionsAfter: `query ListProductSubscriptionsAfter($after: String!) {
  dotcom { productSubscriptions(after: $after) { totalCount pageInfo { endCursor hasNextPage } nodes { ${subscription} sourcegraphAccessTokens } } }
}`,
} as const;

/** GraphQL's BigInt comes as text or as a number. */
const bigInt = v.pipe(v.union([v.string(), v.number()]), v.transform(Number), v.number(), v.integer());
const limitSchema = v.nullish(
  v.object({ allowedModels: v.array(v.string()), limit: bigInt, intervalSeconds: v.pipe(v.number(), v.integer()) }),
);
const accessSchema = v.object({
  enabled: v.boolean(),
  chatCompletionsRateLimit: limitSchema,
  codeCompletionsRateLimit: limitSchema,
  embeddingsRateLimit: limitSchema,
});
const subscriptionSchema = v.object({
  uuid: v.pipe(v.string(), v.nonEmpty()),
  account: v.nullish(v.object({ username: v.string() })),
  isArchived: v.boolean(),
  codyGatewayAccess: accessSchema,
  activeLicense: v.nullish(v.object({ info: v.nullish(v.object({ tags: v.array(v.string()) })) })),
  sourcegraphAccessTokens: v.nullish(v.array(v.string())),
});
const userSchema = v.object({ id: v.string(), username: v.string(), codyGatewayAccess: v.nullish(accessSchema) });
const listSchema = v.object({
  pageInfo: v.object({ endCursor: v.nullish(v.string()), hasNextPage: v.boolean() }),
  nodes: v.array(v.unknown()),
});
const errorsSchema = v.object({
  errors: v.array(v.object({ extensions: v.optional(v.object({ code: v.optional(v.string()) })) })),
});

/** Product subscriptions of Sourcegraph.com. */
export function sourcegraphSubscriptions(settings: SourcegraphSettings): AccessSource {
  return {
    origin: 'sourcegraph',
    takes: 'dotcom-product-subscriptions',
    find: async (token) => {
      const answer = await ask(settings, 'CheckAccessToken', { token: token.reveal() });
      if (answer === null) return null;
      const found = member(answer, 'productSubscriptionByAccessToken');
      return found === null ? null : subscriptionStatement(read(subscriptionSchema, found));
    },
    list: (signal) => listSubscriptions(settings, signal),
  };
}

/** Users of Sourcegraph.com, by their own token alone. */
export function sourcegraphUsers(settings: SourcegraphSettings): AccessSource {
  return {
    origin: 'sourcegraph',
    takes: 'dotcom-user',
    find: async (token) => {
      const answer = await ask(settings, 'CheckDotcomUserAccessToken', { token: token.reveal() });
      if (answer === null) return null;
      const found = member(answer, 'codyGatewayDotcomUserByToken');
      return found === null ? null : userStatement(read(userSchema, found));
    },
    list: null,
  };
}

async function* listSubscriptions(settings: SourcegraphSettings, signal: AbortSignal): AsyncGenerator<Page> {
  let after: string | null = null;
  for (let page = 0; page < pagesMax; page++) {
    const answer: unknown =
      after === null
        ? await ask(settings, 'ListProductSubscriptions', {}, signal)
        : await ask(settings, 'ListProductSubscriptionsAfter', { after }, signal);
    const { pageInfo, nodes } = read(listSchema, answer === null ? null : member(answer, 'productSubscriptions'));
    yield readNodes(nodes);
    if (!pageInfo.hasNextPage) return;
    const next: string | null = pageInfo.endCursor ?? null;
    if (next === null || next === after)
      throw new SourceUnavailable('Sourcegraph.com says that its list goes on, but not where');
    after = next;
  }
  throw new SourceUnavailable(`Sourcegraph.com’s list does not end within ${pagesMax} pages`);
}

/** One record of another shape must not stop the others. */
function readNodes(nodes: readonly unknown[]): Page {
  const statements: Statement[] = [];
  const unreadable: string[] = [];
  for (const node of nodes) {
    const result = v.safeParse(subscriptionSchema, node);
    if (result.success) statements.push(subscriptionStatement(result.output));
    else {
      const uuid = (node as { uuid?: unknown } | null)?.uuid;
      unreadable.push(typeof uuid === 'string' ? uuid.toLowerCase() : '');
    }
  }
  return { statements, unreadable };
}

function subscriptionStatement(node: v.InferOutput<typeof subscriptionSchema>): Statement {
  const { uuid, account, isArchived, codyGatewayAccess, activeLicense, sourcegraphAccessTokens } = node;
  const tags = activeLicense?.info?.tags ?? [];
  const customer = tags.find((tag) => tag.startsWith('customer:'))?.slice('customer:'.length);
  return {
    source: 'dotcom-product-subscriptions',
    id: uuid.toLowerCase(),
    name: customer ?? account?.username ?? uuid,
    // Without an active licence there is no access, whatever the switch says (spec clients §4.1).
    accessEnabled: codyGatewayAccess.enabled && activeLicense !== null && activeLicense !== undefined,
    archived: isArchived,
    tags,
    limits: limitsOf(codyGatewayAccess),
    tokenHashes: sourcegraphAccessTokens?.map(hashToken) ?? null,
  };
}

function userStatement({ id, username, codyGatewayAccess }: v.InferOutput<typeof userSchema>): Statement {
  const number = /^User:(\d+)$/.exec(Buffer.from(id, 'base64').toString('utf8'))?.[1] ?? '';
  return {
    source: 'dotcom-user',
    id: number,
    name: username,
    accessEnabled: number !== '' && (codyGatewayAccess?.enabled ?? false),
    archived: false,
    tags: [],
    limits: limitsOf(codyGatewayAccess),
    tokenHashes: null,
  };
}

function limitsOf(stated: v.InferOutput<typeof accessSchema> | null | undefined): Statement['limits'] {
  const one = (found: StatedLimit | null | undefined): StatedLimit | null =>
    found === null || found === undefined
      ? null
      : { limit: found.limit, intervalSeconds: found.intervalSeconds, allowedModels: found.allowedModels };
  return {
    chat_completions: one(stated?.chatCompletionsRateLimit),
    code_completions: one(stated?.codeCompletionsRateLimit),
    embeddings: one(stated?.embeddingsRateLimit),
  };
}

/** What stands below `dotcom`; null when Sourcegraph.com says that it knows no such token. @throws SourceUnavailable */
async function ask(
  { url, token, clientId, userAgent }: SourcegraphSettings,
  operation: keyof typeof queries,
  variables: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<unknown> {
  const lists = signal !== undefined;
  const answer = await fetchJson({
    url: `${url}?${operation}`,
    headers: {
      authorization: `token ${token}`,
      'user-agent': userAgent,
      ...(clientId !== null && { 'x-sourcegraph-client-id': clientId }),
    },
    body: JSON.stringify({ operationName: operation, query: queries[operation], variables }),
    timeoutMs: lists ? listTimeoutMs : findTimeoutMs,
    answerBytesMax: lists ? listBytesMax : findBytesMax,
    ...(lists && { signal }),
  }).catch((error: unknown) => {
    if (error instanceof FetchFailed) throw unavailable(error.message, error);
    throw error;
  });
  const errors = v.safeParse(errorsSchema, answer.body);
  if (errors.success) {
    const codes = errors.output.errors.map(({ extensions }) => extensions?.code);
    if (codes.some((code) => code === 'ErrDotcomUserNotFound' || code === 'ErrProductSubscriptionNotFound'))
      return null;
    throw unavailable(`an error${codes[0] === undefined ? '' : ` ${codes[0].slice(0, 100)}`}`);
  }
  if (answer.status !== 200) throw unavailable(`unexpected status ${answer.status}`);
  if (answer.body === undefined) throw unavailable('an answer that is no JSON');
  return member(member(answer.body, 'data'), 'dotcom') ?? throwShape();
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !(name in value)) throw unavailable(`an answer without ${name}`);
  return (value as Record<string, unknown>)[name];
}

function throwShape(): never {
  throw unavailable('an answer of another shape');
}

function read<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  return result.success ? result.output : throwShape();
}

function unavailable(what: string, cause?: unknown): SourceUnavailable {
  return new SourceUnavailable(`Sourcegraph.com: ${what}`, { cause });
}
