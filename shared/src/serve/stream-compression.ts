// Which streams go out as gzip, and what their headers say. Not how (http/gzip-frames.ts).

import type { OutgoingHttpHeaders } from 'node:http';
import { GzipFrames, takesGzip } from '../http/http.ts';
import type { Exchange } from './exchange.ts';

/**
 * Where the operator has streams compressed: a successful one of the SDKs' routes, for a caller that takes gzip. Its
 * headers are made to say so.
 * @returns what the stream goes through; null: it goes out as it is
 */
export function compress(
  { received, dialect }: Exchange,
  status: number,
  headers: OutgoingHttpHeaders,
): GzipFrames | null {
  if (dialect === 'cody' || status >= 300) return null;
  // Also of one that stays as it is: what its caller sent decided that (RFC 9110 §12.5.5).
  const { vary } = headers;
  headers['vary'] = vary === undefined ? 'accept-encoding' : `${vary}, accept-encoding`;
  if (!takesGzip(received.headers['accept-encoding'])) return null;
  headers['content-encoding'] = 'gzip';
  delete headers['content-length'];
  return new GzipFrames();
}
