// The benchmark's load generator, in a process of its own: bounded closed loops over kept connections. Takes orders over IPC, answers with numbers.

import http from 'node:http';

/** What to send, and how much of it. */
export interface Order {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly concurrency: number;
  /** Requests in all. */
  readonly requests: number;
}

/** What came of it. */
export interface Outcome {
  /** Milliseconds from sending to the last byte, one a request. */
  readonly latenciesMs: number[];
  readonly failed: number;
  readonly elapsedMs: number;
  /** Events of streams that arrived, and the longest gap between two of one stream. */
  readonly events: number;
  readonly longestGapMs: number;
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 2_000, scheduling: 'lifo' });
const requestTimeoutMs = 60_000;

/** Runs an order. */
export async function run(order: Order): Promise<Outcome> {
  const outcome = { latenciesMs: [] as number[], failed: 0, events: 0, longestGapMs: 0 };
  let left = order.requests;
  const startedMs = performance.now();
  const loop = async (): Promise<void> => {
    while (left-- > 0) {
      const sentMs = performance.now();
      const result = await request(order);
      if (result === null) outcome.failed++;
      else {
        outcome.latenciesMs.push(performance.now() - sentMs);
        outcome.events += result.events;
        outcome.longestGapMs = Math.max(outcome.longestGapMs, result.longestGapMs);
      }
    }
  };
  await Promise.all(Array.from({ length: order.concurrency }, loop));
  return { ...outcome, elapsedMs: performance.now() - startedMs };
}

/** One request; null when it failed. Events are counted by their blank lines. */
function request({ url, headers, body }: Order): Promise<{ events: number; longestGapMs: number } | null> {
  return new Promise((resolve) => {
    const outgoing = http.request(
      url,
      {
        method: 'POST',
        agent,
        headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
        timeout: requestTimeoutMs,
      },
      (response) => {
        let events = 0;
        let longestGapMs = 0;
        let lastMs = performance.now();
        response.on('data', (chunk: Buffer) => {
          const now = performance.now();
          longestGapMs = Math.max(longestGapMs, now - lastMs);
          lastMs = now;
          for (let at = chunk.indexOf('\n\n'); at !== -1; at = chunk.indexOf('\n\n', at + 2)) events++;
        });
        response.on('end', () => resolve(response.statusCode === 200 ? { events, longestGapMs } : null));
        response.on('error', () => resolve(null));
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', () => resolve(null));
    outgoing.end(body);
  });
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
