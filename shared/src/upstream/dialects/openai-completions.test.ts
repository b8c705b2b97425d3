// What becomes of a request on its way to OpenAI.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, CallerFacts, JsonObject } from '../call.ts';
import { createOpenAiMeter } from './openai-meter.ts';
import { cody, readerOf, sentTo, type SurfaceName } from '../reading.test/reader.ts';

const { read } = readerOf();
const messages = [{ role: 'user', content: 'Hello' }];

function call(body: JsonObject, caller: CallerFacts = cody, surface: SurfaceName = 'openai-chat'): Call {
  return read(surface, { model: 'gpt-4o', messages, ...body }, caller);
}

function sent(body: JsonObject): JsonObject {
  return JSON.parse(String(call(body).body)) as JsonObject;
}

test('vector 16: one answer, and the user is ours', () => {
  assert.deepEqual(sent({ n: 5, user: 'x' }), { messages, n: 1, user: 'sub1:42' });
  assert.deepEqual(sent({ n: 1 })['n'], 1);
  assert.ok(!('n' in sent({})), 'what is absent stays so');
  assert.equal((JSON.parse(String(call({}, { ...cody, actorUid: null }).body)) as JsonObject)['user'], 'sub1:');
});

test('vector 16: a stream asks for its usage, and it is hidden unless the caller asked', () => {
  const cases: [body: JsonObject, options: unknown, hides: boolean][] = [
    [{ stream: true }, { include_usage: true }, true],
    [{ stream: true, stream_options: null }, { include_usage: true }, true],
    [{ stream: true, stream_options: { include_usage: false } }, { include_usage: true }, true],
    [
      { stream: true, stream_options: { include_obfuscation: false } },
      { include_obfuscation: false, include_usage: true },
      true,
    ],
    [{ stream: true, stream_options: { include_usage: true } }, { include_usage: true }, false],
    [{ stream: false }, undefined, false],
    [{ stream: null }, undefined, false],
    [{}, undefined, false],
  ];
  for (const [body, options, hides] of cases) {
    assert.deepEqual(sent(body)['stream_options'], options, JSON.stringify(body));
    assert.equal(call(body).hidesUsage, hides, JSON.stringify(body));
  }
});

test('members that the gateway does not know pass, zeros included; what is not for callers is dropped', () => {
  const members = {
    temperature: 0,
    tools: [{ type: 'function', function: { name: 'weather' } }],
    response_format: { type: 'json_object' },
    prediction: { type: 'content', content: 'x' },
    stop: 'END',
    logit_bias: {},
    max_completion_tokens: 5,
  };
  const body = sent({ ...members, store: true, service_tier: 'priority', background: true, languageId: 'go' });
  assert.deepEqual(body, { messages, ...members, user: 'sub1:42' });
});

test('messages of assistants that only called a tool, and of speakers without a role, pass', () => {
  const conversation = [
    { role: '', content: 'Hi' },
    { role: 'assistant', content: null, tool_calls: [{ id: 'x' }] },
    { role: 'assistant', tool_calls: [{ id: 'y' }] },
    { role: 'tool', tool_call_id: 'x', content: [{ type: 'text', text: 'ü🌍' }] },
  ];
  assert.deepEqual(sent({ messages: conversation })['messages'], conversation);
  assert.equal(call({ messages: conversation }).promptCharacters, 4);
});

test('a prefix in front of the model is one too many, but for OpenAI’s own clients', () => {
  const prefixed = call({ model: 'openai/gpt-4o' });
  assert.deepEqual([prefixed.asked, prefixed.model], ['openai/gpt-4o', null]);
  const sdk = call({ model: 'openai/gpt-4o' }, { ...cody, dialect: 'openai' });
  assert.deepEqual([sdk.asked, sdk.model?.id], ['gpt-4o', 'openai/gpt-4o']);
});

test('the event says whether it was a stream', () => {
  assert.deepEqual(call({ stream: true }).eventExtras, { stream: true });
  assert.equal(call({ stream: true }).stream, true);
  assert.deepEqual(call({}).eventExtras, { stream: false });
});

test('code under the path of instances is a prompt or messages; each goes to its own path', async () => {
  const text = call({ messages: undefined, prompt: 'fn ', suffix: '}' }, cody, 'openai');
  assert.deepEqual([(await sentTo(text)).url, text.promptCharacters], ['https://api.openai.com/v1/completions', 4]);
  assert.equal((await sentTo(call({}, cody, 'openai'))).url, 'https://api.openai.com/v1/chat/completions');
  assert.equal(call({ messages: undefined, prompt: ['ab'] }, cody, 'openai-text').promptCharacters, 2);
  assert.throws(() => call({ messages: undefined }, cody, 'openai'), {
    message: 'request body must contain "messages" field',
  });
  assert.throws(() => call({ prompt: null }, cody, 'openai-text'), {
    message: 'request body must contain "prompt" field',
  });
  assert.throws(() => call({ prompt: 7 }, cody, 'openai-text'), { message: /"prompt" must be a string or an array/ });
});

test('what a provider does otherwise is what its row says', () => {
  const rows = {
    providers: [
      { id: 'vllm', rules: ['max-tokens-renamed', 'negative-sampling-dropped'], drops: ['seed', 'logit_bias'] },
    ],
    homes: [{ id: 'vllm', baseUrl: 'http://10.0.0.7:8000' }],
  };
  const other = readerOf({ CODY_GATEWAY_CATALOGUE: JSON.stringify(rows) });
  const body = {
    model: 'vllm/llama',
    messages,
    stream: true,
    max_completion_tokens: 5,
    top_k: -1,
    top_p: 0,
    user: 'theirs',
    Seed: 1,
    extra_body: { logitBias: {} },
  };
  const { model, homes, body: sent, hidesUsage } = other.read('openai-chat', body, { ...cody, dialect: 'openai' });
  assert.deepEqual([model?.id, homes.map(({ row }) => row.id), hidesUsage], ['vllm/llama', ['vllm'], false]);
  assert.deepEqual(JSON.parse(String(sent)), { messages, stream: true, max_tokens: 5, top_p: 0, extra_body: {} });
});

test('thinking that is counted beside the answer is output, where the row says so', () => {
  const total = Buffer.from('{"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":40}}');
  for (const [beside, output] of [
    [true, 30],
    [false, 5],
  ] as const) {
    const meter = createOpenAiMeter(false, beside);
    meter.body(total);
    assert.equal(meter.usage().outputTokens, output);
  }
});

test('what the provider takes beside `store` alone goes with it, in every spelling and place; without it, it stays', () => {
  const metadata = { team: 'a' };
  assert.deepEqual(sent({ store: true, metadata }), { messages, user: 'sub1:42' });
  assert.deepEqual(sent({ Store: true, Metadata: metadata, extra_body: { store: true, metadata, x: 1 } }), {
    messages,
    user: 'sub1:42',
    extra_body: { x: 1 },
  });
  for (const without of [{}, { store: null }, { store: false }])
    assert.deepEqual(sent({ ...without, metadata })['metadata'], metadata, 'the provider says what is wrong with it');
});

test('an SDK’s caller is told what was left out or changed, an instance is not', () => {
  const body = { n: 2, service_tier: 'flex', store: true, metadata: { team: 'a' }, user: 'user-7' };
  const sdk: CallerFacts = { ...cody, dialect: 'openai', actorUid: null };
  const told = call(body, sdk);
  assert.deepEqual(told.warnings, [
    'n: 1 in its place, one request has one answer',
    'service_tier: left out, all callers have the tier of the gateway',
    'store: left out, no answer is kept under the account of the gateway',
    'metadata: left out, as store was',
    'user: the name that the gateway has for you in front',
  ]);
  assert.equal((JSON.parse(String(told.body)) as JsonObject)['user'], 'sub1:user-7');
  assert.deepEqual(call({ store: false, n: 1 }, sdk).warnings, [], 'who gets what was asked is told nothing');
  assert.equal(call(body).warnings, undefined);
});
