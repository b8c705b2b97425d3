// Keeps functions-framework from reading, inflating and parsing bodies before our code runs. Not a body parser (received.ts reads).

import diagnostics from 'node:diagnostics_channel';
import type { IncomingMessage, Server } from 'node:http';

/** What the framework must not see, kept for us: the framing headers and the URL of a request. */
export interface Original {
  readonly url: string;
  readonly contentLength: string | null;
  readonly contentEncoding: string | null;
  readonly hasBody: boolean;
}

const ORIGINAL = Symbol('original');
type Marked = IncomingMessage & { [ORIGINAL]?: Original };

/**
 * Hides body and URL of every request from the framework, once per process.
 *
 * functions-framework 5 parses each body before the handler: up to 1 GB, inflated, answering malformed JSON with an HTML page of its own
 * (spec platform §1.3), and Express answers a malformed path and /favicon.ico likewise. body-parser skips a request that has neither
 * `content-length` nor `transfer-encoding`, so both are taken out of `headers` in the channel that fires before the framework's listener
 * (`http.server.request.start`, documented by Node). http.test.ts fails when that stops working; `receive` copes with a parsed body then.
 * @param onServer is told each framework server when its first request arrives (the framework does not hand it out): for the drain.
 */
export function leaveBodiesUnread(onServer: (server: Server) => void): void {
  const seen = new WeakSet<Server>();
  diagnostics.subscribe('http.server.request.start', (message) => {
    const { request, server } = message as { request: Marked; server: Server };
    if (!isFramework(server)) return;
    if (!seen.has(server)) {
      seen.add(server);
      onServer(server);
    }
    const { headers } = request;
    request[ORIGINAL] = {
      url: request.url ?? '/',
      contentLength: headers['content-length'] ?? null,
      contentEncoding: headers['content-encoding'] ?? null,
      hasBody: headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined,
    };
    delete headers['content-length'];
    delete headers['transfer-encoding'];
    request.url = '/';
  });
}

/** The request as it came; null when the hook did not see it. */
export function original(request: IncomingMessage): Original | null {
  return (request as Marked)[ORIGINAL] ?? null;
}

/** The framework's listener is an Express application; servers of other kinds in the same process stay as they are. */
function isFramework(server: Server): boolean {
  const listener = server.listeners('request')[0] as { handle?: unknown; set?: unknown } | undefined;
  return typeof listener?.handle === 'function' && typeof listener.set === 'function';
}
