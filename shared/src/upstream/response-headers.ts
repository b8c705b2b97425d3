// Which of a provider's response headers reach the caller: an allow-list. Organisation ids, cookies and the provider's
// own rate limits are ours.

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

const passed: ReadonlySet<string> = new Set([
  'content-type',
  'request-id',
  'x-request-id',
  'openai-processing-ms',
  'openai-version',
  'x-envoy-upstream-service-time',
]);
/** What the official SDKs read of a provider's wish to be asked again, or not. */
const passedToSdks: ReadonlySet<string> = new Set(['retry-after-ms', 'x-should-retry']);

/**
 * Lower-case names. The length passes for an answer that is relayed to its last byte; of a stream an event may be kept
 * back.
 * @param changed whether other bytes are sent than came
 */
export function callerHeaders(
  headers: IncomingHttpHeaders,
  changed: boolean,
  forInstances: boolean,
): OutgoingHttpHeaders {
  const kept: OutgoingHttpHeaders = {};
  if (!changed && headers['content-length'] !== undefined) kept['content-length'] = headers['content-length'];
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    // Cody's fast path reads Fireworks' own headers.
    if (passed.has(name) || name.startsWith('fireworks-')) kept[name] = value;
    else if (!forInstances && passedToSdks.has(name)) kept[name] = value;
  }
  return kept;
}
