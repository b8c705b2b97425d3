// Calls priced by hand, held to the nano-dollar from the provider's answer to the sums of the views: through sockets,
// meters, the settlement on a real Redis, the row, its delivery into a warehouse. Each is answered whole and as a
// stream.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { startBigQuery, type LocalBigQuery } from '../../../scripts/local/google/bigquery/bigquery.ts';
import { createEventsDataset } from '../../../scripts/local/google/bigquery/events-dataset.ts';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import type { Permit } from '../auth/auth.ts';
import { openCatalogue, type Catalogue } from '../catalogue/catalogue.ts';
import { loadConfig } from '../config/config.ts';
import { type UsageEvent, closeDay, createLedger, createOutbox, createWarehouse, dueDays } from '../events/events.ts';
import { createLimiter } from '../limiter/limiter.ts';
import { connectStore, type Store } from '../store/store.ts';
import { createTelemetry } from '../telemetry/telemetry.ts';
import { createUpstream, type Surface, type Upstream } from '../upstream/upstream.ts';
import { sendAndRelay } from './answer.ts';
import { createAttemptLog } from './attempt-log.ts';
import { completions } from './charge.ts';
import { charged } from './charged.ts';
import { completionEvent } from './completion-event.ts';
import type { Context } from './context.ts';
import type { Exchange } from './exchange.ts';
import { createHandler } from './handler.ts';
import { createOutages } from './outages.ts';

const hourMs = 3_600_000;
const surfaces = {
  'anthropic-messages': { provider: 'anthropic', dialects: ['anthropic-messages'] },
  openai: { provider: 'openai', dialects: ['openai-chat'] },
  fireworks: { provider: 'fireworks', dialects: ['openai-chat'] },
  google: { provider: 'google', dialects: ['gemini-generate'] },
} as const satisfies Readonly<Record<string, Surface>>;
type SurfaceName = keyof typeof surfaces;
let redisServer: LocalRedis;
let store: Store;
let gateway: Server;
let provider: Server;
let catalogue: Catalogue;
let upstream: Upstream;
let bigquery: LocalBigQuery;
let context: Context;
let handle: (exchange: Exchange) => Promise<void>;
/** What the provider says next. */
let answer: (response: ServerResponse) => void;
let rows: UsageEvent[] = [];
/** The provider has the request. */
let arrived = Promise.withResolvers<void>();

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const listening = async (server: Server): Promise<Server> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

before(async () => {
  redisServer = await startRedis();
  bigquery = await createEventsDataset(await startBigQuery(), 'local-cloud');
  store = connectStore({ redisEndpoint: redisServer.url }, () => undefined);
  provider = await listening(
    createServer((request, response) =>
      request.resume().on('end', () => {
        arrived.resolve();
        answer(response);
      }),
    ),
  );
  const address = `http://127.0.0.1:${portOf(provider)}`;
  const names = ['ANTHROPIC', 'OPENAI', 'FIREWORKS', 'GOOGLE'];
  const config = loadConfig({
    REDIS_ENDPOINT: 'none',
    CODY_GATEWAY_DIAGNOSTICS_SECRET: 'none',
    ...Object.fromEntries(names.map((name) => [`CODY_GATEWAY_${name}_ACCESS_TOKEN`, 'key'])),
    ...Object.fromEntries(names.map((name) => [`CODY_GATEWAY_${name}_BASE_URL`, address])),
    // Also models that a release does not serve by itself.
    CODY_GATEWAY_CATALOGUE: JSON.stringify({
      providers: ['anthropic', 'openai', 'fireworks', 'google'].map((id) => ({ id, allow: ['*'] })),
    }),
  });
  const nowMs = Date.parse('2026-11-28');
  catalogue = openCatalogue({ config, nowMs, overlay: null, onFaults: () => assert.fail('faults') }).latest();
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
});
after(async () => {
  for (const server of [gateway, provider]) {
    server.closeAllConnections();
    server.close();
  }
  await upstream.close();
  await store.close();
  await redisServer.close();
  await bigquery.close();
});

function permitOf(model: string): Permit {
  const actor = { source: 'dotcom-user', id: randomUUID(), name: 'n', tags: ['acme'], pool: null, version: 0 };
  const burst = { limit: 1_000, intervalMs: hourMs };
  const entitlement = { limit: 1_000, intervalMs: 24 * hourMs, allowedModels: ['*'], burst, inFlightMax: 1_000 };
  return { actor, feature: 'chat_completions', entitlement, model, blocked: false, budgets: [] } as unknown as Permit;
}

interface Asked {
  readonly shape: SurfaceName;
  /** Bare. */
  readonly model: string;
  readonly stream: boolean;
  /** More members of the request. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** Leaves once so much of the answer has come; at 0 before any of it, when the provider has the request. */
  readonly leaveAfter?: number;
}

/** Sends a call all the way from its permit on. @returns its row, as it is written by the settlement */
async function call({ shape, model, stream, more = {}, leaveAfter }: Asked): Promise<UsageEvent> {
  const body = {
    model,
    stream,
    max_tokens: 100,
    ...(shape === 'google'
      ? { contents: [{ role: 'user', parts: [{ text: 'hello, who are you' }] }] }
      : { messages: [{ role: 'user', content: 'hello, who are you' }] }),
    ...more,
  };
  const caller = { actorId: 'a', actorUid: null, dialect: 'cody', feature: 'chat_completions', headers: {} } as const;
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
const json = (value: unknown) => (response: ServerResponse) =>
  void response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
const sse =
  (...events: readonly (object | string)[]) =>
  (response: ServerResponse) =>
    void response
      .setHeader('content-type', 'text/event-stream')
      .end(events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join(''));

type Report = Readonly<Record<string, unknown>>;
/** How a provider says what was used, whole or as a stream. */
const dialects: Readonly<
  Record<string, (model: string, usage: Report, said: Report, stream: boolean) => (response: ServerResponse) => void>
> = {
  'anthropic-messages': (model, usage, said, stream) => {
    if (!stream) return json({ type: 'message', model, content: [{ type: 'text', text: 'ok' }], usage, ...said });
    const { output_tokens, server_tool_use, iterations, output_tokens_details, ...atStart } = usage;
    return sse(
      { type: 'message_start', message: { model, ...said, usage: { ...atStart, output_tokens: 1 } } },
      { type: 'content_block_delta', delta: { type: 'text_delta', text: 'ok' } },
      {
        type: 'message_delta',
        delta: {},
        usage: { output_tokens, server_tool_use, iterations, output_tokens_details },
      },
      { type: 'message_stop' },
    );
  },
  openai: (model, usage, said, stream) =>
    stream
      ? sse(
          { model, choices: [{ delta: { content: 'ok' } }], ...said },
          { model, choices: [], ...said, usage },
          '[DONE]',
        )
      : json({ model, choices: [{ message: { content: 'ok' } }], ...said, usage }),
  google: (model, usageMetadata, said, stream) => {
    const candidate = { content: { parts: [{ text: 'ok' }] }, finishReason: 'STOP', ...said };
    const whole = { candidates: [candidate], usageMetadata, modelVersion: model };
    return stream ? sse(whole) : json(whole);
  },
};

/**
 * Shape, model, what the provider reports, micro-dollars by hand and their source; then what its answer says beside
 * the usage.
 */
type Line = readonly [shape: SurfaceName, model: string, usage: Report, microUsd: number, why: string, said?: Report];

const hour = (tokens: number): Report => ({
  cache_creation_input_tokens: tokens,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: tokens },
});
const [a, o, f, g] = ['anthropic-messages', 'openai', 'fireworks', 'google'] as const;

// prettier-ignore
const lines: readonly Line[] = [
  [a, 'claude-opus-4-5', { input_tokens: 12_000, output_tokens: 900 }, 82_500, 'platform.claude.com/docs/en/about-claude/pricing: 12,000 × $5 + 900 × $25'],
  [a, 'claude-opus-4-5', { input_tokens: 200, cache_read_input_tokens: 90_000, output_tokens: 700 }, 63_500, 'cache hits at $0.50'],
  [a, 'claude-sonnet-4-5-20250929', { input_tokens: 500, output_tokens: 300, ...hour(50_000) }, 306_000, 'an hour of cache: 50,000 × $6'],
  [a, 'claude-sonnet-4-6', { input_tokens: 100, output_tokens: 10, ...hour(100_000) }, 600_450, 'mozilla-ai/otari#357'],
  [a, 'claude-sonnet-4-6', { input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: 100_000 }, 375_000, 'without lives: 5 minutes, $3.75'],
  [a, 'claude-sonnet-4-5-20250929', { input_tokens: 250_000, output_tokens: 2_000 }, 1_545_000, 'above 200,000: $6 and $22.50'],
  [a, 'claude-sonnet-4-5', { input_tokens: 150_000, cache_read_input_tokens: 100_000, output_tokens: 0 }, 960_000, 'its tier counts the cache'],
  [a, 'claude-sonnet-4-6', { input_tokens: 250_000, output_tokens: 0 }, 750_000, 'Sonnet 4.6 has no tier: 250,000 × $3'],
  [a, 'claude-opus-4-6', { input_tokens: 10_000, output_tokens: 1_000, speed: 'fast' }, 450_000, 'fast, six times'],
  [a, 'claude-opus-4-8', { input_tokens: 10_000, output_tokens: 1_000, speed: 'fast' }, 150_000, 'maximhq/bifrost#4267: twice'],
  [a, 'claude-opus-4-8', { input_tokens: 10_000, output_tokens: 1_000, speed: 'standard' }, 75_000, 'asked for, and not had'],
  [a, 'claude-opus-4-8', { input_tokens: 10_000, output_tokens: 1_000, inference_geo: 'us' }, 82_500, 'BerriAI/litellm#41341: 1.1 times'],
  [a, 'claude-opus-4-8', { input_tokens: 10_000, output_tokens: 1_000, inference_geo: 'not_available' }, 75_000, 'no place was chosen'],
  [a, 'claude-opus-4-8', { input_tokens: 1_000, output_tokens: 0, speed: 'fast', inference_geo: 'us' }, 11_000, '$5 × 2 × 1.1'],
  [a, 'claude-opus-4-8', { input_tokens: 10_000, output_tokens: 0, service_tier: 'batch' }, 25_000, 'a batch, half'],
  [a, 'claude-opus-4-8', { input_tokens: 10_000, output_tokens: 0, service_tier: 'standard' }, 50_000, 'the tier of everybody'],
  [a, 'claude-haiku-4-5', { input_tokens: 3_000, output_tokens: 400, server_tool_use: { web_search_requests: 5 } }, 55_000, '5 searches at $10 a thousand'],
  [a, 'claude-sonnet-4-5', { input_tokens: 7_744, output_tokens: 353, server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 } }, 38_527, 'as recorded: 7,744 × $3 + 353 × $15 + one search'],
  [a, 'claude-opus-4-8', { input_tokens: 1_000, output_tokens: 0, server_tool_use: { web_fetch_requests: 3 } }, 5_000, 'fetching costs its tokens alone'],
  [a, 'claude-haiku-5-5', { input_tokens: 3_000, output_tokens: 400 }, 500, '$0.10 and $0.50'],
  [a, 'claude-haiku-5-5', { input_tokens: 100_001, output_tokens: 0 }, 50_000.5, 'above 100,000: $0.50'],
  [a, 'claude-sonnet-5-5', { input_tokens: 0, cache_read_input_tokens: 1_000_000, output_tokens: 0 }, 100_000, '$0.10'],
  [a, 'claude-3-haiku-20240307', { input_tokens: 1_000, output_tokens: 50 }, 312.5, '$0.25 and $1.25: half a micro-dollar is kept'],
  [a, 'claude-haiku-4-5', { input_tokens: 9, cache_read_input_tokens: 17_102, output_tokens: 8 }, 1_759.2, '9 × $1 + 17,102 × $0.10 + 8 × $5'],
  [a, 'claude-sonnet-5', { input_tokens: 2_390, output_tokens: 121, iterations: [{ type: 'message', input_tokens: 1_128, output_tokens: 110 }, { type: 'advisor_message', model: 'claude-opus-4-8', input_tokens: 2_518, output_tokens: 22 }, { type: 'message', input_tokens: 1_262, output_tokens: 11 }] }, 19_130, 'an advisor beside it: 2,390 × $2 + 121 × $10 + 2,518 × $5 + 22 × $25'],
  [a, 'claude-fable-5', { input_tokens: 412, output_tokens: 264, iterations: [{ type: 'message', model: 'claude-fable-5', input_tokens: 408, output_tokens: 0 }, { type: 'fallback_message', model: 'claude-opus-4-8', input_tokens: 412, output_tokens: 264 }] }, 12_740, 'Opus 4.8 answered: 412 × $5 + 264 × $25, and the first try’s 408 × $10', { model: 'claude-opus-4-8' }],
  [a, 'claude-opus-4-8', { input_tokens: 23_000, output_tokens: 1_000, iterations: [{ type: 'compaction', input_tokens: 180_000, output_tokens: 3_500 }, { type: 'message', input_tokens: 23_000, output_tokens: 1_000 }] }, 1_127_500, 'what was condensed: 203,000 × $5 + 4,500 × $25'],
  [a, 'claude-opus-4-8', { input_tokens: 1_000, output_tokens: 1_000, output_tokens_details: { thinking_tokens: 900 } }, 30_000, 'thinking is output'],
  [o, 'gpt-5.1', { prompt_tokens: 10_000, completion_tokens: 2_000, prompt_tokens_details: { cached_tokens: 8_000 }, completion_tokens_details: { reasoning_tokens: 1_500 } }, 23_500, 'developers.openai.com/api/docs/pricing: 2,000 × $1.25 + 8,000 × $0.125 + 2,000 × $10'],
  [o, 'gpt-5.2', { prompt_tokens: 10_000, completion_tokens: 2_000 }, 22_750, 'flex, half', { service_tier: 'flex' }],
  [o, 'gpt-5.2', { prompt_tokens: 10_000, completion_tokens: 2_000 }, 91_000, 'priority, twice', { service_tier: 'priority' }],
  [o, 'gpt-5.2', { prompt_tokens: 10_000, completion_tokens: 2_000 }, 45_500, '$1.75 and $14', { service_tier: 'default' }],
  [o, 'gpt-5.4', { prompt_tokens: 300_000, completion_tokens: 1_000 }, 1_522_500, 'above 272,000: $5 and $22.50'],
  [o, 'gpt-6.1-sol', { prompt_tokens: 10_000, completion_tokens: 1_000 }, 30_000, '$2 and $10'],
  [o, 'gpt-6.1-sol', { prompt_tokens: 272_001, completion_tokens: 0 }, 1_088_004, 'above 272,000: $4'],
  [o, 'o1', { prompt_tokens: 5_000, completion_tokens: 3_000, completion_tokens_details: { reasoning_tokens: 2_500 } }, 255_000, '5,000 × $15 + 3,000 × $60'],
  [o, 'gpt-4o', { prompt_tokens: 4_000, completion_tokens: 500, prompt_tokens_details: { cached_tokens: 2_000 } }, 12_500, '2,000 × $2.50 + 2,000 × $1.25 + 500 × $10'],
  [o, 'gpt-4o', { input_tokens: 4_000, output_tokens: 500, input_tokens_details: { cached_tokens: 2_000 } }, 12_500, 'the same in the words of the Responses API'],
  [o, 'gpt-4o-mini', { prompt_tokens: 4_000, completion_tokens: 500 }, 1_500, '4,000 × $0.25 + 500 × $1', { service_tier: 'priority' }],
  [o, 'gpt-4o-mini', { prompt_tokens: 3, completion_tokens: 1 }, 1.05, '3 × $0.15 + 1 × $0.60'],
  [g, 'gemini-2.5-pro', { promptTokenCount: 5_000, candidatesTokenCount: 500, thoughtsTokenCount: 1_200 }, 23_250, 'ai.google.dev/gemini-api/docs/pricing: 5,000 × $1.25 + 1,700 × $10'],
  [g, 'gemini-2.5-pro', { promptTokenCount: 250_000, candidatesTokenCount: 500, thoughtsTokenCount: 100 }, 634_000, 'above 200,000: $2.50 and $15'],
  [g, 'gemini-2.5-pro', { promptTokenCount: 5_000, totalTokenCount: 6_700 }, 23_250, 'output that the total alone tells'],
  [g, 'gemini-2.5-flash', { promptTokenCount: 50_000, cachedContentTokenCount: 40_000, candidatesTokenCount: 500 }, 5_450, '10,000 × $0.30 + 40,000 × $0.03 + 500 × $2.50'],
  [g, 'gemini-2.5-flash', { promptTokenCount: 20_000, candidatesTokenCount: 100, promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 18_000 }, { modality: 'TEXT', tokenCount: 2_000 }] }, 18_850, 'speech at $1'],
  [g, 'gemini-2.5-flash-image', { promptTokenCount: 17, candidatesTokenCount: 1_336, totalTokenCount: 1_353, candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 1_290 }] }, 38_820.1, 'a picture: 17 × $0.30 + 1,290 × $30 + 46 × $2.50'],
  [g, 'gemini-pro-latest', { promptTokenCount: 20_000, candidatesTokenCount: 1_000 }, 52_000, '20,000 × $2 + 1,000 × $12'],
  [g, 'gemini-2.5-pro', { promptTokenCount: 2_000, cachedContentTokenCount: 1_000, trafficType: 'ON_DEMAND_FLEX' }, 750, 'flex: 1,000 × $0.625 + 1,000 × $0.125'],
  [g, 'gemini-2.5-flash', { promptTokenCount: 1_000, candidatesTokenCount: 100 }, 35_550, 'searched for: one prompt, $35 a thousand', { groundingMetadata: { webSearchQueries: ['a', 'b'] } }],
  [f, 'accounts/sourcegraph/models/starcoder-16b', { prompt_tokens: 900, completion_tokens: 40 }, 188, 'fireworks.ai/pricing: $0.20'],
  [f, 'accounts/fireworks/models/mixtral-8x7b-instruct', { prompt_tokens: 1_200, completion_tokens: 64 }, 632, 'fireworks.ai/pricing: $0.50'],
];

const delivered: UsageEvent[] = [];
for (const [shape, model, usage, microUsd, why, said = {}] of lines)
  describe(`${model}: ${why}`, () => {
    for (const stream of [false, true])
      test(stream ? 'streamed' : 'whole', async () => {
        const say = dialects[shape === 'fireworks' ? 'openai' : shape];
        assert.ok(say);
        answer = say(typeof said['model'] === 'string' ? said['model'] : model, usage, said, stream);
        const row = await call({ shape, model, stream });
        assert.equal(row.cost_nano_usd, Math.round(microUsd * 1_000));
        assert.deepEqual([row.metadata['unpriced_dimensions'], row.metadata['estimated']], [undefined, undefined]);
        assert.deepEqual([row.units, row.price_rank, row.abandoned_nano_usd, row.tags], [1, 0, null, ['acme']]);
        assert.match(row.price_version ?? '', /^\w+\/\S+ \d{4}-\d{2}-\d{2}/);
        delivered.push(row);
      });
  });

test('the views sum them to the nano-dollar; delivery changes no cost; a second delivery adds nothing', async () => {
  assert.ok(lines.length >= 40);
  assert.equal(delivered.length, 2 * lines.length);
  const settings = { bigqueryProjectId: 'local-cloud', bigqueryDataset: 'cody_gateway', bigqueryTable: 'events' };
  const never = (): never => assert.fail('a price was asked for');
  const warehouse = createWarehouse({ ...settings, bigqueryEndpoint: bigquery.url }, never);
  for (let times = 0; times < 2; times++) {
    const { inserted, unpriced, poison } = await warehouse.insert(delivered);
    assert.deepEqual([inserted, unpriced, poison], [delivered.length, 0, []]);
  }
  // Views know of days before the last ten what was closed; these are of a day that will be.
  const ledger = createLedger({ ...settings, bigqueryEndpoint: bigquery.url });
  for (const due of await dueDays(ledger, 10)) await closeDay(ledger, due);
  const byHand = lines.reduce((sum, [, , , microUsd]) => sum + 2 * Math.round(microUsd * 1_000), 0);
  for (const view of ['usage_daily', 'cost_by_model', 'cost_by_subscription', 'cost_by_feature', 'spend_by_function']) {
    const [sums] = await bigquery.rows(`SELECT SUM(cost_nano_usd) AS nano, SUM(unpriced) AS unpriced FROM ${view}`);
    assert.deepEqual([Number(sums?.['nano']), Number(sums?.['unpriced'])], [byHand, 0], view);
  }
});

test('input is input with what caches gave and took, whoever reports it; other models’ tokens are tokens', async () => {
  answer = json({ content: [], usage: { input_tokens: 9, cache_read_input_tokens: 17_102, output_tokens: 8 } });
  const claude = await call({ shape: a, model: 'claude-haiku-4-5', stream: false });
  const details = { cached_tokens: 17_102 };
  answer = json({
    choices: [],
    usage: { prompt_tokens: 17_111, completion_tokens: 8, prompt_tokens_details: details },
  });
  const gpt = await call({ shape: o, model: 'gpt-4o', stream: false });
  assert.deepEqual([claude.tokens, gpt.tokens], [17_119, 17_119]);
  assert.deepEqual([claude.metadata['prompt_token_count'], gpt.metadata['prompt_token_count']], [9, 17_111]);
});

test('the report stands in the row, and what nobody can price marks it', async () => {
  const usage = { input_tokens: 1_000, output_tokens: 10, server_tool_use: { hologram_requests: 3 }, speed: 'warp' };
  answer = json({ content: [], usage });
  const { cost_nano_usd, price_version, metadata } = await call({ shape: a, model: 'claude-opus-4-8', stream: false });
  assert.equal(cost_nano_usd, 5_250_000);
  assert.deepEqual(metadata['unpriced_dimensions'], ['server_tool_use.hologram_requests', 'speed:warp']);
  assert.match(price_version ?? '', /, unpriced dimensions$/);
  assert.deepEqual((metadata['usage'] as Report)['report'], usage);
});

test('a model that served and has no price costs what was asked for, and says so; a model without any price costs nobody knows what', async () => {
  answer = json({ model: 'claude-of-tomorrow', content: [], usage: { input_tokens: 1_000, output_tokens: 0 } });
  const other = await call({ shape: a, model: 'claude-opus-4-8', stream: false });
  assert.deepEqual(
    [other.cost_nano_usd, other.metadata['unpriced_dimensions']],
    [5_000_000, ['model:claude-of-tomorrow']],
  );
  answer = json({ choices: [], usage: { prompt_tokens: 1_000, completion_tokens: 0 } });
  const unknown = await call({ shape: o, model: 'nobody-knows-it', stream: false });
  assert.deepEqual(
    [unknown.cost_nano_usd, unknown.price_version, unknown.metadata['unpriced_dimensions']],
    [null, null, ['price']],
  );
});

/** A stream that goes on until somebody ends it. */
const endless =
  (...events: readonly object[]) =>
  (response: ServerResponse) => {
    response.setHeader('content-type', 'text/event-stream');
    for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`);
  };
const estimate = (row: UsageEvent): { nano: number | null; input?: number; output?: number } => {
  const { cost_nano_usd, price_version, metadata } = row;
  assert.match(price_version ?? '', /, estimated tokens$/);
  assert.equal(metadata['estimated'], true);
  const [part] = (metadata['usage'] as { parts: { counts: Record<string, number> }[] }).parts;
  return { nano: cost_nano_usd, ...part?.counts };
};

test('a stream that is left while it writes arguments or thinks costs what it wrote, and the schemas that were sent', async () => {
  const piece = 'x'.repeat(400);
  const tools = [{ type: 'function', function: { name: 'w', description: 'y'.repeat(20_000), parameters: {} } }];
  const chunks = Array.from({ length: 100 }, () => ({
    choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: piece } }] } }],
  }));
  answer = endless(...chunks);
  const left = await call({ shape: o, model: 'gpt-4o', stream: true, more: { tools }, leaveAfter: 40_000 });
  const { nano, input = 0, output } = estimate(left);
  assert.equal(output, 10_000);
  assert.ok(input > 5_000 && input < 5_100, String(input));
  assert.equal(nano, 100_000_000 + input * 2_500);
  assert.deepEqual([left.units, left.metadata['cancelled']], [1, true]);

  const message = { model: 'claude-opus-4-8', usage: { input_tokens: 1_000, output_tokens: 1 } };
  const thinking = { type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: 'x'.repeat(4_000) } };
  answer = endless({ type: 'message_start', message }, thinking);
  const thought = await call({ shape: a, model: 'claude-opus-4-8', stream: true, leaveAfter: 4_000 });
  // Its input was told, its output was not.
  assert.deepEqual(estimate(thought), { nano: 1_000 * 5_000 + 1_000 * 25_000, input: 1_000, output: 1_000 });
});

test('a call that is left before a word costs its input; of a model that thinks unseen its time, too. Units: none', async () => {
  answer = () => undefined;
  const left = await call({ shape: o, model: 'gpt-4o', stream: true, leaveAfter: 0 });
  const { nano, input = 0, output } = estimate(left);
  assert.ok(input >= 4 && input < 20);
  assert.deepEqual([nano, output, left.units], [input * 2_500, 0, 0]);
  assert.deepEqual([left.metadata['resolved_status_code'], left.metadata['cancelled']], [-1, true]);
  const unseen = await call({ shape: o, model: 'o1', stream: true, leaveAfter: 0 });
  const { output: thought = 0 } = estimate(unseen);
  const seconds = Number(unseen.metadata['upstream_request_duration_ms']) / 1_000;
  assert.ok(thought > 0 && thought <= Math.min(100, Math.ceil((seconds + 0.01) * 100)), `${thought} in ${seconds} s`);
});

test('what never left, and what the provider refused, costs nothing', async () => {
  answer = (response) => void response.writeHead(429).end('{}');
  const refused = await call({ shape: o, model: 'gpt-4o', stream: false });
  assert.deepEqual([refused.cost_nano_usd, refused.price_version, refused.units], [0, null, 0]);
});

test('a failure inside a 200 before anything was written is charged to nobody, streamed or whole; after a word it is', async () => {
  const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
  const start = { type: 'message_start', message: { model: 'claude-opus-4-5', usage: { input_tokens: 9 } } };
  const delta = { type: 'content_block_delta', delta: { type: 'text_delta', text: 'four' } };
  const ask = (stream: boolean) => call({ shape: a, model: 'claude-opus-4-5', stream });
  for (const [stream, say] of [
    [true, sse(error)],
    [true, sse(start, { type: 'ping' }, error)],
    [false, json(error)],
  ] as const) {
    answer = say;
    const { cost_nano_usd, units, quota_units, metadata } = await ask(stream);
    assert.deepEqual([cost_nano_usd, units, quota_units, metadata['resolved_status_code']], [0, 0, 0, 200]);
    assert.deepEqual([metadata['prompt_token_count'], metadata['usage']], [0, undefined]);
  }
  answer = sse(start, delta, error);
  const begun = await ask(true);
  assert.deepEqual([begun.cost_nano_usd, begun.units], [9 * 5_000 + 25_000, 1]);
});

test('overloads inside a 200 shut the model as a status does', async () => {
  answer = sse({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
  const ask = () => call({ shape: a, model: 'claude-opus-4-1', stream: true });
  const shut = async (): Promise<boolean> => Number((await ask()).metadata['upstream_status_code']) < 0;
  let calls = 0;
  while (!(await shut()) && calls < 20) calls++;
  assert.ok(calls < 20, 'never shut');
});

test('a prompt that was blocked costs its input, reported or not', async () => {
  const promptFeedback = { blockReason: 'MODEL_ARMOR' };
  const ask = () => call({ shape: g, model: 'gemini-2.5-flash', stream: false });
  answer = json({ promptFeedback, usageMetadata: { promptTokenCount: 1_000 } });
  const told = await ask();
  assert.deepEqual([told.cost_nano_usd, told.metadata['estimated']], [300_000, undefined]);
  answer = json({ promptFeedback, usageMetadata: { trafficType: 'ON_DEMAND' } });
  const { nano, input = 0, output } = estimate(await ask());
  assert.deepEqual([nano, output], [input * 300, 0]);
  assert.ok(input > 0);
});
