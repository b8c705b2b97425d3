// A snapshot: what names stand for, what is served, which homes may be used, and what callers and operators are told
// where not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultsLayer } from './defaults.ts';
import type { Layer, LayerName } from './layers.ts';
import type { PartialRow } from './row-kind.ts';
import { Catalogue, type Resolution } from './snapshot.ts';

const facts = { source: 'a test', asOf: '2026-01-01' };
const layer = (name: LayerName, rows: Record<string, PartialRow[]>): Layer => ({ name, rows });
const keys = ['ANTHROPIC', 'OPENAI', 'FIREWORKS', 'GOOGLE'].map((name) => `CODY_GATEWAY_${name}_ACCESS_TOKEN`);
const make = (
  overlay: Record<string, PartialRow[]> = {},
  environment: Record<string, PartialRow[]> = {},
  mounted: readonly string[] = keys,
) =>
  new Catalogue({
    reviewed: [defaultsLayer(), layer('environment', environment)],
    overlay: layer('overlay', overlay),
    mounted: (secret) => mounted.includes(secret),
    defaultPrices: () => Promise.resolve([]),
  });
const said = (resolution: Resolution): string =>
  resolution.kind === 'served'
    ? resolution.model.id
    : resolution.kind === 'refused'
      ? `refused: ${resolution.nearest.join(', ')}`
      : `${resolution.kind}: ${resolution.text}`;
const homesOf = (catalogue: Catalogue, name: string) => {
  const resolution = catalogue.resolve(name);
  return 'model' in resolution
    ? catalogue.homesOf(resolution.model).map(({ row, status }) => `${row.id} ${status}`)
    : [];
};

test('the defaults stand without faults', () => assert.deepEqual(make().faults, []));

for (const [typed, provider, is] of [
  ['gpt-4o', null, 'openai/gpt-4o'],
  ['GPT-4O', null, 'openai/gpt-4o'],
  ['openai/gpt-4o', null, 'openai/gpt-4o'],
  ['OpenAI/GPT-4o', null, 'openai/gpt-4o'],
  ['gpt-4o', 'openai', 'openai/gpt-4o'],
  ['openai/gpt-4o', 'openai', 'openai/gpt-4o'],
  ['anthropic/claude-3-haiku-20240307', 'anthropic', 'anthropic/claude-3-haiku-20240307'],
  ['claude-sonnet-4-5', null, 'anthropic/claude-sonnet-4-5'],
  [
    'accounts/fireworks/models/mixtral-8x7b-instruct',
    null,
    'fireworks/accounts/fireworks/models/mixtral-8x7b-instruct',
  ],
  [
    'fireworks/accounts/fireworks/models/mixtral-8x7b-instruct',
    null,
    'fireworks/accounts/fireworks/models/mixtral-8x7b-instruct',
  ],
  ['starcoder', 'fireworks', 'fireworks/starcoder'],
  ['gemini-pro-latest', null, 'google/gemini-pro-latest'],
  ['autoedits-deepseek-lite-default', 'fireworks', 'fireworks/autoedits-deepseek-lite-default'],
  ['smart-apply-qwen-default', 'fireworks', 'fireworks/smart-apply-qwen-default'],
  ['claude-3-5-sonnet-latest', 'anthropic', 'anthropic/claude-3-5-sonnet-latest'],
] as const)
  test(`${typed}${provider === null ? '' : ` on a route of ${provider}`} is ${is}`, () =>
    assert.equal(said(make().resolve(typed, provider)), is));

test('what is not known is refused, with what may have been meant', () => {
  assert.equal(said(make().resolve('gpt-5-mni')).split(',')[0], 'refused: openai/gpt-5-mini');
  assert.equal(said(make().resolve('claude-sonnet-4-5', 'openai')), 'refused: ');
  for (const typed of ['', '/', 'openai/', 'nobody/gpt-4o', 'openai/openai/gpt-4o', '__proto__', 'openai/constructor'])
    assert.equal(make().resolve(typed).kind, 'refused', typed);
});

test('an alias stands for its model, also of tomorrow; a name of its own wins over another’s alias', () => {
  const catalogue = make({ models: [{ id: 'openai/gpt-5', aliases: ['fast', 'gpt-4o'] }] });
  assert.deepEqual(
    ['fast', 'FAST', 'openai/fast', 'gpt-4o'].map((name) => said(catalogue.resolve(name))),
    ['openai/gpt-5', 'openai/gpt-5', 'openai/gpt-5', 'openai/gpt-4o'],
  );
  assert.deepEqual(catalogue.faults, ['models openai/gpt-5: aliases: gpt-4o is already openai/gpt-4o']);
});

test('an allow-list names, adds, takes away; a pattern serves what nobody knows, and says that it does not', () => {
  const allow = (...entries: string[]) => make({}, { providers: [{ id: 'openai', allow: entries }] });
  assert.deepEqual(
    allow('gpt-5', 'gpt-7')
      .served({ provider: 'openai' })
      .map(({ id, known }) => `${id} ${known}`),
    ['openai/gpt-5 true', 'openai/gpt-7 false'],
  );
  assert.equal(said(allow('gpt-5').resolve('gpt-4o')).split(':')[0], 'refused');
  assert.equal(said(allow('-gpt-4o').resolve('gpt-4o')).split(':')[0], 'refused');
  assert.equal(said(allow('+gpt-7*').resolve('gpt-7-2027-01-01')), 'openai/gpt-7-2027-01-01');
  assert.equal(said(allow('+gpt-7*').resolve('gpt-4o')), 'openai/gpt-4o');
  const resolution = allow('gpt-*').resolve('gpt-9');
  assert.ok(resolution.kind === 'served' && !resolution.model.known && resolution.model.row.contextTokens === null);
});

test('a new row is served whatever an older list says, when it says so itself', () => {
  const row = { id: 'openai/gpt-7', allowed: true, ...facts };
  const listed = { providers: [{ id: 'openai', allow: ['gpt-5'] }] };
  assert.deepEqual(
    make({ models: [row] }, listed)
      .served({ provider: 'openai' })
      .map(({ id }) => id),
    ['openai/gpt-5', 'openai/gpt-7'],
  );
  assert.equal(make({ models: [{ ...row, allowed: false }] }).resolve('gpt-7').kind, 'refused');
  assert.equal(said(make({ models: [{ id: 'openai/gpt-7', ...facts }] }).resolve('gpt-7')), 'openai/gpt-7');
});

test('without a key a provider serves nothing, and its homes say what to do', () => {
  const catalogue = make({}, {}, ['MISTRAL_API_KEY']);
  assert.deepEqual([...new Set(catalogue.served().map(({ provider }) => provider.id))], ['mistral']);
  assert.equal(said(catalogue.resolve('gpt-4o')), 'unavailable: no home of openai/gpt-4o can be used at present');
  assert.deepEqual(
    catalogue.homes.filter(({ row }) => row.provider === 'openai').map(({ why }) => why),
    [
      'no key: apply terraform (CODY_GATEWAY_OPENAI_ACCESS_TOKEN)',
      'no address: state baseUrl as https://RESOURCE.openai.azure.com, region, and in spellings the deployment of each model',
    ],
  );
  assert.equal(said(catalogue.resolve('mistral/mistral-of-tomorrow')), 'mistral/mistral-of-tomorrow');
});

test('one row and no key serve a server of one’s own', () => {
  const catalogue = make({}, { homes: [{ id: 'ollama', baseUrl: 'http://10.0.0.7:11434' }] });
  assert.equal(said(catalogue.resolve('ollama/llama3.2:3b')), 'ollama/llama3.2:3b');
  assert.deepEqual(homesOf(catalogue, 'ollama/llama3.2:3b'), ['ollama open']);
});

test('where everything is allowed a prefix is still a prefix, and a name is still a name', () => {
  const catalogue = make({}, { homes: [{ id: 'ollama', baseUrl: 'http://10.0.0.7:11434' }] });
  for (const typed of ['llama3.2:3b', 'ollama/llama3.2:3b', 'Ollama/llama3.2:3b'])
    assert.equal(said(catalogue.resolve(typed, 'ollama')), 'ollama/llama3.2:3b');
  const names = [
    '',
    '/',
    'a b',
    'a?b',
    'a#b',
    'a%2fb',
    '../x',
    'x/..',
    'x/../../y',
    './x',
    'x//y',
    'x/',
    'ü',
    'a\nb',
    'x'.repeat(201),
  ];
  for (const name of names) assert.equal(catalogue.resolve(`ollama/${name}`).kind, 'refused', name);
  assert.equal(said(catalogue.resolve('ollama/hf.co/a/b-GGUF:Q4_K_M')), 'ollama/hf.co/a/b-GGUF:Q4_K_M');
});

test('a bare name that only an asterisk allows is nobody’s', () => {
  const catalogue = make({}, { homes: [{ id: 'ollama', baseUrl: 'http://10.0.0.7:11434' }] });
  assert.equal(catalogue.resolve('llama3.2:3b').kind, 'refused');
});

test('a model that is disabled, or its provider, is told apart from one that does not exist, with the operator’s words', () => {
  assert.equal(
    said(make({ models: [{ id: 'openai/gpt-4o', disabled: 'use gpt-5' }] }).resolve('gpt-4o')),
    'disabled: use gpt-5',
  );
  const catalogue = make({ providers: [{ id: 'openai', disabled: 'back at noon' }] });
  assert.equal(said(catalogue.resolve('gpt-4o')), 'disabled: back at noon');
  assert.deepEqual(catalogue.served({ provider: 'openai' }), []);
});

test('rows of nobody are left out with the reason', () => {
  const catalogue = make({
    models: [{ id: 'nobody/x', ...facts }],
    homes: [
      { id: 'lost', provider: 'nobody', kind: 'none', baseUrl: null, company: 'x', state: 'x', ...facts },
      { id: 'half' },
    ],
  });
  const missing = ['provider', 'kind', 'baseUrl', 'company', 'state', 'source', 'asOf'];
  assert.deepEqual(catalogue.faults, [
    ...missing.map((member) => `homes half: ${member}: no layer states it`),
    'homes lost: provider: there is no provider nobody',
    'models nobody/x: id: there is no provider nobody',
  ]);
});

test('served models can be asked for by feature and dialect', () => {
  const catalogue = make();
  const ids = (filter: Parameters<Catalogue['served']>[0]) => catalogue.served(filter).map(({ id }) => id);
  assert.ok(
    ids({ features: ['embeddings'] }).includes('openai/text-embedding-3-small') &&
      !ids({ features: ['chat'] }).includes('openai/text-embedding-3-small'),
  );
  assert.ok(
    ids({ dialects: ['openai-responses'] }).includes('openai/gpt-5.3-codex') &&
      !ids({ dialects: ['openai-chat'] }).includes('openai/gpt-5.3-codex'),
  );
  assert.ok(ids({ dialects: ['openai-chat'] }).includes('openai/gpt-5'));
});
