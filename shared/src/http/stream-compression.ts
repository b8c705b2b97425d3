// Compresses a stream for its caller, and says so in its headers. Loaded only where compression is switched on; which
// streams are compressed is not decided here.

import type { OutgoingHttpHeaders } from 'node:http';
import { takesGzip } from './accept-encoding.ts';
import { GzipFrames } from './gzip-frames.ts';

export { GzipFrames };

/**
 * Its headers are made to say what it is.
 * @returns what the stream goes through; null for a caller that takes no gzip: it goes out as it is
 */
export function compress(
  acceptEncoding: string | string[] | undefined,
  headers: OutgoingHttpHeaders,
): GzipFrames | null {
  // Also of one that stays as it is: what its caller sent decided that (RFC 9110 §12.5.5).
  const { vary } = headers;
  headers['vary'] = vary === undefined ? 'accept-encoding' : `${vary}, accept-encoding`;
  if (!takesGzip(acceptEncoding)) return null;
  headers['content-encoding'] = 'gzip';
  delete headers['content-length'];
  return new GzipFrames();
}
