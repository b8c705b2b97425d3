// The function `embeddings`: vectors for texts, charged by the token (spec actors §7).

import { randomUUID } from 'node:crypto';
import type { Actor, Permit } from '@cody-gateway/shared/auth';
import type { EventDraft } from '@cody-gateway/shared/events';
import { answer, asRefusal, parseJson, Refusal, type Received } from '@cody-gateway/shared/http';
import { identityOf, type Lease } from '@cody-gateway/shared/limiter';
import {
  admit,
  callSpan,
  defineFunction,
  endLease,
  identify,
  lookBeforeParsing,
  rateLimitHeaders,
  readClaim,
  type Exchange,
  type Route,
} from '@cody-gateway/shared/serve';
import { embedAll, embeddersOf, embeddingRefusal, type Embedded, type Embedder } from '@cody-gateway/shared/upstream';
import { embeddingReply, readEmbeddingRequest, type EmbeddingRequest } from './shapes.ts';

const feature = 'embeddings';
/** What is reserved before the provider has counted: a token has about four characters. */
const charactersPerToken = 4;

async function embed(exchange: Exchange, embedders: readonly Embedder[]): Promise<void> {
  const { context, received, scope } = exchange;
  const actor = await identify(exchange);
  const entitlement = context.auth.entitlement(actor, feature);
  const text = await received.readBody(context.config.bodyBytesMax, identityOf(actor));
  await lookBeforeParsing(exchange, text, actor, feature, entitlement);
  const claim = readClaim(received, feature, text);
  const request = readEmbeddingRequest(parseJson(text));
  const { permit, embedder } = permitted(exchange, actor, request, embedders);
  if (request.dimensions !== null && (!embedder.shortens || request.dimensions > embedder.dimensions))
    throw new Refusal(
      'bad-request',
      `model ${JSON.stringify(permit.model)} has no vectors of ${request.dimensions} numbers`,
    );
  scope.note({ feature, model: permit.model, texts: request.texts.length });
  const characters = request.texts.reduce((sum, text) => sum + text.length, 0);
  const estimate = embedder.charges ? Math.ceil(characters / charactersPerToken) : 0;
  const draft = draftEvent(exchange, permit, request);
  const lease = await admit(exchange, permit, draft, estimate, claim);
  const stopRenewing = lease.keepAlive((error) => scope.log('WARNING', 'a lease could not be renewed', {}, error));
  try {
    const { embedded, tokens } = await call(exchange, lease, embedder, request, estimate, (status, charged) =>
      endLease(exchange, lease, finishedEvent(exchange, draft, status, charged)),
    );
    const reply = embeddingReply(request, embedded, tokens, request.dimensions ?? embedder.dimensions);
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'x-token-usage': String(tokens),
      ...rateLimitHeaders(lease),
    };
    // No line end: instances of old read to the last byte.
    answer(received, 200, headers, JSON.stringify(reply));
  } finally {
    stopRenewing();
  }
}

/** From the first call to the end of the lease, whatever happens in between. */
async function call(
  { context, received, scope, timing }: Exchange,
  lease: Lease,
  embedder: Embedder,
  { texts, dimensions }: EmbeddingRequest,
  estimate: number,
  end: (status: number, tokens: number) => Promise<void>,
): Promise<{ embedded: Embedded; tokens: number }> {
  const { callerLeft } = received;
  const deadline = AbortSignal.timeout(context.config.embeddingTimeoutMs);
  const signal = AbortSignal.any([callerLeft, deadline]);
  const { permit } = lease;
  timing.upstreamStarts();
  const span = scope.startCall(...callSpan(permit, permit.model.slice(permit.model.indexOf('/') + 1), null));
  try {
    const embedded = await embedAll(lease, embedder, texts, { actorId: lease.permit.actor.id, dimensions, signal });
    timing.upstreamEnds();
    // Where none is reported the estimate stands; models that charge nothing report nothing.
    const tokens = embedder.charges ? (embedded.tokens ?? estimate) : 0;
    span.end({ upstreamStatusCode: 200, resolvedStatusCode: 200, 'gen_ai.usage.input_tokens': embedded.tokens });
    await end(200, tokens);
    return { embedded, tokens };
  } catch (error) {
    timing.upstreamEnds();
    const refusal =
      deadline.aborted && !callerLeft.aborted ? embeddingRefusal.timedOut(embedder.provider, error) : asRefusal(error);
    const status = callerLeft.aborted ? -1 : refusal.status('cody');
    span.end({ resolvedStatusCode: status }, callerLeft.aborted ? 'cancelled' : refusal.kind);
    await end(status, 0);
    throw callerLeft.aborted ? error : refusal;
  }
}

/** @throws Refusal with the reference's text (spec actors §7): without the list of what is allowed */
function permitted(
  { context, dialect }: Exchange,
  actor: Actor,
  { shape, model }: EmbeddingRequest,
  embedders: readonly Embedder[],
): { permit: Permit; embedder: Embedder } {
  const asked = shape === 'openai' && !model.includes('/') ? `openai/${model}` : model;
  const slash = asked.indexOf('/');
  const provider = asked.slice(0, slash).toLowerCase();
  const served = embedders.filter(({ name }) => name.startsWith(`${provider}/`)).map(({ name }) => name);
  try {
    const permit = context.auth.permit(actor, feature, { provider, model: asked.slice(slash + 1), served, covers: {} });
    const embedder = embedders.find(({ name }) => name === permit.model);
    if (embedder === undefined) throw new Error(`no embedder for ${permit.model}`);
    if (permit.blocked) throw new Refusal('banned', 'embeddings access has not been granted');
    return { permit, embedder };
  } catch (error) {
    if (!(error instanceof Refusal) || (error.kind !== 'model-unknown' && error.kind !== 'model-not-allowed'))
      throw error;
    throw new Refusal(
      dialect === 'cody' ? 'bad-request' : error.kind,
      `model ${JSON.stringify(model.slice(0, 200))} is not allowed`,
    );
  }
}

function draftEvent(
  { context: { config }, scope }: Exchange,
  { actor, model }: Permit,
  { texts }: EmbeddingRequest,
): EventDraft {
  return {
    name: 'EmbeddingsFinished',
    source: actor.source,
    identifier: actor.id,
    created_at: new Date().toISOString(),
    metadata: {
      feature,
      model,
      batch_size: texts.length,
      // Bytes, as its readers know it.
      input_character_count: texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
      'sg.actor': {},
      trace_id: scope.traceId,
      span_id: scope.spanId,
    },
    event_id: randomUUID(),
    function: config.functionName,
    region: config.region,
    feature,
    model,
    provider: model.slice(0, model.indexOf('/')),
  };
}

function finishedEvent(
  { timing, received }: Exchange,
  draft: EventDraft,
  status: number,
  tokens: number,
): Parameters<typeof endLease>[2] {
  return {
    ...draft,
    created_at: new Date().toISOString(),
    metadata: {
      ...draft.metadata,
      tokens_used: tokens,
      resolved_status_code: status,
      upstream_request_duration_ms: Math.round(timing.upstreamMs() ?? 0),
      ...(received.callerLeft.aborted && { cancelled: true }),
    },
    rank: 1,
    units: tokens,
    tokens,
    gateway_ms: Math.round(timing.ownMs()),
  };
}

/** The reference's list: name, dimensions, whether the caller may use it. */
function listModels(embedders: readonly Embedder[]): Route {
  return {
    method: 'GET',
    path: '/v1/embeddings/models',
    dialect: 'cody',
    handle: async (exchange) => {
      const actor = await identify(exchange);
      const list = actor.limits[feature]?.allowedModels ?? [];
      const all = list.length === 1 && list[0] === '*';
      const allowed = new Set(list.map((name) => name.toLowerCase()));
      exchange.json(
        200,
        embedders.map(({ name, dimensions }) => ({
          name,
          dimensions,
          enabled: all || allowed.has(name.toLowerCase()),
          deprecated: false,
        })),
      );
    },
  };
}

/** OpenAI's SDKs name themselves in `x-stainless-` headers and read errors in OpenAI's shape; instances and Cody's engine read the reference's. */
function dialectOf(headers: Received['headers']): 'openai' | 'cody' {
  return headers['x-stainless-lang'] === undefined ? 'cody' : 'openai';
}

export const handler = defineFunction('embeddings', ({ config }) => {
  const embedders = embeddersOf(config);
  return [
    { method: 'POST', path: '/v1/embeddings', dialect: dialectOf, handle: (exchange) => embed(exchange, embedders) },
    listModels(embedders),
  ];
});
