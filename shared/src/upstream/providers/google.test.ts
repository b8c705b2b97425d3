// What becomes of a request on its way to Google. Numbers are those of the vectors in spec completions §9.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../config/config.ts';
import type { Call, JsonObject } from '../call.ts';
import { google } from './google.ts';

const provider = google(
  loadConfig({
    REDIS_ENDPOINT: 'none',
    CODY_GATEWAY_DIAGNOSTICS_SECRET: 'none',
    CODY_GATEWAY_GOOGLE_ACCESS_TOKEN: 'key',
  }),
);
assert.ok(provider);
const { read } = provider;
const contents = [{ role: 'user', parts: [{ text: 'Hé' }] }];

function call(body: JsonObject): Call {
  const caller = {
    actorId: 'sub1',
    actorUid: null,
    dialect: 'cody',
    feature: 'chat_completions',
    headers: {},
  } as const;
  return read({ model: 'gemini-1.5-pro', contents, ...body }, caller, 'google');
}

test('vector 24: `stream` and `model` choose the address and are not sent; the key is in no URL', () => {
  const streamed = call({ stream: true, generationConfig: { temperature: 0 } });
  assert.equal(streamed.path, '/v1beta/models/{model}:streamGenerateContent?alt=sse');
  assert.deepEqual(JSON.parse(streamed.body), { contents, generationConfig: { temperature: 0 } });
  assert.deepEqual([streamed.stream, streamed.eventExtras['stream'], streamed.promptCharacters], [true, true, 2]);
  assert.equal(call({}).path, '/v1beta/models/{model}:generateContent');
});

test('one answer is one unit: more candidates are never asked for', () => {
  const sent = (candidateCount: number): unknown =>
    (JSON.parse(call({ generationConfig: { topK: 1, candidateCount } }).body) as JsonObject)['generationConfig'];
  for (const asked of [4, 1]) assert.deepEqual(sent(asked), { topK: 1, candidateCount: 1 });
});

test('a system instruction that is a text becomes a content, any other passes', () => {
  const sent = (systemInstruction: unknown): unknown =>
    (JSON.parse(call({ systemInstruction }).body) as JsonObject)['systemInstruction'];
  assert.deepEqual(sent('Be terse.'), { parts: [{ text: 'Be terse.' }] });
  assert.deepEqual(sent({ parts: [{ text: 'x' }] }), { parts: [{ text: 'x' }] });
});
