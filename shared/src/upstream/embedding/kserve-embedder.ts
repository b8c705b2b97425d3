// Embedding models that Sourcegraph hosts, behind KServe's v2 protocol (shared/COMPATIBILITY.md#embeddings-models);
// and the variant that embeds a description of each text.

import { randomUUID } from 'node:crypto';
import { Refusal } from '../../http/http.ts';
import { isObject } from '../request-body.ts';
import { embeddingRefusal, type Embedded, type Embedder, type EmbeddingAsk } from './embedder.ts';
import { callJson } from './json-call.ts';

const provider = 'Sourcegraph';
/** Tries of one call, and the pauses between them in ms. */
const pausesMs = [1, 5];

/** Where the server is. */
export interface KServeModel {
  readonly name: string;
  readonly dimensions: number;
  readonly url: string;
  readonly secret: string;
}

export function kserveEmbedder({ name, dimensions, url, secret }: KServeModel): Embedder {
  const model = name.slice(name.indexOf('/') + 1);
  const call = async (texts: readonly string[], { signal }: EmbeddingAsk): Promise<Embedded> => {
    const inputs = [{ name: 'TEXT', shape: [texts.length], datatype: 'BYTES', data: texts }];
    const headers = { 'sourcegraph-smega-inference-auth': secret };
    const numbers = texts.length * dimensions;
    const answer = await callJson({ provider, url, headers, body: { id: randomUUID(), inputs }, numbers, signal });
    const output: unknown = Array.isArray(answer['outputs']) ? answer['outputs'][0] : null;
    const data: unknown = isObject(output) ? output['data'] : null;
    if (!Array.isArray(data) || data.length !== numbers)
      throw embeddingRefusal.failed(provider, `an answer without ${texts.length} vectors of ${dimensions} numbers`);
    if (!data.every((item) => typeof item === 'number'))
      throw embeddingRefusal.failed(provider, 'an answer that is not of numbers');
    const all = data;
    return {
      vectors: texts.map((_, i) => all.slice(i * dimensions, (i + 1) * dimensions)),
      model,
      tokens: null,
    };
  };
  return {
    name,
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
          if (ask.signal.aborted || !(error instanceof Refusal) || error.kind === 'bad-request') throw error;
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
  describe(text: string, signal: AbortSignal): Promise<{ readonly text: string; readonly tokens: number }>;
}

/** Descriptions that are written at once. */
const describingMax = 8;
/** Each is a call of a large model: as many as a quota of a day allows and a deadline lets finish. */
const describedTextsMax = 256;

/** Embeds what is written about each text; the answer names the model underneath. The writing is what it costs. */
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
          const description = await describe(texts[i] ?? '', ask.signal);
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
