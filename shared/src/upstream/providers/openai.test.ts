// What becomes of a request on its way to OpenAI. Numbers are those of the vectors in spec completions §9.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../config/config.ts';
import type { Call, CallerFacts, JsonObject, Shape } from '../call.ts';
import { openai } from './openai.ts';

const env = { REDIS_ENDPOINT: 'none', CODY_GATEWAY_DIAGNOSTICS_SECRET: 'none' };
const provider = openai(loadConfig({ ...env, CODY_GATEWAY_OPENAI_ACCESS_TOKEN: 'key' }));
assert.ok(provider);
const { read } = provider;
const cody: CallerFacts = {
  actorId: 'sub1',
  actorUid: '42',
  dialect: 'cody',
  feature: 'chat_completions',
  headers: {},
};
const messages = [{ role: 'user', content: 'Hello' }];

function call(body: JsonObject, caller: CallerFacts = cody, shape: Shape = 'openai-chat'): Call {
  return read({ model: 'gpt-4o', messages, ...body }, caller, shape);
}

function sent(body: JsonObject): JsonObject {
  return JSON.parse(call(body).body) as JsonObject;
}

test('without a key there is no provider', () => {
  assert.equal(openai(loadConfig(env)), null);
});

test('vector 16: one answer, and the user is ours', () => {
  assert.deepEqual(sent({ n: 5, user: 'x' }), { messages, n: 1, user: 'sub1:42' });
  assert.deepEqual(sent({ n: 1 })['n'], 1);
  assert.ok(!('n' in sent({})), 'what is absent stays so');
  assert.equal((JSON.parse(call({}, { ...cody, actorUid: null }).body) as JsonObject)['user'], 'sub1:');
});

test('vector 16, D8: a stream asks for its usage, and it is hidden unless the caller asked', () => {
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
  assert.equal(call({ model: 'openai/gpt-4o' }).model, 'openai/gpt-4o');
  assert.equal(call({ model: 'openai/gpt-4o' }, { ...cody, dialect: 'openai' }).model, 'gpt-4o');
});

test('the event says whether it was a stream', () => {
  assert.deepEqual(call({ stream: true }).eventExtras, { stream: true });
  assert.equal(call({ stream: true }).stream, true);
  assert.deepEqual(call({}).eventExtras, { stream: false });
});

test('design D16: code under the Cody route is a prompt or messages; each goes to its own path', () => {
  const text = call({ messages: undefined, prompt: 'fn ', suffix: '}' }, cody, 'openai');
  assert.deepEqual([text.path, text.promptCharacters], ['/completions', 4]);
  assert.equal(call({}, cody, 'openai').path, '/chat/completions');
  assert.equal(call({ messages: undefined, prompt: ['ab'] }, cody, 'openai-text').promptCharacters, 2);
  assert.throws(() => call({ messages: undefined }, cody, 'openai'), {
    message: 'request body must contain "messages" field',
  });
  assert.throws(() => call({ prompt: null }, cody, 'openai-text'), {
    message: 'request body must contain "prompt" field',
  });
  assert.throws(() => call({ prompt: 7 }, cody, 'openai-text'), { message: /"prompt" must be a string or an array/ });
});
