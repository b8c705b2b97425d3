// What an embedding model must bring, and how an answer fails. One line in registry.ts each.

import { Refusal } from '../../http/http.ts';

/** A model that turns texts into vectors. */
export interface Embedder {
  /** Qualified: `openai/text-embedding-ada-002`. */
  readonly name: string;
  /** Numbers of a vector, unless the caller asks for fewer. */
  readonly dimensions: number;
  /** True where the model can give shorter vectors. */
  readonly shortens: boolean;
  /** The provider as error texts call it (spec actors §7). */
  readonly provider: string;
  /** Largest batch of one call: texts, and characters of all of them together. */
  readonly batch: { readonly texts: number; readonly characters: number };
  /** True where the provider reports tokens, which are charged then; the others are free (spec actors §7). */
  readonly charges: boolean;
  /** One call. @throws Refusal as `embeddingRefusal` makes it; the signal's reason */
  embed(texts: readonly string[], ask: EmbeddingAsk): Promise<Embedded>;
}

/** What a call is told besides its texts. */
export interface EmbeddingAsk {
  readonly actorId: string;
  /** Fewer numbers than the model's own, or null. */
  readonly dimensions: number | null;
  readonly signal: AbortSignal;
}

/** What a call gives: a vector for each text, in their order. */
export interface Embedded {
  readonly vectors: readonly (readonly number[])[];
  /** As the provider calls itself. */
  readonly model: string;
  /** As reported; null where it reports none. */
  readonly tokens: number | null;
}

/** After a fault that came from behind us an instance must not try again at once (spec actors §7). */
export const retryAfterSeconds = 60;

/** The refusals of an embedding call, with the texts that instances know; a provider's address and body stay out of them but for its own 400. */
export const embeddingRefusal = {
  badRequest: (text: string) =>
    new Refusal('bad-request', text, { headers: { 'retry-after': String(retryAfterSeconds) } }),
  overloaded: () =>
    new Refusal('overloaded', "we're facing too much load at the moment, please retry later", { retryAfterSeconds }),
  timedOut: (provider: string, cause: unknown) =>
    new Refusal('upstream-timeout', `request to upstream provider ${provider} timed out`, { retryAfterSeconds, cause }),
  failed: (provider: string, why: string, cause?: unknown) =>
    new Refusal('upstream-unreachable', `upstream provider ${provider} failed: ${why}`, { retryAfterSeconds, cause }),
} as const;
