// The reply of `POST /v1/embeddings` in either shape, written piece by piece: as one text, the numbers of a large one
// would hold everybody up for a second, and be longer than a text can be.

import type { Embedded } from '@cody-gateway/shared/upstream';
import type { EmbeddingRequest } from './shapes.ts';

/** Written in one turn of the event loop: some 5 ms. */
const turnNumbersMax = 32_000;

/**
 * JSON in the request's shape, in pieces.
 * @param tokens that were charged
 * @param turn waits for the next turn; called between two pieces
 */
export async function embeddingReply(
  { shape, base64 }: Pick<EmbeddingRequest, 'shape' | 'base64'>,
  { vectors, model }: Pick<Embedded, 'vectors' | 'model'>,
  tokens: number,
  dimensions: number,
  turn: () => Promise<void> = nextTurn,
): Promise<Buffer[]> {
  const isCody = shape === 'cody';
  const item = (vector: readonly number[], index: number): object =>
    isCody ? { index, data: vector } : { object: 'embedding', index, embedding: base64 ? encoded(vector) : vector };
  const pieces: Buffer[] = [];
  let text = isCody ? '{"embeddings":[' : '{"object":"list","data":[';
  let numbers = 0;
  for (const [index, vector] of vectors.entries()) {
    text += `${index === 0 ? '' : ','}${JSON.stringify(item(vector, index))}`;
    numbers += vector.length;
    if (numbers < turnNumbersMax) continue;
    pieces.push(Buffer.from(text));
    [text, numbers] = ['', 0];
    await turn();
  }
  const rest = isCody ? { model, dimensions } : { model, usage: { prompt_tokens: tokens, total_tokens: tokens } };
  pieces.push(Buffer.from(`${text}],${JSON.stringify(rest).slice(1)}`));
  return pieces;
}

/** Little-endian 32-bit floats, as OpenAI's clients read them. */
function encoded(vector: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(vector.length * 4);
  vector.forEach((value, i) => bytes.writeFloatLE(value, i * 4));
  return bytes.toString('base64');
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
