// Calls priced by hand, held to the nano-dollar from the provider's answer to the sums of the views: through sockets,
// meters, the settlement on a real Redis, the row, its delivery into a warehouse. Each is answered whole and as a
// stream.

import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { startBigQuery, type LocalBigQuery } from '../../../../scripts/local/google/bigquery/bigquery.ts';
import { createEventsDataset } from '../../../../scripts/local/google/bigquery/events-dataset.ts';
import { closeDay, createLedger, createWarehouse, dueDays, type UsageEvent } from '../../events/events.ts';
import { answer, call, json, sse, startRig, stopRig, type SurfaceName } from './rig.ts';

let bigquery: LocalBigQuery;
before(async () => {
  bigquery = await createEventsDataset(await startBigQuery(), 'local-cloud');
  await startRig();
});
after(async () => {
  await stopRig();
  await bigquery.close();
});

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
  responses: (model, usage, said, stream) => {
    const response = { model, status: 'completed', output: [], ...said, usage };
    if (!stream) return json(response);
    return sse(
      { type: 'response.created', response: { model, status: 'in_progress', output: [], usage: null } },
      { type: 'response.output_text.delta', delta: 'ok' },
      { type: 'response.completed', response },
    );
  },
  google: (model, usageMetadata, said, stream) => {
    const candidate = { content: { parts: [{ text: 'ok' }] }, finishReason: 'STOP', ...said };
    const whole = { candidates: [candidate], usageMetadata, modelVersion: model };
    return stream ? sse(whole) : json(whole);
  },
};

/**
 * Shape, model, what the provider reports, micro-dollars by hand and their source; then what its answer says beside
 * the usage, and where it was served if not at the provider's own API.
 */
type Line = readonly [
  shape: SurfaceName,
  model: string,
  usage: Report,
  microUsd: number,
  why: string,
  said?: Report,
  at?: 'cloud',
];

const hour = (tokens: number): Report => ({
  cache_creation_input_tokens: tokens,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: tokens },
});
const [a, o, r, f, g] = ['anthropic-messages', 'openai', 'responses', 'fireworks', 'google'] as const;

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
  [r, 'gpt-5.1', { input_tokens: 10_000, output_tokens: 2_000, input_tokens_details: { cached_tokens: 8_000 }, output_tokens_details: { reasoning_tokens: 1_500 } }, 23_500, 'Responses: 2,000 × $1.25 + 8,000 × $0.125 + 2,000 × $10'],
  [r, 'gpt-5.2', { input_tokens: 10_000, output_tokens: 2_000 }, 91_000, 'Responses by priority: 10,000 × $3.50 + 2,000 × $28', { service_tier: 'priority' }],
  [r, 'gpt-5.4', { input_tokens: 300_000, output_tokens: 1_000 }, 1_522_500, 'Responses above 272,000: $5 and $22.50'],
  [r, 'gpt-6.1-sol', { input_tokens: 10_000, output_tokens: 1_000, input_tokens_details: { cached_tokens: 4_000, cache_write_tokens: 2_000 } }, 23_400, 'Responses that write a cache: 4,000 × $2 + 4,000 × $0.10 + 2,000 × $2.50 + 1,000 × $10'],
  [r, 'gpt-5.1', { input_tokens: 1_000, output_tokens: 100 }, 62_250, 'tools of OpenAI’s: 1,000 × $1.25 + 100 × $10 + 2 searches at $10 a thousand + a container at $0.03 + 4 searches of files at $2.50 a thousand', { output: [...Array.from({ length: 2 }, () => ({ type: 'web_search_call', action: { type: 'search' } })), { type: 'code_interpreter_call', container_id: 'c' }, { type: 'code_interpreter_call', container_id: 'c' }, ...Array.from({ length: 4 }, () => ({ type: 'file_search_call' }))] }],
  [r, 'gpt-5.1', { input_tokens: 1_000, output_tokens: 100 }, 128_550, 'a picture by the model that the answer names: 2,250 of text, 300 × $5 + 4,160 × $30', { tools: [{ type: 'image_generation', model: 'gpt-image-2' }], tool_usage: { image_gen: { input_tokens: 300, output_tokens: 4_160 } } }],
  [r, 'gpt-5.1', { input_tokens: 1_000, output_tokens: 100 }, 132_550, 'a picture by a model that nobody names, GPT Image 2.6 Sunburst: 2,250 of text, 300 × $5 + 500 × $8 of a picture + 4,160 × $30', { tools: [{ type: 'image_generation' }], tool_usage: { image_gen: { input_tokens: 800, input_tokens_details: { image_tokens: 500 }, output_tokens: 4_160 } } }],
  [a, 'claude-haiku-4-5-20251001', { input_tokens: 3_000, output_tokens: 400, ...hour(10_000) }, 25_000, 'on Vertex AI, in its own spelling: 3,000 × $1 + 10,000 × $2 + 400 × $5', { model: 'claude-haiku-4-5@20251001' }, 'cloud'],
  [a, 'claude-opus-4-8', { input_tokens: 1_000, cache_read_input_tokens: 10_000, output_tokens: 100, server_tool_use: { web_search_requests: 1 } }, 22_500, 'on Vertex AI: 1,000 × $5 + 10,000 × $0.50 + 100 × $25 + one search', {}, 'cloud'],
  [g, 'gemini-2.5-pro', { promptTokenCount: 5_000, candidatesTokenCount: 500, thoughtsTokenCount: 1_200, trafficType: 'ON_DEMAND' }, 23_250, 'on Vertex AI: 5,000 × $1.25 + 1,700 × $10', {}, 'cloud'],
  [g, 'gemini-2.5-flash', { promptTokenCount: 20_000, candidatesTokenCount: 100, promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 18_000 }, { modality: 'TEXT', tokenCount: 2_000 }] }, 18_850, 'speech on Vertex AI, at $1', {}, 'cloud'],
  [o, 'gpt-4o', { prompt_tokens: 4_000, completion_tokens: 500, prompt_tokens_details: { cached_tokens: 2_000 } }, 12_500, 'at Azure, whose answer names the model by its day', { model: 'gpt-4o-2024-11-20' }, 'cloud'],
  [r, 'gpt-5.1', { input_tokens: 10_000, output_tokens: 2_000, input_tokens_details: { cached_tokens: 8_000 } }, 23_500, 'Responses at Azure', { model: 'gpt-5.1-2025-11-13' }, 'cloud'],
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
for (const [shape, model, usage, microUsd, why, said = {}, at] of lines)
  describe(`${model}: ${why}`, () => {
    for (const stream of [false, true])
      test(stream ? 'streamed' : 'whole', async () => {
        const say = dialects[shape === 'fireworks' ? 'openai' : shape];
        assert.ok(say);
        answer(say(typeof said['model'] === 'string' ? said['model'] : model, usage, said, stream));
        const row = await call({ shape, model, stream, ...(at !== undefined && { at }) });
        assert.equal(row.cost_nano_usd, Math.round(microUsd * 1_000));
        assert.equal(/-vertex|azure-/.test(row.home ?? ''), at === 'cloud', row.home ?? '');
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
  answer(json({ content: [], usage: { input_tokens: 9, cache_read_input_tokens: 17_102, output_tokens: 8 } }));
  const claude = await call({ shape: a, model: 'claude-haiku-4-5', stream: false });
  const details = { cached_tokens: 17_102 };
  answer(
    json({
      choices: [],
      usage: { prompt_tokens: 17_111, completion_tokens: 8, prompt_tokens_details: details },
    }),
  );
  const gpt = await call({ shape: o, model: 'gpt-4o', stream: false });
  assert.deepEqual([claude.tokens, gpt.tokens], [17_119, 17_119]);
  assert.deepEqual([claude.metadata['prompt_token_count'], gpt.metadata['prompt_token_count']], [9, 17_111]);
  const input = (row: UsageEvent): unknown => row.metadata['input_token_count'];
  assert.deepEqual([input(claude), input(gpt)], [17_111, 17_111]);
  const iterations = [{ type: 'advisor_message', model: 'claude-opus-4-8', input_tokens: 2_518, output_tokens: 22 }];
  answer(json({ content: [], usage: { input_tokens: 2_390, output_tokens: 121, iterations } }));
  const advised = await call({ shape: a, model: 'claude-sonnet-5', stream: false });
  assert.deepEqual([advised.tokens, input(advised)], [2_390 + 121 + 2_518 + 22, 2_390 + 2_518]);
  const usageMetadata = {
    promptTokenCount: 10,
    toolUsePromptTokenCount: 5,
    candidatesTokenCount: 3,
    thoughtsTokenCount: 2,
  };
  answer(json({ candidates: [], usageMetadata }));
  const gemini = await call({ shape: g, model: 'gemini-2.5-pro', stream: false });
  assert.deepEqual([gemini.tokens, input(gemini)], [20, 15]);
});

test('a price that the provider states itself stands in the row, beside ours', async () => {
  const usage = {
    prompt_tokens: 1_000,
    completion_tokens: 0,
    cost: 0.0021,
    cost_details: { upstream_inference_cost: 0.002 },
  };
  const ticks = { prompt_tokens: 1_000, completion_tokens: 0, cost_in_usd_ticks: 20_000_000 };
  for (const stated of [usage, ticks])
    for (const stream of [false, true]) {
      const say = dialects['openai'];
      assert.ok(say);
      answer(say('gpt-4o', stated, {}, stream));
      const row = await call({ shape: o, model: 'gpt-4o', stream });
      assert.deepEqual([row.cost_nano_usd, row.metadata['unpriced_dimensions']], [2_500_000, undefined]);
      const { completion_tokens: _, ...kept } = stated;
      assert.deepEqual((row.metadata['usage'] as Report)['report'], kept, 'what is zero is left out');
    }
});

test('the report stands in the row, and what nobody can price marks it', async () => {
  const usage = { input_tokens: 1_000, output_tokens: 10, server_tool_use: { hologram_requests: 3 }, speed: 'warp' };
  answer(json({ content: [], usage }));
  const { cost_nano_usd, price_version, metadata } = await call({ shape: a, model: 'claude-opus-4-8', stream: false });
  assert.equal(cost_nano_usd, 5_250_000);
  assert.deepEqual(metadata['unpriced_dimensions'], ['server_tool_use.hologram_requests', 'speed:warp']);
  assert.match(price_version ?? '', /, unpriced dimensions$/);
  assert.deepEqual((metadata['usage'] as Report)['report'], usage);
});

test('a model that served and has no price costs what was asked for, and says so; a model without any price costs nobody knows what', async () => {
  answer(json({ model: 'claude-of-tomorrow', content: [], usage: { input_tokens: 1_000, output_tokens: 0 } }));
  const other = await call({ shape: a, model: 'claude-opus-4-8', stream: false });
  assert.deepEqual(
    [other.cost_nano_usd, other.metadata['unpriced_dimensions']],
    [5_000_000, ['model:claude-of-tomorrow']],
  );
  answer(json({ choices: [], usage: { prompt_tokens: 1_000, completion_tokens: 0 } }));
  const unknown = await call({ shape: o, model: 'nobody-knows-it', stream: false });
  assert.deepEqual(
    [unknown.cost_nano_usd, unknown.price_version, unknown.metadata['unpriced_dimensions']],
    [null, null, ['price']],
  );
});
