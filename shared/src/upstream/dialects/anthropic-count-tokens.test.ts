// What becomes of a request whose tokens are counted, on its way to Anthropic.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallerFacts, JsonObject } from '../call.ts';
import { cody, readerOf, sentTo } from '../reading.test/reader.ts';

const { read } = readerOf();
const sdk: CallerFacts = {
  ...cody,
  dialect: 'anthropic',
  headers: { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'token-counting-2024-11-01' },
};

test('it goes to the provider’s own path as it came, betas too, and with nobody’s name', async () => {
  const body: JsonObject = {
    model: 'claude-sonnet-4-6',
    system: 'Be brief',
    messages: [{ role: 'user', content: 'hi' }],
    tools: [{ name: 'weather', input_schema: { type: 'object' } }],
    thinking: { type: 'enabled', budget_tokens: 1024 },
  };
  const call = read('anthropic-count-tokens', body, sdk);
  const { model, ...rest } = body;
  assert.deepEqual([call.asked, JSON.parse(String(call.body))], [model, rest]);
  const { url, headers } = await sentTo(call);
  assert.equal(url, 'https://api.anthropic.com/v1/messages/count_tokens');
  assert.deepEqual([headers['anthropic-beta'], headers['x-api-key']], ['token-counting-2024-11-01', 'key']);
});

test('what is no conversation is refused as on the other path', () => {
  assert.throws(() => read('anthropic-count-tokens', { model: 'claude-sonnet-4-6' }, sdk), { kind: 'bad-request' });
});
