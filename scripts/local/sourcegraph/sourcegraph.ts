// A stand-in for Sourcegraph.com's GraphQL: subscriptions, users and attribution searches as programmed, for the
// service account's token alone. What the published schema does not allow it refuses.

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../process/port.ts';
import { textOf } from '../google/request-text.ts';
import { checkRequest, type CheckedRequest } from './sourcegraph-schema.ts';

const requestBytesMax = 1024 * 1024;

/** One feature's limit, as GraphQL says it: BigInt as text. */
export interface SourcegraphLimit {
  readonly allowedModels: readonly string[];
  readonly source: 'OVERRIDE' | 'PLAN';
  readonly limit: string | number;
  readonly intervalSeconds: number;
}

/** `codyGatewayAccess`. */
export interface SourcegraphAccess {
  readonly enabled: boolean;
  readonly chatCompletionsRateLimit: SourcegraphLimit | null;
  readonly codeCompletionsRateLimit: SourcegraphLimit | null;
  readonly embeddingsRateLimit: SourcegraphLimit | null;
}

/** A product subscription; `tokens` are those of its licences. */
export interface SourcegraphSubscription {
  readonly uuid: string;
  readonly username: string;
  readonly isArchived: boolean;
  readonly access: SourcegraphAccess;
  /** Null: no active licence. */
  readonly tags: readonly string[] | null;
  readonly tokens: readonly string[];
}

/** A user; `id` is a relay id such as `VXNlcjoxMA==`. */
export interface SourcegraphUser {
  readonly id: string;
  readonly username: string;
  readonly access: SourcegraphAccess;
}

/** What can be asked. */
export type Operation =
  | 'CheckAccessToken'
  | 'CheckDotcomUserAccessToken'
  | 'ListProductSubscriptions'
  | 'ListProductSubscriptionsFirst'
  | 'SnippetAttribution';

/** A running stand-in. */
export interface LocalSourcegraph {
  readonly url: string;
  readonly token: string;
  /** What was asked, in order. */
  readonly asked: { readonly operation: Operation; readonly headers: IncomingMessage['headers'] }[];
  /** Why requests were refused that the schema does not allow, in order. */
  readonly refused: readonly string[];
  /** Product subscriptions by UUID. */
  readonly subscriptions: Map<string, SourcegraphSubscription>;
  /** UUIDs that lists lack, although each is found by its token: a list that is not what it says. */
  readonly unlisted: Set<string>;
  /** Users by their `sgd_` token. */
  readonly users: Map<string, SourcegraphUser>;
  /** Subscriptions that come without being asked for a number; null: all, as Sourcegraph.com does. */
  pageSize: number | null;
  /** Variables of the searches that came, in order. */
  readonly searches: { readonly snippet: string; readonly first: number }[];
  /** What the next searches find. */
  found: { totalCount: number; limitHit: boolean; names: readonly string[] };
  /** While not null, every request is answered with this status. */
  outage: number | null;
  /** Answers the next request of an operation with this status and body instead. */
  failNext(operation: Operation, status: number, body?: string): void;
  close(): Promise<void>;
}

/** A limit with the usual day. */
export function sourcegraphLimit(limit: number, intervalSeconds = 86_400, allowedModels = ['*']): SourcegraphLimit {
  return { allowedModels, source: 'PLAN', limit: String(limit), intervalSeconds };
}

/** Access to chat, and to what else is named. */
export function sourcegraphAccess(limits: Partial<Omit<SourcegraphAccess, 'enabled'>> = {}): SourcegraphAccess {
  return {
    enabled: true,
    chatCompletionsRateLimit: sourcegraphLimit(500),
    codeCompletionsRateLimit: sourcegraphLimit(10_000),
    embeddingsRateLimit: sourcegraphLimit(6_666_666),
    ...limits,
  };
}

/** The relay id of a user number. */
export function relayId(user: number): string {
  return Buffer.from(`User:${user}`).toString('base64');
}

/** Starts it on a free port. */
export async function startSourcegraph(): Promise<LocalSourcegraph> {
  const token = 'local-service-account';
  const failures: { operation: Operation; status: number; body: string }[] = [];
  const state: Pick<LocalSourcegraph, 'pageSize' | 'found' | 'outage'> = {
    pageSize: null,
    found: { totalCount: 1, limitHit: true, names: ['github.com/a/b'] },
    outage: null,
  };
  const local = {
    asked: [],
    refused: [],
    subscriptions: new Map(),
    unlisted: new Set(),
    users: new Map(),
    searches: [],
  } as Pick<LocalSourcegraph, 'asked' | 'subscriptions' | 'unlisted' | 'users' | 'searches'> & {
    readonly refused: string[];
  };
  const answers: Record<Operation, (variables: CheckedRequest['variables']) => object> = {
    CheckAccessToken: ({ token: asked }) => {
      const found = [...local.subscriptions.values()].find(({ tokens }) => tokens.includes(String(asked)));
      if (found === undefined) return notFound('ErrProductSubscriptionNotFound');
      return { data: { dotcom: { productSubscriptionByAccessToken: nodeOf(found) } } };
    },
    CheckDotcomUserAccessToken: ({ token: asked }) => {
      const found = local.users.get(String(asked));
      if (found === undefined) return notFound('ErrDotcomUserNotFound');
      const { id, username, access } = found;
      return { data: { dotcom: { codyGatewayDotcomUserByToken: { id, username, codyGatewayAccess: access } } } };
    },
    ListProductSubscriptions: () => page(state.pageSize),
    ListProductSubscriptionsFirst: ({ first }) => page(Number(first)),
    SnippetAttribution: (variables) => {
      local.searches.push(variables as unknown as LocalSourcegraph['searches'][number]);
      const { totalCount, limitHit, names } = state.found;
      const nodes = names.slice(0, Number(variables['first'])).map((repositoryName) => ({ repositoryName }));
      return { data: { snippetAttribution: { totalCount, limitHit, nodes } } };
    },
  };
  const page = (first: number | null): object => {
    const all = [...local.subscriptions.values()].filter(({ uuid }) => !local.unlisted.has(uuid));
    const shown = all.slice(0, first ?? all.length);
    const pageInfo = { endCursor: null, hasNextPage: shown.length < all.length };
    const nodes = shown.map((one) => ({ ...nodeOf(one), sourcegraphAccessTokens: one.tokens }));
    return { data: { dotcom: { productSubscriptions: { totalCount: all.length, pageInfo, nodes } } } };
  };
  const respond = (request: IncomingMessage, response: ServerResponse, body: string): void => {
    if (state.outage !== null) return void response.writeHead(state.outage).end('out of order');
    if (request.method !== 'POST') return void response.writeHead(405).end();
    if (request.headers.authorization !== `token ${token}`)
      return void response.writeHead(401).end('Invalid access token.');
    const json = (value: object): void =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const checked = checkRequest(parsed(body));
    // GraphQL says so with 200.
    if ('errors' in checked) {
      local.refused.push(...checked.errors.map(({ message }) => message));
      return json({ errors: checked.errors });
    }
    const operation = checked.operation as Operation;
    if (!(operation in answers)) return void response.writeHead(400).end('not programmed');
    local.asked.push({ operation, headers: request.headers });
    const failing = failures.findIndex((one) => one.operation === operation);
    if (failing !== -1) {
      const [failure] = failures.splice(failing, 1);
      return void response.writeHead(failure?.status ?? 500).end(failure?.body);
    }
    json(answers[operation](checked.variables));
  };
  const server = createServer((request, response) => {
    textOf(request, requestBytesMax).then(
      (body) => respond(request, response, body),
      () => response.destroy(),
    );
  });
  const port = await listen(server);
  return Object.assign(state, local, {
    url: `http://127.0.0.1:${port}/.api/graphql`,
    token,
    failNext: (operation: Operation, status: number, body = '') => void failures.push({ operation, status, body }),
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}

function nodeOf({ uuid, username, isArchived, access, tags }: SourcegraphSubscription): object {
  return {
    id: createHash('sha256').update(`ProductSubscription:${uuid}`).digest('base64url').slice(0, 16),
    uuid,
    account: { username },
    isArchived,
    codyGatewayAccess: access,
    activeLicense: tags === null ? null : { info: { tags } },
  };
}

/** GraphQL says so with 200. */
function notFound(code: string): object {
  return { errors: [{ message: 'not found', extensions: { code } }], data: { dotcom: null } };
}

/** Undefined for what is no JSON. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
