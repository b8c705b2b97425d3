// What an audit record keeps as JSON is read as limits are typed; anything else stands as it is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeText } from './change-text.ts';

const day = 86_400;

test('limits, windows, models, what was taken away and what was taken back', () => {
  for (const [json, text] of [
    [{ chat_completions: { limit: 800, intervalSeconds: day } }, 'chat 800/24h'],
    [{ chat_completions: { limit: 800 } }, 'chat 800'],
    [{ chat_completions: { limit: 0, intervalSeconds: day }, embeddings: null }, 'chat none; embeddings default'],
    [
      { chat_completions: { allowedModels: ['a', 'b'] }, code_completions: { allowedModels: ['a', 'b'] } },
      'models a, b',
    ],
    [
      { chat_completions: { limit: 2, allowedModels: ['a'] }, code_completions: { limit: 3, intervalSeconds: 60 } },
      'chat 2; code 3/1m; models of chat a',
    ],
    [
      { name: 'acme', limits: { chat_completions: { limit: 5, intervalSeconds: 30 * day, allowedModels: ['*'] } } },
      '"acme": chat 5/30d; models *',
    ],
  ] as const)
    assert.equal(changeText(JSON.stringify(json)), text);
});

test('words, other JSON and broken JSON stand as they are', () => {
  for (const text of ['enabled', '{"other":1}', '{broken', '{"chat_completions":{"limit":"many"}}', ''])
    assert.equal(changeText(text), text);
});
