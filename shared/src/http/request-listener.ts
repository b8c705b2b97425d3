// Puts our handler where functions-framework's Express application listens, so that requests come as they were sent.
// Not a router (serve).

import diagnostics from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Takes one request; it never rejects. */
type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

/**
 * Answers the requests of the framework's server ourselves, once per process.
 *
 * functions-framework 5 parses each body before the handler: up to 1 GB, inflated, answering malformed JSON with an
 * HTML page of its own (shared/COMPATIBILITY.md#framework-bodies), and Express answers a malformed path and
 * /favicon.ico likewise. Then it runs the handler in a `domain`, whose hooks on every promise took a third of a
 * request's CPU (`npm run bench` under `--cpu-prof`). So its listener is replaced in the channel that fires before it
 * (`http.server.request.start`, documented by Node): loading, port, signals and crash handling stay the framework's.
 * request-listener.test.ts fails when that stops working; the framework then calls the registered handler, and
 * `receive` copes with a parsed body.
 * @param onServer is told each framework server when its first request arrives (the framework does not hand it out):
 * for the drain.
 */
export function listenFirst(listener: Listener, onServer: (server: Server) => void): void {
  const seen = new WeakSet<Server>();
  diagnostics.subscribe('http.server.request.start', (message) => {
    const { server } = message as { server: Server };
    if (seen.has(server)) return;
    seen.add(server);
    const framework = server.listeners('request').find(isExpress);
    // Servers of other kinds in the same process stay as they are.
    if (framework === undefined) return;
    server.removeListener('request', framework);
    server.on('request', listener);
    onServer(server);
  });
}

/** The framework's listener is an Express application. */
function isExpress(listener: unknown): listener is Listener {
  const { handle, set } = listener as { handle?: unknown; set?: unknown };
  return typeof handle === 'function' && typeof set === 'function';
}
