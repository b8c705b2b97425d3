// The gateway as tests meet it: the local cloud without its router's port, its log lines collected, its pieces at hand.

import { Redis } from 'ioredis';
import { createSubscription, type NewSubscription } from '@cody-gateway/shared/directory';
import { openDocuments } from '@cody-gateway/shared/documents';
import { localProject, startCloud, type CloudOptions, type LocalCloud } from './cloud.ts';
import { createDrain } from './drained.ts';

/** A running gateway with what tests ask of it. */
export interface TestGateway extends LocalCloud {
  /** Log lines of the functions, parsed; those that are no JSON as `{ text }`. */
  readonly lines: Record<string, unknown>[];
  readonly redisClient: Redis;
  /** Makes a subscription with these chat limits and gives its token. */
  subscription(
    chat: { limit: number; intervalSeconds?: number; allowedModels?: string[] } | null,
    more?: Partial<NewSubscription>,
  ): Promise<{ id: string; token: string }>;
  /** All documents of a collection of the directory. */
  documents(collection: string): Promise<Record<string, unknown>[]>;
  /** Writes to a document of the directory. */
  write(path: string, data: Record<string, unknown>): Promise<void>;
  /** Rows of the events table once the outbox and the queue have run empty. */
  events(where?: string): Promise<EventRow[]>;
  /** Calls a path with a token. */
  call(path: string, init?: CallInit): Promise<{ status: number; headers: Headers; text: string }>;
}

/** A request to the gateway. */
export interface CallInit {
  readonly method?: string;
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** A row of the events table, metadata parsed. */
export interface EventRow {
  readonly name: string;
  readonly source: string;
  readonly identifier: string;
  readonly metadata: Record<string, unknown>;
  readonly event_id: string;
  readonly rank: number;
  readonly feature: string | null;
  readonly model: string | null;
  readonly units: number;
  readonly quota_window: string | null;
  readonly quota_units: number;
  readonly count: number;
  readonly tokens: number | null;
  readonly gateway_ms: number | null;
  readonly cost_micro_usd: number | null;
  readonly price_version: string | null;
  readonly cost_nano_usd: number | null;
}

const linesMax = 5_000;
/**
 * Redis may take its time on a machine that is busy with other tests; the burst window is for the tests that are about
 * it.
 */
const patience = { CODY_GATEWAY_REDIS_BUDGET: '20s', CODY_GATEWAY_ACTOR_CONCURRENCY_LIMIT_PERCENTAGE: '100000' };

/** Starts it. Redis budgets are generous: what is tested is not this machine's speed. */
export async function startGateway(options: CloudOptions = {}): Promise<TestGateway> {
  const lines: Record<string, unknown>[] = [];
  const drain = createDrain();
  const cloud = await startCloud({
    ...options,
    env: { ...patience, ...options.env },
    onLine: (name, line) => {
      if (lines.length === linesMax) lines.shift();
      lines.push(parseLine(name, line));
      drain.line(line);
      options.onLine?.(name, line);
    },
  });
  const directory = openDocuments({ firestoreEmulatorHost: cloud.firestore.host, googleCloudProject: localProject });
  const redisClient = new Redis(cloud.redis.url);
  redisClient.on('error', () => undefined);
  return {
    ...cloud,
    lines,
    redisClient,
    subscription: (chat, more = {}) => {
      const limits =
        chat === null ? {} : { chat_completions: { intervalSeconds: 86_400, allowedModels: ['*'], ...chat } };
      return createSubscription(directory, { name: 'test', limits, ...more });
    },
    documents: async (collection) =>
      (await (await directory.client()).collection(collection).get()).docs.map((document) => document.data()),
    write: async (path, data) => void (await (await directory.client()).doc(path).set(data, { merge: true })),
    events: async (where = 'true') => {
      await drain.drained(cloud, redisClient);
      const rows = await cloud.bigquery.rows(`SELECT * FROM \`p.d.events_unique\` WHERE ${where} ORDER BY created_at`);
      return rows.map(
        (row) =>
          ({
            ...row,
            ...numbers(row),
            metadata: JSON.parse(row['metadata'] as string) as Record<string, unknown>,
          }) as unknown as EventRow,
      );
    },
    call: async (path, { method, token = cloud.token, headers = {}, body, signal } = {}) => {
      const response = await fetch(`${cloud.url}${path}`, {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        ...(signal !== undefined && { signal }),
      });
      return { status: response.status, headers: response.headers, text: await response.text() };
    },
    stop: async () => {
      redisClient.disconnect();
      await directory.close();
      await cloud.stop();
    },
  };
}

function parseLine(name: string, line: string): Record<string, unknown> {
  try {
    return { process: name, ...(JSON.parse(line) as object) };
  } catch {
    return { process: name, text: line };
  }
}

function numbers(row: Record<string, unknown>): Record<string, number | null> {
  return Object.fromEntries(
    ['rank', 'units', 'quota_units', 'count', 'tokens', 'gateway_ms', 'cost_micro_usd', 'cost_nano_usd'].map((name) => [
      name,
      row[name] === null ? null : Number(row[name]),
    ]),
  );
}

/** A chat request for Anthropic's route. */
export function anthropicBody(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    model: 'claude-3-haiku-20240307',
    max_tokens: 100,
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello there' }] }],
    ...more,
  };
}

/** A chat request for OpenAI's route. */
export function openAiBody(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello there' }], ...more };
}

/** The header of Cody's chat. */
export const chat = { 'x-sourcegraph-feature': 'chat_completions' } as const;

/** Asks again until the answer is as wanted, at most ten seconds: for what no caller waits for. */
export async function eventually<T>(ask: () => Promise<T> | T, wanted: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`not as wanted within 10 s: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
