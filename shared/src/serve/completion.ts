// The river: one completion request from top to bottom. Each step is a room's, or a file's of this one; here is only
// their order.

import { featureFromHeader, type Actor, type Feature, type Permit } from '../auth/auth.ts';
import { parseJson, Refusal, type Dialect, type Received } from '../http/http.ts';
import { identityOf, type Claim } from '../limiter/limiter.ts';
import type { Call, Flagging, Shape } from '../upstream/upstream.ts';
import { sendAndRelay } from './answer.ts';
import { callerIdsOf, type CallerIds } from './caller-ids.ts';
import { charged } from './charged.ts';
import { completionEvent } from './completion-event.ts';
import type { Exchange, Route } from './exchange.ts';
import { readClaim } from './idempotency.ts';
import { identify } from './identify.ts';
import { inspect } from './inspect.ts';
import { recordEvent } from './record-event.ts';
import { bannedEvent } from './refused-event.ts';
import { addressOf, completionSpan } from './spans.ts';

/** One completion path of a function. */
export interface CompletionRoute {
  readonly path: string;
  readonly shape: Shape;
  readonly dialect: Dialect;
  /** The feature that this function serves. Cody routes name it in a header, which must agree. */
  readonly feature: Feature;
  /** What a call costs of the feature's quota. */
  readonly units: number;
}

/** Makes a route that lets a request down the river. */
export function completionRoute(route: CompletionRoute): Route {
  return { method: 'POST', path: route.path, dialect: route.dialect, handle: (exchange) => complete(exchange, route) };
}

async function complete(exchange: Exchange, route: CompletionRoute): Promise<void> {
  const { context, received, scope } = exchange;
  const actor = await identify(exchange);
  const feature = featureOf(received, route);
  context.auth.entitlement(actor, feature);
  const callerIds = callerIdsOf(received);
  const { call, permit, flagging, claim } = await readCall(exchange, route, actor, feature, callerIds);
  received.replyHeaders['x-cody-resolved-model'] = permit.model;
  scope.annotate({ feature, model: permit.model, stream: call.stream });
  const event = completionEvent(permit, call, flagging, callerIds);
  const span = completionSpan(permit, call.model, addressOf(context.config, call.provider));
  await charged(exchange, { permit, units: route.units, claim, event, span }, (held) =>
    sendAndRelay(exchange, held, call),
  );
}

/** The feature header of Cody routes; the dialects' SDKs send none. */
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

/**
 * What is asked, whether it may be, and whether anything speaks against it. A step of its own, so that the parsed body
 * is gone while the answer streams.
 */
async function readCall(
  exchange: Exchange,
  route: CompletionRoute,
  actor: Actor,
  feature: Feature,
  callerIds: CallerIds,
): Promise<{ call: Call; permit: Permit; flagging: Flagging | null; claim: Claim | null }> {
  const { context, received } = exchange;
  const text = await received.readBody(context.config.bodyBytesMax);
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

/** May this actor use this model? The refusal of a blocked account has its event, as in Sourcegraph's own gateway. */
async function permitCall(
  exchange: Exchange,
  actor: Actor,
  feature: Feature,
  call: Call,
  callerIds: CallerIds,
): Promise<Permit> {
  const { context } = exchange;
  const permit = context.auth.permit(actor, feature, {
    provider: call.provider,
    model: call.model,
    served: context.upstream.served(call.provider),
    covers: context.upstream.covers(call.provider),
  });
  if (!permit.blocked) return permit;
  await recordEvent(exchange, identityOf(actor), `RateLimited:${feature}`, bannedEvent(exchange, permit, callerIds));
  throw new Refusal('banned', 'completions access has not been granted');
}
