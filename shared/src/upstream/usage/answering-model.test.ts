// A name that its provider moves costs what the model costs that the answer names, in each dialect, whole and
// streamed; where an answer names none, or one that has no price, the row is marked.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { priceCall } from '../../catalogue/catalogue.ts';
import { SseSplitter } from '../../http/http.ts';
import type { Answer, JsonObject } from '../call.ts';
import { dialectNamed } from '../dialects.ts';
import { readerOf, type SurfaceName } from '../reading.test/reader.ts';

const providers = ['anthropic', 'openai', 'google'].map((id) => ({ id, allow: ['*'] }));
const models = [{ id: 'openai/gpt-latest', moving: true, source: 'a test', asOf: '2026-11-28' }];
const { read, upstream, catalogue } = readerOf({ CODY_GATEWAY_CATALOGUE: JSON.stringify({ providers, models }) });
after(() => upstream.close());

const atMs = Date.parse('2026-11-28');

/**
 * What the answer to a model's call is billed by: who served it, the cost, and what is marked.
 * @param events a stream
 */
async function billed(surface: SurfaceName, model: string, answer: JsonObject, events?: readonly JsonObject[]) {
  const messages = [{ role: 'user', content: 'hi' }];
  const contents = [{ role: 'user', parts: [{ text: 'hi' }] }];
  const body = { model, stream: events !== undefined, messages, max_tokens: 10, contents, input: 'hi' };
  const call = read(surface, body);
  const meter = dialectNamed(call.dialect).meter(call, call.provider, model);
  const splitter = new SseSplitter(1 << 20);
  if (events === undefined) meter.body(Buffer.from(JSON.stringify(answer)));
  for (const one of events ?? [])
    for (const event of splitter.push(Buffer.from(`data: ${JSON.stringify(one)}\n\n`))) meter.event(event);
  const { billed: parts } = await upstream.usage(call, { meter } as Answer, 1_000);
  const by = { model: call.model?.id ?? assert.fail('not served'), home: null, atMs };
  const { nanoUsd, unpriced } = priceCall(parts, by, await catalogue.prices());
  return { models: parts.map((part) => part.model), nanoUsd, unpriced };
}

const chatUsage = { prompt_tokens: 1_000, completion_tokens: 0 };
const responsesUsage = { input_tokens: 1_000, output_tokens: 0 };
const googleUsage = { promptTokenCount: 1_000 };
const claudeUsage = { input_tokens: 1_000, output_tokens: 0 };

/**
 * Surface, name that moves, whole answer and stream of a model, that model, and what a thousand tokens of input cost.
 */
const cases: readonly (readonly [SurfaceName, string, string, number, (model: object) => JsonObject, Streamed])[] = [
  [
    'openai',
    'gpt-latest',
    'gpt-4o-2024-08-06',
    2_500_000,
    (model) => ({ ...model, choices: [], usage: chatUsage }),
    (model) => [
      { ...model, choices: [{ delta: {}, finish_reason: 'stop' }] },
      { ...model, choices: [], usage: chatUsage },
    ],
  ],
  [
    'openai-responses',
    'gpt-latest',
    'gpt-5.1',
    1_250_000,
    (model) => ({ ...model, status: 'completed', output: [], usage: responsesUsage }),
    (model) => [
      { type: 'response.created', response: { ...model, status: 'in_progress' } },
      { type: 'response.completed', response: { status: 'completed', output: [], usage: responsesUsage } },
    ],
  ],
  [
    'google',
    'gemini-pro-latest',
    'gemini-2.5-flash',
    300_000,
    (model) => ({ ...versionOf(model), candidates: [{ finishReason: 'STOP' }], usageMetadata: googleUsage }),
    (model) => [{ ...versionOf(model), candidates: [{ finishReason: 'STOP' }], usageMetadata: googleUsage }],
  ],
  [
    'anthropic-messages',
    'claude-3-5-haiku-latest',
    'claude-haiku-4-5-20251001',
    1_000_000,
    (model) => ({ ...model, content: [], usage: claudeUsage }),
    (model) => [
      { type: 'message_start', message: { ...model, usage: claudeUsage } },
      { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 0 } },
    ],
  ],
];
type Streamed = (model: object) => readonly JsonObject[];

/** Gemini calls it otherwise. */
function versionOf(model: object): JsonObject {
  return 'model' in model ? { modelVersion: model.model } : {};
}

for (const [surface, asked, served, nanoUsd, whole, events] of cases)
  test(`${surface}: ${asked} that is ${served}`, async () => {
    for (const stream of [undefined, events({ model: served })]) {
      const found = await billed(surface, asked, whole({ model: served }), stream);
      assert.deepEqual(found, { models: [served], nanoUsd, unpriced: [] });
    }
    for (const stream of [undefined, events({})]) {
      const unnamed = await billed(surface, asked, whole({}), stream);
      const mark = unnamed.nanoUsd === null ? 'price' : 'model:unnamed';
      assert.deepEqual([unnamed.models, unnamed.unpriced], [[null], [mark]]);
    }
    const tomorrows = await billed(surface, asked, whole({ model: 'of-tomorrow' }));
    const mark = tomorrows.nanoUsd === null ? 'price' : 'model:of-tomorrow';
    assert.deepEqual([tomorrows.models, tomorrows.unpriced], [['of-tomorrow'], [mark]]);
    const same = await billed(surface, asked, whole({ model: asked }));
    assert.deepEqual(same.models, [null], 'the name itself is the model that has it');
  });

test('a text of the provider’s in the place of a model is no model', async () => {
  const model = `gpt-4o ${'x'.repeat(10_000)}`;
  const { models: named } = await billed('openai', 'gpt-latest', { model, choices: [], usage: chatUsage });
  assert.deepEqual(named, [null]);
});

test('a name that does not move keeps its price, whatever spelling the answer has', async () => {
  const answer = { model: 'gpt-4o-2024-08-06', choices: [], usage: chatUsage };
  assert.deepEqual(await billed('openai', 'gpt-4o', answer), { models: [null], nanoUsd: 2_500_000, unpriced: [] });
});

test('what left and was never answered is marked, too', () => {
  const call = read('google', { model: 'gemini-pro-latest', contents: [{ parts: [{ text: 'hi' }] }] });
  const [part] = upstream.unanswered(call, 10);
  assert.deepEqual([part?.model, part?.qualifiers], [null, { model: 'unnamed' }]);
});
