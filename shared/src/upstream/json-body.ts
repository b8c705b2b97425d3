// Keeps an answer that is no stream, up to a bound, to read its usage once it is whole.

import { isObject } from './request-body.ts';
import type { JsonObject } from './call.ts';

/** Past this the answer is relayed, but its usage stays unknown: no answer of a model is that long. */
const bytesMax = 16 * 1024 * 1024;

/** The pieces of a JSON answer. */
export interface JsonBody {
  take(chunk: Buffer): void;
  /** The object, or null when nothing came, it was too long, or it is none. */
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
    value: () => {
      if (chunks.length === 0) return null;
      try {
        const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
        return isObject(value) ? value : null;
      } catch {
        return null;
      }
    },
  };
}
