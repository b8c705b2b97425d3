// One JSON call of an embedding request to the homes of a model: bounded answer, faults as the refusals that instances
// know. Not what is asked.

import type { Catalogue, DialectName, Model } from '../../catalogue/catalogue.ts';
import { parseInTurns, Pieces, Refusal } from '../../http/http.ts';
import type { Lease } from '../../limiter/limiter.ts';
import type { Answer, Call, JsonObject } from '../call.ts';
import { dialectNamed } from '../dialects.ts';
import { mayHavePrompts, placesRefusal } from '../homes/prompt-places.ts';
import { isObject } from '../request-body.ts';
import type { SendOptions } from '../send.ts';
import { embeddingRefusal, retryAfterSeconds, type EmbeddingAsk } from './embedder.ts';

/** 2,048 vectors of 3,072 numbers as text. */
const answerBytesMax = 160 * 1024 * 1024;
/** The bound for fewer numbers: some providers indent each number, and what stands around them is short. */
const numberBytesMax = 64;
const restBytesMax = 4 * 1024 * 1024;
/** Of an answer, beside the numbers that were asked for: what stands around each vector weighs some 40. */
const answerWeightMax = 200_000;
/** Of a provider's own 400, as much as callers read. */
const quotedCharactersMax = 1_024;

/** A call. */
export interface JsonCall {
  readonly model: Model;
  readonly dialect: DialectName;
  /** What is asked, but for the model. */
  readonly members: JsonObject;
  /** Numbers that the answer should have. */
  readonly numbers: number;
}

/** @throws Refusal of `embeddingRefusal`, model-unavailable, upstream-credentials; the signal's reason */
export type CallJson = (call: JsonCall, ask: EmbeddingAsk) => Promise<JsonObject>;

/** Of `Upstream`: a call over the homes of its model. */
export interface Sender {
  sendBeside(lease: Lease, call: Call, options: SendOptions): Promise<Answer>;
}

export function createJsonCall(upstream: Sender, catalogue: Catalogue): CallJson {
  return async (jsonCall, ask) => {
    const { signal, timeoutMs, onAttempt, lease } = ask;
    const call = callOf(jsonCall, ask, catalogue);
    const { title } = call.provider;
    signal.throwIfAborted();
    const answer = await upstream.sendBeside(lease, call, { signal, timeoutMs, onAttempt }).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : inOurWords(error, title);
    });
    if (answer.refusal !== null) {
      answer.abort();
      const { kind, message } = answer.refusal;
      throw new Refusal(kind, message, { retryAfterSeconds, cause: answer.refusal });
    }
    const bytesMax = Math.min(answerBytesMax, restBytesMax + jsonCall.numbers * numberBytesMax);
    const text = await readText(answer, title, bytesMax).catch((error: unknown) => {
      if (signal.aborted) throw signal.reason;
      throw error instanceof Refusal ? error : embeddingRefusal.failed(title, 'connection failed', error);
    });
    const { status } = answer;
    if (!ask.forInstances && (status === 429 || status >= 500))
      throw embeddingRefusal.ofProvider(title, status, waitsOf(answer));
    if (status === 429) throw embeddingRefusal.overloaded();
    if (status === 400) throw embeddingRefusal.badRequest(`bad request: ${text.slice(0, quotedCharactersMax)}`);
    if (status !== 200) throw embeddingRefusal.failed(title, `unexpected status ${status}`);
    const weightMax = answerWeightMax + jsonCall.numbers;
    const value = await parseInTurns(text, { weightMax }).catch((error: unknown) => {
      const what = error instanceof RangeError ? 'an answer of more than was asked for' : 'an answer that is no JSON';
      throw embeddingRefusal.failed(title, what);
    });
    signal.throwIfAborted();
    if (!isObject(value)) throw embeddingRefusal.failed(title, 'an answer that is no JSON');
    return value;
  };
}

/** @throws Refusal model-unavailable: no home may have the texts */
function callOf(
  { model, dialect, members }: JsonCall,
  { lease, places, forInstances }: EmbeddingAsk,
  catalogue: Catalogue,
): Call {
  const { provider, name } = model;
  const open = catalogue
    .homesOf(model)
    .filter((home) => home.status === 'open' && home.dialects[dialect] !== undefined);
  const homes = open.filter((home) => mayHavePrompts(home, provider, places));
  if (homes.length === 0) throw new Refusal('model-unavailable', placesRefusal(model.id, places));
  const caller = {
    actorId: lease.permit.actor.id,
    actorUid: null,
    dialect: forInstances ? 'cody' : 'openai',
    feature: 'embeddings',
    headers: {},
  } as const;
  const reading = dialectNamed(dialect).read(
    { ...members, model: name },
    { caller, provider, model, lengthMax: null, serverTools: [] },
  );
  return {
    dialect,
    forInstances,
    provider,
    asked: name,
    typed: name,
    model,
    unavailable: null,
    homes,
    cacheKey: '',
    nearest: [],
    ...reading,
  };
}

/** What a provider says of its being asked again. */
function waitsOf({ headers, retryAfter }: Answer): Record<string, string> {
  const waits: Record<string, string> = retryAfter === null ? {} : { 'retry-after': retryAfter };
  for (const name of ['retry-after-ms', 'x-should-retry'] as const)
    if (typeof headers[name] === 'string') waits[name] = headers[name];
  return waits;
}

/** Rewords a transport fault or a passed deadline for this path; any other error is returned as it is. */
function inOurWords(error: unknown, title: string): unknown {
  if (!(error instanceof Refusal)) return error;
  if (error.kind === 'upstream-timeout') return embeddingRefusal.timedOut(title, error);
  if (error.kind === 'upstream-unreachable') return embeddingRefusal.failed(title, 'connection failed', error);
  return error;
}

async function readText({ body, abort }: Answer, title: string, bytesMax: number): Promise<string> {
  const pieces = new Pieces();
  for await (const chunk of body) {
    pieces.push(chunk);
    if (pieces.bytes <= bytesMax) continue;
    abort();
    throw embeddingRefusal.failed(title, 'an answer that is too large');
  }
  return pieces.text();
}

/** A list of numbers of the right length, or the refusal of an answer that has none. */
export function vectorOf(value: unknown, length: number, provider: string): readonly number[] {
  if (!Array.isArray(value) || value.length !== length || !value.every((item) => typeof item === 'number'))
    throw embeddingRefusal.failed(provider, `a vector that is not of ${length} numbers`);
  return value;
}
