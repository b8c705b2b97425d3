// A stand-in for an authorization server's token introspection, in the three ways in which it can be asked: Connect
// (TokensService of Sourcegraph's accounts), and RFC 7662 with a bearer token or with client id and secret. Tokens and
// their scopes are as programmed.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { fromJson, toJson, type Message } from '@bufbuild/protobuf';
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { bearerOf, createAccounts, type LocalAccounts } from './accounts.ts';
import { tokensService } from './connect-services.ts';
import { listen } from '../process/port.ts';
import { textOf } from '../google/request-text.ts';

const requestBytesMax = 64 * 1024;

/** How it may be asked. */
export type IntrospectionWay = 'connect' | 'bearer' | 'basic';

/** A running stand-in. */
export interface LocalIntrospection {
  readonly url: string;
  /** Where the accounts server is that has the token endpoint. */
  readonly accountsUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly accounts: LocalAccounts;
  /** Scopes by token; a token that is not there is inactive. */
  readonly tokens: Map<string, string>;
  /** Tokens that are a person's. */
  readonly users: Set<string>;
  /** The ways that it knows; all at first. */
  readonly takes: Set<IntrospectionWay>;
  /** How it was asked, accepted or not, `token` for the token endpoint. */
  readonly asked: (IntrospectionWay | 'token')[];
  /** Answers the next look-up with this status instead. */
  failNext(status: number): void;
  close(): Promise<void>;
}

/** Starts it on a free port. */
export async function startIntrospection(): Promise<LocalIntrospection> {
  const accounts = createAccounts('gateway client', 'local:secret', ['openid']);
  const { clientId, clientSecret } = accounts;
  const tokens = new Map<string, string>();
  const users = new Set<string>();
  const takes = new Set<IntrospectionWay>(['connect', 'bearer', 'basic']);
  const asked: (IntrospectionWay | 'token')[] = [];
  const failures: number[] = [];
  const basic = `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')}`;
  const [method] = tokensService.methods;
  if (method === undefined) throw new Error('TokensService has no method');
  const routes = (router: ConnectRouter): void => {
    router.rpc(
      method as never,
      ((request: Message, { requestHeader }: HandlerContext) => {
        const bearer = bearerOf(requestHeader.get('authorization'));
        if (bearer === null) throw new ConnectError('no authorization header', Code.Unauthenticated);
        if (!accounts.tokens.has(bearer)) throw new ConnectError('permission denied', Code.PermissionDenied);
        const { token = '' } = toJson(method.input, request) as { readonly token?: string };
        const scope = tokens.get(token);
        const json =
          scope === undefined
            ? { active: false }
            : { active: true, scopes: scope.split(' '), ...(users.has(token) && { userId: 'a-person' }) };
        return fromJson(method.output, json);
      }) as never,
    );
  };
  const json = (response: ServerResponse, status: number, body: object): void =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const respond = (request: IncomingMessage, response: ServerResponse, form: URLSearchParams): void => {
    if (request.url === '/oauth/token') {
      asked.push('token');
      const { status, body } = accounts.grant(form);
      return json(response, status, body);
    }
    if (request.url !== '/oauth/introspect' || request.method !== 'POST') return void response.writeHead(404).end();
    const { authorization } = request.headers;
    const way: IntrospectionWay = /^basic /i.test(authorization ?? '') ? 'basic' : 'bearer';
    asked.push(way);
    const known = way === 'basic' ? authorization === basic : accounts.tokens.has(bearerOf(authorization) ?? '');
    if (!takes.has(way) || !known) return json(response, 401, { error: 'invalid_client' });
    const failure = failures.shift();
    if (failure !== undefined) return void response.writeHead(failure).end('not today');
    const scope = tokens.get(form.get('token') ?? '');
    json(response, 200, scope === undefined ? { active: false } : { active: true, scope });
  };
  const others = (request: IncomingMessage, response: ServerResponse): void =>
    void textOf(request, requestBytesMax).then(
      (text) => respond(request, response, new URLSearchParams(text)),
      () => response.destroy(),
    );
  const connect = connectNodeAdapter({ routes, fallback: others as never, requestPathPrefix: '/api/grpc' });
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/api/grpc/') !== true) return others(request, response);
    asked.push('connect');
    const failure = takes.has('connect') ? failures.shift() : 404;
    if (failure === undefined) return connect(request, response);
    request.resume();
    response.writeHead(failure).end('not here');
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}/oauth/introspect`,
    accountsUrl: `http://127.0.0.1:${port}`,
    clientId,
    clientSecret,
    accounts,
    tokens,
    users,
    takes,
    asked,
    failNext: (status) => void failures.push(status),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
