// The rig of the ledger's tests: a call from its permit on through sockets, meters and the settlement on a real Redis
// to its row, with a provider that says what a test wants.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startRedis, type LocalRedis } from '../../../../scripts/local/process/redis.ts';
import type { Permit } from '../../auth/auth.ts';
import { openCatalogue, type Catalogue } from '../../catalogue/catalogue.ts';
import { loadConfig } from '../../config/config.ts';
import { createOutbox, type UsageEvent } from '../../events/events.ts';
import { createLimiter } from '../../limiter/limiter.ts';
import { connectStore, type Store } from '../../store/store.ts';
import { createTelemetry } from '../../telemetry/telemetry.ts';
import { createUpstream, type Surface, type Upstream } from '../../upstream/upstream.ts';
import { sendAndRelay } from '../answer.ts';
import { createAttemptLog } from '../attempt-log.ts';
import { completions } from '../charge.ts';
import { charged } from '../charged.ts';
import { completionEvent } from '../completion-event.ts';
import type { Context } from '../context.ts';
import type { Exchange } from '../exchange.ts';
import { createHandler } from '../handler.ts';
import { createOutages } from '../outages.ts';

const hourMs = 3_600_000;
const surfaces = {
  'anthropic-messages': { provider: 'anthropic', dialects: ['anthropic-messages'] },
  'anthropic-text': { provider: 'anthropic', dialects: ['anthropic-text'] },
  openai: { provider: 'openai', dialects: ['openai-chat'] },
  fireworks: { provider: 'fireworks', dialects: ['openai-chat'] },
  google: { provider: 'google', dialects: ['gemini-generate'] },
  responses: { provider: 'openai', dialects: ['openai-responses'] },
} as const satisfies Readonly<Record<string, Surface>>;
/** How a call is made. */
export type SurfaceName = keyof typeof surfaces;
let redisServer: LocalRedis;
let store: Store;
let gateway: Server;
let provider: Server;
/** By where calls are served: at the providers' own APIs, or at Vertex AI and Azure alone. */
let catalogues: Readonly<Record<'own' | 'cloud', Catalogue>>;
let upstream: Upstream;
let context: Context;
let handle: (exchange: Exchange) => Promise<void>;
/** What the provider says next. */
let say: (response: ServerResponse) => void;
let rows: UsageEvent[] = [];
/** The provider has the request. */
let arrived = Promise.withResolvers<void>();

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const listening = async (server: Server): Promise<Server> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

/** Starts it all. */
export async function startRig(): Promise<void> {
  redisServer = await startRedis();
  store = connectStore({ redisEndpoint: redisServer.url }, () => undefined);
  provider = await listening(
    createServer((request, response) =>
      request.resume().on('end', () => {
        arrived.resolve();
        say(response);
      }),
    ),
  );
  const address = `http://127.0.0.1:${portOf(provider)}`;
  const names = ['ANTHROPIC', 'OPENAI', 'FIREWORKS', 'GOOGLE'];
  const open = (homes: readonly object[]) => {
    const config = loadConfig({
      REDIS_ENDPOINT: 'none',
      CODY_GATEWAY_DIAGNOSTICS_SECRET: 'none',
      AZURE_OPENAI_API_KEY: 'key',
      ...Object.fromEntries(names.map((name) => [`CODY_GATEWAY_${name}_ACCESS_TOKEN`, 'key'])),
      ...Object.fromEntries(names.map((name) => [`CODY_GATEWAY_${name}_BASE_URL`, address])),
      CODY_GATEWAY_RESPONSES_SERVER_TOOLS: 'image_generation',
      // Also models that a release does not serve by itself.
      CODY_GATEWAY_CATALOGUE: JSON.stringify({
        providers: ['anthropic', 'openai', 'fireworks', 'google'].map((id) => ({ id, allow: ['*'] })),
        homes,
      }),
    });
    const nowMs = Date.parse('2026-11-28');
    const { latest } = openCatalogue({ config, nowMs, overlay: null, onFaults: () => assert.fail('faults') });
    return { config, catalogue: latest() };
  };
  const { config, catalogue: own } = open([]);
  const draining = ['anthropic-api', 'openai-api', 'gemini-api'].map((id) => ({ id, draining: 'in this test' }));
  const google = ['claude-vertex', 'gemini-vertex'].map((id) => ({ id, baseUrl: `${address}/v1/projects/p` }));
  const spellings = { 'openai/gpt-4o': 'our deployment', 'openai/gpt-5.1': 'another of ours' };
  const { catalogue: cloud } = open([...draining, ...google, { id: 'azure-openai', baseUrl: address, spellings }]);
  catalogues = { own, cloud };
  upstream = createUpstream({ config, googleTokens: () => Promise.resolve('t'), warn: () => undefined });
  const outbox = createOutbox(
    store,
    null,
    null,
    () => undefined,
    () => undefined,
  );
  context = {
    config,
    telemetry: createTelemetry({ googleCloudProject: null, functionName: 'f', version: '' }, () => undefined),
    auth: { refreshSoon: () => undefined },
    limiter: createLimiter(store),
    upstream,
    outbox: { ...outbox, take: (_posted: unknown, event: string) => rows.push(JSON.parse(event) as UsageEvent) },
    outages: createOutages(config, Date.now),
    budget: () => ({ leftMs: 10_000 }),
  } as unknown as Context;
  const route = { method: 'POST', path: '/', dialect: 'cody' as const, handle: (it: Exchange) => handle(it) };
  const { handle: listen } = createHandler(context, [route]);
  gateway = await listening(createServer((request, response) => void listen(request, response)));
}

/** Ends it all. */
export async function stopRig(): Promise<void> {
  for (const server of [gateway, provider]) {
    server.closeAllConnections();
    server.close();
  }
  await upstream.close();
  await store.close();
  await redisServer.close();
}

function permitOf(model: string): Permit {
  const actor = { source: 'dotcom-user', id: randomUUID(), name: 'n', tags: ['acme'], pool: null, version: 0 };
  const burst = { limit: 1_000, intervalMs: hourMs };
  const entitlement = { limit: 1_000, intervalMs: 24 * hourMs, allowedModels: ['*'], burst, inFlightMax: 1_000 };
  return { actor, feature: 'chat_completions', entitlement, model, blocked: false, budgets: [] } as unknown as Permit;
}

const hello = 'hello, who are you';
const chat = { max_tokens: 100, messages: [{ role: 'user', content: hello }] };
const saying: Readonly<Record<SurfaceName, object>> = {
  'anthropic-messages': chat,
  'anthropic-text': { prompt: `\n\nHuman: ${hello}\n\nAssistant:`, max_tokens_to_sample: 100 },
  openai: chat,
  fireworks: chat,
  google: { max_tokens: 100, contents: [{ role: 'user', parts: [{ text: hello }] }] },
  responses: { input: hello, max_output_tokens: 100, store: false },
};

/** What is asked. */
export interface Asked {
  readonly shape: SurfaceName;
  /** Bare. */
  readonly model: string;
  readonly stream: boolean;
  /** At the providers' own APIs where absent, else at Vertex AI and Azure. */
  readonly at?: 'cloud';
  /** More members of the request. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** Leaves once so much of the answer has come; at 0 before any of it, when the provider has the request. */
  readonly leaveAfter?: number;
}

/** Sends a call all the way from its permit on. @returns its row, as it is written by the settlement */
export async function call({ shape, model, stream, at, more = {}, leaveAfter }: Asked): Promise<UsageEvent> {
  const catalogue = catalogues[at ?? 'own'];
  const body = {
    model,
    stream,
    ...saying[shape],
    ...more,
  };
  const companies = ['anthropic', 'openai', 'google', 'fireworks', 'microsoft'];
  const caller = {
    actorId: 'a',
    actorUid: null,
    dialect: 'cody',
    feature: 'chat_completions',
    headers: {},
    places: { companies, regions: null, retention: null },
  } as const;
  const asked = upstream.read(surfaces[shape], body, caller, catalogue);
  const permit = permitOf(asked.model?.id ?? assert.fail(`${model} is not served`));
  handle = (exchange) => {
    const attempts = createAttemptLog(exchange, {
      provider: asked.provider.id,
      model: permit.model,
      unanswered: (ms) => upstream.unanswered(asked, ms),
    });
    const event = completionEvent(permit, asked, null, { uid: '', anonymousUid: '' }, attempts);
    return charged(exchange, { permit, units: 1, claim: null, event, catalogue, span: null, bound: null }, (held) =>
      sendAndRelay(exchange, held, asked, completions, attempts),
    );
  };
  rows = [];
  arrived = Promise.withResolvers();
  const leaving = new AbortController();
  try {
    const pending = fetch(`http://127.0.0.1:${portOf(gateway)}/`, { method: 'POST', signal: leaving.signal });
    if (leaveAfter === 0) {
      await arrived.promise;
      leaving.abort();
    }
    const response = await pending;
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += (chunk as Uint8Array).byteLength;
      if (leaveAfter !== undefined && bytes >= leaveAfter) leaving.abort();
    }
  } catch (error) {
    if (!leaving.signal.aborted) throw error;
  }
  for (let tries = 0; rows.length === 0 && tries < 10_000; tries++) await new Promise(setImmediate);
  const [row] = rows;
  assert.ok(row !== undefined && rows.length === 1, 'one row a call');
  return row;
}

/** Sets what the provider says next. */
export function answer(next: (response: ServerResponse) => void): void {
  say = next;
}

/** An answer of JSON. */
export const json = (value: unknown) => (response: ServerResponse) =>
  void response.setHeader('content-type', 'application/json').end(JSON.stringify(value));

/** A stream of these events. */
export const sse =
  (...events: readonly (object | string)[]) =>
  (response: ServerResponse) =>
    void response
      .setHeader('content-type', 'text/event-stream')
      .end(events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join(''));
