// Embedding models behind OpenAI's API, at OpenAI or wherever somebody else speaks it.

import { isObject } from '../request-body.ts';
import { memberOf, tokenCount } from '../answer-json.ts';
import type { JsonObject } from '../call.ts';
import { embeddingRefusal, roughTokensOf, type Embedded, type Embedder, type EmbeddingAsk } from './embedder.ts';
import { callJson, vectorOf } from './json-call.ts';

/** Where a model is and what is known of it. */
export interface OpenAiModel {
  readonly name: string;
  readonly dimensions: number;
  readonly shortens: boolean;
  readonly provider: string;
  /** Base with `/v1`. */
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As the provider calls it. */
  readonly model: string;
}

export function openAiEmbedder({
  name,
  dimensions,
  shortens,
  provider,
  baseUrl,
  headers,
  model,
}: OpenAiModel): Embedder {
  return {
    name,
    dimensions,
    shortens,
    provider,
    takesTokens: true,
    charges: true,
    textsMax: 10_000,
    extraTokens: 0,
    // OpenAI takes 2,048 texts and 300,000 tokens a call; a token has rarely less than two characters.
    batch: { texts: 2_048, characters: 600_000 },
    embed: async (texts, { actorId, dimensions: asked, signal, spent }: EmbeddingAsk): Promise<Embedded> => {
      if (texts.includes('')) throw embeddingRefusal.badRequest('cannot generate embeddings for an empty string');
      const body = { model, input: texts, user: actorId, ...(asked !== null && { dimensions: asked }) };
      const numbers = texts.length * (asked ?? dimensions);
      const answer = await callJson({ provider, url: `${baseUrl}/embeddings`, headers, body, numbers, signal });
      const tokens = tokenCount(memberOf(answer, 'usage')['total_tokens']);
      spent(tokens ?? roughTokensOf(texts));
      return {
        vectors: inOrder(answer, texts.length, asked ?? dimensions, provider),
        model: typeof answer['model'] === 'string' ? answer['model'] : model,
        tokens,
      };
    },
  };
}

/** By index, each exactly once: a vector that is missing would be given to the wrong text. */
function inOrder(answer: JsonObject, count: number, length: number, provider: string): readonly (readonly number[])[] {
  const { data } = answer;
  if (!Array.isArray(data) || data.length !== count)
    throw embeddingRefusal.failed(provider, `an answer without ${count} vectors`);
  const vectors = Array.from({ length: count }, (): readonly number[] | null => null);
  for (const item of data as unknown[]) {
    const index: unknown = isObject(item) ? item['index'] : null;
    if (!isObject(item) || typeof index !== 'number' || vectors[index] !== null)
      throw embeddingRefusal.failed(provider, 'an answer whose vectors have no order');
    vectors[index] = vectorOf(item['embedding'], length, provider);
  }
  return vectors as (readonly number[])[];
}
