// What an embedding model must bring, and how an answer fails.

import type { PromptPlaces } from '../../auth/auth.ts';
import { Refusal } from '../../http/http.ts';
import type { Lease } from '../../limiter/limiter.ts';
import type { Attempt } from '../call.ts';

/** A text, or the ids of its tokens. */
export type EmbeddingInput = string | readonly number[];

/** A model that turns texts into vectors. */
export interface Embedder {
  /** Qualified: `openai/text-embedding-ada-002`. */
  readonly name: string;
  /** Numbers of a vector, unless the caller asks for fewer. */
  readonly dimensions: number;
  /** True where the model can give shorter vectors. */
  readonly shortens: boolean;
  /** True where it takes token ids in place of texts. */
  readonly takesTokens: boolean;
  /** The provider as error texts call it. */
  readonly provider: string;
  /** Largest batch of one call: texts, and characters of all of them together. */
  readonly batch: { readonly texts: number; readonly characters: number };
  /** True where a call costs us money by the token: then it is charged. The others are free. */
  readonly charges: boolean;
  /** The most texts of one request, by how much work each of them causes. */
  readonly textsMax: number;
  /** What a text may cost besides its own tokens, where something is written about it first. */
  readonly extraTokens: number;
  /** One call. @throws Refusal as `embeddingRefusal` makes it; the signal's reason */
  embed(texts: readonly EmbeddingInput[], ask: EmbeddingAsk): Promise<Embedded>;
}

/** What a call needs besides its texts. */
export interface EmbeddingAsk {
  /** Proof of admission, of whom. */
  readonly lease: Lease;
  /** Where the texts may go, as the subscription states it; null: it does not. */
  readonly places: PromptPlaces | null;
  /** Asked in the shape of instances. */
  readonly forInstances: boolean;
  /** For all calls of the request together. */
  readonly timeoutMs: number;
  /** Is told of each attempt at a home, of each call. */
  readonly onAttempt: (attempt: Attempt) => void;
  /** Fewer numbers than the model's own, or null. */
  readonly dimensions: number | null;
  readonly signal: AbortSignal;
  /** Told of tokens as soon as a provider has billed them, whatever becomes of the request. */
  readonly spent: (tokens: number) => void;
}

/** What a call gives: a vector for each text, in their order. */
export interface Embedded {
  readonly vectors: readonly (readonly number[])[];
  /** The model's name in the provider's answer. */
  readonly model: string;
  /** As reported; null where it reports none. */
  readonly tokens: number | null;
}

/** A token has about four characters: for what is reserved before anybody counted, and for what nobody counts. */
export function roughTokens(characters: number): number {
  return Math.ceil(characters / 4);
}

/** Of texts together; of token ids their number, which is exact. */
export function roughTokensOf(inputs: readonly EmbeddingInput[]): number {
  let [characters, tokens] = [0, 0];
  for (const input of inputs) {
    if (typeof input === 'string') characters += input.length;
    else tokens += input.length;
  }
  return tokens + roughTokens(characters);
}

/** After a provider's fault an instance must not try again at once. */
export const retryAfterSeconds = 60;

const loaded = "we're facing too much load at the moment, please retry later";

/**
 * The refusals of an embedding call, with the texts that instances know; a provider's address and body stay out of
 * them but for its own 400.
 */
export const embeddingRefusal = {
  badRequest: (text: string) =>
    new Refusal('bad-request', text, { headers: { 'retry-after': String(retryAfterSeconds) } }),
  overloaded: () => new Refusal('overloaded', loaded, { retryAfterSeconds }),
  timedOut: (provider: string, cause: unknown) =>
    new Refusal('upstream-timeout', `request to upstream provider ${provider} timed out`, { retryAfterSeconds, cause }),
  failed: (provider: string, why: string, cause?: unknown) =>
    new Refusal('upstream-unreachable', `upstream provider ${provider} failed: ${why}`, { retryAfterSeconds, cause }),
  /** A provider's 429 or 5xx as SDKs know it: with the wait that it names, or none. @param status the provider's */
  ofProvider: (provider: string, status: number, headers: Readonly<Record<string, string>>) =>
    status === 429
      ? new Refusal('upstream-limited', loaded, { retryAfterSeconds: null, headers })
      : new Refusal('upstream-unreachable', `upstream provider ${provider} failed: unexpected status ${status}`, {
          retryAfterSeconds: null,
          headers,
        }),
} as const;

/**
 * As an SDK is told, which has a back-off of its own: the wait that is made for instances is not for it.
 * @param error whatever was caught
 */
export function toldToSdk(error: unknown): unknown {
  if (!(error instanceof Refusal)) return error;
  const { kind, message, headers } = error;
  if (kind === 'bad-request') return new Refusal(kind, message, { cause: error });
  return error.retryAfterSeconds === retryAfterSeconds ? new Refusal(kind, message, { cause: error, headers }) : error;
}
