// The official OpenAI and Anthropic clients, unmodified, against the running gateway: all they need is a base URL and
// a token.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { eventually, startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
let openai: OpenAI;
let anthropic: Anthropic;
const hello = [{ role: 'user' as const, content: 'Hello there' }];
const haiku = 'claude-3-haiku-20240307';

before(async () => {
  gateway = await startGateway();
  openai = new OpenAI({ apiKey: gateway.token, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: gateway.token, authToken: null, baseURL: gateway.url, maxRetries: 0 });
});
after(() => gateway.stop());

test('openai: an answer, whole and streamed', async () => {
  const whole = await openai.chat.completions.create({ model: 'gpt-4o', messages: hello });
  assert.equal(whole.choices[0]?.message.content, 'Hello wörld 1 wörld 2 wörld 3');
  assert.equal(whole.usage?.completion_tokens, 4);
  let text = '';
  const usages: unknown[] = [];
  for await (const chunk of await openai.chat.completions.create({
    model: 'openai/gpt-4o',
    messages: hello,
    stream: true,
  })) {
    text += chunk.choices[0]?.delta.content ?? '';
    assert.equal(chunk.choices.length, 1, 'the usage chunk that nobody asked for stays away');
    if (chunk.usage) usages.push(chunk.usage);
  }
  assert.equal(text, 'Hello wörld 1 wörld 2 wörld 3');
  assert.deepEqual(usages, []);
});

test('openai: usage in the stream for who asks for it', async () => {
  const usages = [];
  for await (const chunk of await openai.chat.completions.create({
    model: 'gpt-4o',
    messages: hello,
    stream: true,
    stream_options: { include_usage: true },
  }))
    if (chunk.usage) usages.push(chunk.usage.completion_tokens);
  assert.deepEqual(usages, [4]);
});

test('openai: tools and response_format reach the provider and its tool call comes back', async () => {
  const tools = [
    {
      type: 'function' as const,
      function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
    },
  ];
  const answer = await openai.chat.completions.create({
    model: 'gpt-4o',
    messages: hello,
    tools,
    response_format: { type: 'json_object' },
    temperature: 0,
    seed: 7,
  });
  const call = answer.choices[0]?.message.tool_calls?.[0];
  assert.equal(call?.type === 'function' && call.function.arguments, '{"city":"Zürich"}');
  const sent = JSON.parse(gateway.openai?.requests.at(-1)?.body ?? '') as Record<string, unknown>;
  assert.deepEqual(
    [sent['tools'], sent['response_format'], sent['temperature'], sent['seed']],
    [tools, { type: 'json_object' }, 0, 7],
  );
  let streamed = '';
  for await (const chunk of await openai.chat.completions.create({
    model: 'gpt-4o',
    messages: hello,
    tools,
    stream: true,
  }))
    streamed += chunk.choices[0]?.delta.tool_calls?.[0]?.function?.arguments ?? '';
  assert.equal(streamed, '{"city":"Zürich"}');
});

test('openai: every error has its class, a code and a request id', async () => {
  const errorOf = async (work: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> => {
    const error = await work.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof OpenAI.APIError);
    return error;
  };
  const create = (model: string, client = openai) => client.chat.completions.create({ model, messages: hello });
  const unknownClient = new OpenAI({ apiKey: `slk_${'0'.repeat(64)}`, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  const unauthorized = await errorOf(create('gpt-4o', unknownClient));
  assert.ok(unauthorized instanceof OpenAI.AuthenticationError);
  assert.equal(unauthorized.code, 'invalid_api_key');
  const unknown = await errorOf(create('gpt-99'));
  assert.ok(unknown instanceof OpenAI.NotFoundError);
  assert.equal(unknown.code, 'model_not_found');
  assert.match(unknown.message, /nearest: \[openai\/gpt-4, .*\]; GET \/v1\/models lists what may be used$/);
  const { token } = await gateway.subscription({ limit: 10, allowedModels: ['openai/gpt-4'] });
  const forbidden = await errorOf(
    create('gpt-4o', new OpenAI({ apiKey: token, baseURL: `${gateway.url}/v1`, maxRetries: 0 })),
  );
  assert.ok(forbidden instanceof OpenAI.PermissionDeniedError);
  const empty = await errorOf(openai.chat.completions.create({ model: 'gpt-4o', messages: [] }));
  assert.ok(empty instanceof OpenAI.BadRequestError);
  const small = await gateway.subscription({ limit: 2 });
  const poor = new OpenAI({ apiKey: small.token, baseURL: `${gateway.url}/v1` });
  await create('gpt-4o', poor);
  gateway.openai?.next({ status: 500, body: '{"error":{"message":"theirs"}}' }, 2);
  const theirs = await errorOf(
    create('gpt-4o', new OpenAI({ apiKey: small.token, baseURL: `${gateway.url}/v1`, maxRetries: 0 })),
  );
  assert.ok(theirs instanceof OpenAI.InternalServerError);
  const limited = await errorOf(
    poor.chat.completions.create({ model: 'gpt-4o', messages: hello }).then(() => create('gpt-4o', poor)),
  );
  assert.ok(limited instanceof OpenAI.RateLimitError, 'with its own retries on: it is told not to');
  assert.equal(limited.code, 'rate_limit_exceeded');
  assert.match(limited.message, /you have exceeded the rate limit of 2 requests\. Retry after \d{4}-/);
  assert.equal(limited.headers?.get('x-should-retry'), 'false');
});

test('openai: models are listed', async () => {
  const ids = [];
  for await (const model of openai.models.list()) ids.push(model.id);
  assert.ok(ids.includes('gpt-4o') && ids.includes('fireworks/accounts/fireworks/models/mixtral-8x7b-instruct'));
  assert.ok(!ids.includes('gpt-3.5-turbo-instruct'), 'what is made for code alone is not chat’s');
});

test('openai: leaving a stream ends the provider’s call, and the call is charged as cancelled', async () => {
  const { id, token } = await gateway.subscription({ limit: 10 });
  gateway.openai?.pace({ chunks: 200, chunkDelayMs: 20 });
  const client = new OpenAI({ apiKey: token, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  const aborted = gateway.openai?.stats.aborted ?? 0;
  const stream = await client.chat.completions.create({ model: 'gpt-4o', messages: hello, stream: true });
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
  stream.controller.abort();
  const rows = await eventually(
    () => gateway.events(`identifier = '${id}'`),
    (found) => found.length > 0,
  );
  assert.deepEqual(
    rows.map(({ name, units, quota_units, metadata }) => [
      name,
      units,
      quota_units,
      metadata['cancelled'],
      metadata['upstream_status_code'],
    ]),
    [['CompletionsFinished', 1, 1, true, 200]],
  );
  await eventually(
    async () => gateway.openai?.stats.aborted ?? 0,
    (now) => now === aborted + 1,
  );
  gateway.openai?.pace({ chunks: 4, chunkDelayMs: 0 });
});

test('anthropic: an answer, whole and streamed', async () => {
  const whole = await anthropic.messages.create({ model: haiku, max_tokens: 100, messages: hello });
  assert.equal(whole.content[0]?.type === 'text' && whole.content[0].text, 'Hello wörld 1 wörld 2 wörld 3');
  const stream = anthropic.messages.stream({ model: haiku, max_tokens: 100, messages: hello });
  const final = await stream.finalMessage();
  assert.equal(final.content[0]?.type === 'text' && final.content[0].text, 'Hello wörld 1 wörld 2 wörld 3');
  assert.equal(final.usage.output_tokens, 4);
});

test('anthropic: tools, images, thinking and betas reach the provider, its tool use comes back', async () => {
  const tools = [{ name: 'weather', input_schema: { type: 'object' as const } }];
  const image = {
    type: 'image' as const,
    source: { type: 'base64' as const, media_type: 'image/png' as const, data: 'aGVsbG8=' },
  };
  const messages = [{ role: 'user' as const, content: [image, { type: 'text' as const, text: 'What is this?' }] }];
  const thinking = { type: 'enabled' as const, budget_tokens: 1024 };
  const stream = anthropic.messages.stream(
    { model: haiku, max_tokens: 2000, messages, tools, thinking, temperature: 0 },
    { headers: { 'anthropic-beta': 'some-beta-2026' } },
  );
  const [block] = (await stream.finalMessage()).content;
  assert.deepEqual(block?.type === 'tool_use' && block.input, { city: 'Zürich' });
  const request = gateway.anthropic?.requests.at(-1);
  const sent = JSON.parse(request?.body ?? '') as Record<string, unknown>;
  assert.deepEqual(
    [sent['messages'], sent['tools'], sent['thinking'], sent['temperature']],
    [messages, tools, thinking, 0],
  );
  assert.equal(request?.headers['anthropic-beta'], 'some-beta-2026');
  assert.match(String(request?.headers['anthropic-version']), /^20\d\d-\d\d-\d\d$/);
});

test('anthropic: every error has its class', async () => {
  const create = (model: string, client = anthropic) =>
    client.messages.create({ model, max_tokens: 100, messages: hello });
  const unknownClient = new Anthropic({ apiKey: 'nonsense', authToken: null, baseURL: gateway.url, maxRetries: 0 });
  await assert.rejects(create(haiku, unknownClient), Anthropic.AuthenticationError);
  await assert.rejects(create('claude-99'), Anthropic.NotFoundError);
  await assert.rejects(
    anthropic.messages.create({ model: haiku, max_tokens: 100, messages: [] }),
    Anthropic.BadRequestError,
  );
  const { token } = await gateway.subscription({ limit: 2 });
  const poor = new Anthropic({ apiKey: token, authToken: null, baseURL: gateway.url });
  await create(haiku, poor);
  await create(haiku, poor);
  await assert.rejects(create(haiku, poor), Anthropic.RateLimitError);
});

test('anthropic: the older key header works, and models are listed', async () => {
  const ids = [];
  for await (const model of anthropic.models.list()) ids.push(model.id);
  assert.ok(ids.includes(haiku));
  const { status } = await gateway.call('/v1/messages', {
    token: null,
    headers: { 'x-api-key': gateway.token },
    body: { model: haiku, max_tokens: 10, messages: hello },
  });
  assert.equal(status, 200);
});

test('anthropic: a stream that the provider breaks off throws, and is charged as truncated', async () => {
  const { id, token } = await gateway.subscription({ limit: 10 });
  const client = new Anthropic({ apiKey: token, authToken: null, baseURL: gateway.url, maxRetries: 0 });
  gateway.anthropic?.next({ cutAfterBytes: 700 });
  await assert.rejects(
    client.messages.stream({ model: haiku, max_tokens: 100, messages: hello }).finalMessage(),
    Anthropic.APIError,
  );
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual(
    rows.map(({ units, metadata }) => [units, metadata['truncated']]),
    [[1, true]],
  );
});

test('a refusal of our own has a request id, and an unknown path says what there is', async () => {
  const missing: unknown = await openai.moderations.create({ input: 'x' }).catch((thrown: unknown) => thrown);
  assert.ok(missing instanceof OpenAI.NotFoundError);
  assert.match(
    missing.message,
    /POST \/v1\/moderations is not served: the gateway serves POST \/v1\/chat\/completions/,
  );
  assert.match(missing.requestID ?? '', /^[0-9a-f]{32}$/);
  const batch: unknown = await anthropic.messages.batches.list().catch((thrown: unknown) => thrown);
  assert.ok(batch instanceof Anthropic.NotFoundError);
  assert.match(batch.message, /send each of its messages to POST \/v1\/messages/);
  assert.equal(batch.type, 'not_found_error');
  assert.match(batch.requestID ?? '', /^[0-9a-f]{32}$/);
  const files: unknown = await anthropic.beta.files.list().catch((thrown: unknown) => thrown);
  assert.ok(files instanceof Anthropic.NotFoundError);
  const wrong = new OpenAI({ apiKey: gateway.token, baseURL: gateway.url, maxRetries: 0 });
  await assert.rejects(
    wrong.chat.completions.create({ model: 'gpt-4o', messages: hello }),
    /POST \/v1\/chat\/completions may be what is meant/,
  );
});

test('a length beyond that of 2023 is the provider’s to judge', async () => {
  const whole = await anthropic.messages.create(
    {
      model: 'claude-opus-4-8',
      max_tokens: 128_000,
      messages: hello,
      stream: false,
    },
    { timeout: 600_000 },
  );
  assert.equal(whole.type, 'message');
  assert.match(gateway.anthropic?.requests.at(-1)?.body ?? '', /"max_tokens":128000/);
});

test('what was left out or changed stands in a warning, and an instance’s answer has none', async () => {
  const body = { model: 'gpt-4o', messages: hello, n: 2, store: true, metadata: { team: 'a' } };
  const { response } = await openai.chat.completions.create(body).withResponse();
  assert.match(
    response.headers.get('warning') ?? '',
    /^299 cody-gateway "n: 1 in its place[^"]*", 299 cody-gateway "store: left out/,
  );
  const sent = JSON.parse(gateway.openai?.requests.at(-1)?.body ?? '') as Record<string, unknown>;
  assert.deepEqual([sent['n'], 'store' in sent, 'metadata' in sent], [1, false, false]);
  const chat = { 'x-sourcegraph-feature': 'chat_completions' };
  const codys = await gateway.call('/v1/completions/openai', { headers: chat, body });
  assert.deepEqual(
    [codys.status, codys.headers.get('warning'), codys.headers.get('x-request-id')],
    [200, null, 'req_local'],
  );
});

test('anthropic: tokens are counted for nothing, and for nobody whose quota is used up', async () => {
  const { id, token } = await gateway.subscription({ limit: 2 });
  const client = new Anthropic({ apiKey: token, authToken: null, baseURL: gateway.url, maxRetries: 0 });
  const ask = { model: haiku, messages: hello };
  const counted = await client.messages.countTokens(ask);
  assert.ok(counted.input_tokens > 0);
  assert.ok((await client.beta.messages.countTokens(ask)).input_tokens > 0);
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual(
    rows.map(({ name, units, quota_units, feature, model }) => [name, units, quota_units, feature, model]),
    Array.from({ length: 2 }, () => ['TokensCounted', 0, 0, 'chat_completions', `anthropic/${haiku}`]),
  );
  for (let i = 0; i < 2; i++) await client.messages.create({ ...ask, max_tokens: 9 });
  await assert.rejects(client.messages.countTokens(ask), Anthropic.RateLimitError);
  await assert.rejects(anthropic.messages.countTokens({ ...ask, model: 'claude-99' }), Anthropic.NotFoundError);
});

test('a model is found by its name, in each shape, and one that is not says which are near', async () => {
  const model = await openai.models.retrieve('gpt-4o');
  assert.deepEqual([model.id, model.object, model.owned_by], ['gpt-4o', 'model', 'openai']);
  const slashed = 'fireworks/accounts/fireworks/models/mixtral-8x7b-instruct';
  assert.equal((await openai.models.retrieve(slashed)).id, slashed);
  const { text } = await gateway.call(`/v1/models/${slashed}`, { method: 'GET' });
  assert.equal((JSON.parse(text) as { id: string }).id, slashed, 'with its slashes as they are');
  const anthropics = await anthropic.models.retrieve('claude-opus-4-8');
  assert.deepEqual(
    [anthropics.id, anthropics.type, anthropics.max_input_tokens, anthropics.max_tokens, anthropics.lifecycle],
    ['claude-opus-4-8', 'model', 1_000_000, 128_000, 'active'],
  );
  assert.equal((await anthropic.models.retrieve('claude-opus-5-5')).created_at, '2026-09-22T00:00:00Z');
  await assert.rejects(openai.models.retrieve('gpt-4oo'), /nearest: .*gpt-4o/);
  await assert.rejects(anthropic.models.retrieve('claude-99'), Anthropic.NotFoundError);
});

test('HEAD is GET without its body', async () => {
  const got = await gateway.call('/v1/models', { method: 'GET' });
  const head = await gateway.call('/v1/models', { method: 'HEAD' });
  assert.deepEqual([head.status, head.text], [200, '']);
  assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(got.text)));
  assert.equal((await gateway.call('/v1/models', { method: 'HEAD', token: null })).status, 401);
});

test('openai: Claude and Gemini through the endpoints that their providers run, with their own permits, units and rows', async () => {
  const { id, token } = await gateway.subscription({
    limit: 10,
    allowedModels: ['anthropic/claude-opus-4-8', 'google/gemini-2.5-pro'],
  });
  const client = new OpenAI({ apiKey: token, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  for (const [model, provider, url, body] of [
    [
      'anthropic/claude-opus-4-8',
      'anthropic',
      '/v1/chat/completions',
      {
        choices: [{ message: { content: 'hi' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
      },
    ],
    [
      'google/gemini-2.5-pro',
      'google',
      '/v1beta/openai/chat/completions',
      {
        choices: [{ message: { content: 'hi' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 9 },
      },
    ],
  ] as const) {
    gateway[provider]?.next({ status: 200, body: JSON.stringify(body) });
    const answer = await client.chat.completions.create({ model, messages: hello });
    assert.equal(answer.choices[0]?.message.content, 'hi');
    const sent = gateway[provider]?.requests.at(-1);
    assert.equal(sent?.url, url);
    assert.equal((JSON.parse(sent.body) as { model: string }).model, model.split('/')[1]);
    assert.match(String(sent.headers.authorization), /^Bearer stand-in-key/);
  }
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual(
    rows.map(({ model, units, tokens }) => [model, units, tokens]),
    [
      ['anthropic/claude-opus-4-8', 1, 7],
      ['google/gemini-2.5-pro', 1, 9],
    ],
  );
  await assert.rejects(
    client.chat.completions.create({ model: 'anthropic/claude-opus-4-7', messages: hello }),
    OpenAI.PermissionDeniedError,
  );
  for (const model of ['claude-opus-4-8', 'gemini-2.5-pro']) {
    let text = '';
    for await (const chunk of await client.chat.completions.create({ model, messages: hello, stream: true }))
      text += chunk.choices[0]?.delta.content ?? '';
    assert.match(text, /^Hello w/, `${model}: what the local cloud answers by itself`);
  }
});
