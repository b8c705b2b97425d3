// Which of a provider's response headers reach the caller: an allow-list (design D6). Organisation ids, cookies and the provider's own rate limits are ours.

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

const passed: ReadonlySet<string> = new Set([
  'content-type',
  'request-id',
  'x-request-id',
  'openai-processing-ms',
  'openai-version',
  'x-envoy-upstream-service-time',
]);

/** Lower-case names. Length and encoding never pass: the body is relayed as it comes. */
export function callerHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    // Cody's fast path reads Fireworks' own headers (spec clients §3.5).
    if (value !== undefined && (passed.has(name) || name.startsWith('fireworks-'))) kept[name] = value;
  }
  return kept;
}
