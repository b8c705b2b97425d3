// What the provider stand-ins share: a server that records requests, answers as programmed, or streams its canned
// answer at a pace.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { listen } from '../process/port.ts';

/** How many requests are kept for tests to look at. */
const requestsMax = 1_000;

/** What a provider stand-in can be told to do with its next request instead of its canned answer. */
export type Behaviour =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string | string[]>>;
      readonly body: string | Buffer;
    }
  /** Serve these bytes, cut into pieces at these offsets, each a write of its own. */
  | { readonly bytes: Buffer; readonly cuts: readonly number[]; readonly headers?: Readonly<Record<string, string>> }
  /** Break the connection after so many bytes of the canned answer. */
  | { readonly cutAfterBytes: number }
  /**
   * Write this on the connection instead of an answer; again and again, as long as somebody reads, where it never ends.
   */
  | { readonly raw: string; readonly endless: boolean }
  /** Never answer, or answer with headers and one piece and then nothing. */
  | { readonly hang: 'headers' | 'body' };

/** Pace of canned answers. */
export interface Pace {
  /** Before the response headers. */
  readonly delayMs?: number;
  /** Text pieces of a stream, and the time between two of them. */
  readonly chunks?: number;
  readonly chunkDelayMs?: number;
}

/** A request as it arrived. */
export interface Recorded {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A running stand-in. */
export interface LocalProvider {
  readonly url: string;
  readonly requests: Recorded[];
  /**
   * Programs the next request, or so many; calls queue up. A gateway with one home asks again where a fault may pass
   * by itself.
   */
  next(behaviour: Behaviour, times?: number): void;
  /** Is asked about each request for which nothing is programmed; null: none is, or it is served. */
  unwell: (() => Behaviour | null) | null;
  /** Takes back what was programmed and has not been used. */
  forget(): void;
  /** Changes the pace of what follows. */
  pace(pace: Pace): void;
  /**
   * `served`: whole answers. `aborted`: requests whose caller left before the answer was whole; those that were cut on
   * request are neither.
   */
  readonly stats: { served: number; aborted: number };
  close(): Promise<void>;
}

/** A canned answer: status, headers, and its pieces; those after the first `head` ones come at the stream's pace. */
export interface Canned {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly pieces: readonly Buffer[];
}

/** Starts a provider. @param respond makes the canned answer of a request. */
export async function startProvider(
  respond: (request: Recorded, chunks: number) => Canned,
  { port = 0, ...initial }: Pace & { port?: number } = {},
): Promise<LocalProvider> {
  const requests: Recorded[] = [];
  const behaviours: Behaviour[] = [];
  const stats = { served: 0, aborted: 0 };
  let pace: Required<Pace> = { delayMs: 0, chunks: 4, chunkDelayMs: 0, ...initial };
  // Load is one request many times: its answer is made once.
  let last: { request: Recorded; chunks: number; canned: Canned } | null = null;
  const cannedFor = (request: Recorded): Canned => {
    const { chunks } = pace;
    if (last === null || last.chunks !== chunks || !sameRequest(last.request, request))
      last = { request, chunks, canned: answerTo(request, chunks) };
    return last.canned;
  };

  /** Where a stand-in fails the real provider would refuse: a broken connection would look like an outage. */
  const answerTo = (request: Recorded, chunks: number): Canned => {
    try {
      return respond(request, chunks);
    } catch (error) {
      const message = `this request can't be read: ${error instanceof Error ? error.message : String(error)}`;
      // In one shape for all of their dialects.
      const told = { message, type: 'invalid_request_error', code: 400, status: 'INVALID_ARGUMENT' };
      const body = JSON.stringify({ type: 'error', error: told });
      return { status: 400, headers: { 'content-type': 'application/json' }, pieces: [Buffer.from(body)] };
    }
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let broken = false;
    response.once('close', () => {
      if (response.writableFinished) stats.served++;
      else if (!broken) stats.aborted++;
    });
    const recorded = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: await bodyOf(request),
    };
    if (requests.length === requestsMax) requests.shift();
    requests.push(recorded);
    const behaviour = behaviours.shift() ?? provider.unwell?.() ?? undefined;
    if (behaviour !== undefined && 'hang' in behaviour && behaviour.hang === 'headers') return;
    if (behaviour !== undefined && 'raw' in behaviour)
      return serveRaw(request.socket, behaviour.raw, behaviour.endless);
    if (behaviour !== undefined && 'status' in behaviour) {
      response
        .writeHead(behaviour.status, { 'content-type': 'application/json', ...behaviour.headers })
        .end(behaviour.body);
      return;
    }
    if (pace.delayMs > 0) await sleep(pace.delayMs);
    if (behaviour !== undefined && 'bytes' in behaviour)
      return serveBytes(response, behaviour.bytes, behaviour.cuts, behaviour.headers ?? {});
    const canned = cannedFor(recorded);
    response.writeHead(canned.status, canned.headers);
    if (behaviour !== undefined && 'cutAfterBytes' in behaviour) {
      response.write(Buffer.concat(canned.pieces).subarray(0, behaviour.cutAfterBytes), () => {
        broken = true;
        response.destroy();
      });
      return;
    }
    // By a timetable: a piece that is late does not make all that follow late.
    const { chunkDelayMs } = pace;
    const startedMs = performance.now();
    for (const [i, piece] of canned.pieces.entries()) {
      if (response.destroyed) return;
      const waitMs = startedMs + i * chunkDelayMs - performance.now();
      if (waitMs > 0) await sleep(Math.ceil(waitMs));
      response.write(piece);
      if (behaviour !== undefined) return;
    }
    response.end();
  };

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  const bound = await listen(server, port);
  const provider: LocalProvider = {
    url: `http://127.0.0.1:${bound}`,
    requests,
    stats,
    unwell: null,
    next: (behaviour, times = 1) => {
      for (let i = 0; i < times; i++) behaviours.push(behaviour);
    },
    forget: () => void behaviours.splice(0),
    pace: (more) => (pace = { ...pace, ...more }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return provider;
}

function sameRequest(one: Recorded, other: Recorded): boolean {
  return (
    one.body === other.body &&
    one.url === other.url &&
    one.method === other.method &&
    isDeepStrictEqual(one.headers, other.headers)
  );
}

async function serveBytes(
  response: ServerResponse,
  bytes: Buffer,
  cuts: readonly number[],
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', ...headers });
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    if (to > from) {
      response.write(bytes.subarray(from, to));
      // The next piece goes out in a turn of its own: a segment of its own, as far as loopback allows.
      await new Promise((resolve) => setImmediate(resolve));
    }
    from = to;
  }
  response.end();
}

/** Writes bytes that need not be an HTTP answer at all: what to make of them is up to the reader. */
function serveRaw(socket: Socket, raw: string, endless: boolean): void {
  const write = (): void => {
    do {
      if (!socket.write(raw, 'latin1')) break;
    } while (endless && !socket.destroyed);
  };
  if (endless) socket.on('drain', write);
  write();
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Words of a text: our stand-ins' tokens. Not split: of a prompt of 300 kB that took the benchmark's provider longer
 * than all the rest of its answer.
 */
export function countWords(text: string): number {
  let count = 0;
  let inWord = false;
  for (let i = 0; i < text.length; i++) {
    const isBlank = text.charCodeAt(i) <= 0x20;
    if (inWord === isBlank) {
      inWord = !isBlank;
      if (inWord) count++;
    }
  }
  return count;
}

/** The text of a canned answer in so many pieces. */
export function textPieces(chunks: number): string[] {
  return Array.from({ length: chunks }, (_, i) => (i === 0 ? 'Hello' : ` wörld ${i}`));
}

/** A request's JSON object, or null where it is none. */
export function readRequest(body: string): object | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}
