// The benchmark's load generator, in a process of its own. Takes orders over IPC, answers with numbers. Bounded in
// count and time.

import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { framesOf, readFrames, type Comparison, type Frames } from './frames.ts';

/** What to send, how much of it, and at what pace. */
export interface Order {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Connections. */
  readonly concurrency: number;
  /** Requests in all. */
  readonly requests: number;
  /**
   * Open loop: requests are due at random (exponential) intervals, so many a second on average, whether or not earlier
   * ones were answered, and latency counts from when a request was due: what waits behind a slow answer is counted as
   * slow too (coordinated omission). Without it each connection sends when its last answer is there.
   */
  readonly perSecond?: number;
  /** Each request with another made-up token. */
  readonly madeUpTokens?: boolean;
  /** The stream that each answer must be, frame by frame. */
  readonly stream?: string;
}

/** What came of it. Times in ms. */
export interface Outcome {
  /** To the last byte, one a request. */
  readonly latenciesMs: number[];
  /** To the first byte of the body, one a request. */
  readonly firstByteMs: number[];
  /** What the gateway says that it took itself (`Server-Timing`), one a request; empty for whoever says nothing. */
  readonly ownMs: number[];
  readonly failed: number;
  readonly elapsedMs: number;
  /** What came over the connections in all: heads, bodies and the marks of their chunks. */
  readonly receivedBytes: number;
  /** Of the streams that the order compares, whether they failed or not. */
  readonly frames: FrameCount;
}

/** The frames of all streams, added up. */
export interface FrameCount extends Omit<Comparison, 'timesMs'> {
  /** Of the first few streams with any, each with its stream's number. */
  readonly faults: string[];
  /** By stream, in the order in which they were sent, and frame: from when the stream was due. */
  readonly timesMs: Float64Array[];
}

const requestTimeoutMs = 60_000;
/** Faults that are told in words. */
const faultsMax = 10;
/** A seed, so that two targets see the same arrivals. */
const seed = 42;

interface Result {
  /** Status 200, and an end. */
  readonly served: boolean;
  readonly latencyMs: number;
  readonly firstByteMs: number;
  readonly ownMs: number | null;
  readonly receivedBytes: number;
  readonly comparison: Comparison | null;
}

/** Runs an order. */
export async function run(order: Order): Promise<Outcome> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: order.concurrency, scheduling: 'lifo' });
  // Once: writing a text of 300 kB costs the generator more than all else of its request.
  const body = Buffer.from(order.body);
  const expected = order.stream === undefined ? null : framesOf(Buffer.from(order.stream));
  const latenciesMs: number[] = [];
  const firstByteMs: number[] = [];
  const ownMs: number[] = [];
  const comparisons: (Comparison | null)[] = [];
  let [failed, sent, receivedBytes] = [0, 0, 0];
  const send = async (dueMs: number): Promise<void> => {
    const number = sent++;
    const result = await request(order, body, agent, dueMs, expected);
    comparisons[number] = result.comparison;
    receivedBytes += result.receivedBytes;
    if (!result.served) {
      failed++;
      return;
    }
    latenciesMs.push(result.latencyMs);
    firstByteMs.push(result.firstByteMs);
    if (result.ownMs !== null) ownMs.push(result.ownMs);
  };
  const startedMs = performance.now();
  await (order.perSecond === undefined ? closedLoop(order, send) : openLoop(order, order.perSecond, send));
  agent.destroy();
  return {
    latenciesMs,
    firstByteMs,
    ownMs,
    failed,
    elapsedMs: performance.now() - startedMs,
    receivedBytes,
    frames: countFrames(comparisons),
  };
}

function countFrames(comparisons: readonly (Comparison | null)[]): FrameCount {
  const sum = { sent: 0, arrived: 0, lost: 0, changed: 0, moved: 0, added: 0 };
  const faults: string[] = [];
  for (const [i, comparison] of comparisons.entries()) {
    if (comparison === null) continue;
    for (const name of ['sent', 'arrived', 'lost', 'changed', 'moved', 'added'] as const) sum[name] += comparison[name];
    faults.push(...comparison.faults.map((fault) => `stream ${i + 1}: ${fault}`).slice(0, faultsMax - faults.length));
  }
  return { ...sum, faults, timesMs: comparisons.flatMap((comparison) => comparison?.timesMs ?? []) };
}

async function closedLoop({ concurrency, requests }: Order, send: (dueMs: number) => Promise<void>): Promise<void> {
  let left = requests;
  const loop = async (): Promise<void> => {
    while (left-- > 0) await send(performance.now());
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
}

async function openLoop({ requests }: Order, perSecond: number, send: (dueMs: number) => Promise<void>): Promise<void> {
  const random = randomNumbers(seed);
  const running: Promise<void>[] = [];
  let dueMs = performance.now();
  for (let i = 0; i < requests; i++) {
    dueMs += (-Math.log(1 - random()) / perSecond) * 1000;
    const waitMs = dueMs - performance.now();
    // A timer is late by up to a millisecond; what is due sooner is sent at once, and nothing is sent early by more
    // than that.
    if (waitMs >= 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    running.push(send(Math.max(dueMs, performance.now() - requestTimeoutMs)));
  }
  await Promise.all(running);
}

/** One request. @param expected what its frames are compared with, whatever becomes of it; null: with nothing */
function request(
  { url, headers, madeUpTokens }: Order,
  body: Buffer,
  agent: http.Agent,
  dueMs: number,
  expected: Frames | null,
): Promise<Result> {
  return new Promise((resolve) => {
    const options = {
      method: 'POST',
      agent,
      headers: {
        ...headers,
        ...(madeUpTokens === true && { authorization: `Bearer slk_${randomBytes(32).toString('hex')}` }),
        'content-length': String(body.length),
      },
      timeout: requestTimeoutMs,
    };
    const frames = expected === null ? null : readFrames(expected);
    let firstByteMs = 0;
    let ownMs: number | null = null;
    let receivedBefore = 0;
    const end = (served: boolean): void =>
      resolve({
        served,
        latencyMs: performance.now() - dueMs,
        firstByteMs,
        ownMs,
        // A connection serves one request after the other.
        receivedBytes: (outgoing.socket?.bytesRead ?? receivedBefore) - receivedBefore,
        comparison: frames?.end() ?? null,
      });
    const outgoing = http.request(url, options, (response) => {
      const ok = response.statusCode === 200;
      const told = /\bgateway;dur=([\d.]+)/.exec(String(response.headers['server-timing'] ?? ''));
      if (told !== null) ownMs = Number(told[1]);
      response.on('data', (chunk: Buffer) => {
        const sinceDueMs = performance.now() - dueMs;
        if (firstByteMs === 0) firstByteMs = sinceDueMs;
        // An answer of another kind is no stream that came apart: its frames are missing.
        if (ok) frames?.push(chunk, sinceDueMs);
      });
      response.on('end', () => end(ok));
      response.on('error', () => end(false));
    });
    outgoing.on('socket', ({ bytesRead }) => void (receivedBefore = bytesRead));
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', () => end(false));
    outgoing.end(body);
  });
}

/** Mulberry32: small, seeded, even enough for arrivals. */
function randomNumbers(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

if (import.meta.main) {
  // Whoever started it is gone, killed say.
  process.once('disconnect', () => process.exit());
  process.on('message', (order: Order) => {
    run(order).then(
      (outcome) => process.send?.(outcome),
      (error: unknown) => {
        throw error;
      },
    );
  });
  process.send?.({});
}
