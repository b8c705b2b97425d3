// Vectors about Fireworks, Google, Anthropic's text completions and the feature of code, over HTTP; and what Cody's
// direct clients send.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { startGateway, type CallInit, type EventRow, type TestGateway } from '../local/test-gateway.ts';

const [F, S] = ['accounts/fireworks/models/', 'accounts/sourcegraph/models/'];
const autoEdit = 'autoedits-deepseek-lite-default';
const jsx = `${S}finetuned-fim-lang-jsx-model-mixtral-8x7b`;
const allowedOnFireworks = [
  'starcoder',
  `${S}starcoder-16b`,
  `${S}starcoder2-7b`,
  `${F}mixtral-8x7b-instruct`,
  'fim-lang-specific-model-mixtral',
  jsx,
  autoEdit,
];
let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({
    functions: ['chat-completions', 'code-completions', 'deliver-events', 'diagnostics'],
    env: {
      CODY_GATEWAY_FIREWORKS_ALLOWED_MODELS: allowedOnFireworks.join(','),
      // Vector 12 is of a gateway whose operator sets the original's cap.
      CODY_GATEWAY_ANTHROPIC_MAX_TOKENS_TO_SAMPLE: '4000',
    },
  });
});
after(() => gateway.stop());

const code = { 'x-sourcegraph-feature': 'code_completions' } as const;
const chat = { 'x-sourcegraph-feature': 'chat_completions' } as const;
const path = (provider: string): string => `/v1/completions/${provider}`;
const bothFeatures = (limit: number, allowedModels = ['*']) => ({
  limits: {
    chat_completions: { limit, intervalSeconds: 86_400, allowedModels },
    code_completions: { limit, intervalSeconds: 86_400, allowedModels },
  },
});

/** A subscription of its own for each case, so that its events are its own. */
async function caller(allowedModels = ['*']) {
  const { id, token } = await gateway.subscription(null, bothFeatures(10, allowedModels));
  return {
    id,
    token,
    send: (provider: string, body: unknown, init: CallInit = {}) =>
      gateway.call(path(provider), { token, headers: code, body, ...init }),
    event: async (): Promise<EventRow> => {
      const rows = await gateway.events(`identifier = '${id}'`);
      assert.equal(rows.length, 1, JSON.stringify(rows));
      return rows[0] as EventRow;
    },
  };
}

const tokens = ({ metadata }: EventRow): unknown[] => [
  metadata['prompt_token_count'],
  metadata['completion_token_count'],
];
const lastSent = (provider: 'fireworks' | 'google' | 'anthropic' | 'openai') => {
  const request = gateway[provider]?.requests.at(-1);
  assert.ok(request);
  return { ...request, json: JSON.parse(request.body) as Record<string, unknown> };
};
const sse = (...events: unknown[]): Buffer =>
  Buffer.from(events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join(''));

test('completions #12: the legacy route has its own cap', async () => {
  const { send, id } = await caller();
  const answer = await send('anthropic', { model: 'claude-2', prompt: 'x', max_tokens_to_sample: 4001 });
  assert.deepEqual(
    [answer.status, answer.text],
    [400, '{"error":"max_tokens_to_sample exceeds maximum allowed value of 4000: 4001"}\n'],
  );
  assert.deepEqual(await gateway.events(`identifier = '${id}'`), []);
});

test('completions #13, served here: OpenAI takes code, a prompt and messages each on its own path', async () => {
  const { send, event } = await caller();
  assert.equal((await send('openai', { model: 'gpt-3.5-turbo-instruct', prompt: 'fn ', suffix: '}' })).status, 200);
  assert.equal(lastSent('openai').url, '/v1/completions');
  assert.equal((await event()).feature, 'code_completions');
  const other = await caller();
  assert.equal(
    (await other.send('openai', { model: 'gpt-4o', messages: [{ role: 'user', content: 'x' }] })).status,
    200,
  );
  assert.equal(lastSent('openai').url, '/v1/chat/completions');
});

test('completions #15, #22: nothing is added but the user; a model without provider in the actor’s list', async () => {
  const { send, id } = await caller(['claude-2']);
  const answer = await send(
    'anthropic',
    { model: 'claude-2', prompt: 'Hello world' },
    { headers: { ...chat, 'x-sourcegraph-actor-uid': '42' } },
  );
  assert.deepEqual([answer.status, answer.headers.get('x-cody-resolved-model')], [200, 'anthropic/claude-2']);
  const { json, headers, url } = lastSent('anthropic');
  assert.deepEqual(json, { model: 'claude-2', prompt: 'Hello world', metadata: { user_id: `${id}:42` } });
  assert.deepEqual(
    [url, headers['anthropic-version'], headers['client']],
    ['/v1/complete', '2023-01-01', 'sourcegraph-cody-gateway/1.0'],
  );
});

test('completions #19, #20: what a virtual name stands for is sent, told in the header and in the event; languageId stays here', async () => {
  const { send, event } = await caller();
  const answer = await send('fireworks', { model: 'starcoder2-7b', prompt: 'fn ' });
  assert.equal(answer.headers.get('x-cody-resolved-model'), `fireworks/${S}starcoder2-7b`);
  assert.equal(lastSent('fireworks').json['model'], `${S}starcoder2-7b`);
  assert.equal((await event()).model, `fireworks/${S}starcoder2-7b`);
  const body = { model: 'fim-lang-specific-model-mixtral', prompt: 'x', languageId: 'javascriptreact' };
  assert.equal((await send('fireworks', body)).status, 200);
  assert.deepEqual(lastSent('fireworks').json, { model: jsx, prompt: 'x' });
});

test('completions #21: `starcoder` in a list lets its variants pass, and no others', async () => {
  const { send } = await caller(['fireworks/starcoder']);
  assert.equal((await send('fireworks', { model: `${F}starcoder-7b`, prompt: 'x' })).status, 200);
  const refused = await send('fireworks', { model: 'starcoder2-7b', prompt: 'x' });
  assert.deepEqual(
    [refused.status, refused.text],
    [400, `{"error":"model \\"fireworks/${S}starcoder2-7b\\" is not allowed, allowed: [fireworks/starcoder]"}\n`],
  );
});

test('completions #24: Google’s address by `stream`, the key in a header, neither member in the body', async () => {
  const { send } = await caller();
  const contents = [{ role: 'user', parts: [{ text: 'Hello there' }] }];
  for (const [stream, url] of [
    [true, '/v1beta/models/gemini-1.5-pro:streamGenerateContent?alt=sse'],
    [false, '/v1beta/models/gemini-1.5-pro:generateContent'],
  ] as const) {
    const body = { model: 'gemini-1.5-pro', stream, contents, systemInstruction: 'Be terse.' };
    const answer = await send('google', body, { headers: chat });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(
      answer.headers.get('content-type')?.startsWith(stream ? 'text/event-stream' : 'application/json'),
      true,
    );
    const sent = lastSent('google');
    assert.equal(sent.url, url);
    assert.deepEqual(sent.json, { contents, systemInstruction: { parts: [{ text: 'Be terse.' }] } });
    assert.equal(sent.headers['authorization'], undefined);
  }
});

test('completions #36: usage of Fireworks, streamed and whole', async () => {
  const choice = (text: string) => [{ text, index: 0, finish_reason: null }];
  const usage = { prompt_tokens: 79, completion_tokens: 30 };
  const bytes = Buffer.concat([
    Buffer.from('\n'),
    sse({ choices: choice('a'), usage: null }, { choices: choice('b'), usage }, '[DONE]'),
  ]);
  const streamed = await caller();
  gateway.fireworks?.next({ bytes, cuts: [3, 40] });
  const answer = await streamed.send('fireworks', { model: 'starcoder', prompt: 'x', stream: true });
  assert.equal(answer.text, bytes.toString());
  assert.deepEqual(tokens(await streamed.event()), [79, 30]);
  const whole = await caller();
  gateway.fireworks?.next({ status: 200, body: JSON.stringify({ choices: choice('ab'), usage }) });
  await whole.send('fireworks', { model: 'starcoder', prompt: 'x' });
  assert.deepEqual(tokens(await whole.event()), [79, 30]);
});

test('completions #37, #38: usage of Google by its last event; what can’t be read leaves it unknown and the answer as it is', async () => {
  const contents = [{ role: 'user', parts: [{ text: 'x' }] }];
  const said = (text: string, usage?: object, finish?: string) => ({
    candidates: [{ content: { parts: [{ text }] }, ...(finish !== undefined && { finishReason: finish }) }],
    ...(usage !== undefined && { usageMetadata: usage }),
  });
  const last = said('b', { promptTokenCount: 21, candidatesTokenCount: 87 }, 'STOP');
  for (const [bytes, wanted] of [
    [Buffer.concat([sse(said('a'), last), Buffer.from('\n\n')]), [21, 87]],
    [Buffer.from('{"candidates":[]}\n\n'), [undefined, undefined]],
    [Buffer.alloc(0), [undefined, undefined]],
    [sse(said('a'), '{"usageMetadata":{'), [undefined, undefined]],
  ] as const) {
    const { send, event } = await caller();
    gateway.google?.next({ bytes, cuts: [5] });
    const answer = await send('google', { model: 'gemini-1.5-flash', stream: true, contents }, { headers: chat });
    assert.deepEqual([answer.status, answer.text], [200, bytes.toString()]);
    assert.deepEqual(tokens(await event()), wanted);
  }
  const whole = await caller();
  gateway.google?.next({
    status: 200,
    body: JSON.stringify(said('ab', { promptTokenCount: 59, candidatesTokenCount: 54 }, 'STOP')),
  });
  await whole.send('google', { model: 'gemini-1.5-flash', contents }, { headers: chat });
  assert.deepEqual(tokens(await whole.event()), [59, 54]);
});

test('completions #40: a legacy stream repeats the whole text; its tokens are counted', async () => {
  const said = (completion: string, stop: string | null) =>
    `event: completion\r\ndata: ${JSON.stringify({ completion, stop_reason: stop })}\r\n\r\n`;
  const bytes = Buffer.from(said('a', null) + said('ab', null) + said('abc', 'stop_sequence'));
  const { send, event } = await caller();
  gateway.anthropic?.next({ bytes, cuts: [10, 60] });
  const answer = await send('anthropic', { model: 'claude-2', prompt: 'Hello world', stream: true }, { headers: chat });
  assert.equal(answer.text, bytes.toString());
  const { metadata } = await event();
  assert.deepEqual(
    ['prompt_token_count', 'completion_token_count', 'completion_character_count', 'prompt_character_count'].map(
      (key) => metadata[key],
    ),
    [2, 1, 3, 11],
  );
});

test('each function refuses the other’s feature with a word of what it serves', async () => {
  const { token } = await caller();
  for (const [name, wrong, right] of [
    ['chat-completions', code, 'chat_completions'],
    ['code-completions', chat, 'code_completions'],
  ] as const) {
    const response = await fetch(`${gateway.functions.get(name)?.url}${path('fireworks')}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, ...wrong },
      body: JSON.stringify({ model: 'starcoder', prompt: 'x' }),
    });
    assert.equal(response.status, 400);
    assert.match(await response.text(), new RegExp(`which serves .*${right}`));
  }
});

const said = 'Hello wörld 1 wörld 2 wörld 3';

/**
 * Reads a stream as Cody does (shared/COMPATIBILITY.md#stream-framing): texts and deltas added up, chunks without
 * choices skipped, `[DONE]` the end, an `error` event thrown.
 */
function asEditor(stream: string): { text: string; ended: boolean; error: string | null } {
  let [text, ended] = ['', false];
  for (const event of stream.split('\n\n').filter((block) => block !== '')) {
    const data = /^data: (.*)$/ms.exec(event)?.[1] ?? assert.fail(event);
    if (event.startsWith('event: error')) return { text, ended, error: data };
    if (data === '[DONE]') {
      ended = true;
      continue;
    }
    const { choices } = JSON.parse(data) as { choices: { text?: string; delta?: { content?: string } }[] };
    text += choices[0]?.text ?? choices[0]?.delta?.content ?? '';
  }
  return { text, ended, error: null };
}

test('the editor’s fast path: its members, its headers, its way of reading the answer', async () => {
  const { token } = await caller();
  const response = await fetch(`${gateway.url}${path('fireworks')}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      authorization: `Bearer ${token}`,
      ...code,
      'x-timeout-ms': '7000',
      'x-fireworks-genie': 'true',
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    },
    body: JSON.stringify({
      model: 'starcoder',
      prompt: 'const x = ',
      max_tokens: 256,
      echo: false,
      temperature: 0.2,
      top_p: 0.95,
      top_k: 0,
      stop: ['\n'],
      stream: true,
      languageId: 'typescript',
      user: 'anonymous-id',
    }),
  });
  assert.equal(response.status, 200);
  assert.ok(response.headers.get('content-type')?.startsWith('text/event-stream'));
  for (const name of [
    'x-cody-resolved-model',
    'fireworks-prompt-tokens',
    'fireworks-cached-prompt-tokens',
    'fireworks-server-processing-time',
    'x-envoy-upstream-service-time',
  ])
    assert.notEqual(response.headers.get(name), null, name);
  assert.deepEqual(asEditor(await response.text()), { text: said, ended: true, error: null });
  const { json, headers, url } = lastSent('fireworks');
  assert.deepEqual(
    [url, headers['x-fireworks-genie'], headers['traceparent']],
    ['/inference/v1/completions', 'true', undefined],
  );
  assert.deepEqual([json['languageId'], json['user'], json['top_k'], json['echo']], [undefined, undefined, 0, false]);
});

test('auto-edit: prediction and speculation members reach the provider, messages go to chat', async () => {
  const { send } = await caller();
  const body = {
    stream: true,
    model: autoEdit,
    temperature: 0.1,
    max_tokens: 256,
    response_format: { type: 'text' },
    prediction: { type: 'content', content: 'x' },
    rewrite_speculation: true,
    adaptive_speculation: true,
    speculation_length_on_strong_match: 500,
    speculation_min_length_on_strong_match: 500,
    speculation_strong_match_threshold: 20,
    messages: [{ role: 'user', content: 'x' }],
  };
  const answer = await send(
    'fireworks',
    { ...body, user: 'anonymous-id' },
    { headers: { ...code, 'accept-encoding': 'gzip;q=0' } },
  );
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get('content-encoding'), null);
  assert.deepEqual(asEditor(answer.text), { text: said, ended: true, error: null });
  assert.equal(lastSent('fireworks').url, '/inference/v1/chat/completions');
  assert.deepEqual(lastSent('fireworks').json, body);
  const { messages: _, ...rest } = body;
  const prompted = await send('fireworks', { ...rest, prompt: 'fn ' });
  assert.deepEqual([prompted.status, asEditor(prompted.text).text], [200, said]);
  assert.equal(lastSent('fireworks').url, '/inference/v1/completions');
});

test('the editor’s fast path when it fails: a spent quota becomes its RateLimitError, a broken stream its error', async () => {
  const { token } = await gateway.subscription(null, bothFeatures(2));
  const ask = () =>
    gateway.call(path('fireworks'), { token, headers: code, body: { model: 'starcoder', prompt: 'x', stream: true } });
  gateway.fireworks?.next({ cutAfterBytes: 400 });
  const broken = asEditor((await ask()).text);
  assert.deepEqual([broken.ended, broken.error === null], [false, false]);
  assert.deepEqual(asEditor((await ask()).text), { text: said, ended: true, error: null });
  const refused = await ask();
  assert.equal(refused.status, 429);
  assert.match(refused.text, /^you have exceeded the rate limit of 2 requests\. Retry after .*\n$/);
  assert.equal(Number.parseInt(refused.headers.get('x-ratelimit-limit') ?? '', 10), 2);
  assert.ok(new Date(refused.headers.get('retry-after') ?? '').getTime() > Date.now());
});

test('one answer a request: a list of prompts is refused and costs nothing, further answers are not asked for', async () => {
  const { token, id, send } = await caller();
  const refused = await gateway.call('/v1/completions', {
    token,
    body: { model: 'gpt-3.5-turbo-instruct', prompt: ['fn a', 'fn b'] },
  });
  assert.equal(refused.status, 400);
  const { error } = JSON.parse(refused.text) as { error: { message: string } };
  assert.match(error.message, /must hold one prompt, got 2/);
  assert.deepEqual(await gateway.events(`identifier = '${id}'`), []);
  assert.equal(
    (await send('openai', { model: 'gpt-3.5-turbo-instruct', prompt: ['fn '], n: 4, best_of: 9 })).status,
    200,
  );
  const { json } = lastSent('openai');
  assert.deepEqual([json['n'], json['best_of']], [1, 1]);
});

test('the openai client: text completions with prompt and suffix, Fireworks by its name in front', async () => {
  const { token, event } = await caller();
  const client = new OpenAI({ apiKey: token, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  const whole = await client.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'fn ', suffix: '}' });
  assert.equal(whole.choices[0]?.text, 'Hello wörld 1 wörld 2 wörld 3');
  assert.deepEqual(tokens(await event()), [2, 4]);
  let text = '';
  const stream = await client.completions.create({ model: `fireworks/${S}starcoder2-7b`, prompt: 'fn ', stream: true });
  for await (const chunk of stream) text += chunk.choices[0]?.text ?? '';
  assert.equal(text, 'Hello wörld 1 wörld 2 wörld 3');
  assert.equal(lastSent('fireworks').json['model'], `${S}starcoder2-7b`);
  const answer = await client.chat.completions.create({
    model: `fireworks/${F}mixtral-8x7b-instruct`,
    messages: [{ role: 'user', content: 'x' }],
  });
  assert.equal(answer.choices[0]?.message.content, 'Hello wörld 1 wörld 2 wörld 3');
  await assert.rejects(client.completions.create({ model: 'gpt-4o', prompt: null }), {
    status: 400,
    message: /must contain "prompt" field/,
  });
});

test('a provider without a key is not routed, and the others are', async (t) => {
  const small = await startGateway({
    functions: ['chat-completions', 'code-completions', 'diagnostics'],
    env: { CODY_GATEWAY_FIREWORKS_ACCESS_TOKEN: '', CODY_GATEWAY_GOOGLE_ACCESS_TOKEN: '' },
  });
  t.after(() => small.stop());
  const statusOf = async (provider: string, headers: Record<string, string>) =>
    (await small.call(path(provider), { headers, body: {} })).status;
  for (const headers of [chat, code]) {
    assert.equal(await statusOf('fireworks', headers), 404);
    assert.equal(await statusOf('google', headers), 404);
  }
  assert.equal(await statusOf('openai', chat), 400);
});
