// One outgoing HTTP exchange over node:http, on connections that are kept: the raw answer comes to us. Not where it
// goes, nor what it means.

import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';

const agentOptions = {
  keepAlive: true,
  // Far above what one instance relays at once, far below its file descriptors.
  maxSockets: 2_000,
  maxFreeSockets: 256,
  scheduling: 'lifo',
  // For free sockets alone: on a busy one it only emits an event that nobody hears. Below the ten minutes after which
  // Google's network forgets an idle connection without a word. An instance that slept meets this timer before its
  // next request.
  timeout: 240_000,
} as const;
const agents = { 'http:': new http.Agent(agentOptions), 'https:': new https.Agent(agentOptions) } as const;

/**
 * Up to so many characters a body goes out in one packet and one system call with the headers. A longer one would be
 * copied for that: to be joined, to be put behind the headers, and to be encoded, into room for three bytes a
 * character (300 kB: 0.8 instead of 0.3 ms).
 */
const oneWriteMax = 16 * 1024;

/**
 * Nobody sends as many on the way to an answer (RFC 9110 §15.2); a server that never stops would keep us busy with
 * reading them.
 */
const interimAnswersMax = 32;

/**
 * A way that is there answers within a second, TLS included; what is lost on it is sent again after one and after
 * three.
 */
const connectTimeoutMs = 5_000;

/** Where calls go and the headers that all of them carry: what is worked out once for all calls alike. */
export interface Destination {
  readonly secure: boolean;
  readonly options: RequestOptions;
  /** Names and values in turns, without the length. */
  readonly headers: readonly string[];
}

/** Text in plain ASCII is written alike in both encodings, latin1 without room for three bytes a character. */
interface Piece {
  readonly content: string | Buffer;
  readonly bytes: number;
  readonly encoding: 'latin1' | 'utf8';
}

/** A request on its way. */
export interface Sent {
  /**
   * Settles, whatever becomes of the connection: with the answer, once its headers are there. Rejects with what the
   * connection met, or the reason of `end`.
   */
  readonly answer: Promise<IncomingMessage>;
  /** Ends the call at once, whatever it is doing. */
  end(reason: Error): void;
  /** Whether a connection came about: without one nobody has seen anything of the request. */
  connected(): boolean;
  /**
   * Whether all of the request has been handed to a connection that stood: from then on it may be carried out,
   * whatever becomes of the answer.
   */
  isWhole(): boolean;
}

/** Sends a body: these pieces, one behind the other. */
export function post(destination: Destination, ...contents: readonly (string | Buffer)[]): Sent {
  let body: readonly Piece[] = piecesOf(contents);
  let ended: Error | null = null;
  let outgoing: ClientRequest | null = null;
  let connected = false;
  let whole = false;
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    /** @param fresh on a connection of its own, and without a second try */
    const send = (fresh: boolean): void => {
      const request = open(destination, body, fresh);
      outgoing = request;
      whole = false;
      request.once('finish', () => (whole = true));
      let bytesReadBefore = 0;
      let interimAnswers = 0;
      request.once('socket', (socket) => {
        bytesReadBefore = socket.bytesRead;
        if (!socket.connecting) {
          connected = true;
          return;
        }
        const timer = setTimeout(() => request.destroy(connectTimedOut()), connectTimeoutMs);
        request.once('close', () => clearTimeout(timer));
        socket.once(destination.secure ? 'secureConnect' : 'connect', () => {
          connected = true;
          clearTimeout(timer);
        });
      });
      request.on('information', () => {
        if (++interimAnswers > interimAnswersMax) request.destroy(new Error('interim answers without end'));
      });
      // Nothing of the kind was asked for. Without a listener Node closes the connection, and neither answers nor
      // fails.
      for (const switched of ['upgrade', 'connect'] as const)
        request.once(switched, (_response: IncomingMessage, socket: Socket) => {
          reject(ended ?? new Error('another protocol as the answer'));
          socket.destroy();
        });
      request.once('response', (response) => {
        // Nothing is sent again from here on, and the answer may stream for minutes.
        body = [];
        // A 101 that names no protocol comes here.
        if ((response.statusCode ?? 0) < 200) return void request.destroy(new Error('another protocol as the answer'));
        resolve(response);
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (ended === null && !fresh && isStale(request, error, bytesReadBefore)) send(true);
        else reject(ended ?? error);
      });
      // A request emits this last, however it was destroyed.
      request.once('close', () => {
        if (outgoing === request) reject(ended ?? new Error('closed without an answer'));
      });
      for (const { content, encoding } of body.slice(0, -1)) request.write(content, encoding);
      const last = body.at(-1);
      request.end(last?.content, last?.encoding ?? 'utf8');
    };
    send(false);
  });
  return {
    answer,
    end: (reason) => {
      ended ??= reason;
      outgoing?.destroy(reason);
    },
    connected: () => connected,
    isWhole: () => whole,
  };
}

function connectTimedOut(): Error {
  return Object.assign(new Error(`no connection within ${connectTimeoutMs} ms`), { code: 'ETIMEDOUT' });
}

function piecesOf(contents: readonly (string | Buffer)[]): Piece[] {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  return (length <= oneWriteMax ? [contents.join('')] : contents).map((content) => {
    if (typeof content !== 'string') return { content, bytes: content.length, encoding: 'latin1' };
    const bytes = Buffer.byteLength(content);
    return { content, bytes, encoding: bytes === content.length ? 'latin1' : 'utf8' };
  });
}

function open({ secure, options, headers }: Destination, body: readonly Piece[], fresh: boolean): ClientRequest {
  return (secure ? https : http).request({
    ...options,
    // As a list they are written as they are.
    headers: [...headers, 'content-length', String(body.reduce((sum, { bytes }) => sum + bytes, 0))],
    agent: fresh ? false : secure ? agents['https:'] : agents['http:'],
  });
}

/**
 * True for a kept connection that the other side had closed in the meantime: not a byte was answered, so a try on a
 * fresh one loses nothing. Not on another kept one: after an instance slept, all of them are closed. A connection that
 * breaks in the middle of an answer comes here too: a second try then would be a second, paid call that nobody reads.
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
