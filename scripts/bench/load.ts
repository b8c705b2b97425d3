// The benchmark's load generator, in a process of its own. Takes orders over IPC, answers with numbers. Bounded in count and time.

import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';

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
   * Open loop: requests are due at random (exponential) intervals, so many a second on average, whether or not earlier ones were answered, and
   * latency counts from when a request was due: what waits behind a slow answer is counted as slow too (coordinated omission). Without it each
   * connection sends when its last answer is there.
   */
  readonly perSecond?: number;
  /** Each request with another made-up token. */
  readonly madeUpTokens?: boolean;
}

/** What came of it. Times in ms. */
export interface Outcome {
  /** To the last byte, one a request. */
  readonly latenciesMs: number[];
  /** To the first byte of the body, one a request. */
  readonly firstByteMs: number[];
  readonly failed: number;
  readonly elapsedMs: number;
  /** Events of streams that arrived, and the longest gap between two of one stream. */
  readonly events: number;
  readonly longestGapMs: number;
  /** How often each body came, by digest: streams are compared whole. */
  readonly bodies: Readonly<Record<string, number>>;
}

const requestTimeoutMs = 60_000;
/** A seed, so that two targets see the same arrivals. */
const seed = 42;

interface Result {
  readonly latencyMs: number;
  readonly firstByteMs: number;
  readonly events: number;
  readonly longestGapMs: number;
  readonly digest: string;
}

/** Runs an order. */
export async function run(order: Order): Promise<Outcome> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: order.concurrency, scheduling: 'lifo' });
  const outcome = {
    latenciesMs: [] as number[],
    firstByteMs: [] as number[],
    failed: 0,
    events: 0,
    longestGapMs: 0,
    bodies: {} as Record<string, number>,
  };
  const send = async (dueMs: number): Promise<void> => {
    const result = await request(order, agent, dueMs);
    if (result === null) {
      outcome.failed++;
      return;
    }
    outcome.latenciesMs.push(result.latencyMs);
    outcome.firstByteMs.push(result.firstByteMs);
    outcome.events += result.events;
    outcome.longestGapMs = Math.max(outcome.longestGapMs, result.longestGapMs);
    outcome.bodies[result.digest] = (outcome.bodies[result.digest] ?? 0) + 1;
  };
  const startedMs = performance.now();
  await (order.perSecond === undefined ? closedLoop(order, send) : openLoop(order, order.perSecond, send));
  agent.destroy();
  return { ...outcome, elapsedMs: performance.now() - startedMs };
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
    // A timer is late by up to a millisecond; what is due sooner is sent at once, and nothing is sent early by more than that.
    if (waitMs >= 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    running.push(send(Math.max(dueMs, performance.now() - requestTimeoutMs)));
  }
  await Promise.all(running);
}

/** One request; null when it failed. Events are counted by their blank lines. */
function request(
  { url, headers, body, madeUpTokens }: Order,
  agent: http.Agent,
  dueMs: number,
): Promise<Result | null> {
  return new Promise((resolve) => {
    const options = {
      method: 'POST',
      agent,
      headers: {
        ...headers,
        ...(madeUpTokens === true && { authorization: `Bearer slk_${randomBytes(32).toString('hex')}` }),
        'content-length': String(Buffer.byteLength(body)),
      },
      timeout: requestTimeoutMs,
    };
    const outgoing = http.request(url, options, (response) => {
      const hash = createHash('sha1');
      let [events, longestGapMs, firstByteMs] = [0, 0, 0];
      let lastMs = performance.now();
      response.on('data', (chunk: Buffer) => {
        const now = performance.now();
        if (firstByteMs === 0) firstByteMs = now - dueMs;
        else longestGapMs = Math.max(longestGapMs, now - lastMs);
        lastMs = now;
        hash.update(chunk);
        for (let at = chunk.indexOf('\n\n'); at !== -1; at = chunk.indexOf('\n\n', at + 2)) events++;
      });
      response.on('end', () => {
        if (response.statusCode !== 200) return resolve(null);
        const latencyMs = performance.now() - dueMs;
        resolve({ latencyMs, firstByteMs, events, longestGapMs, digest: hash.digest('base64') });
      });
      response.on('error', () => resolve(null));
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', () => resolve(null));
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
