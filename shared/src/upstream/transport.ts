// One HTTP exchange with a provider over node:http: fetch-shaped for the official SDKs, but the raw answer goes to us, so that its bytes pass unchanged.

import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';

/** Far above what one instance relays at once, far below its file descriptors. */
const agentOptions = { keepAlive: true, maxSockets: 2_000, maxFreeSockets: 256, scheduling: 'lifo' } as const;
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

/** Our fetch: the answer goes into `init.exchange`; the SDK gets an empty success, so that it neither reads a body nor judges a status. */
export async function rawFetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const { exchange } = init as RequestInit & { exchange?: RawExchange };
  if (exchange === undefined) throw new Error('rawFetch is called through a provider only');
  try {
    exchange.response = await request(
      new URL(input instanceof Request ? input.url : input),
      init,
      exchange.signal,
      true,
    );
  } catch (error) {
    exchange.error = error;
    throw error;
  }
  return new Response(null, { status: 200 });
}

function request(url: URL, init: RequestInit, signal: AbortSignal, mayRetry: boolean): Promise<IncomingMessage> {
  const secure = url.protocol === 'https:';
  const body = Buffer.from(init.body as string, 'utf8');
  return new Promise((resolve, reject) => {
    const outgoing: ClientRequest = (secure ? https : http).request(url, {
      method: init.method ?? 'POST',
      headers: requestHeaders(init.headers, body.length),
      agent: secure ? agents['https:'] : agents['http:'],
    });
    const onAbort = (): void => void outgoing.destroy(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    outgoing.once('response', (response) => {
      response.once('close', () => signal.removeEventListener('abort', onAbort));
      resolve(response);
    });
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', onAbort);
      // A kept connection that the provider closed in the meantime: nothing was answered, so one try on a fresh one loses nothing.
      const stale = outgoing.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      if (stale && mayRetry && !signal.aborted) resolve(request(url, init, signal, false));
      else reject(signal.aborted ? (signal.reason as Error) : error);
    });
    outgoing.end(body);
  });
}

/** The SDK's headers but for its telemetry; never compressed, since bytes pass unchanged. */
function requestHeaders(given: RequestInit['headers'], bodyBytes: number): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of new Headers(given)) if (!name.startsWith('x-stainless-')) headers[name] = value;
  return {
    ...headers,
    'user-agent': 'cody-gateway',
    'accept-encoding': 'identity',
    'content-length': String(bodyBytes),
  };
}
