// The function `embeddings`: vectors for texts, charged by the token.

import { choiceFrom, type Actor, type Permit } from '@cody-gateway/shared/auth';
import { nearestNames, type Catalogue } from '@cody-gateway/shared/catalogue';
import { answer, parseJson, Refusal, type Received } from '@cody-gateway/shared/http';
import { identityOf } from '@cody-gateway/shared/limiter';
import {
  callSpan,
  charged,
  createAttemptLog,
  defineFunction,
  identify,
  isOpenAiSdk,
  lookBeforeParsing,
  notServed,
  readClaim,
  type AttemptLog,
  type AskBound,
  type CallEvent,
  type ChargedSpan,
  type Ended,
  type Exchange,
  type Held,
  type Route,
} from '@cody-gateway/shared/serve';
import {
  createUpstream,
  loadCallBounds,
  embedAll,
  embeddersOf,
  embeddingRefusal,
  roughTokensOf,
  toldToSdk,
  type Embedder,
} from '@cody-gateway/shared/upstream';
import { createNumbersRoom, numbersMax } from './numbers-room.ts';
import { embeddingReply } from './reply.ts';
import { readEmbeddingRequest, type EmbeddingRequest } from './shapes.ts';

const feature = 'embeddings';
const numbersRoom = createNumbersRoom();

/** What a call used: tokens that are charged, and those that the provider reported, null where it does not. */
interface Used {
  readonly tokens: number;
  readonly reported: number | null;
}

async function embed(exchange: Exchange): Promise<void> {
  const { context, received, scope } = exchange;
  // One snapshot a call, as for completions.
  const [actor, catalogue] = await Promise.all([identify(exchange), context.catalogue.current(Date.now())]);
  const entitlement = context.auth.entitlement(actor, feature);
  const text = await received.readBody(context.config.bodyBytesMax, identityOf(actor));
  await lookBeforeParsing(exchange, text, actor, feature, entitlement);
  const claim = readClaim(received, feature, text);
  const request = readEmbeddingRequest(parseJson(text));
  const { permit, embedder } = permitted(exchange, actor, request, catalogue);
  if (request.dimensions !== null && (!embedder.shortens || request.dimensions > embedder.dimensions))
    throw new Refusal(
      'bad-request',
      `model ${JSON.stringify(permit.model)} has no vectors of ${request.dimensions} numbers: leave "dimensions" out${embedder.shortens ? `, or ask for at most ${embedder.dimensions}` : ''}`,
    );
  if (!embedder.takesTokens && request.texts.some((text) => typeof text !== 'string'))
    throw new Refusal(
      'bad-request',
      `model ${JSON.stringify(permit.model)} takes texts, not token ids: send the texts that they stand for`,
    );
  if (request.texts.length > embedder.textsMax)
    throw new Refusal(
      'bad-request',
      `model ${JSON.stringify(permit.model)} takes at most ${embedder.textsMax} texts of one request, got ${request.texts.length}`,
    );
  const numbers = request.texts.length * (request.dimensions ?? embedder.dimensions);
  if (numbers > numbersMax)
    throw new Refusal(
      'bad-request',
      `an answer has at most ${numbersMax} numbers: send at most ${Math.floor((numbersMax / numbers) * request.texts.length)} texts of one request, got ${request.texts.length}`,
    );
  scope.annotate({ feature, model: permit.model, texts: request.texts.length });
  const units = estimateOf(embedder, request);
  const attempts = createAttemptLog(exchange, {
    provider: permit.model.slice(0, permit.model.indexOf('/')),
    model: permit.model,
    unanswered: () => [{ model: null, counts: { input: embedder.charges ? units : 0 }, estimated: true }],
  });
  const event = embeddingEvent(permit, request, attempts);
  const bound = embedder.charges ? boundIn(catalogue, permit, request) : null;
  const call = { permit, units, claim, event, catalogue, span: embeddingSpan(permit), bound };
  const free = numbersRoom.take(numbers);
  if (free === null) throw embeddingRefusal.overloaded();
  // The reply is held until the caller has taken it.
  received.response.once('close', free);
  await charged(exchange, call, (held) => embedTexts(exchange, held, embedder, request, units, actor, attempts));
}

/** What it may cost at any home of its provider. */
function boundIn(catalogue: Catalogue, { model }: Permit, { texts }: EmbeddingRequest): AskBound {
  return async (book, asked) => {
    const found = catalogue.resolve(model);
    if (found.kind === 'refused') return { worstNanoUsd: null, why: `${model} is not in the catalogue` };
    const homes = catalogue.homes
      .filter(({ row }) => row.provider === found.model.provider.id)
      .map(({ row }) => row.id);
    // A token stands for one byte at least.
    const read = texts.map((text) => (typeof text === 'string' ? text : 'x'.repeat(text.length)));
    return (await loadCallBounds()).boundOfTexts(read, found.model, homes, book, asked);
  };
}

/**
 * What is reserved before the provider has counted. It is at least 1, which is given back where nothing is charged:
 * even calls that cost nothing are refused once the quota is used up.
 */
function estimateOf({ charges, extraTokens }: Embedder, { texts }: EmbeddingRequest): number {
  return charges ? Math.max(1, roughTokensOf(texts) + texts.length * extraTokens) : 1;
}

/** All texts, within the time that the function has for them. */
async function embedTexts(
  exchange: Exchange,
  { lease, meter }: Held,
  embedder: Embedder,
  request: EmbeddingRequest,
  estimate: number,
  actor: Actor,
  attempts: AttemptLog,
): Promise<Ended<Used>> {
  const { context, received, timing } = exchange;
  const { callerLeft } = received;
  const { texts, dimensions } = request;
  const timeoutMs = context.config.embeddingTimeoutMs;
  const deadline = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([callerLeft, deadline]);
  let billed = 0;
  const spent = (tokens: number): void => void (billed += tokens);
  meter(() => ({ parts: [{ model: null, counts: { input: embedder.charges ? billed : 0 } }], home: null }));
  try {
    const embedded = await embedAll(lease, embedder, texts, {
      lease,
      places: actor.places ?? null,
      forInstances: exchange.dialect === 'cody',
      timeoutMs,
      onAttempt: (attempt) => attempts.take(attempt),
      dimensions,
      signal,
      spent,
    });
    // Without a report of tokens the estimate is charged; models that charge nothing report nothing.
    const tokens = embedder.charges ? (embedded.tokens ?? estimate) : 0;
    // No line end: older instances read to the last byte.
    const reply = await embeddingReply(request, embedded, tokens, dimensions ?? embedder.dimensions);
    return {
      upstreamStatus: 200,
      resolvedStatus: 200,
      answerBytes: reply.reduce((sum, { length }) => sum + length, 0),
      used: { tokens, reported: embedded.tokens },
      units: tokens,
      billed: [{ model: null, counts: { input: tokens }, estimated: embedder.charges && embedded.tokens === null }],
      abandoned: attempts.abandoned(false),
      reply: () => {
        const headers = { 'content-type': 'application/json; charset=utf-8', 'x-token-usage': String(tokens) };
        if (attempts.count() > 1) received.replyHeaders['server-timing'] = timing.header(attempts.count());
        answer(received, 200, headers, reply);
      },
    };
  } catch (error) {
    const isLate = deadline.aborted && !callerLeft.aborted;
    const fault = isLate ? embeddingRefusal.timedOut(embedder.provider, error) : error;
    const ended = notServed<Used>(exchange, exchange.dialect === 'cody' ? fault : toldToSdk(fault));
    // Callers who leave, or who ask for what can't be embedded, pay for what was billed by then; a provider's fault is
    // not theirs.
    const isCallers = callerLeft.aborted || ended.refusal?.kind === 'bad-request';
    const spentTokens = embedder.charges ? billed : 0;
    return { ...ended, units: isCallers ? spentTokens : 0, billed: [{ model: null, counts: { input: spentTokens } }] };
  }
}

/** @throws Refusal; to instances with the text of Sourcegraph's own gateway: without the list of what is allowed */
function permitted(
  { context, dialect }: Exchange,
  actor: Actor,
  { shape, model }: EmbeddingRequest,
  catalogue: Catalogue,
): { permit: Permit; embedder: Embedder } {
  const embedders = embeddersOf(context, catalogue);
  const asked = shape === 'openai' && !model.includes('/') ? `openai/${model}` : model;
  const slash = asked.indexOf('/');
  const provider = asked.slice(0, slash).toLowerCase();
  const served = embedders.filter(({ name }) => name.startsWith(`${provider}/`)).map(({ name }) => name);
  const choice = choiceFrom(served, provider, asked.slice(slash + 1));
  try {
    const permit = context.auth.permit(actor, feature, choice);
    const embedder = embedders.find(({ name }) => name === permit.model);
    if (embedder === undefined) throw new Error(`no embedder for ${permit.model}`);
    if (permit.blocked) throw new Refusal('banned', 'embeddings access has not been granted');
    return { permit, embedder };
  } catch (error) {
    if (!(error instanceof Refusal) || (error.kind !== 'model-unknown' && error.kind !== 'model-not-allowed'))
      throw error;
    const found = catalogue.resolve(asked);
    if (found.kind === 'disabled' && found.model.row.features.includes('embeddings'))
      throw new Refusal('model-unavailable', found.text);
    if (dialect !== 'cody') {
      // Names are compared for who is refused alone: it costs.
      const names = embedders.map(({ name }) => name);
      const nearest = nearestNames(asked, names);
      context.auth.permit(actor, feature, { ...choice, nearest, listedAt: 'GET /v1/embeddings/models' });
    }
    throw new Refusal('bad-request', `model ${JSON.stringify(model.slice(0, 200))} is not allowed`);
  }
}

function embeddingEvent({ model }: Permit, { texts }: EmbeddingRequest, attempts: AttemptLog): CallEvent<Used> {
  return {
    name: 'EmbeddingsFinished',
    model,
    metadata: {
      model,
      batch_size: texts.length,
      // In bytes, as readers of the events table expect.
      input_character_count: texts.reduce(
        (sum, text) => sum + (typeof text === 'string' ? Buffer.byteLength(text) : 0),
        0,
      ),
    },
    ended: ({ used }) => {
      const tokens = used?.tokens ?? 0;
      return {
        metadata: { ...attempts.metadata(), tokens_used: tokens },
        tokens,
        home: attempts.home(),
        attempts: attempts.count(),
      };
    },
  };
}

function embeddingSpan(permit: Permit): ChargedSpan<Used> {
  const provider = permit.model.slice(0, permit.model.indexOf('/'));
  return {
    begins: callSpan(permit, {
      provider: { id: provider, semanticName: provider },
      model: permit.model.slice(permit.model.indexOf('/') + 1),
      address: null,
    }),
    ends: ({ used, upstreamStatus, resolvedStatus, cancelled, refusal }) => {
      if (used === null)
        return [{ resolvedStatusCode: resolvedStatus }, cancelled ? 'cancelled' : (refusal?.kind ?? null)];
      const tokens = { 'gen_ai.usage.input_tokens': used.reported };
      return [{ upstreamStatusCode: upstreamStatus, resolvedStatusCode: resolvedStatus, ...tokens }, null];
    },
  };
}

/** The list as Sourcegraph's own gateway has it: name, dimensions, whether the caller may use it. */
const listModels: Route = {
  method: 'GET',
  path: '/v1/embeddings/models',
  dialect: 'cody',
  handle: async (exchange) => {
    const { context } = exchange;
    const [actor, catalogue] = await Promise.all([identify(exchange), context.catalogue.current(Date.now())]);
    const list = actor.limits[feature]?.allowedModels ?? [];
    const all = list.length === 1 && list[0] === '*';
    const allowed = new Set(list.map((name) => name.toLowerCase()));
    exchange.json(
      200,
      embeddersOf(context, catalogue).map(({ name, dimensions }) => ({
        name,
        dimensions,
        enabled: all || allowed.has(name.toLowerCase()),
        deprecated: false,
      })),
    );
  },
};

/**
 * Clients of OpenAI's API that say so read errors in its shape; instances and Cody's engine read those of Sourcegraph's
 * own gateway.
 */
function dialectOf(headers: Received['headers']): 'openai' | 'cody' {
  return isOpenAiSdk(headers) ? 'openai' : 'cody';
}

export const handler = await defineFunction(
  'embeddings',
  () => [{ method: 'POST', path: '/v1/embeddings', dialect: dialectOf, handle: embed }, listModels],
  { upstream: createUpstream },
);
