// One request from opening its scope to its log line: finds the route, runs it, turns whatever was thrown into an
// answer. Not what a route does.

import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  answer,
  asRefusal,
  receive,
  Refusal,
  refuse,
  type Dialect,
  type Received,
  type RefusalKind,
} from '../http/http.ts';
import type { Scope } from '../telemetry/telemetry.ts';
import type { Context } from './context.ts';
import { crossOriginHeaders } from './cross-origin.ts';
import type { Exchange, Route } from './exchange.ts';
import { callerOf } from './identify.ts';
import { closeScope } from './log-line.ts';
import { createRouting } from './routing.ts';
import { createTiming, type Timing } from './timing.ts';
import { dialectOf, methodsAt, unservedRoute } from './unserved.ts';

/** What a process has of its requests. */
export interface RequestHandler {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Resolves when no request is running. */
  readonly idle: () => Promise<void>;
}

/** Where each dialect's client looks for the id of a request. */
const requestIdHeader: Readonly<Record<Exclude<Dialect, 'cody'>, string>> = {
  openai: 'x-request-id',
  'openai-responses': 'x-request-id',
  anthropic: 'request-id',
  google: 'x-request-id',
};

/** Refusals that a change at the actor's source could lift; not those that pass by themselves. */
const refreshedAfter: ReadonlySet<RefusalKind> = new Set([
  'quota-exceeded',
  'budget-exceeded',
  'feature-access',
  'banned',
]);

/** Makes the handler of a function. It never rejects. */
export function createHandler(context: Context, routes: readonly Route[]): RequestHandler {
  const routing = createRouting(routes);
  const running = new Set<Promise<void>>();
  const run = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const timing = createTiming(() => performance.now());
    const inFlight = running.size + 1;
    const received = receive(request, response);
    const { routes: known, named } = routing(received.path);
    const isOffered = ({ offered }: Route): boolean => offered === undefined || offered(context);
    // A home that an operator added lately may offer this path: look for newer rows before saying no.
    if (!known.every(isOffered)) await context.catalogue.current(Date.now());
    const candidates = known.filter(isOffered);
    const methods = methodsAt(received.path, candidates);
    const route =
      candidates.find(({ method }) => answersTo(method, received.method, methods)) ??
      unservedRoute(received, candidates);
    const scope = context.telemetry.open(received.headers, request.url, route.path);
    Object.assign(received.replyHeaders, scope.headers);
    Object.assign(received.replyHeaders, crossOriginHeaders(received, context.config.corsOrigins, methods));
    const dialect = dialectOf(route, received.headers);
    // The official SDKs show it with every error; a provider's own takes its place.
    if (dialect !== 'cody') received.replyHeaders[requestIdHeader[dialect]] = scope.traceId;
    try {
      const json: Exchange['json'] = (status, value, headers = {}) => {
        received.replyHeaders['server-timing'] = timing.header();
        answer(received, status, { 'content-type': 'application/json', ...headers }, `${JSON.stringify(value)}\n`);
      };
      await route.handle({ context, received, scope, timing, dialect, named, budget: context.budget(), json });
    } catch (thrown) {
      // Its plan may have been upgraded since its source was last asked.
      if (thrown instanceof Refusal && refreshedAfter.has(thrown.kind))
        context.auth.refreshSoon(callerOf({ context, received, dialect }));
      await fail(thrown, received, scope, timing, dialect);
    } finally {
      closeScope(received, scope, { timing, inFlight, proxies: context.config });
    }
  };
  return {
    handle: (request, response) => {
      const work = run(request, response).finally(() => running.delete(work));
      running.add(work);
      return work;
    },
    idle: async () => {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}

/**
 * HEAD is served where GET is (RFC 9110 §9.3.2): Node drops the body. A route for `*` beside others refuses what they
 * do not take, but not OPTIONS: a browser asks that first, and shows its page no answer whose preflight was refused.
 */
function answersTo(offered: string, asked: string, methods: string): boolean {
  if (offered === '*') return asked !== 'OPTIONS' || methods === '*';
  return offered === asked || (offered === 'GET' && asked === 'HEAD');
}

async function fail(
  thrown: unknown,
  received: Received,
  scope: Scope,
  timing: Timing,
  dialect: Dialect,
): Promise<void> {
  const { response, replyHeaders, callerLeft } = received;
  if (callerLeft.aborted) return;
  const refusal = asRefusal(thrown);
  scope.annotate({ refusal: refusal.kind, ...(refusal.detail !== null && { detail: refusal.detail }) });
  const status = refusal.status(dialect);
  if (refusal.failure) {
    scope.log('ERROR', refusal.message, { refusal: refusal.kind }, refusal.cause ?? refusal);
    await scope.reportErrors(status);
  } else if (status >= 500) {
    scope.expectFailure();
    scope.annotate({ detail: refusal.detail ?? refusal.message });
  }
  if (response.headersSent) return void response.destroy();
  replyHeaders['server-timing'] = timing.header();
  refuse(received, refusal, dialect, scope.traceId);
}
