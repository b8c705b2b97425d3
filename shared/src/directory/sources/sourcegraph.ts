// Sourcegraph.com's GraphQL as a source of access: product subscriptions by licence token or as a list, users by their
// own token. Not what its records mean (sourcegraph-records.ts).

import * as v from 'valibot';
import { fetchJson, FetchFailed } from '../../http/http.ts';
import { SourceUnavailable, type AccessSource, type Page } from './access-source.ts';
import { sourceWords, withWords } from './source-words.ts';
import {
  readNodes,
  subscriptionSchema,
  subscriptionStatement,
  userSchema,
  userStatement,
} from './sourcegraph-records.ts';
import { int32 } from './stated-number.ts';

/** A caller waits for it. */
const findTimeoutMs = 5_000;
/** One page may hold every subscription; nobody waits but the sync. */
const listTimeoutMs = 60_000;
/** One actor takes about a kilobyte. */
const findBytesMax = 256 * 1024;
/** Some 80,000 subscriptions. */
const listBytesMax = 128 * 1024 * 1024;
/** A list that grows while it is asked for is asked for again so often. */
const wholeListsMax = 3;

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
  // Its pages have no cursor: where the first page is not all, as many are asked for as there are.
  ListProductSubscriptionsFirst: `query ListProductSubscriptionsFirst($first: Int!) {
  dotcom { productSubscriptions(first: $first) { totalCount pageInfo { endCursor hasNextPage } nodes { ${subscription} sourcegraphAccessTokens } } }
}`,
} as const;

const listSchema = v.object({
  totalCount: int32,
  pageInfo: v.object({ hasNextPage: v.boolean() }),
  nodes: v.array(v.unknown()),
});
const errorsSchema = v.object({
  errors: v.pipe(
    v.array(v.object({ message: v.unknown(), extensions: v.nullish(v.looseObject({ code: v.unknown() })) })),
    v.nonEmpty(),
  ),
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
    // Its list has archived subscriptions too, so one that is missing there is a fault of the list.
    findById: null,
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
    findById: null,
    list: null,
  };
}

/**
 * The start of the list, then the rest. An unreadable record is reported with the whole list alone: it may have no id
 * that would show that it was reported before.
 */
async function* listSubscriptions(settings: SourcegraphSettings, signal: AbortSignal): AsyncGenerator<Page> {
  const told = new Set<string>();
  let first: number | null = null;
  for (let lists = 0; lists <= wholeListsMax; lists++) {
    const answer: unknown =
      first === null
        ? await ask(settings, 'ListProductSubscriptions', {}, signal)
        : await ask(settings, 'ListProductSubscriptionsFirst', { first }, signal);
    const { totalCount, pageInfo, nodes } = read(
      listSchema,
      answer === null ? null : member(answer, 'productSubscriptions'),
    );
    const { statements, unreadable } = readNodes(nodes);
    const fresh = statements.filter(({ id }) => !told.has(id));
    for (const { id } of fresh) told.add(id);
    yield { statements: fresh, unreadable: pageInfo.hasNextPage ? [] : unreadable };
    if (!pageInfo.hasNextPage) return;
    if (totalCount <= (first ?? nodes.length))
      throw unavailable(`its list goes on after ${nodes.length}, but has no more than ${totalCount}`);
    first = totalCount;
  }
  throw unavailable(`its list is not whole after ${wholeListsMax} tries`);
}

/** What stands below `dotcom`; null when Sourcegraph.com says that it knows no such token. @throws SourceUnavailable */
async function ask(
  { url, token, clientId, userAgent }: SourcegraphSettings,
  operation: keyof typeof queries,
  variables: Readonly<Record<string, string | number>>,
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
    exactNumbers: true,
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
    const secrets = [token, ...Object.values(variables).filter((value) => typeof value === 'string')];
    const code = sourceWords(codes[0], secrets);
    const words = sourceWords(errors.output.errors[0]?.message, secrets);
    throw unavailable(withWords(code === '' ? 'an error' : `an error ${code}`, words));
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
