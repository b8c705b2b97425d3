// What becomes of a request on its way to Google.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, JsonObject, Meter } from '../call.ts';
import { dialectNamed } from '../dialects.ts';
import { cody, readerOf, sentTo } from '../reading.test/reader.ts';

const { read } = readerOf();
const contents = [{ role: 'user', parts: [{ text: 'Hé' }] }];

const call = (body: JsonObject): Call => read('google', { model: 'gemini-1.5-pro', contents, ...body });

test('vector 24: `stream` and `model` choose the address and are not sent; the key is in no URL', async () => {
  const streamed = call({ stream: true, generationConfig: { temperature: 0 } });
  const at = 'https://generativelanguage.googleapis.com/v1beta/models/gemini-1.5-pro';
  const { url, headers } = await sentTo(streamed);
  assert.deepEqual([url, headers['x-goog-api-key']], [`${at}:streamGenerateContent?alt=sse`, 'key']);
  assert.deepEqual(JSON.parse(String(streamed.body)), { contents, generationConfig: { temperature: 0 } });
  assert.deepEqual([streamed.stream, streamed.eventExtras['stream'], streamed.promptCharacters], [true, true, 2]);
  assert.equal((await sentTo(call({}))).url, `${at}:generateContent`);
});

test('one answer is one unit: more candidates are never asked for', () => {
  const sent = (candidateCount: number): unknown =>
    (JSON.parse(String(call({ generationConfig: { topK: 1, candidateCount } }).body)) as JsonObject)[
      'generationConfig'
    ];
  for (const asked of [4, 1]) assert.deepEqual(sent(asked), { topK: 1, candidateCount: 1 });
});

test('a system instruction that is a text becomes a content, any other passes', () => {
  const sent = (systemInstruction: unknown): unknown =>
    (JSON.parse(String(call({ systemInstruction }).body)) as JsonObject)['systemInstruction'];
  assert.deepEqual(sent('Be terse.'), { parts: [{ text: 'Be terse.' }] });
  assert.deepEqual(sent({ parts: [{ text: 'x' }] }), { parts: [{ text: 'x' }] });
});

test('a stream in one array is metered as it comes, cut at every byte, and whole when it is closed and finished', () => {
  const events = [
    { candidates: [{ content: { parts: [{ text: 'Grüß ' }] } }], usageMetadata: { promptTokenCount: 5 } },
    {
      candidates: [{ content: { parts: [{ text: 'dich' }] }, finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 3 },
    },
  ];
  const body = { model: 'gemini-1.5-pro', contents: [], stream: true };
  const call = read('google', body, { ...cody, dialect: 'google', verb: 'streamGenerateContent' });
  const meterOf = (...pieces: Buffer[]): Meter => {
    const meter = dialectNamed(call.dialect).meter(call, call.provider, 'gemini-1.5-pro');
    for (const piece of pieces) meter.body(piece);
    return meter;
  };
  const bytes = Buffer.from(JSON.stringify(events, null, 2));
  for (let cut = 0; cut <= bytes.length; cut++) {
    const meter = meterOf(bytes.subarray(0, cut), bytes.subarray(cut));
    const { inputTokens, outputTokens, completionCharacters } = meter.usage();
    assert.deepEqual([inputTokens, outputTokens, completionCharacters], [5, 3, 9], `cut at byte ${cut}`);
    assert.equal(meter.finished(), true);
    if (cut < bytes.length)
      assert.equal(meterOf(bytes.subarray(0, cut)).finished(), false, `broken off at byte ${cut}`);
  }
  assert.equal(meterOf(Buffer.from(JSON.stringify(events.slice(0, 1)))).finished(), false, 'closed without a reason');
});

test('the operation stands in the address: events, an array, a count', async () => {
  const urlOf = async (verb: string | undefined, stream: boolean): Promise<string> => {
    const caller = { ...cody, dialect: 'google' as const, ...(verb !== undefined && { verb }) };
    const { url } = await sentTo(read('google', { model: 'gemini-1.5-pro', contents: [], stream }, caller));
    return url.slice(url.lastIndexOf(':'));
  };
  assert.equal(await urlOf(undefined, true), ':streamGenerateContent?alt=sse');
  assert.equal(await urlOf('streamGenerateContent', true), ':streamGenerateContent');
  assert.equal(await urlOf('countTokens', false), ':countTokens');
  assert.equal(await urlOf(undefined, false), ':generateContent');
});
