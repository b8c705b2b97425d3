// Calls of which nobody told what they used: left, cut, refused, blocked, failed inside a 200. What they cost follows
// from what was sent and written, in each dialect.

import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { after, before, test } from 'node:test';
import type { UsageEvent } from '../../events/events.ts';
import { answer, call, json, sse, startRig, stopRig } from './rig.ts';

before(startRig);
after(stopRig);
const [a, o, g, r] = ['anthropic-messages', 'openai', 'google', 'responses'] as const;

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
  answer(endless(...chunks));
  const left = await call({ shape: o, model: 'gpt-4o', stream: true, more: { tools }, leaveAfter: 40_000 });
  const { nano, input = 0, output } = estimate(left);
  assert.equal(output, 10_000);
  assert.ok(input > 5_000 && input < 5_100, String(input));
  assert.equal(nano, 100_000_000 + input * 2_500);
  assert.deepEqual([left.units, left.metadata['cancelled']], [1, true]);

  const message = { model: 'claude-opus-4-8', usage: { input_tokens: 1_000, output_tokens: 1 } };
  const thinking = { type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: 'x'.repeat(4_000) } };
  answer(endless({ type: 'message_start', message }, thinking));
  const thought = await call({ shape: a, model: 'claude-opus-4-8', stream: true, leaveAfter: 4_000 });
  // Its input was told, its output was not.
  assert.deepEqual(estimate(thought), { nano: 1_000 * 5_000 + 1_000 * 25_000, input: 1_000, output: 1_000 });
});

test('a call that is left before a word costs its input; of a model that thinks unseen its time, too. Units: none', async () => {
  answer(() => undefined);
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
  answer((response) => void response.writeHead(429).end('{}'));
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
    answer(say);
    const { cost_nano_usd, units, quota_units, metadata } = await ask(stream);
    assert.deepEqual([cost_nano_usd, units, quota_units, metadata['resolved_status_code']], [0, 0, 0, 200]);
    assert.deepEqual([metadata['prompt_token_count'], metadata['usage']], [0, undefined]);
  }
  answer(sse(start, delta, error));
  // Another model: what failed so often is shut for a while.
  const begun = await call({ shape: a, model: 'claude-opus-4-6', stream: true });
  assert.deepEqual([begun.cost_nano_usd, begun.units], [9 * 5_000 + 25_000, 1]);
});

test('overloads inside a 200 shut the model as a status does', async () => {
  answer(sse({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }));
  const ask = () => call({ shape: a, model: 'claude-opus-4-1', stream: true });
  const shut = async (): Promise<boolean> => Number((await ask()).metadata['upstream_status_code']) < 0;
  let calls = 0;
  while (!(await shut()) && calls < 20) calls++;
  assert.ok(calls < 20, 'never shut');
});

test('a prompt that was blocked costs its input, reported or not', async () => {
  const promptFeedback = { blockReason: 'MODEL_ARMOR' };
  const ask = () => call({ shape: g, model: 'gemini-2.5-flash', stream: false });
  answer(json({ promptFeedback, usageMetadata: { promptTokenCount: 1_000 } }));
  const told = await ask();
  assert.deepEqual([told.cost_nano_usd, told.metadata['estimated']], [300_000, undefined]);
  answer(json({ promptFeedback, usageMetadata: { trafficType: 'ON_DEMAND' } }));
  const { nano, input = 0, output } = estimate(await ask());
  assert.deepEqual([nano, output], [input * 300, 0]);
  assert.ok(input > 0);
});

test('Responses and Gemini: what is left while it writes arguments or thinks costs what it wrote', async () => {
  const piece = 'x'.repeat(400);
  const created = { type: 'response.created', response: { model: 'gpt-4o', output: [] } };
  const kinds = ['response.function_call_arguments.delta', 'response.reasoning_summary_text.delta'] as const;
  for (const type of kinds) {
    answer(endless(created, ...Array.from({ length: 100 }, () => ({ type, delta: piece }))));
    const left = await call({ shape: r, model: 'gpt-4o', stream: true, leaveAfter: 40_000 });
    const { nano, input = 0, output } = estimate(left);
    assert.ok(input >= 4 && input < 20, String(input));
    assert.deepEqual([output, nano, left.units], [10_000, input * 2_500 + 100_000_000, 1], type);
  }
  const parts = [
    { functionCall: { name: 'w', args: { text: 'x'.repeat(40_000) } } },
    { text: 'x'.repeat(40_000), thought: true },
  ];
  for (const part of parts) {
    answer(endless({ candidates: [{ content: { parts: [part] } }], modelVersion: 'gemini-2.5-flash' }));
    const left = await call({ shape: g, model: 'gemini-2.5-flash', stream: true, leaveAfter: 40_000 });
    const { output = 0 } = estimate(left);
    assert.ok(output >= 10_000 && output < 10_020, `${Object.keys(part).join()}: ${output}`);
    assert.equal(left.units, 1);
  }
});

test('Responses and Gemini: a failure inside a 200 before anything was written is charged to nobody', async () => {
  const error = { code: 'server_error', message: 'no' };
  const failed = { model: 'gpt-4o', status: 'failed', error, output: [], usage: null };
  const googleError = { error: { code: 503, status: 'UNAVAILABLE', message: 'overloaded' } };
  for (const [shape, model, stream, says] of [
    [
      r,
      'gpt-5.1',
      true,
      sse(
        { type: 'response.created', response: { ...failed, status: 'in_progress', error: null } },
        { type: 'response.failed', response: failed },
      ),
    ],
    [r, 'gpt-5.2', true, sse({ type: 'error', code: 'server_error', message: 'no', sequence_number: 1 })],
    [r, 'o1', false, json(failed)],
    [g, 'gemini-2.5-pro', true, sse(googleError)],
    [g, 'gemini-2.5-flash-image', false, json(googleError)],
  ] as const) {
    answer(says);
    const { cost_nano_usd, units, quota_units, metadata } = await call({ shape, model, stream });
    // Each asks a model of its own: what failed often is shut for a while.
    assert.equal(metadata['upstream_status_code'], 200, `${shape}, ${model}`);
    assert.deepEqual([cost_nano_usd, units, quota_units], [0, 0, 0], `${shape}, ${stream ? 'streamed' : 'whole'}`);
  }
});

test('a count that a report of a whole answer leaves out is none, not unknown', async () => {
  for (const [shape, model, whole, nano] of [
    [o, 'gpt-4o', { choices: [], usage: { prompt_tokens: 1_000 } }, 2_500_000],
    [r, 'gpt-4o', { model: 'gpt-4o', status: 'completed', output: [], usage: { input_tokens: 1_000 } }, 2_500_000],
    [g, 'gemini-2.5-flash', { candidates: [], usageMetadata: { promptTokenCount: 1_000 } }, 300_000],
  ] as const) {
    answer(json(whole));
    const { cost_nano_usd, metadata } = await call({ shape, model, stream: false });
    assert.deepEqual([cost_nano_usd, metadata['estimated']], [nano, undefined], shape);
  }
});

test('an API that tells no tokens: what we count ourselves stands under the keys for it, and is the price', async () => {
  for (const stream of [false, true]) {
    const said = { completion: ' one two three', stop_reason: 'stop_sequence', model: 'claude-2.1' };
    answer(stream ? sse({ type: 'completion', ...said }) : json({ type: 'completion', ...said }));
    const { metadata, tokens, cost_nano_usd } = await call({ shape: 'anthropic-text', model: 'claude-2.1', stream });
    const input = Number(metadata['prompt_tokenizer_token_count']);
    const output = Number(metadata['completion_tokenizer_token_count']);
    assert.ok(input > 5 && input < 20 && output >= 3 && output < 6, `${input}, ${output}`);
    assert.deepEqual([metadata['prompt_token_count'], metadata['completion_token_count']], [input, output]);
    assert.deepEqual([tokens, metadata['input_token_count']], [input + output, input]);
    assert.equal(cost_nano_usd, input * 8_000 + output * 24_000);
  }
  answer(json({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } }));
  const { metadata } = await call({ shape: o, model: 'gpt-4o', stream: false });
  assert.equal(metadata['prompt_tokenizer_token_count'], undefined, 'what a provider tells is not counted again');
});

test('a prompt that was blocked in a stream costs its input, too', async () => {
  answer(sse({ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 1_000 } }));
  const { cost_nano_usd } = await call({ shape: g, model: 'gemini-2.5-flash', stream: true });
  assert.equal(cost_nano_usd, 300_000);
});
