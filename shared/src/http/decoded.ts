// The content of an answer that came compressed, though nobody asked for that: what stands between us and a server may
// do so, with errors above all. Not what it means.

import type { ClientRequest, IncomingMessage } from 'node:http';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createUnzip, createZstdDecompress } from 'node:zlib';

/** By `content-encoding` (RFC 9110 §8.4.1). Unzip tells gzip from deflate by the first bytes. */
const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createUnzip,
  'x-gzip': createUnzip,
  deflate: createUnzip,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/**
 * The answer itself where it is not compressed; null for an encoding that nobody here knows. Piece by piece and with
 * back-pressure, so that a bomb fills nothing. What is broken is told by the error of the stream; to destroy it ends
 * the answer.
 */
export function decoded(answer: IncomingMessage): Readable | null {
  const encoding = (answer.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return answer;
  const decoder = Object.hasOwn(decoders, encoding) ? decoders[encoding]?.() : undefined;
  if (decoder === undefined) return null;
  // Nothing more is asked of a connection whose other side sends what was not asked for: it may not know its own ends.
  const { req } = answer as IncomingMessage & { readonly req?: ClientRequest };
  if (req !== undefined) req.shouldKeepAlive = false;
  // Whoever reads the decoder learns of the error there.
  pipeline(answer, decoder, () => undefined);
  return decoder;
}
