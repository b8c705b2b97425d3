// What becomes of a request on its way to Anthropic's text completions.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, JsonObject } from '../call.ts';
import { readerOf, sentTo } from '../reading.test/reader.ts';

const { read } = readerOf();

const call = (body: JsonObject): Call => read('anthropic-text', { model: 'claude-2', ...body });

test('vectors 12, 15: the cap; nothing is added but the user, explicit zeros stay', async () => {
  const capped = readerOf({ CODY_GATEWAY_ANTHROPIC_MAX_TOKENS_TO_SAMPLE: '4000' });
  const long = { model: 'claude-2', prompt: 'x', max_tokens_to_sample: 4001 };
  assert.throws(() => capped.read('anthropic-text', long), {
    message: 'max_tokens_to_sample exceeds maximum allowed value of 4000: 4001',
  });
  assert.match(String(read('anthropic-text', long).body), /"max_tokens_to_sample":4001/);
  const asked = call({ prompt: 'Hello world', temperature: 0, metadata: { user_id: 'evil' } });
  assert.deepEqual(JSON.parse(String(asked.body)), {
    prompt: 'Hello world',
    temperature: 0,
    metadata: { user_id: 'sub1:42' },
  });
  const { url, headers } = await sentTo(asked);
  assert.deepEqual(
    [url, headers['anthropic-version'], headers['x-api-key']],
    ['https://api.anthropic.com/v1/complete', '2023-01-01', 'key'],
  );
});
