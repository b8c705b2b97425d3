// Embedding models that Sourcegraph hosts, behind KServe's v2 protocol (shared/COMPATIBILITY.md#embeddings-models);
// and the variant that embeds a description of each text.

import { randomUUID } from 'node:crypto';
import type { Model } from '../../catalogue/catalogue.ts';
import { Refusal } from '../../http/http.ts';
import { isObject } from '../request-body.ts';
import { embeddingRefusal, type Embedded, type Embedder, type EmbeddingAsk } from './embedder.ts';
import type { CallJson } from './json-call.ts';

/** Tries of one call that gets no answer, and the pauses between them in ms; each try may go through several homes. */
const pausesMs = [1, 5];
/** Failures that another try may not meet. */
const passes: ReadonlySet<string> = new Set(['upstream-unreachable', 'upstream-timeout', 'overloaded']);

/** @param dimensions numbers of a vector */
export function kserveEmbedder(model: Model, dimensions: number, callJson: CallJson): Embedder {
  const provider = model.provider.title;
  const call = async (texts: readonly string[], ask: EmbeddingAsk): Promise<Embedded> => {
    const inputs = [{ name: 'TEXT', shape: [texts.length], datatype: 'BYTES', data: texts }];
    const numbers = texts.length * dimensions;
    const members = { id: randomUUID(), inputs };
    const answer = await callJson({ model, dialect: 'kserve-embeddings', members, numbers }, ask);
    const output: unknown = Array.isArray(answer['outputs']) ? answer['outputs'][0] : null;
    const data: unknown = isObject(output) ? output['data'] : null;
    if (!Array.isArray(data) || data.length !== numbers)
      throw embeddingRefusal.failed(provider, `an answer without ${texts.length} vectors of ${dimensions} numbers`);
    if (!data.every((item) => typeof item === 'number'))
      throw embeddingRefusal.failed(provider, 'an answer that is not of numbers');
    const all = data;
    return {
      vectors: texts.map((_, i) => all.slice(i * dimensions, (i + 1) * dimensions)),
      model: model.name,
      tokens: null,
    };
  };
  return {
    name: model.id,
    dimensions,
    shortens: false,
    provider,
    takesTokens: false,
    charges: false,
    textsMax: 10_000,
    extraTokens: 0,
    batch: { texts: 512, characters: 1_000_000 },
    embed: async (inputs, ask) => {
      const texts = inputs.filter((input) => typeof input === 'string');
      for (const pauseMs of pausesMs) {
        try {
          return await call(texts, ask);
        } catch (error) {
          if (ask.signal.aborted || !(error instanceof Refusal) || !passes.has(error.kind)) throw error;
          await new Promise((resolve) => setTimeout(resolve, pauseMs));
        }
      }
      return call(texts, ask);
    },
  };
}

/** Describes a text in words. */
export interface Describer {
  /** The most tokens that one description costs, without those of its text. */
  readonly tokensMax: number;
  /** @returns the description, and the tokens that were billed for it. @throws Refusal of `embeddingRefusal` */
  describe(text: string, ask: EmbeddingAsk): Promise<{ readonly text: string; readonly tokens: number }>;
}

/** Descriptions that are written at once. */
const describingMax = 8;
/** Each is a call of a large model: as many as a quota of a day allows and a deadline lets finish. */
const describedTextsMax = 256;

/**
 * Embeds a description of each text; the answer names the embedding model underneath. Only descriptions cost tokens.
 */
export function describedEmbedder(name: string, base: Embedder, { tokensMax, describe }: Describer): Embedder {
  return {
    ...base,
    name,
    charges: true,
    textsMax: describedTextsMax,
    extraTokens: tokensMax,
    embed: async (inputs, ask) => {
      const texts = inputs.filter((input) => typeof input === 'string');
      const described: string[] = [];
      let tokens = 0;
      let next = 0;
      const work = async (): Promise<void> => {
        for (let i = next++; i < texts.length && !ask.signal.aborted; i = next++) {
          const description = await describe(texts[i] ?? '', ask);
          described[i] = description.text;
          tokens += description.tokens;
          ask.spent(description.tokens);
        }
      };
      await Promise.all(Array.from({ length: Math.min(describingMax, texts.length) }, work));
      ask.signal.throwIfAborted();
      return { ...(await base.embed(described, ask)), tokens };
    },
  };
}
