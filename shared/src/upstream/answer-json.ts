// JSON in a provider's answers, read for its usage alone: what can't be read is null and never an error, since the bytes pass all the same.

import type { JsonObject } from './call.ts';
import { isObject } from './request-body.ts';

/** Past this an answer is relayed, but its usage stays unknown: no answer of a model is that long. */
const bytesMax = 16 * 1024 * 1024;

/** The pieces of an answer that is no stream. */
export interface JsonBody {
  take(chunk: Buffer): void;
  /** The object, or null when nothing came, it was too long, or it is none. To be asked once the answer is whole. */
  value(): JsonObject | null;
}

export function createJsonBody(): JsonBody {
  let chunks: Buffer[] = [];
  let bytes = 0;
  return {
    take: (chunk) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) chunks.push(chunk);
      else chunks = [];
    },
    value: () => (chunks.length === 0 ? null : jsonObject(Buffer.concat(chunks).toString('utf8'))),
  };
}

/** The object of a JSON text, or null. Texts that are no object (`[DONE]`) cost no parse. */
export function jsonObject(text: string | null): JsonObject | null {
  if (text === null || !/^\s*\{/.test(text)) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** A member that is an object, or an empty one: answers leave details out, or say null. */
export function memberOf(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  return isObject(value) ? value : {};
}

/** A number of tokens, or null for anything that is none. */
export function tokenCount(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}
