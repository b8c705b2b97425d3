// A stand-in for Enterprise Portal's CodyAccessService over Connect, and for the accounts server whose tokens it
// takes. It answers and refuses as the published server does (sourcegraph-public-snapshot:
// cmd/enterprise-portal/internal/codyaccessservice/v1.go at 047187c6, internal/samsm2m/samsm2m.go at 79184dea).

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { fromJson, toJson, type DescMessage, type JsonObject, type JsonValue, type Message } from '@bufbuild/protobuf';
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { bearerOf, createAccounts, type LocalAccounts } from './accounts.ts';
import { codyAccessService, responseOf } from './connect-services.ts';
import { listen } from '../process/port.ts';
import { textOf } from '../google/request-text.ts';

const requestBytesMax = 64 * 1024;
const readScope = 'enterprise_portal::codyaccess::read';
const otherScope = 'enterprise_portal::subscription::read';

/** `CodyGatewayAccess` in protobuf's JSON. */
export interface PortalAccess {
  readonly subscriptionId: string;
  readonly subscriptionDisplayName?: string;
  readonly enabled?: boolean;
  readonly chatCompletionsRateLimit?: PortalLimit;
  readonly codeCompletionsRateLimit?: PortalLimit;
  readonly embeddingsRateLimit?: PortalLimit;
  readonly accessTokens: readonly { readonly token: string }[];
}

/** A limit of it. */
export interface PortalLimit {
  readonly source: string;
  readonly limit: string;
  readonly intervalDuration: string;
}

/** A running stand-in. */
export interface LocalPortal extends Pick<LocalAccounts, 'clientId' | 'clientSecret' | 'expireTokens'> {
  readonly url: string;
  /** Those that are listed: an archived subscription is not among them. */
  readonly accesses: PortalAccess[];
  /** Methods that were called, `token` for the accounts server. */
  readonly called: string[];
  readonly accounts: LocalAccounts;
  /** Answers the next call of a method with this status and body instead: what the real one never says. */
  answerNext(method: string, status: number, body: string): void;
  close(): Promise<void>;
}

/** Starts both on one free port. */
export async function startPortal(): Promise<LocalPortal> {
  const accounts = createAccounts('local-client', 'local-client-secret', [readScope, otherScope]);
  const accesses: PortalAccess[] = [];
  const called: string[] = [];
  const instead: { readonly method: string; readonly status: number; readonly body: string }[] = [];
  const answers: Readonly<Record<string, (request: JsonObject) => object>> = {
    GetCodyGatewayAccess: (request) => ({ access: accessFor(request, accesses) }),
    ListCodyGatewayAccesses: ({ pageSize, pageToken }) => {
      if (pageSize !== undefined || pageToken !== undefined)
        throw new ConnectError('pagination not implemented', Code.Unimplemented);
      return { accesses };
    },
  };
  const routes = (router: ConnectRouter): void => {
    for (const method of codyAccessService.methods) {
      const answer = answers[method.name];
      if (answer === undefined) throw new Error(`the stand-in has no ${method.name}`);
      router.rpc(
        method as never,
        ((request: Message, { requestHeader }: HandlerContext) => {
          called.push(method.name);
          requireScope(requestHeader.get('authorization'), accounts);
          return written(method.output, answer(toJson(method.input, request) as JsonObject));
        }) as never,
      );
    }
  };
  const others = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url !== '/oauth/token') return void response.writeHead(404).end('404 page not found\n');
    called.push('token');
    textOf(request, requestBytesMax).then(
      (text) => {
        const { status, body } = accounts.grant(new URLSearchParams(text));
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      },
      () => response.destroy(),
    );
  };
  const connect = connectNodeAdapter({ routes, fallback: others as never });
  const server = createServer((request, response) => {
    const at = instead.findIndex(({ method }) => request.url === `/${codyAccessService.typeName}/${method}`);
    const [answer] = at === -1 ? [] : instead.splice(at, 1);
    if (answer === undefined) return connect(request, response);
    request.resume();
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
  });
  const port = await listen(server);
  const { clientId, clientSecret, expireTokens } = accounts;
  return {
    url: `http://127.0.0.1:${port}`,
    clientId,
    clientSecret,
    expireTokens,
    accesses,
    called,
    accounts,
    answerNext: (method, status, body) => {
      responseOf(codyAccessService, method);
      instead.push({ method, status, body });
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A client's own token with the scope, or the code and words with which the portal turns it down. */
function requireScope(header: string | null, { tokens }: LocalAccounts): void {
  if (header === null) throw new ConnectError('no authorization header', Code.Unauthenticated);
  const bearer = bearerOf(header);
  if (bearer === null) throw new ConnectError('invalid authorization header', Code.Unauthenticated);
  const granted = tokens.get(bearer);
  if (granted === undefined) throw new ConnectError('permission denied', Code.PermissionDenied);
  if (!granted.scopes.includes(readScope)) throw new ConnectError('insufficient scope', Code.PermissionDenied);
}

function accessFor({ subscriptionId, accessToken }: JsonObject, accesses: readonly PortalAccess[]): PortalAccess {
  if (subscriptionId === '') throw new ConnectError('invalid query: subscription ID', Code.InvalidArgument);
  if (accessToken === '') throw new ConnectError('invalid query: access token', Code.InvalidArgument);
  if (subscriptionId === undefined && accessToken === undefined)
    throw new ConnectError('invalid query', Code.InvalidArgument);
  const bare = (id: unknown): string => String(id).replace(/^es_/, '');
  const found = accesses.find((access) =>
    subscriptionId === undefined
      ? access.accessTokens.some(({ token }) => token === accessToken)
      : bare(access.subscriptionId) === bare(subscriptionId),
  );
  if (found === undefined) throw new ConnectError('subscription not found', Code.NotFound);
  return found;
}

/** The message of a JSON form. @throws Error for what the message has no room for */
function written(message: DescMessage, json: object): Message {
  return fromJson(message, json as JsonValue);
}
