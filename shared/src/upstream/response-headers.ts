// Which of a provider's response headers reach the caller: an allow-list (shared/COMPATIBILITY.md#passed-headers). Organisation ids, cookies and the provider's own rate limits are ours.

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

const passed: ReadonlySet<string> = new Set([
  'content-type',
  'request-id',
  'x-request-id',
  'openai-processing-ms',
  'openai-version',
  'x-envoy-upstream-service-time',
]);

/** Lower-case names. The length passes for an answer that is relayed to its last byte; of a stream an event may be kept back. */
export function callerHeaders(headers: IncomingHttpHeaders, sse: boolean): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  if (!sse && headers['content-length'] !== undefined) kept['content-length'] = headers['content-length'];
  for (const [name, value] of Object.entries(headers)) {
    // Cody's fast path reads Fireworks' own headers (shared/COMPATIBILITY.md#passed-headers).
    if (value !== undefined && (passed.has(name) || name.startsWith('fireworks-'))) kept[name] = value;
  }
  return kept;
}
