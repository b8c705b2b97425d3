// Homes of one provider on real sockets, each with a handler of the test's, and instances of the gateway that call
// them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { openCatalogue } from '../../../catalogue/catalogue.ts';
import { loadConfig } from '../../../config/config.ts';
import { SseSplitter, type AccessTokens } from '../../../http/http.ts';
import type { Lease } from '../../../limiter/limiter.ts';
import type { Store } from '../../../store/store.ts';
import type { Answer, Attempt, CallerFacts } from '../../call.ts';
import { surfaces, type SurfaceName } from '../../reading.test/reader.ts';
import { createUpstream } from '../../upstream.ts';

export type Handle = (response: ServerResponse, body: string, request: IncomingMessage) => void;

/** One home. */
export interface TestHome {
  readonly url: string;
  handle: Handle;
  /** Requests that came whole. */
  count: number;
}

/** What a call came to. */
export interface Outcome {
  readonly status: number;
  readonly text: string;
  readonly home: string | null;
  readonly attempts: readonly Attempt[];
  readonly answer: Answer | null;
  /** A refusal's kind and words. */
  readonly error: {
    readonly kind?: string;
    readonly message?: string;
    readonly retryAfterSeconds?: number | null;
  } | null;
}

/** What a call is made with. */
export interface Asked {
  readonly surface?: SurfaceName;
  readonly model?: string;
  readonly stream?: boolean;
  readonly actor?: string;
  readonly body?: Record<string, unknown>;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number | null;
  readonly caller?: Partial<CallerFacts>;
}

export interface Instance {
  ask(asked?: Asked): Promise<Outcome>;
}

/** Starts a home; closed with the test. */
export async function startHome(t: TestContext, handle: Handle): Promise<TestHome> {
  const home = { url: '', handle, count: 0 };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      home.count++;
      home.handle(response, Buffer.concat(chunks).toString('utf8'), request);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  home.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return home;
}

/** An instance that has these homes, `a`, `b`, …, of one provider. @param rows members of each home's row */
export function instanceOf(
  homes: readonly (TestHome | { url: string })[],
  {
    provider = 'anthropic',
    rows = [],
    env = {},
    store = null,
    holdMs = 1_000,
    googleTokens = () => assert.fail('no home asks'),
  }: {
    provider?: string;
    rows?: readonly Record<string, unknown>[];
    env?: Record<string, string>;
    store?: Store | null;
    holdMs?: number;
    googleTokens?: AccessTokens;
  } = {},
): Instance {
  const name = `${provider.toUpperCase()}_TEST_KEY`;
  const own = homes.map(({ url }, i) => ({
    id: 'abcdefgh'[i],
    provider,
    kind: 'api-key',
    baseUrl: url,
    company: provider,
    secrets: [name],
    state: 'abcdefgh'[i],
    priority: i,
    ...rows[i],
  }));
  const config = loadConfig({
    REDIS_ENDPOINT: 'none',
    CODY_GATEWAY_DIAGNOSTICS_SECRET: 'none',
    [name]: 'key',
    CODY_GATEWAY_CATALOGUE: JSON.stringify({ homes: own }),
    ...env,
  });
  const catalogue = openCatalogue({ config, nowMs: 0, overlay: null, onFaults: () => assert.fail() }).latest();
  const upstream = createUpstream({
    config,
    googleTokens,
    warn: () => undefined,
    store,
    holdMs,
  });
  return {
    ask: async ({
      surface = 'anthropic-messages',
      model = 'claude-haiku-4-5',
      stream = false,
      actor = 'sub1',
      body = {},
      signal = new AbortController().signal,
      timeoutMs = null,
      caller = {},
    } = {}) => {
      const facts: CallerFacts = {
        actorId: actor,
        actorUid: null,
        dialect: 'cody',
        feature: 'chat_completions',
        headers: {},
        ...caller,
      };
      const says = surface === 'google' ? { contents: [] } : { messages: [{ role: 'user', content: 'Hello' }] };
      const call = upstream.read(
        surfaces[surface],
        { model, stream, max_tokens: 9, ...says, ...body },
        facts,
        catalogue,
      );
      if (call.unavailable !== null)
        return { status: -1, text: '', home: null, attempts: [], answer: null, error: { message: call.unavailable } };
      const permit = { model: call.model?.id, actor: { source: 'internal', id: actor } };
      const attempts: Attempt[] = [];
      const onAttempt = (attempt: Attempt): void => void attempts.push(attempt);
      try {
        const lease = { permit } as unknown as Lease;
        const answer = await upstream.send(lease, call, { signal, timeoutMs, onAttempt });
        const chunks: Buffer[] = [];
        const splitter = new SseSplitter(1 << 20);
        if (answer.refusal !== null) answer.abort();
        else
          for await (const chunk of answer.body) {
            chunks.push(chunk);
            // As the relay does: what an answer was worth is its meter's to say.
            if (answer.sse) for (const event of splitter.push(chunk)) answer.meter.event(event);
            else answer.meter.body(chunk);
          }
        const text = Buffer.concat(chunks).toString('utf8');
        return { status: answer.callerStatus, text, home: answer.home, attempts, answer, error: answer.refusal };
      } catch (error) {
        return { status: -1, text: '', home: null, attempts, answer: null, error: error as Outcome['error'] };
      }
    },
  };
}

export const answered: Handle = (response) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"ok"}');

/** Refuses with a document. */
export const refusing =
  (status: number, body: object | string = {}, headers: Record<string, string> = {}): Handle =>
  (response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body));

/** Streams these texts, each in a write of its own, then ends, or cuts the connection. */
export const streaming =
  (texts: readonly string[], end: 'end' | 'cut' | 'hang' = 'end', type = 'text/event-stream'): Handle =>
  (response) => {
    response.writeHead(200, { 'content-type': type });
    const write = (at: number): void => {
      const text = texts[at];
      if (text === undefined) {
        if (end === 'end') response.end();
        else if (end === 'cut') response.destroy();
      } else response.write(text, () => setImmediate(write, at + 1));
    };
    write(0);
  };
