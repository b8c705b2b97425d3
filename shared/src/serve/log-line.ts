// The one line that a request leaves in the log, in Cloud Logging's `httpRequest` form: who called, what came of it,
// where the time went. Never what was said.

import { callerAddress, type ProxySettings } from '../auth/auth.ts';
import type { Received } from '../http/http.ts';
import type { Scope } from '../telemetry/telemetry.ts';
import type { Timing } from './timing.ts';

/** Anybody can write these: each is cut. */
const charactersMax = 200;

/** What the line needs besides the request. */
export interface LineFacts {
  readonly timing: Timing;
  /** Requests that ran in this instance when this one came, itself included. */
  readonly inFlight: number;
  /** What of the headers our own proxies wrote. */
  readonly proxies: ProxySettings;
}

/** Closes the scope. Status 499 means that the caller left before one was written. */
export function closeScope(received: Received, scope: Scope, { timing, inFlight, proxies }: LineFacts): void {
  const { method, path, response, callerLeft } = received;
  const header = (name: string): string | undefined => {
    const value = received.headers[name];
    return typeof value === 'string' ? value.slice(0, charactersMax) : undefined;
  };
  const status = response.headersSent ? response.statusCode : 499;
  const cut = path.slice(0, charactersMax);
  const upstreamMs = timing.upstreamMs();
  scope.close(status >= 500 ? 'WARNING' : 'INFO', `${method} ${cut} ${status}`, {
    event: 'request_completed',
    httpRequest: {
      requestMethod: method,
      requestUrl: cut,
      status,
      latency: `${(timing.totalMs() / 1000).toFixed(6)}s`,
      userAgent: header('user-agent'),
      remoteIp: callerAddress(received.headers, received.request.socket.remoteAddress, proxies),
    },
    own_ms: rounded(timing.ownMs()),
    ...(upstreamMs !== null && { upstream_ms: rounded(upstreamMs) }),
    in_flight: inFlight,
    forwarded_for: header('x-forwarded-for'),
    forwarded_user_agent: header('x-forwarded-for-user-agent'),
    interaction_id: header('x-sourcegraph-interaction-id'),
    ...(proxies.cloudflareHeaders && { country: header('cf-ipcountry') }),
    ...(callerLeft.aborted && { cancelled: true }),
  });
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
