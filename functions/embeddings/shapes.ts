// The two request shapes of `POST /v1/embeddings`, and the rule that tells them apart. Not the replies (reply.ts).

import { Refusal } from '@cody-gateway/shared/http';
import type { EmbeddingInput } from '@cody-gateway/shared/upstream';

/** What is asked, whatever the shape. */
export interface EmbeddingRequest {
  readonly shape: 'cody' | 'openai';
  /** As asked: with its provider in front, or bare in OpenAI's shape. */
  readonly model: string;
  /** Texts, or, in OpenAI's shape, lists of token ids. */
  readonly texts: readonly EmbeddingInput[];
  /** Fewer numbers than the model's own, or null. */
  readonly dimensions: number | null;
  readonly base64: boolean;
}

/** Texts of one request; OpenAI takes 2,048 a call, instances send some hundred. */
const textsMax = 10_000;

/**
 * A request is of OpenAI's shape where it has a member that only OpenAI has (`encoding_format`, `dimensions`, `user`),
 * its input is one text, or its model has no provider in front. All others are of Cody's shape: instances send a model
 * with its provider and a list of texts (shared/COMPATIBILITY.md#embeddings-request).
 * @throws Refusal `bad-request`, never quoting a text
 */
export function readEmbeddingRequest(body: unknown): EmbeddingRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw malformed('expected a JSON object');
  const { model, input, dimensions = null, encoding_format: format } = body as Record<string, unknown>;
  if (typeof model !== 'string' || model === '') throw malformed('"model" must be a non-empty string');
  const openai =
    ['encoding_format', 'dimensions', 'user'].some((member) => member in body) ||
    typeof input === 'string' ||
    holdsTokens(input) ||
    !model.includes('/');
  const texts: unknown = typeof input === 'string' || isTokens(input) ? [input] : input;
  if (!Array.isArray(texts) || !(texts.every((text) => typeof text === 'string') || texts.every(isTokens)))
    throw malformed('"input" must be a text or a list of texts');
  if (texts.length > textsMax) throw malformed(`"input" must hold at most ${textsMax} texts, got ${texts.length}`);
  if (dimensions !== null && !(Number.isSafeInteger(dimensions) && (dimensions as number) > 0))
    throw malformed('"dimensions" must be a whole number above 0');
  if (openai && format !== undefined && format !== null && format !== 'float' && format !== 'base64')
    throw malformed('"encoding_format" must be "float" or "base64"');
  return {
    shape: openai ? 'openai' : 'cody',
    model,
    texts: texts,
    dimensions: dimensions as number | null,
    base64: openai && format === 'base64',
  };
}

/** LangChain and others split texts by tokens, and send the tokens. */
function isTokens(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every((id) => Number.isSafeInteger(id) && (id as number) >= 0)
  );
}

function holdsTokens(input: unknown): boolean {
  return isTokens(input) || (Array.isArray(input) && input.length > 0 && input.every(isTokens));
}

function malformed(detail: string): Refusal {
  return new Refusal('bad-request', `failed to parse request body: ${detail}`);
}
