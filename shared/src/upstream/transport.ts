// One HTTP exchange with a provider over node:http: the raw answer comes to us, so that its bytes pass unchanged. Not where it goes (sdk-request.ts).

import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { urlToHttpOptions } from 'node:url';

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

/** Where calls go and the headers that all of them carry: what is worked out once for all calls alike. */
export interface Destination {
  readonly secure: boolean;
  readonly options: RequestOptions;
  /** Names and values in turns, without the length. */
  readonly headers: readonly string[];
}

/** Telemetry of the SDKs, and trace context: a provider is no part of our trace. The other three are ours. */
const dropped = /^(x-stainless-|(traceparent|tracestate|baggage|user-agent|accept-encoding|content-length)$)/;

/** @param headers lower-case names; never compressed is what we ask for, since bytes pass unchanged */
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

/** A request on its way. */
export interface Sent {
  /** Settles with the provider's answer, once its headers are there. Rejects with what the connection met, or the reason of `end`. */
  readonly answer: Promise<IncomingMessage>;
  /** Ends the call at once, whatever it is doing. */
  end(reason: Error): void;
}

/** Sends a body. */
export function post(destination: Destination, body: string): Sent {
  let ended: Error | null = null;
  let outgoing: ClientRequest | null = null;
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    /** @param fresh on a connection of its own, and without a second try */
    const send = (fresh: boolean): void => {
      const request = open(destination, body, fresh);
      outgoing = request;
      let bytesReadBefore = 0;
      request.once('socket', (socket) => (bytesReadBefore = socket.bytesRead));
      request.once('response', resolve);
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (ended === null && !fresh && isStale(request, error, bytesReadBefore)) send(true);
        else reject(ended ?? error);
      });
      // A text goes out in one packet with the headers, in one system call.
      request.end(body, 'utf8');
    };
    send(false);
  });
  return {
    answer,
    end: (reason) => {
      ended ??= reason;
      outgoing?.destroy(reason);
    },
  };
}

function open({ secure, options, headers }: Destination, body: string, fresh: boolean): ClientRequest {
  return (secure ? https : http).request({
    ...options,
    // As a list they are written as they are.
    headers: [...headers, 'content-length', String(Buffer.byteLength(body))],
    agent: fresh ? false : secure ? agents['https:'] : agents['http:'],
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
