// Embedding models behind OpenAI's API, at OpenAI or wherever somebody else speaks it.

import type { Model } from '../../catalogue/catalogue.ts';
import { isObject } from '../request-body.ts';
import { memberOf, tokenCount } from '../answer-json.ts';
import type { JsonObject } from '../call.ts';
import { embeddingRefusal, roughTokensOf, type Embedded, type Embedder, type EmbeddingAsk } from './embedder.ts';
import { vectorOf, type CallJson } from './json-call.ts';

/** @param dimensions numbers of a vector */
export function openAiEmbedder(model: Model, dimensions: number, callJson: CallJson): Embedder {
  const { title } = model.provider;
  return {
    name: model.id,
    dimensions,
    shortens: model.row.shortens,
    provider: title,
    takesTokens: true,
    charges: true,
    textsMax: 10_000,
    extraTokens: 0,
    // OpenAI takes 2,048 texts and 300,000 tokens a call; a token has rarely less than two characters.
    batch: { texts: 2_048, characters: 600_000 },
    embed: async (texts, ask: EmbeddingAsk): Promise<Embedded> => {
      if (texts.includes('')) throw embeddingRefusal.badRequest('cannot generate embeddings for an empty string');
      const length = ask.dimensions ?? dimensions;
      const members = {
        input: texts,
        user: ask.lease.permit.actor.id,
        ...(ask.dimensions !== null && { dimensions: ask.dimensions }),
      };
      const call = { model, dialect: 'openai-embeddings', members, numbers: texts.length * length } as const;
      const answer = await callJson(call, ask);
      const tokens = tokenCount(memberOf(answer, 'usage')['total_tokens']);
      ask.spent(tokens ?? roughTokensOf(texts));
      return {
        vectors: inOrder(answer, texts.length, length, title),
        model: typeof answer['model'] === 'string' ? answer['model'] : model.name,
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
