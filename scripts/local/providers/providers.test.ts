// The official SDKs against the provider stand-ins: streams, usage, tools, errors and aborts read as from the real
// ones, and behaviour can be programmed.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { test, type TestContext } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { startAnthropic } from './anthropic.ts';
import { startOpenAi } from './openai.ts';

const apiKey = 'key';
const messages = [{ role: 'user' as const, content: 'two words' }];

async function anthropic(t: TestContext, chunks = 4) {
  const local = await startAnthropic({ apiKey, chunks });
  t.after(() => local.close());
  const client = new Anthropic({ apiKey, baseURL: local.url, maxRetries: 0 });
  return { local, client, body: { model: 'claude-3-haiku-20240307', max_tokens: 10, messages } };
}

async function openai(t: TestContext, chunks = 4) {
  const local = await startOpenAi({ apiKey, chunks });
  t.after(() => local.close());
  const client = new OpenAI({ apiKey, baseURL: `${local.url}/v1`, maxRetries: 0 });
  return { local, client, body: { model: 'gpt-4o', messages } };
}

test('Anthropic: whole and streamed answers are the same message, a token a piece', async (t) => {
  const { client, body } = await anthropic(t);
  const whole = await client.messages.create(body);
  const streamed = await client.messages.stream(body).finalMessage();
  assert.deepEqual(streamed.content, whole.content);
  assert.deepEqual([whole.stop_reason, whole.usage.output_tokens, streamed.usage.output_tokens], ['end_turn', 4, 4]);
  assert.equal(streamed.usage.input_tokens, whole.usage.input_tokens);
});

test('Anthropic: a tool that is offered is used', async (t) => {
  const { client, body } = await anthropic(t);
  const tools = [{ name: 'weather', input_schema: { type: 'object' as const } }];
  const message = await client.messages.stream({ ...body, tools }).finalMessage();
  assert.equal(message.stop_reason, 'tool_use');
  const [use] = message.content;
  assert.deepEqual(use?.type === 'tool_use' && [use.name, use.input], ['weather', { city: 'Zürich' }]);
});

test('Anthropic: errors are the SDK’s classes', async (t) => {
  const { local, client, body } = await anthropic(t);
  const unknownClient = new Anthropic({ apiKey: 'other', baseURL: local.url, maxRetries: 0 });
  await assert.rejects(unknownClient.messages.create(body), Anthropic.AuthenticationError);
  await assert.rejects(client.messages.create({ ...body, model: 'claude-missing' }), Anthropic.NotFoundError);
  await assert.rejects(
    client.messages.create({ ...body, max_tokens: undefined as unknown as number }),
    Anthropic.BadRequestError,
  );
  const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
  local.next({ status: 529, headers: { 'retry-after': '7' }, body: JSON.stringify(overloaded) });
  await assert.rejects(client.messages.create(body), (error: InstanceType<typeof Anthropic.APIError>) => {
    assert.deepEqual([error.status, error.headers?.get('retry-after')], [529, '7']);
    return true;
  });
});

test('OpenAI: whole and streamed answers are the same text; usage is streamed to those alone who ask', async (t) => {
  const { client, body } = await openai(t);
  const whole = await client.chat.completions.create(body);
  for (const asked of [true, false]) {
    const options = asked ? { stream_options: { include_usage: true } } : {};
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of await client.chat.completions.create({ ...body, ...options, stream: true }))
      chunks.push(chunk);
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
    assert.equal(text, whole.choices[0]?.message.content);
    const last = chunks.at(-1);
    if (asked) {
      assert.deepEqual([last?.choices, last?.usage], [[], whole.usage]);
      assert.ok(chunks.slice(0, -1).every(({ usage }) => usage === null));
    } else assert.ok(chunks.every((chunk) => !('usage' in chunk) && chunk.choices.length === 1));
  }
});

test('OpenAI: a tool that is offered is called; errors are the SDK’s classes', async (t) => {
  const { local, client, body } = await openai(t);
  const tools = [{ type: 'function' as const, function: { name: 'weather' } }];
  const completion = await client.chat.completions.stream({ ...body, tools }).finalChatCompletion();
  const [call] = completion.choices[0]?.message.tool_calls ?? [];
  assert.deepEqual(call?.type === 'function' && [call.function.name, call.function.arguments], [
    'weather',
    '{"city":"Zürich"}',
  ]);
  const unknownClient = new OpenAI({ apiKey: 'other', baseURL: `${local.url}/v1`, maxRetries: 0 });
  await assert.rejects(unknownClient.chat.completions.create(body), OpenAI.AuthenticationError);
  await assert.rejects(client.chat.completions.create({ ...body, model: 'gpt-missing' }), OpenAI.NotFoundError);
  local.next({ status: 429, body: '{"error":{"message":"slow down","type":"requests","param":null,"code":null}}' });
  await assert.rejects(client.chat.completions.create(body), OpenAI.RateLimitError);
});

test('a body that is no JSON is the caller’s fault', async (t) => {
  for (const [local, path] of [
    [(await anthropic(t)).local, '/v1/messages'],
    [(await openai(t)).local, '/v1/chat/completions'],
  ] as const) {
    const headers = { authorization: `Bearer ${apiKey}` };
    for (const body of ['{', '7', 'null'])
      assert.equal((await fetch(local.url + path, { method: 'POST', headers, body })).status, 400, `${path} ${body}`);
  }
});

test('programmed bytes arrive as they are, a cut breaks off, and only callers that leave count as aborted', async (t) => {
  const { local, client, body } = await openai(t);
  const headers = { authorization: `Bearer ${apiKey}` };
  const post = (): Promise<Response> =>
    fetch(`${local.url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify(body) });
  const bytes = Buffer.from('data: ü\n\ndata: [DONE]\n\n');
  local.next({ bytes, cuts: [1, 7, 8] });
  assert.deepEqual(Buffer.from(await (await post()).arrayBuffer()), bytes);
  local.next({ cutAfterBytes: 20 });
  await assert.rejects(post().then((response) => response.text()));
  assert.deepEqual(local.stats, { served: 1, aborted: 0 });
  local.next({ hang: 'body' });
  const stream = await client.chat.completions.create({ ...body, stream: true });
  for await (const _chunk of stream) stream.controller.abort();
  local.next({ hang: 'headers' });
  const hung = http.request(`${local.url}/v1/chat/completions`, { method: 'POST', headers });
  hung.on('error', () => undefined).end(JSON.stringify(body));
  while (local.requests.length < 4) await new Promise((resolve) => setImmediate(resolve));
  hung.destroy();
  while (local.stats.aborted < 2) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(local.stats, { served: 1, aborted: 2 });
  assert.equal(local.requests[0]?.url, '/v1/chat/completions');
});

test('headers that must not leave the gateway are there to be kept back', async (t) => {
  const { local } = await anthropic(t);
  const request = http.get(`${local.url}/v1/messages`);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  assert.equal(response.headers['anthropic-organization-id'], 'org-of-the-gateway');
  assert.deepEqual(response.headers['set-cookie'], ['a=1', 'b=2']);
});

test('what a stand-in trips over is refused, as its provider would; no connection breaks', async (t) => {
  const { local } = await openai(t);
  const post = (path: string, body: unknown) =>
    fetch(`${local.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}` },
      body: JSON.stringify(body),
    });
  const { status } = await post('/v1/chat/completions', { model: 'gpt-4o', messages, tools: [{ function: null }] });
  assert.equal(status, 400);
  assert.equal((await post('/v1/chat/completions', { model: 'gpt-4o', messages })).status, 200);
});
