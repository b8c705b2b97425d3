// One HTTP exchange with a provider over node:http: fetch-shaped for the official SDKs, but the raw answer goes to us, so that its bytes pass unchanged.

import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';

const agentOptions = {
  keepAlive: true,
  // Far above what one instance relays at once, far below its file descriptors.
  maxSockets: 2_000,
  maxFreeSockets: 256,
  scheduling: 'lifo',
  // For free sockets alone: on a busy one it only emits an event that nobody hears. Below the ten minutes after which Google's network forgets
  // an idle connection without a word. An instance that slept meets this timer before its next request.
  timeout: 240_000,
} as const;
const agents = { 'http:': new http.Agent(agentOptions), 'https:': new https.Agent(agentOptions) } as const;

/** One call under way. It is handed through the SDK inside `fetchOptions`, which every SDK merges into the init of its fetch. */
export interface RawExchange {
  /** Ends the call at once, whatever it is doing. */
  readonly signal: AbortSignal;
  /** The provider's answer, once its headers are there. */
  response: IncomingMessage | null;
  /** Why there is none. */
  error: unknown;
}

/** What SDKs are told whatever the provider said: without a body to read, and no status to judge. */
const taken = new Response(null, { status: 200 });

/** Our fetch: the answer goes into `init.exchange`. */
export async function rawFetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const { exchange } = init as RequestInit & { exchange?: RawExchange };
  if (exchange === undefined) throw new Error('rawFetch is called through a provider only');
  const url = new URL(input instanceof Request ? input.url : input);
  try {
    exchange.response = await request(url, init, exchange.signal, false);
  } catch (error) {
    exchange.error = error;
    throw error;
  }
  return taken;
}

/** @param fresh on a connection of its own, and without a second try */
function request(url: URL, init: RequestInit, signal: AbortSignal, fresh: boolean): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:';
  const body = init.body as string;
  return new Promise((resolve, reject) => {
    const outgoing: ClientRequest = (secure ? https : http).request(url, {
      method: init.method ?? 'POST',
      headers: requestHeaders(init.headers as Headers, Buffer.byteLength(body)),
      agent: fresh ? false : secure ? agents['https:'] : agents['http:'],
    });
    const onAbort = (): void => void outgoing.destroy(signal.reason as Error);
    const unlisten = (): void => signal.removeEventListener('abort', onAbort);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    let bytesReadBefore = 0;
    outgoing.once('socket', (socket) => (bytesReadBefore = socket.bytesRead));
    outgoing.once('response', (response) => {
      response.once('close', unlisten);
      resolve(response);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      unlisten();
      if (signal.aborted) reject(signal.reason as Error);
      else if (!fresh && isStale(outgoing, error, bytesReadBefore)) resolve(request(url, init, signal, true));
      else reject(error);
    });
    // A text goes out in one packet with the headers, in one system call.
    outgoing.end(body, 'utf8');
  });
}

/**
 * True for a kept connection that the provider had closed in the meantime: not a byte was answered, so a try on a fresh one loses nothing. Not
 * on another kept one: after an instance slept, all of them are closed. A connection that breaks in the middle of an answer comes here too: a
 * second try then would be a second, paid call that nobody reads.
 */
function isStale(
  { reusedSocket, socket }: ClientRequest,
  error: NodeJS.ErrnoException,
  bytesReadBefore: number,
): boolean {
  return (
    reusedSocket && socket?.bytesRead === bytesReadBefore && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
  );
}

/** Telemetry of the SDK, and trace context: a provider is no part of our trace. */
const dropped = /^(x-stainless-|traceparent$|tracestate$|baggage$)/;

/** The SDK's headers but for `dropped`; never compressed, since bytes pass unchanged. */
function requestHeaders(given: Headers, bodyBytes: number): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of given) if (!dropped.test(name)) headers[name] = value;
  headers['user-agent'] = 'cody-gateway';
  headers['accept-encoding'] = 'identity';
  headers['content-length'] = String(bodyBytes);
  return headers;
}
