// Every place where a request names a model beside its own, in each dialect; what such a name means; what has another
// model answer is refused.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Refusal } from '../http/http.ts';
import type { JsonObject } from './call.ts';
import { readerOf, type SurfaceName } from './reading.test/reader.ts';

const models = [{ id: 'anthropic/claude-off', disabled: 'not today', source: 'a test', asOf: '2026-11-28' }];
const { read, upstream } = readerOf({
  CODY_GATEWAY_RESPONSES_SERVER_TOOLS: 'image_generation',
  CODY_GATEWAY_CATALOGUE: JSON.stringify({
    models,
    providers: [{ id: 'anthropic', allow: ['+claude-off'] }],
  }),
});
after(() => upstream.close());

const messages = [{ role: 'user', content: 'hi' }];
const bodies: Readonly<Partial<Record<SurfaceName, JsonObject>>> = {
  'anthropic-messages': { model: 'claude-opus-4-8', messages, max_tokens: 9 },
  openai: { model: 'gpt-4o', messages },
  fireworks: { model: 'accounts/fireworks/models/mixtral-8x7b-instruct', messages },
  'openai-responses': { model: 'gpt-4o', input: 'hi' },
  google: { model: 'gemini-2.5-pro', contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
};
const second = (surface: SurfaceName, members: JsonObject) => read(surface, { ...bodies[surface], ...members }).seconds;
const advisor = (model: unknown): JsonObject => ({ type: 'advisor_20260301', name: 'advisor', model });

test('the advisor, listed or brought along by the conversation; each name once', () => {
  const tool_addition = {
    type: 'tool_addition',
    tool: { type: 'tool_definition', definition: advisor('claude-fable-5') },
  };
  const found = second('anthropic-messages', {
    tools: [advisor('claude-opus-4-8'), { name: 'f', input_schema: {} }, advisor('claude-opus-4-8')],
    messages: [...messages, { role: 'user', content: [{ type: 'text', text: 'hi' }, tool_addition] }],
  });
  assert.deepEqual(
    found?.map(({ typed, model, nearest }) => [typed, model?.id, nearest]),
    [
      ['claude-opus-4-8', 'anthropic/claude-opus-4-8', []],
      ['claude-fable-5', 'anthropic/claude-fable-5', []],
    ],
  );
});

test('models of tools and plugins that other servers run', () => {
  const tools = [
    { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: { model: {} } } } },
    { type: 'other:image', parameters: { model: 'gpt-4o-mini' } },
    { type: 'other:search', model: 'nobody-knows-it' },
  ];
  const found = second('openai', { tools, plugins: [{ id: 'web', model: 'gpt-4.1' }] });
  assert.deepEqual(
    found?.map(({ typed, model }) => [typed, model?.id ?? null]),
    [
      ['nobody-knows-it', null],
      ['gpt-4o-mini', 'openai/gpt-4o-mini'],
      ['gpt-4.1', 'openai/gpt-4.1'],
    ],
  );
});

test('pictures of the Responses API and the author of a drawing, in the request and in its conversation', () => {
  const tool = (model: string): JsonObject => ({ type: 'image_generation', model, svg: { model: 'gpt-4.1' } });
  const input = [
    { type: 'additional_tools', tools: [tool('gpt-image-3')] },
    { role: 'user', content: 'hi' },
  ];
  const found = second('openai-responses', { input, tools: [tool('gpt-image-2')] });
  assert.deepEqual(
    found?.map(({ typed }) => typed),
    ['gpt-image-2', 'gpt-4.1', 'gpt-image-3'],
  );
  const dropped = second('openai-responses', { tools: [{ type: 'other', model: 'gpt-4.1' }] });
  assert.equal(dropped, undefined, 'a tool that is left out calls nobody');
});

test('a tool that names no model is called with the provider’s choice, which is held to the same lists', () => {
  const tool: JsonObject = { type: 'image_generation' };
  const [choice, ...others] = second('openai-responses', { tools: [tool, { ...tool, model: null }] }) ?? [];
  // A release’s own row: the name must be one that it knows and prices.
  assert.equal(choice?.model?.known, true, choice?.typed);
  assert.deepEqual(others, []);
  const input = [
    { type: 'additional_tools', tools: [{ type: 'namespace', tools: [] }, tool] },
    { role: 'user', content: 'hi' },
  ];
  assert.deepEqual(
    second('openai-responses', { input })?.map(({ typed }) => typed),
    [choice?.typed],
  );
  assert.equal(second('openai-responses', { tools: [{ type: 'function', name: 'f' }] }), undefined);
});

test('a model that an operator took away is told in its words; what is no name is the provider’s to refuse', () => {
  const [off] = second('anthropic-messages', { tools: [advisor('anthropic/claude-off')] }) ?? [];
  assert.deepEqual([off?.typed, off?.unavailable], ['claude-off', 'not today']);
  for (const model of [7, null, '', ['claude-opus-4-8']])
    assert.equal(second('anthropic-messages', { tools: [advisor(model)] }), undefined);
  for (const surface of Object.keys(bodies) as SurfaceName[]) assert.equal(second(surface, {}), undefined, surface);
});

test('more names than a request can need are refused', () => {
  const tools = Array.from({ length: 11 }, (_, i) => advisor(`claude-${i}`));
  assert.throws(
    () => second('anthropic-messages', { tools }),
    (error) => error instanceof Refusal && /may name 10 models/.test(error.message),
  );
});

test('what has another model answer is refused with what to do', () => {
  const cases: readonly (readonly [SurfaceName, JsonObject])[] = [
    ['anthropic-messages', { fallbacks: [{ model: 'claude-opus-4-8' }] }],
    ['openai', { models: ['gpt-4o-mini'] }],
    ['fireworks', { fallback_models: ['x'] }],
    ['openai', { compound_custom: { models: { answering_model: 'x' } } }],
    ['google', { generationConfig: { routingConfig: { manualMode: { modelName: 'gemini-2.5-flash' } } } }],
  ];
  for (const [surface, members] of cases)
    assert.throws(
      () => second(surface, members),
      (error) => error instanceof Refusal && /is not accepted: one request is for one model/.test(error.message),
    );
});
