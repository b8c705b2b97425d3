// How long a provider may be silent, for every way to ask: a model that thinks is waited for; one that can't be at work
// while it is silent is not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deadlinesOf } from './deadlines.ts';
import { cody, readerOf } from './reading.test/reader.ts';

const settings = { headersTimeoutMs: 60_000, idleTimeoutMs: 61_000, totalTimeoutMs: 540_000 };
const { read, catalogue } = readerOf({ CODY_GATEWAY_OPENAI_ALLOWED_MODELS: 'gpt-4o,gpt-5,gpt-next-*' });
const messages = [{ role: 'user', content: 'Hi' }];

/** @returns headers and idle */
function waits(model: string, stream: boolean, dialect: 'cody' | 'openai'): [number, number] {
  const call = read('openai-chat', { model, messages, stream }, { ...cody, dialect });
  const { headersTimeoutMs, idleTimeoutMs, totalTimeoutMs } = deadlinesOf(call, settings);
  assert.equal(totalTimeoutMs, settings.totalTimeoutMs);
  return [headersTimeoutMs, idleTimeoutMs];
}

test('a model that thinks may be silent as long as the call may take, on every path', () => {
  const resolution = catalogue.resolve('gpt-5', 'openai');
  assert.ok(resolution.kind === 'served' && resolution.model.row.reasons === true);
  for (const dialect of ['cody', 'openai'] as const)
    for (const stream of [false, true]) assert.deepEqual(waits('gpt-5', stream, dialect), [540_000, 540_000]);
});

test('one of which nothing is known but its name may think', () => {
  assert.deepEqual(waits('gpt-next-1', true, 'openai'), [540_000, 540_000]);
});

test('a model that does not think: its streams are not silent, its whole answers are as long as they take', () => {
  assert.deepEqual(waits('gpt-4o', true, 'openai'), [60_000, 61_000]);
  assert.deepEqual(waits('gpt-4o', false, 'openai'), [540_000, 540_000]);
});

test('instances keep their wait for whole answers', () => {
  for (const stream of [false, true]) assert.deepEqual(waits('gpt-4o', stream, 'cody'), [60_000, 61_000]);
});
