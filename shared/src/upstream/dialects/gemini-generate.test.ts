// What becomes of a request on its way to Google.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, JsonObject } from '../call.ts';
import { readerOf, sentTo } from '../reading.test/reader.ts';

const { read } = readerOf();
const contents = [{ role: 'user', parts: [{ text: 'Hé' }] }];

const call = (body: JsonObject): Call => read('google', { model: 'gemini-1.5-pro', contents, ...body });

test('vector 24: `stream` and `model` choose the address and are not sent; the key is in no URL', async () => {
  const streamed = call({ stream: true, generationConfig: { temperature: 0 } });
  const at = 'https://generativelanguage.googleapis.com/v1beta/models/gemini-1.5-pro';
  const { url, headers } = await sentTo(streamed);
  assert.deepEqual([url, headers['x-goog-api-key']], [`${at}:streamGenerateContent?alt=sse`, 'key']);
  assert.deepEqual(JSON.parse(streamed.body), { contents, generationConfig: { temperature: 0 } });
  assert.deepEqual([streamed.stream, streamed.eventExtras['stream'], streamed.promptCharacters], [true, true, 2]);
  assert.equal((await sentTo(call({}))).url, `${at}:generateContent`);
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
