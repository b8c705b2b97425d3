// The function `attribution`: where a piece of code stands in public, asked of Sourcegraph.com with the gateway's own account (spec actors §8).

import { randomUUID } from 'node:crypto';
import type { Permit } from '@cody-gateway/shared/auth';
import type { EventDraft } from '@cody-gateway/shared/events';
import { parseJson, Refusal } from '@cody-gateway/shared/http';
import { admit, defineFunction, endLease, identify, type Context, type Exchange } from '@cody-gateway/shared/serve';
import { searchAttribution, type Attribution, type SearchSettings } from './search.ts';

/** Far more than any piece of code that a model wrote. */
const bodyBytesMax = 256 * 1024;
/** Repositories that are told at the most. */
const repositoriesMax = 4;

async function attribute(exchange: Exchange, search: SearchSettings | null): Promise<void> {
  const { context, received, scope, timing, json } = exchange;
  // Also for subscriptions whose access is off: with models of their own they still ask where code comes from.
  const actor = await identify(exchange, true);
  const permit = context.auth.permitAttribution(actor);
  if (search === null) throw new Refusal('not-enabled', 'attribution search not enabled');
  const { snippet, first } = readRequest(parseJson(await received.readBody(bodyBytesMax)));
  const draft = draftEvent(exchange, permit);
  const lease = await admit(exchange, permit, draft, 1);
  const end = (resolvedStatus: number): Promise<void> => {
    timing.upstreamEnds();
    return endLease(exchange, lease, {
      ...draft,
      created_at: new Date().toISOString(),
      metadata: {
        ...draft.metadata,
        resolved_status_code: resolvedStatus,
        upstream_request_duration_ms: Math.round(timing.upstreamMs() ?? 0),
        ...(received.callerLeft.aborted && { cancelled: true }),
      },
      rank: 1,
      units: resolvedStatus === 200 ? 1 : 0,
      tokens: null,
      gateway_ms: Math.round(timing.ownMs()),
    });
  };
  timing.upstreamStarts();
  let found: Attribution;
  try {
    found = await scope.span('search', () => searchAttribution(search, snippet, first, received.callerLeft));
  } catch (error) {
    await end(received.callerLeft.aborted ? -1 : 502);
    if (received.callerLeft.aborted) throw error;
    const cause = error instanceof Error ? error.message : 'unknown';
    throw new Refusal('upstream-unreachable', `fetching SnippetAttribution from sourcegraph.com: ${cause}`, {
      cause: error,
    });
  }
  await end(200);
  scope.note({ repositories: found.repositories.length });
  json(200, replyOf(found));
}

/** @throws Refusal `bad-request`, never quoting the snippet */
function readRequest(body: unknown): { snippet: string; first: number } {
  const { snippet, limit = 0 } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  if (typeof snippet !== 'string')
    throw new Refusal('bad-request', 'failed to parse request body: "snippet" must be a string');
  if (!Number.isSafeInteger(limit))
    throw new Refusal('bad-request', 'failed to parse request body: "limit" must be a whole number');
  const asked = limit as number;
  // The reference let a negative one through (W26).
  return { snippet, first: asked < 1 || asked > repositoriesMax ? repositoriesMax : asked };
}

/** `Repositories` has its capital, and null for none; zero and false are left out (spec actors §8). */
function replyOf({ repositories, totalCount, limitHit }: Attribution): object {
  return {
    Repositories: repositories.length === 0 ? null : repositories.map((name) => ({ name })),
    ...(totalCount !== 0 && { totalCount }),
    ...(limitHit && { limitHit }),
  };
}

function draftEvent({ context: { config }, scope }: Exchange, { actor, feature }: Permit): EventDraft {
  return {
    name: 'AttributionFinished',
    source: actor.source,
    identifier: actor.id,
    created_at: new Date().toISOString(),
    metadata: { feature, 'sg.actor': {}, trace_id: scope.traceId, span_id: scope.spanId },
    event_id: randomUUID(),
    function: config.functionName,
    region: config.region,
    feature,
    model: null,
    provider: null,
  };
}

function settingsOf({ config }: Context): SearchSettings | null {
  const { attributionEnabled, dotcomAccessToken: token, dotcomApiUrl: url } = config;
  return attributionEnabled && token !== null ? { url, token } : null;
}

export const handler = defineFunction('attribution', (context) => {
  const search = settingsOf(context);
  return [
    { method: 'POST', path: '/v1/attribution', dialect: 'cody', handle: (exchange) => attribute(exchange, search) },
  ];
});
