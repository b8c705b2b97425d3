// One request from opening its scope to its log line: finds the route, runs it, turns whatever was thrown into an answer. Not what a route does.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { AccessRefusal, callerAddress, callerToken, type Actor, type Caller } from '../auth/auth.ts';
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
import type { UsageEvent } from '../events/events.ts';
import type { Budget } from '../store/store.ts';
import { spanNames, type Scope } from '../telemetry/telemetry.ts';
import type { Context } from './context.ts';
import { accessEvent } from './event.ts';
import { closeScope } from './log-line.ts';
import { actorAttributes, eventAttributes } from './spans.ts';
import { createTiming, type Timing } from './timing.ts';

/** A path of a function. */
export interface Route {
  readonly method: string;
  /** Exact path, or `…/*` for every path with one more part. */
  readonly path: string;
  /** Whose error shape its callers read; where it depends on the request, a function of its headers. */
  readonly dialect: Dialect | ((headers: Received['headers']) => Dialect);
  handle(exchange: Exchange): Promise<void>;
}

/** A request under way. */
export interface Exchange {
  readonly context: Context;
  readonly received: Received;
  readonly scope: Scope;
  readonly timing: Timing;
  readonly dialect: Dialect;
  /** Redis waits of this request before its first byte. */
  readonly budget: Budget;
  /** Sends a JSON document. */
  json(status: number, value: unknown, headers?: Readonly<Record<string, string>>): void;
}

/** What a process has of its requests. */
export interface RequestHandler {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Resolves when no request is running. */
  readonly idle: () => Promise<void>;
}

/** Refusals that a change at the actor's source could lift (spec actors §1.7); not those that pass by themselves. */
const refreshedAfter: ReadonlySet<RefusalKind> = new Set(['quota-exceeded', 'feature-access', 'banned']);

/** Makes the handler of a function. It never rejects. */
export function createHandler(context: Context, routes: readonly Route[]): RequestHandler {
  const byPath = Map.groupBy(routes, ({ path }) => path);
  const running = new Set<Promise<void>>();
  const run = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const timing = createTiming(() => performance.now());
    const inFlight = running.size + 1;
    const received = receive(request, response);
    const candidates =
      byPath.get(received.path) ?? byPath.get(`${received.path.slice(0, received.path.lastIndexOf('/') + 1)}*`) ?? [];
    const route = candidates.find(({ method }) => method === received.method || method === '*');
    const scope = context.telemetry.open(received.headers, request.url, route?.path ?? 'unrouted');
    Object.assign(received.replyHeaders, scope.headers);
    const dialect = dialectOf(route ?? candidates[0], received);
    try {
      if (route === undefined) throw unrouted(received.path, candidates);
      const json: Exchange['json'] = (status, value, headers = {}) => {
        received.replyHeaders['server-timing'] = timing.header();
        answer(received, status, { 'content-type': 'application/json', ...headers }, `${JSON.stringify(value)}\n`);
      };
      await route.handle({ context, received, scope, timing, dialect, budget: context.budget(), json });
    } catch (thrown) {
      // What the caller has bought since its source was last asked may be what it lacks.
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
 * Who is calling: the token, looked up. A refusal that is an event of its own (spec actors §1.4) is noted before it is answered.
 * @param evenDisabled for what is open to subscriptions whose access is off.
 * @throws Refusal
 */
export async function identify(
  { context, received, scope, dialect, budget }: Exchange,
  evenDisabled = false,
): Promise<Actor> {
  try {
    const find = async (): Promise<Actor> =>
      context.auth.identify(callerOf({ context, received, dialect }), budget, evenDisabled);
    const actor = await scope.span(spanNames.identify, find, actorAttributes);
    scope.note({ actor: actor.id, source: actor.source });
    return actor;
  } catch (error) {
    if (error instanceof AccessRefusal && error.event !== null) {
      const { identity, name, stranger } = error.event;
      const event = accessEvent(context.config, error.event, scope);
      if (!stranger) await note({ context, scope, budget }, identity, name, event);
      else if (await context.strangers.note(identity, event))
        scope.mark(spanNames.event, () => eventAttributes(event, JSON.stringify(event)));
    }
    throw error;
  }
}

/** What a request says of who sends it. @throws Refusal malformed-authorization */
export function callerOf({ context, received, dialect }: Pick<Exchange, 'context' | 'received' | 'dialect'>): Caller {
  const { headers, request } = received;
  return {
    token: callerToken(headers, dialect),
    address: callerAddress(headers, request.socket.remoteAddress, context.config),
  };
}

/**
 * Writes an event that belongs to no lease; never throws. Whatever the caller is told stands all the same, and an event that Redis did not
 * take goes whole into the log, where it can be read back.
 */
export async function note(
  { context, scope, budget }: Pick<Exchange, 'context' | 'scope' | 'budget'>,
  identity: string,
  kind: string,
  event: UsageEvent,
): Promise<void> {
  try {
    const text = JSON.stringify(event);
    const posted = await context.limiter.note(identity, kind, event.event_id, text, event.count, budget);
    if (posted !== null) context.outbox.take(posted, text);
    scope.mark(spanNames.event, () => eventAttributes(event, text));
  } catch (error) {
    scope.log('ERROR', 'an event could not be written', { usage_event: event }, error);
  }
}

function dialectOf(route: Route | undefined, { headers }: Received): Dialect {
  if (route === undefined) return 'cody';
  return typeof route.dialect === 'function' ? route.dialect(headers) : route.dialect;
}

/** Below `/-/` the 404 is empty (spec actors §9). */
function unrouted(path: string, candidates: readonly Route[]): Refusal {
  if (candidates.length === 0) return new Refusal('not-found', path.startsWith('/-/') ? '' : '404 page not found');
  return new Refusal('method-not-allowed', 'method not allowed', {
    headers: { allow: candidates.map(({ method }) => method).join(', ') },
  });
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
  scope.note({ refusal: refusal.kind, ...(refusal.detail !== null && { detail: refusal.detail }) });
  const status = refusal.status(dialect);
  if (refusal.failure) {
    scope.log('ERROR', refusal.message, { refusal: refusal.kind }, refusal.cause ?? refusal);
    await scope.reportErrors(status);
  } else if (status >= 500) scope.expectFailure();
  if (response.headersSent) return void response.destroy();
  replyHeaders['server-timing'] = timing.header();
  refuse(received, refusal, dialect, scope.traceId);
}
