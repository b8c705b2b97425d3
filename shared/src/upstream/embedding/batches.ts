// Many texts as calls of the size that a provider takes, a few at a time, their vectors put together in order. If one
// call fails the whole request fails: there is never a gap.

import type { Lease } from '../../limiter/limiter.ts';
import type { Embedded, Embedder, EmbeddingAsk, EmbeddingInput } from './embedder.ts';

/** Calls of one request at once: the provider's limits are shared by all callers. */
const callsAtOnce = 8;

/**
 * @param lease of `ask`: proof of admission, for this model
 * @throws what the first call that failed threw; the others are ended
 */
export async function embedAll(
  lease: Lease,
  embedder: Embedder,
  texts: readonly EmbeddingInput[],
  ask: EmbeddingAsk,
): Promise<Embedded> {
  if (lease.permit.model !== embedder.name) throw new Error(`a lease for ${lease.permit.model}, not ${embedder.name}`);
  const batches = split(texts, embedder.batch);
  if (batches.length === 0)
    return { vectors: [], model: embedder.name.slice(embedder.name.indexOf('/') + 1), tokens: 0 };
  const failed = new AbortController();
  const signal = AbortSignal.any([ask.signal, failed.signal]);
  const results: Embedded[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < batches.length && !signal.aborted; i = next++)
      results[i] = await embedder.embed(batches[i] ?? [], { ...ask, signal });
  };
  const workers = Array.from({ length: Math.min(callsAtOnce, batches.length) }, () =>
    work().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(workers);
  if (outcomes.some(({ status }) => status === 'rejected')) throw failed.signal.reason;
  if (ask.signal.aborted) throw ask.signal.reason;
  const unknown = results.some(({ tokens }) => tokens === null);
  return {
    vectors: results.flatMap(({ vectors }) => vectors),
    model: results[0]?.model ?? embedder.name,
    tokens: unknown ? null : results.reduce((sum, { tokens }) => sum + (tokens ?? 0), 0),
  };
}

/** In order; a text that is larger than a batch has one of its own, which the provider may refuse. */
function split(texts: readonly EmbeddingInput[], max: Embedder['batch']): EmbeddingInput[][] {
  const batches: EmbeddingInput[][] = [];
  let characters = 0;
  for (const text of texts) {
    const last = batches.at(-1);
    // A token has rarely less than two characters.
    const length = typeof text === 'string' ? text.length : text.length * 2;
    if (last === undefined || last.length === max.texts || characters + length > max.characters) {
      batches.push([text]);
      characters = length;
    } else {
      last.push(text);
      characters += length;
    }
  }
  return batches;
}
