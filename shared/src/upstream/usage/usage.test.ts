// What the meters make of a report: each dialect's whole, streamed and whole, with every dimension at its largest;
// under other names; in parts; unknown.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SseSplitter } from '../../http/http.ts';
import type { JsonObject, Meter } from '../call.ts';
import { dialectNamed } from '../dialects.ts';
import { readerOf, type SurfaceName } from '../reading.test/reader.ts';
import { boundedCopy, mergeReports } from './report.ts';

const rows = {
  providers: [
    { id: 'fireworks', allow: ['*'] },
    { id: 'openai', allow: ['*'] },
    { id: 'google', allow: ['*'] },
  ],
};
const { read } = readerOf({ CODY_GATEWAY_CATALOGUE: JSON.stringify(rows) });

function meterOf(surface: SurfaceName, model: string, stream: boolean): Meter {
  const messages = [{ role: 'user', content: 'hi' }];
  const body = {
    model,
    stream,
    messages,
    max_tokens: 10,
    contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
    input: 'hi',
  };
  const call = read(surface, body);
  return dialectNamed(call.dialect).meter(call, call.provider, model);
}

/** The meter of a whole answer. */
function whole(shape: SurfaceName, model: string, answer: unknown): Meter {
  const meter = meterOf(shape, model, false);
  meter.body(Buffer.from(JSON.stringify(answer)));
  return meter;
}

/** The meter of a stream of these events. */
function streamed(shape: SurfaceName, model: string, ...events: readonly (object | string)[]): Meter {
  const meter = meterOf(shape, model, true);
  const texts = events.map((event) => (typeof event === 'string' ? event : JSON.stringify(event)));
  const splitter = new SseSplitter(1 << 20);
  for (const text of texts) for (const event of splitter.push(Buffer.from(`data: ${text}\n\n`))) meter.event(event);
  return meter;
}

const most = 1_000_000_000;
const anthropicMost = {
  input_tokens: most,
  cache_creation_input_tokens: most,
  cache_read_input_tokens: most,
  cache_creation: { ephemeral_5m_input_tokens: most / 2, ephemeral_1h_input_tokens: most / 2 },
  output_tokens: most,
  output_tokens_details: { thinking_tokens: most / 2 },
  server_tool_use: { web_search_requests: most, web_fetch_requests: most, code_execution_requests: most },
  service_tier: 'priority',
  speed: 'fast',
  inference_geo: 'us',
};
const openAiMost = {
  prompt_tokens: most,
  completion_tokens: most,
  total_tokens: 2 * most,
  prompt_tokens_details: {
    cached_tokens: most / 4,
    cache_write_tokens: most / 8,
    audio_tokens: most / 4,
    image_tokens: most / 8,
    cached_tokens_details: {
      audio_tokens: most / 8,
      image_tokens: most / 16,
      text_tokens: most / 16,
    },
  },
  completion_tokens_details: { reasoning_tokens: most / 4, audio_tokens: most / 4, rejected_prediction_tokens: 7 },
};
const googleMost = {
  promptTokenCount: most,
  cachedContentTokenCount: most / 2,
  candidatesTokenCount: most,
  thoughtsTokenCount: most,
  toolUsePromptTokenCount: most,
  totalTokenCount: 4 * most,
  promptTokensDetails: [
    { modality: 'TEXT', tokenCount: most / 4 },
    { modality: 'AUDIO', tokenCount: most / 4 },
    { modality: 'IMAGE', tokenCount: most / 4 },
    { modality: 'VIDEO', tokenCount: most / 4 },
  ],
  cacheTokensDetails: [
    { modality: 'AUDIO', tokenCount: most / 8 },
    { modality: 'IMAGE', tokenCount: most / 8 },
    { modality: 'TEXT', tokenCount: most / 4 },
  ],
  candidatesTokensDetails: [
    { modality: 'IMAGE', tokenCount: most / 4 },
    { modality: 'AUDIO', tokenCount: most / 4 },
  ],
  trafficType: 'ON_DEMAND_FLEX',
};

const anthropicCounts = {
  input: most,
  cache_read: most,
  cache_write_5m: most / 2,
  cache_write_1h: most / 2,
  output: most / 2,
  reasoning: most / 2,
  web_search: most,
  web_fetch: most,
  code_execution: most,
};
const openAiCounts = {
  input: most - most / 4 - most / 8 - most / 8 - most / 16,
  cache_read: most / 4 - most / 8 - most / 16,
  cache_write_5m: most / 8,
  audio_input: most / 8,
  audio_cache_read: most / 8,
  image_input: most / 16,
  image_cache_read: most / 16,
  output: most / 2,
  reasoning: most / 4,
  audio_output: most / 4,
};

describe('every dimension at its largest, disjoint, streamed and whole alike', () => {
  test('Anthropic', () => {
    const qualifiers = { service_tier: 'priority', speed: 'fast', geo: 'us' };
    const expected = [{ model: null, counts: anthropicCounts, qualifiers }];
    const answer = { type: 'message', model: 'claude-opus-4-8', content: [], usage: anthropicMost };
    assert.deepEqual(whole('anthropic-messages', 'claude-opus-4-8', answer).report().parts, expected);
    const { output_tokens, output_tokens_details, server_tool_use, ...atStart } = anthropicMost;
    const stream = streamed(
      'anthropic-messages',
      'claude-opus-4-8',
      { type: 'message_start', message: { model: 'claude-opus-4-8', usage: { ...atStart, output_tokens: 1 } } },
      {
        type: 'message_delta',
        delta: {},
        usage: { output_tokens, output_tokens_details, server_tool_use, speed: null },
      },
      { type: 'message_stop' },
    );
    assert.deepEqual(stream.report().parts, expected);
    assert.deepEqual(stream.report().whole, boundedCopy(anthropicMost));
  });

  for (const shape of ['openai', 'fireworks'] as const)
    test(`OpenAI's words, ${shape}`, () => {
      const expected = [{ model: null, counts: openAiCounts, qualifiers: { service_tier: 'flex' } }];
      const said = { service_tier: 'flex', usage: openAiMost };
      assert.deepEqual(whole(shape, 'gpt-5.2', { choices: [], ...said }).report().parts, expected);
      const chunks = [{ choices: [], service_tier: 'flex', usage: null }, { choices: [], ...said }, '[DONE]'];
      assert.deepEqual(streamed(shape, 'gpt-5.2', ...chunks).report().parts, expected);
    });

  test('Responses, with the pictures of its tool', () => {
    const { prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details, completion_tokens_details } =
      openAiMost;
    const usage = {
      input_tokens: prompt_tokens,
      output_tokens: completion_tokens,
      total_tokens,
      input_tokens_details: prompt_tokens_details,
      output_tokens_details: completion_tokens_details,
    };
    const image_gen = {
      input_tokens: most,
      input_tokens_details: { image_tokens: most / 2, text_tokens: most / 2 },
      cached_tokens: most / 2,
      cached_tokens_details: { cached_image_tokens: most / 4, cached_text_tokens: most / 4 },
      output_tokens: most,
      output_tokens_details: { image_tokens: most / 2, text_tokens: most / 2 },
    };
    const output = [{ type: 'file_search_call' }, { type: 'code_interpreter_call', container_id: 'c' }];
    const response = {
      model: 'gpt-5.2',
      status: 'completed',
      service_tier: 'priority',
      output,
      usage,
      tools: [{ type: 'image_generation', model: 'gpt-image-2' }],
      tool_usage: { image_gen, web_search: { num_requests: most } },
    };
    const expected = [
      {
        model: null,
        counts: { ...openAiCounts, web_search: most, file_search: 1, code_execution: 1 },
        qualifiers: { service_tier: 'priority' },
      },
      {
        model: 'gpt-image-2',
        counts: {
          input: most / 4,
          cache_read: most / 4,
          image_input: most / 4,
          image_cache_read: most / 4,
          output: most / 2,
          image_output: most / 2,
        },
        qualifiers: {},
      },
    ];
    assert.deepEqual(whole('openai-responses', 'gpt-5.2', response).report().parts, expected);
    const stream = streamed(
      'openai-responses',
      'gpt-5.2',
      { type: 'response.created', response: { model: 'gpt-5.2', status: 'in_progress', usage: null } },
      { type: 'response.completed', response },
    );
    assert.deepEqual(stream.report().parts, expected);
  });

  test('Gemini', () => {
    const expected = [
      {
        model: null,
        counts: {
          input: most / 2 - most / 8 - most / 8 - most / 4 + most,
          cache_read: most / 4,
          audio_input: most / 8,
          audio_cache_read: most / 8,
          image_input: most / 8,
          image_cache_read: most / 8,
          video_input: most / 4,
          output: most / 2,
          reasoning: most,
          audio_output: most / 4,
          image_output: most / 4,
          web_search: 2,
          maps_grounding: 1,
        },
        qualifiers: { service_tier: 'flex' },
      },
    ];
    const groundingMetadata = { webSearchQueries: ['a', 'b'], groundingChunks: [{ maps: { uri: 'x' } }] };
    const candidates = [{ content: { parts: [{ text: 'ok' }] }, finishReason: 'STOP', groundingMetadata }];
    const answer = { candidates, usageMetadata: googleMost };
    assert.deepEqual(whole('google', 'gemini-3-pro', answer).report().parts, expected);
    const early = { candidates: [{ content: { parts: [] } }], usageMetadata: { promptTokenCount: 1 } };
    assert.deepEqual(streamed('google', 'gemini-3-pro', early, answer).report().parts, expected);
    const [older] = whole('google', 'gemini-2.5-pro', answer).report().parts;
    assert.equal(older?.counts['web_search'], 1, 'billed by the prompt, not by the query');
  });
});

const counts = (meter: Meter): unknown => meter.report().parts.map(({ model, counts: read }) => [model, read]);

describe('reports as providers really give them', () => {
  test('an advisor of another model is beside the top level, its own iterations within it', () => {
    const iterations = [
      { type: 'message', input_tokens: 900, output_tokens: 80 },
      { type: 'advisor_message', model: 'claude-opus-4-8', input_tokens: 2_000, output_tokens: 20 },
      { type: 'message', input_tokens: 1_100, output_tokens: 20 },
    ];
    const usage = { input_tokens: 2_000, output_tokens: 100, iterations };
    const meter = whole('anthropic-messages', 'claude-sonnet-5', { model: 'claude-sonnet-5', content: [], usage });
    assert.deepEqual(counts(meter), [
      [null, { input: 2_000, output: 100 }],
      ['claude-opus-4-8', { input: 2_000, output: 20 }],
    ]);
    assert.equal(meter.usage().inputTokens, 2_000);
  });

  test('what condensed the conversation is not in the top level', () => {
    const iterations = [
      { type: 'compaction', input_tokens: 180_000, output_tokens: 3_500 },
      { type: 'message', input_tokens: 23_000, output_tokens: 1_000 },
    ];
    const usage = { input_tokens: 23_000, output_tokens: 1_000, iterations };
    const events = [
      { type: 'message_start', message: { model: 'claude-opus-4-8', usage: { input_tokens: 23_000 } } },
      { type: 'message_delta', usage },
      { type: 'message_stop' },
    ];
    const expected = [[null, { input: 203_000, output: 4_500 }]];
    assert.deepEqual(counts(streamed('anthropic-messages', 'claude-opus-4-8', ...events)), expected);
  });

  test('the top level is that of the model which answered in the place of another; the first try was billed, too', () => {
    const iterations = [
      { type: 'message', model: 'claude-fable-5', input_tokens: 400, output_tokens: 0 },
      { type: 'fallback_message', model: 'claude-opus-4-8', input_tokens: 410, output_tokens: 260 },
    ];
    const usage = { input_tokens: 410, output_tokens: 260, iterations };
    const expected = [
      ['claude-opus-4-8', { input: 410, output: 260 }],
      ['claude-fable-5', { input: 400 }],
    ];
    const answer = { model: 'claude-opus-4-8', content: [], usage };
    assert.deepEqual(counts(whole('anthropic-messages', 'claude-fable-5', answer)), expected);
    const stream = streamed(
      'anthropic-messages',
      'claude-fable-5',
      { type: 'message_start', message: { model: 'claude-fable-5', usage: { input_tokens: 400 } } },
      { type: 'message_delta', usage },
    );
    assert.deepEqual(counts(stream), expected, 'a stream names the first model at its start');
  });

  test('a dated name, or a name that moves, is the model that was asked for', () => {
    const usage = { input_tokens: 1, output_tokens: 1 };
    for (const [asked, model] of [
      ['claude-sonnet-4-5', 'claude-sonnet-4-5-20250929'],
      ['claude-3-5-haiku-latest', 'claude-3-5-haiku-20241022'],
    ] as const)
      assert.deepEqual(counts(whole('anthropic-messages', asked, { model, content: [], usage })), [
        [null, { input: 1, output: 1 }],
      ]);
  });

  test('thinking beside the answer, with a total or without, whatever the provider’s row says', () => {
    const usage = { prompt_tokens: 12, completion_tokens: 1, completion_tokens_details: { reasoning_tokens: 228 } };
    for (const said of [{ ...usage, total_tokens: 241 }, usage]) {
      const meter = whole('fireworks', 'grok-3-mini', { choices: [], usage: said });
      assert.deepEqual(counts(meter), [[null, { input: 12, output: 1, reasoning: 228 }]]);
      assert.equal(meter.usage().outputTokens, 229);
    }
  });

  test('usage of a stream in a place of its own, with a tier that everybody has', () => {
    const last = { choices: [{ delta: {}, finish_reason: 'stop' }], service_tier: 'on_demand' };
    const usage = { prompt_tokens: 18, completion_tokens: 73, total_tokens: 91, total_time: 0.25 };
    const meter = streamed('fireworks', 'llama', { choices: [] }, { ...last, x_groq: { id: 'r', usage } }, '[DONE]');
    assert.deepEqual(meter.report().parts, [{ model: null, counts: { input: 18, output: 73 }, qualifiers: {} }]);
    assert.deepEqual([meter.usage().inputTokens, meter.usage().outputTokens], [18, 73]);
  });

  test('an answer of several models: each is billed as itself, what the whole has beyond them as the one that was asked', () => {
    const of = (prompt_tokens: number, completion_tokens: number): JsonObject => ({ prompt_tokens, completion_tokens });
    const models = [
      { model: 'llama-3.3-70b-versatile', usage: { ...of(200, 30), total_time: 0.5 } },
      { model: 'openai/gpt-oss-120b', usage: of(700, 70) },
    ];
    const executed_tools = [
      { index: 0, type: 'search', arguments: '{}' },
      { index: 1, type: 'python', arguments: '{}' },
      { index: 2, type: 'visit', arguments: '{}' },
    ];
    const expected = [
      ['llama-3.3-70b-versatile', { input: 200, output: 30 }],
      ['openai/gpt-oss-120b', { input: 700, output: 70 }],
    ];
    for (const [usage, beyond] of [
      [of(900, 100), {}],
      [of(1_000, 100), { input: 100 }],
      // Of the last model alone.
      [of(700, 70), {}],
    ] as const) {
      const own = [null, { ...beyond, web_search: 1, web_fetch: 1, 'executed_tools.python': 1 }];
      const usage_breakdown = { models };
      const message = { content: 'ok', executed_tools };
      const answer = { choices: [{ message }], usage, usage_breakdown };
      const meter = whole('fireworks', 'compound', answer);
      assert.deepEqual(counts(meter), [own, ...expected]);
      assert.deepEqual(meter.report().whole, boundedCopy({ ...usage, usage_breakdown }));
      const stream = streamed(
        'fireworks',
        'compound',
        { choices: [{ delta: { executed_tools: executed_tools.slice(0, 1) } }] },
        { choices: [{ delta: { executed_tools: [{ ...executed_tools[0], output: 'found' }] } }] },
        { choices: [{ delta: { executed_tools: executed_tools.slice(1) } }] },
        { choices: [{ delta: {}, finish_reason: 'stop' }], x_groq: { id: 'r', usage, usage_breakdown } },
        '[DONE]',
      );
      assert.deepEqual(counts(stream), [own, ...expected]);
    }
    for (const usage_breakdown of [null, 'x', { models: 'x' }, { models: [7, { model: 'm' }, { usage: {} }] }])
      assert.deepEqual(counts(whole('fireworks', 'compound', { choices: [], usage: of(1, 1), usage_breakdown })), [
        [null, { input: 1, output: 1 }],
      ]);
  });

  test('cached tokens under other names, and the words of the Responses API', () => {
    const cached = { input: 30, cache_read: 70, output: 5 };
    const plain = { prompt_tokens: 100, completion_tokens: 5 };
    for (const usage of [
      { ...plain, cached_tokens: 70 },
      { ...plain, prompt_cache_hit_tokens: 70, prompt_cache_miss_tokens: 30 },
      { ...plain, prompt_tokens_details: { cached_tokens: 70 } },
      { input_tokens: 100, input_tokens_details: { cached_tokens: 70 }, output_tokens: 5, total_tokens: 105 },
    ])
      assert.deepEqual(counts(whole('openai', 'm', { choices: [], usage })), [[null, cached]]);
    const responses = { input_tokens: 9, output_tokens: 7, output_tokens_details: { reasoning_tokens: 4 } };
    assert.deepEqual(counts(whole('openai', 'm', { choices: [], usage: responses })), [
      [null, { input: 9, output: 3, reasoning: 4 }],
    ]);
  });

  test('a picture of Gemini’s is not text; a blocked prompt has no output, and says nothing where it says nothing', () => {
    const usageMetadata = {
      promptTokenCount: 17,
      candidatesTokenCount: 1336,
      totalTokenCount: 1353,
      candidatesTokensDetails: [
        {
          modality: 'IMAGE',
          tokenCount: 1290,
        },
      ],
    };
    const picture = whole('google', 'gemini-2.5-flash-image', { candidates: [], usageMetadata });
    assert.deepEqual(counts(picture), [[null, { input: 17, output: 46, image_output: 1_290 }]]);
    const promptFeedback = { blockReason: 'SAFETY' };
    const blocked = whole('google', 'gemini-2.5-flash', { promptFeedback, usageMetadata: { promptTokenCount: 5 } });
    assert.deepEqual(counts(blocked), [[null, { input: 5 }]]);
    assert.equal(blocked.usage().outputTokens, 0);
    const silent = { promptFeedback, usageMetadata: { trafficType: 'ON_DEMAND' } };
    const { parts, whole: kept, told } = whole('google', 'gemini-2.5-flash', silent).report();
    assert.deepEqual([parts, kept, told], [[], { trafficType: 'ON_DEMAND' }, 'nothing']);
  });

  test('a stream of Anthropic’s that was left has its input, and no output yet', () => {
    const message = { model: 'claude-opus-4-8', usage: { input_tokens: 7, output_tokens: 1 } };
    const delta = { type: 'input_json_delta', partial_json: '{"a":' };
    const meter = streamed(
      'anthropic-messages',
      'claude-opus-4-8',
      { type: 'message_start', message },
      { type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: 'hm' } },
      { type: 'content_block_delta', delta },
    );
    assert.deepEqual([counts(meter), meter.report().told], [[[null, { input: 7 }]], 'input']);
    assert.deepEqual([meter.written(), meter.usage().completionCharacters], [7, 0]);
  });
});

describe('what nobody here knows', () => {
  test('numbers under new names are kept and counted apart', () => {
    const anthropic = {
      input_tokens: 1,
      output_tokens: 1,
      server_tool_use: { hologram_requests: 3 },
      cache_creation: { ephemeral_1d_input_tokens: 9 },
    };
    const cases: [SurfaceName, JsonObject, string, number][] = [
      ['anthropic-messages', { content: [], usage: anthropic }, 'server_tool_use.hologram_requests', 3],
      ['anthropic-messages', { content: [], usage: anthropic }, 'cache_creation.ephemeral_1d_input_tokens', 9],
      ['openai', { choices: [], usage: { prompt_tokens: 1, prompt_audio_seconds: 0.5 } }, 'prompt_audio_seconds', 1],
      ['google', { candidates: [], usageMetadata: { promptTokenCount: 1, smellTokenCount: 4 } }, 'smellTokenCount', 4],
    ];
    for (const [shape, answer, name, count] of cases) {
      const { parts } = whole(shape, 'm', answer).report();
      assert.equal(parts[0]?.counts[name], count, `${shape} ${name}`);
    }
  });

  test('a count that can’t be true is no zero: the call has no price', () => {
    for (const wrong of [-1, 1.5, '7', 1e300]) {
      const { parts } = whole('openai', 'm', {
        choices: [],
        usage: { prompt_tokens: 1, completion_tokens: wrong },
      }).report();
      assert.ok(Number.isNaN(parts[0]?.counts['output']), String(wrong));
    }
  });
});

test('a copy has numbers and single words, no text, and an end', () => {
  const said = {
    a: 1,
    b: 0.5,
    tier: 'on_demand',
    note: 'two words',
    none: null,
    zero: 0,
    deep: { list: [{ n: 1 }, 'x'] },
  };
  assert.deepEqual(boundedCopy(said), { a: 1, b: 0.5, tier: 'on_demand', deep: { list: [{ n: 1 }, 'x'] } });
  const endless = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`member_${i}`, i + 1]));
  const copy = boundedCopy({ first: 1, endless, lists: [[[[[[[[1]]]]]]]] });
  assert.equal(copy['cut'], true);
  assert.ok(JSON.stringify(copy).length < 8_000);
  assert.deepEqual(boundedCopy({ 'a name of words': 1, ok: 1 }), { ok: 1 });
});

test('parts are merged by member, whatever they leave out', () => {
  const first = { a: 1, details: { x: 1, y: 2 }, list: [1, 2] };
  assert.deepEqual(mergeReports(first, { b: 2, a: null, details: { y: 3 }, list: [4] }), {
    a: 1,
    b: 2,
    details: {
      x: 1,
      y: 3,
    },
    list: [4],
  });
});

test('a container of more than a gigabyte is not priced as one of that: it has a name of its own', () => {
  const output = [{ type: 'code_interpreter_call', container_id: 'c' }];
  const uses = (container: unknown) =>
    whole('openai-responses', 'gpt-5', {
      status: 'completed',
      output,
      tools: [{ type: 'code_interpreter', container }],
      usage: { input_tokens: 5, output_tokens: 1, total_tokens: 6 },
    }).report().parts[0]?.counts;
  for (const container of ['cntr_1', null, { type: 'auto' }, { type: 'auto', memory_limit: '1g' }])
    assert.deepEqual(uses(container), { input: 5, output: 1, code_execution: 1 });
  assert.deepEqual(uses({ type: 'auto', memory_limit: '64g' }), {
    input: 5,
    output: 1,
    'server_tool_use.code_interpreter_calls_64g': 1,
  });
});

test('a Responses answer tells uses of the provider’s own tools by its items alone, streamed as whole', () => {
  const item = (type: string, more: JsonObject = {}): JsonObject => ({ type, ...more });
  const output = [
    item('reasoning', { summary: [{ type: 'summary_text', text: 'hm' }] }),
    item('web_search_call', { action: { type: 'search', query: 'q' } }),
    item('web_search_call', { action: { type: 'open_page', url: 'u' } }),
    item('web_search_call'),
    item('file_search_call'),
    item('code_interpreter_call', { container_id: 'c1', code: 'x=1' }),
    item('code_interpreter_call', { container_id: 'c1', code: 'x=2' }),
    item('function_call', { name: 'f', arguments: '{}' }),
    item('message', { content: [{ type: 'output_text', text: 'ü' }] }),
  ];
  const usage = {
    input_tokens: 50,
    input_tokens_details: { cached_tokens: 20 },
    output_tokens: 30,
    output_tokens_details: { reasoning_tokens: 10 },
    total_tokens: 80,
  };
  const response = { status: 'completed', service_tier: 'flex', output, usage };
  const meters = [
    whole('openai-responses', 'gpt-5', response),
    streamed(
      'openai-responses',
      'gpt-5',
      { type: 'response.reasoning_summary_text.delta', delta: 'hm' },
      { type: 'response.code_interpreter_call_code.delta', delta: 'x=1x=2' },
      { type: 'response.output_item.added', item: { type: 'function_call', name: 'f', arguments: '' } },
      { type: 'response.function_call_arguments.delta', delta: '{}' },
      { type: 'response.output_text.delta', delta: 'ü' },
      { type: 'response.completed', response },
    ),
  ];
  for (const meter of meters) {
    const { parts, told } = meter.report();
    assert.deepEqual(parts, [
      {
        model: null,
        counts: {
          input: 30,
          cache_read: 20,
          output: 20,
          reasoning: 10,
          web_search: 2,
          file_search: 1,
          code_execution: 1,
        },
        qualifiers: { service_tier: 'flex' },
      },
    ]);
    assert.deepEqual([told, meter.written()], ['all', 2 + 6 + 3 + 2]);
  }
});
