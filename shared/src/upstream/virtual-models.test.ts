// What becomes of a request on its way to Fireworks: names that stand for others, members that stay here.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call, CallerFacts, JsonObject } from './call.ts';
import { cody, readerOf, sentTo, type SurfaceName } from './reading.test/reader.ts';

const [F, S] = ['accounts/fireworks/models/', 'accounts/sourcegraph/models/'];

interface Given {
  readonly more?: Record<string, string>;
  readonly caller?: CallerFacts;
  readonly surface?: SurfaceName;
  readonly draw?: number;
}

function call(body: JsonObject, { more = {}, caller = cody, surface = 'fireworks', draw = 50 }: Given = {}): Call {
  return readerOf(more, () => draw).read(surface, { model: 'starcoder', prompt: 'fn ', ...body }, caller);
}

const percent = (which: string, value: string): Record<string, string> => ({
  [`CODY_GATEWAY_FIREWORKS_STARCODER_${which}_SINGLE_TENANT_PERCENT`]: value,
});

test('completions #17, #18: starcoder by chance, by the percentage of its kind', () => {
  const name = (model: string, more: Record<string, string>, draw = 50): string =>
    call({ model }, { more, draw }).asked;
  assert.equal(name('starcoder', {}), `${S}starcoder-16b`);
  assert.equal(name('starcoder', percent('ENTERPRISE', '0')), `${F}starcoder-16b`);
  assert.equal(name('starcoder', percent('ENTERPRISE', '50'), 49), `${S}starcoder-16b`);
  assert.equal(name('starcoder', percent('ENTERPRISE', '50'), 50), `${F}starcoder-16b`);
  assert.equal(name('starcoder-7b', percent('COMMUNITY', '100'), 99), `${S}starcoder-16b`);
  assert.equal(name('starcoder-7b', {}, 0), `${F}starcoder-7b`);
  assert.equal(name('starcoder-16b', {}, 0), `${F}starcoder-16b`);
});

test('completions #19, #20: fixed names, families by language, and what is none of ours', () => {
  const name = (model: string, languageId?: string): string => call({ model, ...(languageId && { languageId }) }).asked;
  assert.equal(name('starcoder2-7b'), `${S}starcoder2-7b`);
  assert.equal(name('deepseek-coder-v2-lite-base'), `${S}deepseek-coder-v2-lite-base`);
  const mixtral = 'fim-lang-specific-model-mixtral';
  assert.equal(name(mixtral, 'javascriptreact'), `${S}finetuned-fim-lang-jsx-model-mixtral-8x7b`);
  assert.equal(name(mixtral, 'go'), `${S}finetuned-fim-lang-all-model-mixtral-8x7b`);
  assert.equal(name(mixtral), `${S}finetuned-fim-lang-all-model-mixtral-8x7b`);
  const [stack, logs] = ['stack', 'logs'].map((kind) => `fim-lang-specific-model-deepseek-${kind}-trained`);
  assert.equal(name(stack ?? '', 'javascriptreact'), `${S}finetuned-fim-lang-ts-like-model-deepseek-7b-stack-v2`);
  assert.equal(name(logs ?? '', 'javascriptreact'), `${S}finetuned-fim-lang-tsx-jsx-model-deepseek-7b-logs-v2`);
  assert.equal(name(logs ?? '', 'constructor'), `${S}deepseek-coder-7b-base`);
  assert.equal(name('constructor'), 'constructor');
  // Names are compared without case.
  assert.equal(name('StarCoder2-7B'), `${S}starcoder2-7b`);
  assert.equal(name(mixtral.toUpperCase(), 'go'), `${S}finetuned-fim-lang-all-model-mixtral-8x7b`);
  assert.equal(name('Other-Model'), 'Other-Model');
});

test('every model that a virtual name can stand for is one that the gateway serves', () => {
  const languages = ['typescript', 'typescriptreact', 'javascript', 'javascriptreact', 'php', 'python', 'go'];
  const virtual = readerOf()
    .catalogue.served({ provider: 'fireworks' })
    .filter(({ row }) => row.virtual);
  assert.ok(virtual.length > 3);
  for (const { name } of virtual)
    for (const languageId of languages)
      for (const draw of [0, 99]) {
        const { model, asked } = call({ model: name, languageId }, { draw, more: percent('ENTERPRISE', '50') });
        assert.ok(model !== null && model.known && !model.row.virtual, asked);
      }
});

test('what Cody’s fast path asks for by name is served by default', () => {
  const names = ['llama-v2-13b-code', 'code-llama-7b', 'qwen-v2p5-7b', 'deepseek-coder-v2-lite-base'];
  const virtual = ['starcoder', 'starcoder-16b', 'starcoder-7b', 'deepseek-coder-v2-lite-base'];
  for (const model of [...virtual, ...names.map((id) => F + id)]) assert.notEqual(call({ model }).model, null, model);
});

test('where the gateway’s own list has a virtual name alone, the models that stand behind it pass, and no others', () => {
  const more = { CODY_GATEWAY_FIREWORKS_ALLOWED_MODELS: 'starcoder' };
  for (const model of ['starcoder', 'starcoder-7b', `${F}starcoder-7b-w8a16`])
    assert.notEqual(call({ model }, { more }).model, null, model);
  assert.equal(call({ model: 'starcoder2-7b' }, { more }).model, null);
});

test('members: what is the gateway’s stays here, what is the provider’s passes; the prompt or the messages say which API', async () => {
  const autoEdit = {
    model: 'autoedits-deepseek-lite-default',
    prompt: undefined,
    messages: [{ role: 'user', content: 'x' }],
    prediction: { type: 'content', content: 'y' },
    rewrite_speculation: true,
    adaptive_speculation: true,
    speculation_length_on_strong_match: 500,
    response_format: { type: 'text' },
  };
  const asked = call({
    ...autoEdit,
    user: 'anonymous',
    languageId: 'go',
    n: 3,
    top_k: -1,
    logprobs: 0,
  });
  const { prompt: _, model: __, ...kept } = autoEdit;
  const at = 'https://api.fireworks.ai/inference/v1';
  assert.deepEqual(
    [(await sentTo(asked)).url, asked.asked],
    [`${at}/chat/completions`, 'autoedits-deepseek-lite-default'],
  );
  assert.deepEqual(JSON.parse(String(asked.body)), { ...kept, n: 1, logprobs: 0 });
  assert.equal((await sentTo(call({}))).url, `${at}/completions`);
  const sdk = { caller: { ...cody, dialect: 'openai' }, surface: 'openai-text' } as const;
  const both = call({ model: 'fireworks/starcoder2-7b', messages: autoEdit.messages, prompt: 'x' }, sdk);
  assert.deepEqual([(await sentTo(both)).url, both.asked], [`${at}/completions`, `${S}starcoder2-7b`]);
});

test('the word for the provider’s tracing passes as it is, and nothing like it', () => {
  const genie = (value: string): unknown =>
    call({}, { caller: { ...cody, headers: { 'x-fireworks-genie': value } } }).headers['x-fireworks-genie'];
  assert.deepEqual([genie('true'), genie('1')], ['true', undefined]);
});
