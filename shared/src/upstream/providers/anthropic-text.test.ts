// What becomes of a request on its way to Anthropic's text completions. Numbers are those of the vectors in spec completions §9.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../config/config.ts';
import type { Call, JsonObject } from '../call.ts';
import { anthropicText } from './anthropic-text.ts';

const provider = anthropicText(
  loadConfig({
    REDIS_ENDPOINT: 'none',
    CODY_GATEWAY_DIAGNOSTICS_SECRET: 'none',
    CODY_GATEWAY_ANTHROPIC_ACCESS_TOKEN: 'key',
  }),
);
assert.ok(provider);
const { read } = provider;

function call(body: JsonObject): Call {
  const caller = {
    actorId: 'sub1',
    actorUid: '42',
    dialect: 'cody',
    feature: 'chat_completions',
    headers: {},
  } as const;
  return read({ model: 'claude-2', ...body }, caller, 'anthropic-text');
}

test('vectors 12, 15: the cap; nothing is added but the user, explicit zeros stay', () => {
  assert.throws(() => call({ prompt: 'x', max_tokens_to_sample: 4001 }), {
    message: 'max_tokens_to_sample exceeds maximum allowed value of 4000: 4001',
  });
  const { body, headers, path } = call({ prompt: 'Hello world', temperature: 0, metadata: { user_id: 'evil' } });
  assert.deepEqual(JSON.parse(body), { prompt: 'Hello world', temperature: 0, metadata: { user_id: 'sub1:42' } });
  assert.deepEqual([path, headers['anthropic-version'], headers['x-api-key']], ['/v1/complete', '2023-01-01', 'key']);
});
