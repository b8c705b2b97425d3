// What becomes of a request for embeddings in Gemini's dialect, and how many tokens its answer comes to.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, JsonObject } from '../call.ts';
import { dialectNamed } from '../dialects.ts';
import { cody, readerOf, sentTo } from '../reading.test/reader.ts';

const { read } = readerOf();
const content = (text: string): JsonObject => ({ parts: [{ text }] });

function call(verb: string, body: JsonObject, model = 'gemini-embedding-001'): Call {
  return read(
    'gemini-embeddings',
    { ...body, model, stream: false },
    { ...cody, dialect: 'google', feature: 'embeddings', verb },
  );
}

test('one text goes as it is, a batch names the model as the provider does', async () => {
  const one = call('embedContent', { content: content('ü🌍'), outputDimensionality: 3 });
  assert.deepEqual(JSON.parse(String(one.body)), { content: content('ü🌍'), outputDimensionality: 3 });
  assert.match((await sentTo(one)).url, /\/v1beta\/models\/gemini-embedding-001:embedContent$/);
  assert.deepEqual([one.promptCharacters, one.eventExtras], [2, { batch_size: 1, input_character_count: 6 }]);
  const batch = call(
    'batchEmbedContents',
    { requests: [{ model: 'models/theirs', content: content('a'), taskType: 'x' }, { content: content('bc') }] },
    'google/Gemini-Embedding-001',
  );
  assert.match((await sentTo(batch)).url, /\/v1beta\/models\/gemini-embedding-001:batchEmbedContents$/);
  const model = 'models/gemini-embedding-001';
  assert.deepEqual(JSON.parse(String(batch.body)), {
    requests: [
      { model, content: content('a'), taskType: 'x' },
      { content: content('bc'), model },
    ],
  });
  assert.equal(batch.promptCharacters, 3);
});

test('models that complete have no vectors, and those with vectors complete nothing', () => {
  assert.equal(call('embedContent', { content: content('a') }, 'gemini-2.5-pro').model, null);
  assert.equal(read('google', { model: 'gemini-embedding-001', contents: [] }).model, null);
});

test('what is no batch is refused', () => {
  for (const requests of [undefined, {}, 'a', ['a']])
    assert.throws(() => call('batchEmbedContents', { requests }), { kind: 'bad-request' });
});

test('the provider’s count is charged, and where it tells none the length of the texts', () => {
  const asked = call('embedContent', { content: content('a'.repeat(400)) });
  const used = (answer: JsonObject): unknown[] => {
    const meter = dialectNamed(asked.dialect).meter(asked, asked.provider, 'gemini-embedding-001');
    meter.body(Buffer.from(JSON.stringify(answer)));
    const { parts } = meter.report();
    return [meter.usage().inputTokens, parts[0]?.counts['input'], parts[0]?.estimated, meter.failed()];
  };
  assert.deepEqual(used({ embedding: { values: [1] } }), [100, 100, true, false]);
  assert.deepEqual(used({ embedding: { values: [1] }, usageMetadata: { promptTokenCount: 7 } }), [
    7,
    7,
    undefined,
    false,
  ]);
});
