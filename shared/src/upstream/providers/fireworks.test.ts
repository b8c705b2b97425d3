// What becomes of a request on its way to Fireworks: names that stand for others, members that stay here. Numbers are those of spec completions §9.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../config/config.ts';
import type { Call, CallerFacts, JsonObject, Shape } from '../call.ts';
import { catalogue } from '../catalogue.ts';
import { fireworks } from './fireworks.ts';

const env = {
  REDIS_ENDPOINT: 'none',
  CODY_GATEWAY_DIAGNOSTICS_SECRET: 'none',
  CODY_GATEWAY_FIREWORKS_ACCESS_TOKEN: 'key',
};
const cody: CallerFacts = {
  actorId: 'sub1',
  actorUid: '42',
  dialect: 'cody',
  feature: 'code_completions',
  headers: {},
};
const [F, S] = ['accounts/fireworks/models/', 'accounts/sourcegraph/models/'];

interface Given {
  readonly more?: Record<string, string>;
  readonly caller?: CallerFacts;
  readonly shape?: Shape;
  readonly draw?: number;
}

function call(body: JsonObject, { more = {}, caller = cody, shape = 'fireworks', draw = 50 }: Given = {}): Call {
  const provider = fireworks(loadConfig({ ...env, ...more }), () => draw);
  assert.ok(provider);
  return provider.read({ model: 'starcoder', prompt: 'fn ', ...body }, caller, shape);
}

const percent = (which: string, value: string): Record<string, string> => ({
  [`CODY_GATEWAY_FIREWORKS_STARCODER_${which}_SINGLE_TENANT_PERCENT`]: value,
});

test('completions #17, #18: starcoder by chance, by the percentage of its kind', () => {
  const name = (model: string, more: Record<string, string>, draw = 50): string =>
    call({ model }, { more, draw }).model;
  assert.equal(name('starcoder', {}), `${S}starcoder-16b`);
  assert.equal(name('starcoder', percent('ENTERPRISE', '0')), `${F}starcoder-16b`);
  assert.equal(name('starcoder', percent('ENTERPRISE', '50'), 49), `${S}starcoder-16b`);
  assert.equal(name('starcoder', percent('ENTERPRISE', '50'), 50), `${F}starcoder-16b`);
  assert.equal(name('starcoder-7b', percent('COMMUNITY', '100'), 99), `${S}starcoder-16b`);
  assert.equal(name('starcoder-7b', {}, 0), `${F}starcoder-7b`);
  assert.equal(name('starcoder-16b', {}, 0), `${F}starcoder-16b`);
});

test('completions #19, #20: fixed names, families by language, and what is none of ours', () => {
  const name = (model: string, languageId?: string): string => call({ model, ...(languageId && { languageId }) }).model;
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
  // Design D13: names are compared without case.
  assert.equal(name('StarCoder2-7B'), `${S}starcoder2-7b`);
  assert.equal(name(mixtral.toUpperCase(), 'go'), `${S}finetuned-fim-lang-all-model-mixtral-8x7b`);
  assert.equal(name('Other-Model'), 'Other-Model');
});

test('every model that a virtual name can stand for is one that the gateway knows', () => {
  const known = new Set(catalogue.filter(({ provider }) => provider === 'fireworks').map(({ id }) => id));
  const languages = ['typescript', 'typescriptreact', 'javascript', 'javascriptreact', 'php', 'python', 'go'];
  for (const { id, virtual } of catalogue)
    if (virtual)
      for (const languageId of languages)
        for (const draw of [0, 99]) {
          const { model } = call({ model: id, languageId }, { draw, more: percent('ENTERPRISE', '50') });
          assert.ok(known.has(model), model);
        }
});

test('members: what is the gateway’s stays here, what is the provider’s passes; the prompt or the messages say which API', () => {
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
  const { path, body, model } = call({
    ...autoEdit,
    user: 'anonymous',
    languageId: 'go',
    n: 3,
    top_k: -1,
    logprobs: 0,
  });
  const { prompt: _, model: __, ...kept } = autoEdit;
  assert.deepEqual([path, model], ['/chat/completions', 'autoedits-deepseek-lite-default']);
  assert.deepEqual(JSON.parse(body), { ...kept, n: 1, logprobs: 0 });
  assert.equal(call({}).path, '/completions');
  assert.equal(call({ messages: autoEdit.messages, prompt: 'x' }, { shape: 'openai-text' }).path, '/completions');
  assert.equal(
    call({ model: 'fireworks/starcoder2-7b' }, { caller: { ...cody, dialect: 'openai' } }).model,
    `${S}starcoder2-7b`,
  );
});

test('the word for the provider’s tracing passes as it is, and nothing like it', () => {
  const genie = (value: string): unknown =>
    call({}, { caller: { ...cody, headers: { 'x-fireworks-genie': value } } }).headers['x-fireworks-genie'];
  assert.deepEqual([genie('true'), genie('1')], ['true', undefined]);
});
