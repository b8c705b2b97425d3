// Pictures that the Responses API's tool makes are billed by the model of the tool, apart from the answer's own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createResponsesMeter } from '../dialects/responses-meter.ts';
import type { JsonObject } from '../call.ts';
import { imageToolUsage } from './image-tool-usage.ts';

const unnamed = { image_generation: 'gpt-image-9' };
const image_gen = {
  input_tokens: 1_000,
  input_tokens_details: { image_tokens: 700, text_tokens: 300 },
  cached_tokens: 250,
  cached_tokens_details: { cached_image_tokens: 200, cached_text_tokens: 50 },
  output_tokens: 4_200,
  output_tokens_details: { image_tokens: 4_160, text_tokens: 40 },
  total_tokens: 5_200,
};
const counts = {
  input: 250,
  cache_read: 50,
  image_input: 500,
  image_cache_read: 200,
  output: 40,
  image_output: 4_160,
};

test('each kind of its tokens, by the model that the tool names', () => {
  const tools = [
    { type: 'function', name: 'f' },
    { type: 'image_generation', model: 'gpt-image-2' },
  ];
  assert.deepEqual(imageToolUsage({ tools, tool_usage: { image_gen } }, unnamed), {
    model: 'gpt-image-2',
    counts,
    qualifiers: {},
  });
  const silent = { tools: [{ type: 'image_generation' }], tool_usage: { image_gen } };
  assert.equal(imageToolUsage(silent, unnamed)?.model, 'gpt-image-9', 'the one of the provider’s row');
  assert.equal(imageToolUsage(silent, {})?.model, 'image_generation', 'nobody says which');
  assert.equal(imageToolUsage({ tool_usage: { image_gen: { input_tokens: 0, output_tokens: 0 } } }, {}), null);
  assert.equal(imageToolUsage({}, unnamed), null);
  const without = imageToolUsage({ tool_usage: { image_gen: { input_tokens: 5, output_tokens: 7 } } }, unnamed);
  assert.deepEqual(without?.counts, { input: 5, image_output: 7 });
});

test('the meter tells it beside the answer’s own, and searches as many as the answer says are billed', () => {
  const meter = createResponsesMeter(false, unnamed);
  const search: JsonObject = { type: 'web_search_call', action: { type: 'search' } };
  const response = {
    status: 'completed',
    model: 'gpt-5.1',
    output: [search, search, search],
    usage: { input_tokens: 10, output_tokens: 5 },
    tools: [{ type: 'image_generation', model: 'gpt-image-2' }],
    tool_usage: { image_gen, web_search: { num_requests: 2 } },
  };
  meter.body(Buffer.from(JSON.stringify(response)));
  assert.deepEqual(
    meter.report().parts.map(({ model, counts: read }) => [model, read]),
    [
      [null, { input: 10, output: 5, web_search: 2 }],
      ['gpt-image-2', counts],
    ],
  );
});
