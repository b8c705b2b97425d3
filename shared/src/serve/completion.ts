// The river: one completion request from top to bottom, in the order of design §4. Each step is a room's; here is only their order.

import { randomUUID } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import { featureFromHeader, type Actor, type Entitlement, type Feature, type Permit } from '../auth/auth.ts';
import type { EventDraft } from '../events/events.ts';
import { asRefusal, errorEvent, parseJson, Refusal, type Dialect, type Received } from '../http/http.ts';
import { identityOf, type Claim, type Lease } from '../limiter/limiter.ts';
import { DeadlinePassed, type Answer, type Call, type Flagging, type Shape } from '../upstream/upstream.ts';
import { admit } from './admit.ts';
import { bannedEvent, draftEvent, finishedEvent, type CallerIds, type Outcome } from './event.ts';
import { identify, note, type Exchange, type Route } from './exchange.ts';
import { readClaim } from './idempotency.ts';
import { inspect } from './inspect.ts';
import { endLease } from './lease-end.ts';
import { lookBeforeParsing } from './look.ts';
import { rateLimitHeaders } from './rate-limit.ts';
import { relay, type Relayed } from './relay.ts';
import { addressOf, callFailure, callSpan, outcomeAttributes } from './spans.ts';

/** One completion path of a function. */
export interface CompletionRoute {
  readonly path: string;
  readonly shape: Shape;
  readonly dialect: Dialect;
  /** The feature that this function serves. Cody routes name it in a header, which must agree. */
  readonly feature: Feature;
}

/** Makes a route that lets a request down the river. */
export function completionRoute(route: CompletionRoute): Route {
  return { method: 'POST', path: route.path, dialect: route.dialect, handle: (exchange) => complete(exchange, route) };
}

async function complete(exchange: Exchange, route: CompletionRoute): Promise<void> {
  const { context, received, scope } = exchange;
  const { auth, config } = context;
  const actor = await identify(exchange);
  const feature = featureOf(received, route);
  const entitlement = auth.entitlement(actor, feature);
  const callerIds = callerIdsOf(received);
  const { call, permit, flagging, claim } = await readCall(exchange, route, actor, entitlement, callerIds);
  received.replyHeaders['x-cody-resolved-model'] = permit.model;
  scope.note({ feature, model: permit.model, stream: call.stream });
  const draft = draftEvent(config, randomUUID(), permit, call, flagging, callerIds, scope);
  const lease = await admit(exchange, permit, draft, 1, claim);
  Object.assign(received.replyHeaders, rateLimitHeaders(lease));
  const stopRenewing = lease.keepAlive((error) => scope.log('WARNING', 'a lease could not be renewed', {}, error));
  try {
    await sendAndRelay(exchange, lease, call, draft);
  } finally {
    stopRenewing();
  }
}

/** The feature header of Cody routes (spec completions §1.3); the dialects' SDKs send none. */
function featureOf({ headers }: Received, route: CompletionRoute): Feature {
  const header = headers['x-sourcegraph-feature'];
  if (route.dialect !== 'cody' && header === undefined) return route.feature;
  const feature = featureFromHeader(header);
  if (feature === route.feature) return feature;
  throw new Refusal(
    'feature-header',
    `feature "${feature}" is not served by this function, which serves "${route.feature}"`,
  );
}

function callerIdsOf({ headers }: Received): CallerIds {
  return {
    uid: single(headers['x-sourcegraph-actor-uid']),
    anonymousUid: single(headers['x-sourcegraph-actor-anonymous-uid']),
  };
}

/** Ids of strangers are bounded before they become part of an event. */
function single(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value.slice(0, 256) : '';
}

/** What is asked, whether it may be, and whether anything speaks against it. A step of its own, so that the parsed body is gone while the answer streams. */
async function readCall(
  exchange: Exchange,
  route: CompletionRoute,
  actor: Actor,
  entitlement: Entitlement,
  callerIds: CallerIds,
): Promise<{ call: Call; permit: Permit; flagging: Flagging | null; claim: Claim | null }> {
  const { context, received } = exchange;
  const { feature } = route;
  const text = await received.readBody(context.config.bodyBytesMax, identityOf(actor));
  await lookBeforeParsing(exchange, text, actor, feature, entitlement, callerIds);
  const claim = readClaim(received, feature, text);
  const body = parseJson(text);
  const call = context.upstream.read(route.shape, body, {
    actorId: actor.id,
    actorUid: callerIds.uid === '' ? null : callerIds.uid,
    dialect: route.dialect,
    feature,
    headers: received.headers,
  });
  const permit = await permitCall(exchange, actor, feature, call, callerIds);
  const flagging = await inspect(exchange, permit, call, body, callerIds);
  return { call, permit, flagging, claim };
}

/** May this actor use this model? A blocked account is noted as the reference notes it, then refused. */
async function permitCall(
  exchange: Exchange,
  actor: Actor,
  feature: Feature,
  call: Call,
  callerIds: CallerIds,
): Promise<Permit> {
  const { context, scope } = exchange;
  const permit = context.auth.permit(actor, feature, {
    provider: call.provider,
    model: call.model,
    served: context.upstream.served(call.provider),
    covers: context.upstream.covers(call.provider),
  });
  if (!permit.blocked) return permit;
  await note(
    exchange,
    identityOf(actor),
    `RateLimited:${feature}`,
    bannedEvent(context.config, permit, callerIds, scope),
  );
  throw new Refusal('banned', 'completions access has not been granted');
}

/** From the provider call to the end of the response: whatever happens in between, the lease ends here. */
async function sendAndRelay(exchange: Exchange, lease: Lease, call: Call, draft: EventDraft): Promise<void> {
  const { context, received, scope, timing, dialect } = exchange;
  const { response, callerLeft } = received;
  timing.upstreamStarts();
  const span = scope.startCall(...callSpan(lease.permit, call.model, addressOf(context.config, call.provider)));
  const end = (partial: Partial<Outcome>): Promise<void> => {
    timing.upstreamEnds();
    const outcome = {
      upstreamStatus: -1,
      resolvedStatus: callerLeft.aborted && !response.headersSent ? -1 : response.statusCode,
      upstreamDurationMs: timing.upstreamMs() ?? 0,
      gatewayMs: timing.ownMs(),
      usage: null,
      cancelled: callerLeft.aborted,
      truncated: false,
      ...partial,
    };
    span.end(outcomeAttributes(outcome), callFailure(outcome));
    return endCall(exchange, lease, call, draft, outcome);
  };

  let answer: Answer;
  try {
    answer = await context.upstream.send(lease, call, { signal: callerLeft, timeoutMs: timeoutOf(exchange) });
  } catch (error) {
    const refusal = asRefusal(error);
    await end({ resolvedStatus: callerLeft.aborted ? -1 : refusal.status(dialect) });
    throw refusal;
  }
  scope.note({ upstream_status: answer.status, upstream_headers_ms: Math.round(timing.upstreamMs() ?? 0) });
  span.set({
    'gateway.upstream.time_to_headers': (timing.upstreamMs() ?? 0) / 1000,
    retry_after: answer.retryAfter,
  });
  if (answer.credentialsRefused) {
    answer.abort();
    const refusal = new Refusal(
      'upstream-credentials',
      `upstream provider ${call.provider} did not accept the gateway's credentials`,
      { detail: `upstream status ${answer.status}` },
    );
    await end({ upstreamStatus: answer.status, resolvedStatus: refusal.status(dialect) });
    throw refusal;
  }
  const served = answer.status >= 200 && answer.status < 300;
  if (answer.callerStatus >= 500)
    scope.log('ERROR', `upstream provider ${call.provider} answered ${answer.status}`, {
      upstream_status: answer.status,
      upstream_headers: answer.headers,
    });
  const headers = { ...received.replyHeaders, ...responseHeaders(answer), 'server-timing': timing.header() };
  // With the first byte: an answer that breaks off before it can still be refused with the right status.
  const begin = (): void => {
    if (!response.headersSent) response.writeHead(answer.callerStatus, headers);
  };
  const relayed = await relay(answer, response, begin, callerLeft, () => {
    if (answer.sse) span.set({ 'gen_ai.response.time_to_first_chunk': (timing.upstreamMs() ?? 0) / 1000 });
    scope.note({ first_byte_ms: Math.round(timing.totalMs()) });
  });
  await end({
    upstreamStatus: answer.status,
    resolvedStatus: resolvedStatus(exchange, answer, relayed),
    usage: served ? await context.upstream.usage(call, answer) : null,
    cancelled: relayed.end === 'left',
    truncated: relayed.end === 'cut',
  });
  if (relayed.end === 'whole') begin();
  close(exchange, answer, relayed);
}

/** `X-Timeout-Ms` (design D9): a positive integer; anything else is ignored with a warning. */
function timeoutOf({ received, scope }: Exchange): number | null {
  const header = received.headers['x-timeout-ms'];
  if (header === undefined) return null;
  if (typeof header === 'string' && /^[1-9]\d{0,9}$/.test(header.trim())) return Number(header);
  scope.log('WARNING', 'X-Timeout-Ms is not a positive integer and was ignored');
  return null;
}

function responseHeaders(answer: Answer): OutgoingHttpHeaders {
  return {
    ...answer.headers,
    ...(answer.sse && { 'cache-control': 'no-cache', 'x-accel-buffering': 'no' }),
    ...(answer.retryAfter !== null && { 'retry-after': answer.retryAfter }),
  };
}

/** The status that the caller sees; -1 when it left before there was one. */
function resolvedStatus({ received, dialect }: Exchange, answer: Answer, { end, error }: Relayed): number {
  if (received.response.headersSent || end === 'whole') return answer.callerStatus;
  return end === 'left' ? -1 : cutRefusal(error).status(dialect);
}

/** Charged when the call was served, given back otherwise (design §5). */
function endCall(exchange: Exchange, lease: Lease, call: Call, draft: EventDraft, outcome: Outcome): Promise<void> {
  // What the caller got decides: an answer of which it saw no byte costs it nothing.
  const charged = outcome.resolvedStatus >= 200 && outcome.resolvedStatus < 300;
  return endLease(exchange, lease, finishedEvent(draft, call, outcome, charged ? 1 : 0));
}

/**
 * After the settlement: the end of the response, or the error event and no end mark when the provider broke off without a word of its own.
 * @throws Refusal when it did so before the first byte
 */
function close({ received, scope, dialect }: Exchange, answer: Answer, relayed: Relayed): void {
  const { response } = received;
  if (relayed.end === 'whole') response.end(relayed.last);
  else if (relayed.end === 'cut') {
    if (!response.headersSent) throw cutRefusal(relayed.error);
    scope.log('WARNING', 'the provider broke off', {}, relayed.error);
    if (!answer.sse) response.destroy();
    else if (answer.meter.failed()) response.end();
    else response.end(errorEvent(cutRefusal(relayed.error), dialect, scope.traceId));
  }
}

/** Too slow and broken are told apart, as they are before the first byte (design D14). */
function cutRefusal(error: unknown): Refusal {
  return error instanceof DeadlinePassed
    ? new Refusal('upstream-timeout', 'the provider did not finish its answer in time', { cause: error })
    : new Refusal('upstream-unreachable', 'the provider broke off its answer', { cause: error });
}
