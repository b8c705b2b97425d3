// The river: one completion request from top to bottom. Each step is a room's, or a file's of this one; here is only
// their order.

import { featureFromHeader, type Actor, type Entitlement, type Feature, type Permit } from '../auth/auth.ts';
import { parseJson, Refusal, warningHeader, type Dialect, type Received } from '../http/http.ts';
import { identityOf, type Claim } from '../limiter/limiter.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Call, Flagging, Surface } from '../upstream/upstream.ts';
import { sendAndRelay } from './answer.ts';
import { callerIdsOf, type CallerIds } from './caller-ids.ts';
import { charged } from './charged.ts';
import { completionEvent, countEvent } from './completion-event.ts';
import type { Exchange, Route } from './exchange.ts';
import { readClaim } from './idempotency.ts';
import { identify } from './identify.ts';
import { inspect } from './inspect.ts';
import { look, lookBeforeParsing } from './look.ts';
import { recordEvent } from './record-event.ts';
import { bannedEvent } from './refused-event.ts';
import { modelChoice } from './model-choice.ts';
import { completionSpan } from './spans.ts';

/** One completion path of a function. */
export interface CompletionRoute {
  readonly path: string;
  readonly surface: Surface;
  readonly dialect: Dialect;
  /** The feature that this function serves. Cody routes name it in a header, which must agree. */
  readonly feature: Feature;
  /** What a call costs of the feature's quota. */
  readonly units: number;
  /** A count of a request's tokens, for which nobody is charged: refused all the same where the quota is used up. */
  readonly counts?: true;
}

/** Makes a route that lets a request down the river. */
export function completionRoute(route: CompletionRoute): Route {
  const { path, dialect, surface } = route;
  return {
    method: 'POST',
    path,
    dialect,
    // Where no home can be asked there is no path: a provider without a key is not routed.
    offered: ({ catalogue, upstream }) => upstream.serves(catalogue.latest(), surface, dialect === 'cody'),
    handle: (exchange) => complete(exchange, route),
  };
}

async function complete(exchange: Exchange, route: CompletionRoute): Promise<void> {
  const { context, received, scope } = exchange;
  // One snapshot a call: models, homes and prices stay as they are until it is settled.
  const [actor, catalogue] = await Promise.all([identify(exchange), context.catalogue.current(Date.now())]);
  const feature = featureOf(received, route);
  const entitlement = context.auth.entitlement(actor, feature);
  const callerIds = callerIdsOf(received);
  const { call, permit, flagging, claim } = await readCall(exchange, route, catalogue, actor, entitlement, callerIds);
  received.replyHeaders['x-cody-resolved-model'] = permit.model;
  if (call.warnings !== undefined && call.warnings.length > 0)
    received.replyHeaders['warning'] = warningHeader(call.warnings);
  scope.annotate({ feature, model: permit.model, stream: call.stream });
  const event = (route.counts === true ? countEvent : completionEvent)(permit, call, flagging, callerIds);
  const span = completionSpan(permit, call);
  await charged(exchange, { permit, units: route.units, claim, event, catalogue, span }, async (held) => {
    const ended = await sendAndRelay(exchange, held, call);
    return route.counts === true ? { ...ended, billed: [] } : ended;
  });
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
  catalogue: Catalogue,
  actor: Actor,
  entitlement: Entitlement,
  callerIds: CallerIds,
): Promise<{ call: Call; permit: Permit; flagging: Flagging | null; claim: Claim | null }> {
  const { context, received } = exchange;
  const { feature } = route;
  const text = await received.readBody(context.config.bodyBytesMax, identityOf(actor));
  if (route.counts === true) await look(exchange, actor, feature, entitlement, callerIds);
  else await lookBeforeParsing(exchange, text, actor, feature, entitlement, callerIds);
  const claim = readClaim(received, feature, text);
  const body = parseJson(text);
  const facts = {
    actorId: actor.id,
    actorUid: callerIds.uid === '' ? null : callerIds.uid,
    dialect: route.dialect,
    feature,
    headers: received.headers,
  };
  const call = context.upstream.read(route.surface, body, facts, catalogue);
  const permit = context.auth.permit(actor, feature, modelChoice(call, catalogue, route.surface));
  if (permit.blocked) await refuseBanned(exchange, permit, callerIds);
  if (call.unavailable !== null) throw new Refusal('model-unavailable', call.unavailable);
  const flagging = await inspect(exchange, permit, call, body, callerIds);
  return { call, permit, flagging, claim };
}

/** The refusal of a blocked account has its event, as in Sourcegraph's own gateway. */
async function refuseBanned(exchange: Exchange, permit: Permit, callerIds: CallerIds): Promise<never> {
  const { actor, feature } = permit;
  await recordEvent(exchange, identityOf(actor), `RateLimited:${feature}`, bannedEvent(exchange, permit, callerIds));
  throw new Refusal('banned', 'completions access has not been granted');
}
