// The load balancer of the local cloud: one address, the same routes as the URL map, everything else of a request
// untouched.

import http, { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { FunctionFile } from '../functions/function-files.ts';
import { listen } from './process/port.ts';

/** What the functions know as the load balancer's. */
export const routerAddress = '127.0.0.1';

/** Google’s. Node’s five seconds may pass while a busy caller has not read the answer yet. */
const keepAliveMs = 610_000;

/** A function and where it runs. */
export interface Target {
  readonly file: FunctionFile;
  readonly url: string;
}

/** A running router. */
export interface LocalRouter {
  readonly url: string;
  close(): Promise<void>;
}

/** @param targets may still grow while it runs. @throws Error that names a port which is taken */
export async function startRouter({
  port = 0,
  targets,
}: {
  port?: number;
  targets: readonly Target[];
}): Promise<LocalRouter> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1_000 });
  const server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    const target = chooseTarget(targets, {
      url: request.url ?? '/',
      method: request.method ?? 'GET',
      feature: request.headers['x-sourcegraph-feature'],
    });
    if (target === null) unavailable(response, 'the local cloud has no function for this path, or none yet');
    else forward(agent, target, request, response);
  });
  const bound = await listen(server, port);
  return {
    url: `http://localhost:${bound}`,
    close: async () => {
      server.closeAllConnections();
      agent.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What a request is routed by. */
export interface RoutedBy {
  readonly url: string;
  readonly method?: string;
  readonly feature?: string | string[] | undefined;
}

/**
 * The function that a request belongs to: exact paths before prefixes, a route that names the request's feature before
 * one that names none, one that takes its method before one that does not. A path whose features or methods don't match
 * still belongs to its function, the first by name, which explains itself. Null where nothing matches and no function
 * is the default.
 */
export function chooseTarget(targets: readonly Target[], { url, method, feature }: RoutedBy): Target | null {
  const path = url.split('?', 1)[0] ?? '/';
  const wanted = typeof feature === 'string' ? feature.trim() : undefined;
  let best: { target: Target; rank: number } | null = null;
  // They may have come in any order: the first that was ready.
  for (const target of targets.toSorted((a, b) => (a.file.name < b.file.name ? -1 : 1))) {
    if (target.file.trigger !== 'http') continue;
    for (const route of target.file.routes) {
      const prefix = route.path.endsWith('*');
      if (prefix ? !path.startsWith(route.path.slice(0, -1)) : path !== route.path) continue;
      const rank =
        (prefix ? 0 : 1_000) +
        route.path.length +
        (route.feature === undefined ? 1 : route.feature === wanted ? 2 : 0) / 10 +
        (route.methods.some((one) => one === method) ? 0.01 : 0);
      if (best === null || rank > best.rank) best = { target, rank };
    }
  }
  return best?.target ?? targets.find(({ file }) => file.default === true) ?? null;
}

/**
 * Streams both ways; a caller that leaves ends the request behind, and a function that breaks off breaks the answer
 * off.
 */
function forward(agent: http.Agent, { url, file }: Target, request: IncomingMessage, response: ServerResponse): void {
  const client = request.socket.remoteAddress ?? '';
  const earlier = request.headers['x-forwarded-for'];
  const headers = {
    ...request.headers,
    'x-forwarded-for': `${earlier === undefined ? '' : `${String(earlier)}, `}${client}, ${routerAddress}`,
    // Over whatever a caller wrote.
    'x-gateway-load-balancer': routerAddress,
  };
  const { hostname, port } = new URL(url);
  let answered = false;
  const outgoing = http.request(
    { hostname, port, agent, method: request.method, path: request.url, headers },
    (answer) => {
      answered = true;
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.headers);
      answer.on('error', () => response.destroy());
      answer.once('close', () => {
        if (!answer.complete) response.destroy();
      });
      // What a caller still sends to a function that has answered is thrown away: unread, it would hold up the caller.
      answer.once('end', () => {
        if (request.complete) return;
        request.unpipe(outgoing).resume();
        outgoing.destroy();
      });
      answer.pipe(response);
      response.flushHeaders();
    },
  );
  response.once('close', () => {
    if (!response.writableFinished) outgoing.destroy();
  });
  outgoing.on('error', ({ message }) => {
    // A function may answer before it has read the whole body: the answer stands, and its own end says whether it is
    // whole.
    if (!answered) unavailable(response, `the local cloud cannot reach the function ${file.name}: ${message}`);
  });
  request.pipe(outgoing);
}

function unavailable(response: ServerResponse, why: string): void {
  response.writeHead(503, { 'content-type': 'text/plain', 'retry-after': '5' }).end(`${why}\n`);
}
