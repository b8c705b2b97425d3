// One completion request from top to bottom. Each step is a room's, or a file's of this one; here is only
// their order.

import { featureFromHeader, type Actor, type Entitlement, type Feature, type Permit } from '../auth/auth.ts';
import { parseInOrder, Refusal, warningHeader, type Dialect, type Received } from '../http/http.ts';
import { identityOf, type Claim } from '../limiter/limiter.ts';
import type { Catalogue } from '../catalogue/catalogue.ts';
import { loadCallBounds, type Call, type Flagging, type Surface } from '../upstream/upstream.ts';
import { sendAndRelay } from './answer.ts';
import { createAttemptLog } from './attempt-log.ts';
import { callTagsOf, type CallTags } from './call-tags.ts';
import { callerIdsOf, type CallerIds } from './caller-ids.ts';
import { completions, type Charge } from './charge.ts';
import type { AskBound } from './call-money.ts';
import { charged } from './charged.ts';
import type { Exchange, Route } from './exchange.ts';
import { readClaim } from './idempotency.ts';
import { identify } from './identify.ts';
import { inspect } from './inspect.ts';
import { isLarge, look, lookBeforeParsing } from './look.ts';
import { createOneByOne } from './one-by-one.ts';
import { recordEvent } from './record-event.ts';
import { bannedEvent } from './refused-event.ts';
import { modelChoice } from './model-choice.ts';
import { completionSpan } from './spans.ts';

const largeRequests = createOneByOne();

/** One completion path of a function. */
export interface CompletionRoute {
  readonly path: string;
  readonly surface: Surface;
  readonly dialect: Dialect;
  /** The feature that this function serves. Cody routes name it in a header, which must agree. */
  readonly feature: Feature;
  /** What a call costs of the feature's quota. */
  readonly units: number;
  /** How a call is charged that is no completion. */
  readonly charge?: Charge;
  /** What is asked for beside the body, where the path or the query says it. */
  readonly asked?: (exchange: Exchange) => Asked;
}

/** Members of a body that stand elsewhere in a dialect, and the verb that its address has. */
export interface Asked {
  readonly members: Readonly<Record<string, unknown>>;
  readonly verb?: string;
}

/** Makes a route for completions. */
export function completionRoute(route: CompletionRoute): Route {
  const { path, dialect, surface } = route;
  return {
    method: 'POST',
    path,
    dialect,
    // The path is there only while some home of the provider can be called: without its key there is none.
    offered: ({ catalogue, upstream }) => upstream.serves(catalogue.latest(), surface, dialect === 'cody'),
    handle: (exchange) => complete(exchange, route),
  };
}

async function complete(exchange: Exchange, route: CompletionRoute): Promise<void> {
  const { context, received, scope } = exchange;
  // One snapshot a call: models, homes and prices stay as they are until it is settled.
  const current = context.catalogue.current(Date.now());
  const actor = await identify(exchange);
  const catalogue = await current;
  const feature = featureOf(received, route);
  const entitlement = context.auth.entitlement(actor, feature);
  const callerIds = callerIdsOf(received);
  const { call, permit, flagging, claim, callTags } = await readCall(
    exchange,
    route,
    catalogue,
    actor,
    entitlement,
    callerIds,
  );
  received.replyHeaders['x-cody-resolved-model'] = permit.model;
  const warnings = [...(call.warnings ?? []), ...(callTags.warning === null ? [] : [callTags.warning])];
  // Instances never got such a header from the original gateway.
  if (warnings.length > 0 && route.dialect !== 'cody') received.replyHeaders['warning'] = warningHeader(warnings);
  scope.annotate({ feature, model: permit.model, stream: call.stream });
  const { charge = completions } = route;
  const units = charge.units?.(call) ?? route.units;
  const attempts = createAttemptLog(exchange, {
    provider: call.provider.id,
    model: permit.model,
    unanswered: (ms) => context.upstream.unanswered(call, ms),
  });
  const event = { ...charge.event(permit, call, flagging, callerIds, attempts), callTags: callTags.tags };
  const span = completionSpan(permit, call);
  // A call that no provider bills has no cost to hold against a budget; one that is used up refuses it all the same.
  const bound: AskBound = charge.isBilled
    ? async (book, asked) => {
        const { boundOfCall } = await loadCallBounds();
        // What is sent is parsed for it, in a turn of its own.
        if (typeof call.body !== 'string') await new Promise((resolve) => setImmediate(resolve));
        return boundOfCall(call, book, asked);
      }
    : null;
  await charged(exchange, { permit, units, claim, event, catalogue, span, bound }, (held) =>
    sendAndRelay(exchange, held, call, charge, attempts),
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
  catalogue: Catalogue,
  actor: Actor,
  entitlement: Entitlement,
  callerIds: CallerIds,
): Promise<{ call: Call; permit: Permit; flagging: Flagging | null; claim: Claim | null; callTags: CallTags }> {
  const asked = route.asked?.(exchange) ?? null;
  const { body, claim, leave } = await readBody(exchange, route, asked, actor, entitlement, callerIds);
  try {
    const { context, received } = exchange;
    const { feature } = route;
    const facts = {
      actorId: actor.id,
      actorUid: callerIds.uid === '' ? null : callerIds.uid,
      dialect: route.dialect,
      feature,
      places: actor.places ?? null,
      headers: received.headers,
      bodyBytes: received.bodyBytes(),
      ...(asked?.verb !== undefined && { verb: asked.verb }),
    };
    const call = context.upstream.read(route.surface, body, facts, catalogue);
    const permit = context.auth.permit(actor, feature, modelChoice(call, catalogue, route.surface, route.dialect));
    if (permit.blocked) await refuseBanned(exchange, permit, callerIds);
    for (const second of call.seconds ?? []) {
      context.auth.permit(actor, feature, modelChoice(second, catalogue, route.surface, route.dialect));
      if (second.unavailable !== null) throw new Refusal('model-unavailable', second.unavailable);
    }
    if (call.unavailable !== null) throw new Refusal('model-unavailable', call.unavailable);
    const callTags = callTagsOf(received.headers, body, call.dialect);
    const isInspected = (route.charge ?? completions).isInspected;
    const flagging = isInspected ? await inspect(exchange, permit, call, body, callerIds) : null;
    return { call, permit, flagging, claim, callTags };
  } finally {
    leave?.();
  }
}

/** A step of its own, so that the text is gone when what was parsed of it is written again. */
async function readBody(
  exchange: Exchange,
  { feature, charge }: CompletionRoute,
  asked: Asked | null,
  actor: Actor,
  entitlement: Entitlement,
  callerIds: CallerIds,
): Promise<{ body: unknown; claim: Claim | null; leave: (() => void) | null }> {
  const { context, received } = exchange;
  const text = await received.readBody(context.config.bodyBytesMax, identityOf(actor));
  // A call that is charged nothing is still work for us: a used-up quota refuses it.
  if (charge?.isFree === true) await look(exchange, actor, feature, entitlement, callerIds);
  else await lookBeforeParsing(exchange, text, actor, feature, entitlement, callerIds);
  const claim = readClaim(received, feature, text);
  const leave = isLarge(text) ? await largeRequests.enter(received.callerLeft) : null;
  try {
    const body = parseInOrder(text);
    return { body: asked === null ? body : withMembers(body, asked), claim, leave };
  } catch (error) {
    leave?.();
    throw error;
  }
}

/** A body that is not an object stays as it is: the dialect refuses it. */
function withMembers(body: unknown, { members }: Asked): unknown {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...body, ...members } : body;
}

/** The refusal of a blocked account has its event, as in Sourcegraph's own gateway. */
async function refuseBanned(exchange: Exchange, permit: Permit, callerIds: CallerIds): Promise<never> {
  const { actor, feature } = permit;
  await recordEvent(exchange, identityOf(actor), `RateLimited:${feature}`, bannedEvent(exchange, permit, callerIds));
  throw new Refusal('banned', 'completions access has not been granted');
}
