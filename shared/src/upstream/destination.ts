// Where the calls to a provider go, and the headers that all of them carry. Not the sending (http/post.ts).

import { urlToHttpOptions } from 'node:url';
import type { Destination } from '../http/http.ts';

/**
 * Telemetry of the SDKs, and trace context: a provider is no part of our trace. The other three the gateway sets
 * itself.
 */
const dropped = /^(x-stainless-|(traceparent|tracestate|baggage|user-agent|accept-encoding|content-length)$)/;

/** @param headers lower-case names; compression is never asked for, since bytes pass unchanged */
export function destinationOf(address: string, headers: Iterable<readonly [name: string, value: string]>): Destination {
  const url = new URL(address);
  return {
    secure: url.protocol === 'https:',
    options: { ...urlToHttpOptions(url), method: 'POST' },
    headers: [
      ['host', url.host],
      ...[...headers].filter(([name]) => !dropped.test(name)),
      ['user-agent', 'cody-gateway'],
      ['accept-encoding', 'identity'],
    ].flat(),
  };
}
