// The environment as layers: the original gateway's variables change the rows that they are about and no others; rows
// of CODY_GATEWAY_CATALOGUE are checked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../config/config.ts';
import { defaultPrices, defaultsLayer } from './defaults.ts';
import { catalogueLayer, variablesLayer } from './environment-layer.ts';
import { layerOf } from './layers.ts';
import { Catalogue } from './snapshot.ts';

const required = { REDIS_ENDPOINT: 'localhost:6379', CODY_GATEWAY_DIAGNOSTICS_SECRET: 'x' };
const layerOfVariables = (env: Record<string, string> = {}) =>
  variablesLayer(loadConfig({ ...required, ...env }), defaultsLayer(), '2026-11-28');
const make = (env: Record<string, string>, rows = '{}') =>
  new Catalogue({
    reviewed: [defaultsLayer(), layerOfVariables(env), catalogueLayer(rows, '2026-11-28')],
    mounted: () => true,
    defaultPrices,
  });

test('without variables nothing is stated but which embedding models are served', () => {
  const { rows } = layerOfVariables();
  assert.deepEqual([rows.providers, rows.homes], [[], []]);
  assert.ok((rows.models ?? []).length >= 5);
  assert.deepEqual(
    make({})
      .served({ features: ['embeddings'], provider: 'openai' })
      .map(({ name }) => name)
      .toSorted(),
    ['text-embedding-3-large', 'text-embedding-3-small', 'text-embedding-ada-002'],
  );
});

for (const [name, home] of [
  ['ANTHROPIC', 'anthropic-api'],
  ['OPENAI', 'openai-api'],
  ['FIREWORKS', 'fireworks-api'],
  ['GOOGLE', 'gemini-api'],
] as const)
  test(`${name}: address and allow-list reach their rows, which say so`, () => {
    const catalogue = make({
      [`CODY_GATEWAY_${name}_BASE_URL`]: 'http://127.0.0.1:9551/',
      [`CODY_GATEWAY_${name}_ALLOWED_MODELS`]: 'one,two',
    });
    const found = catalogue.homes.find(({ row }) => row.id === home);
    assert.ok(found);
    assert.deepEqual(
      [found.row.baseUrl, found.status, found.row.source],
      ['http://127.0.0.1:9551', 'open', `CODY_GATEWAY_${name}_BASE_URL`],
    );
    assert.equal(layerOf(found.merged, 'baseUrl'), 'environment');
    assert.equal(layerOf(found.merged, 'secrets'), 'defaults');
    assert.deepEqual(found.secrets, [`CODY_GATEWAY_${name}_ACCESS_TOKEN`]);
    assert.deepEqual(
      catalogue
        .served({ provider: found.row.provider, dialects: ['openai-chat'] })
        .map(({ name }) => name)
        .slice(0, 2),
      ['one', 'two'],
    );
    assert.deepEqual(
      catalogue.shadowed.map(({ id, member }) => `${id} ${member}`),
      [`${home} baseUrl`],
    );
  });

test('embedding models have a list of their own, whatever the list of completions says', () => {
  const catalogue = make({
    CODY_GATEWAY_ALLOWED_EMBEDDINGS_MODELS: 'openai/text-embedding-ada-002',
    CODY_GATEWAY_OPENAI_ALLOWED_MODELS: 'gpt-4o',
    CODY_GATEWAY_SOURCEGRAPH_EMBEDDINGS_API_URL: 'https://smega.example/v2/models/other/infer',
  });
  assert.deepEqual(
    catalogue.served({ provider: 'openai' }).map(({ id }) => id),
    ['openai/gpt-4o', 'openai/text-embedding-ada-002'],
  );
  assert.deepEqual(catalogue.served({ provider: 'sourcegraph' }), []);
  const home = catalogue.homes.find(({ row }) => row.id === 'sourcegraph-embeddings');
  assert.deepEqual(
    [home?.row.baseUrl, home?.dialects],
    ['https://smega.example', { 'kserve-embeddings': '/v2/models/other/infer' }],
  );
});

test('a list that is none stops the start and names the entry', () => {
  assert.throws(() => layerOfVariables({ CODY_GATEWAY_OPENAI_ALLOWED_MODELS: 'gpt-4o,*mini' }), {
    name: 'ConfigError',
    message: /providers openai: allow\.1: "\*mini" is not an entry such as name, prefix\*, \+name or -name/,
  });
});

test('rows of the catalogue’s variable: a server of one’s own, with its source filled in', () => {
  const catalogue = make(
    {},
    '{"homes": [{"id": "vllm", "baseUrl": "http://10.0.0.7:8000"}], "models": [{"id": "vllm/qwen", "contextTokens": 32768}]}',
  );
  const resolution = catalogue.resolve('vllm/qwen');
  assert.ok(resolution.kind === 'served');
  assert.deepEqual(
    [resolution.model.row.contextTokens, resolution.model.row.source, resolution.model.row.asOf],
    [32_768, 'CODY_GATEWAY_CATALOGUE', '2026-11-28'],
  );
});

test('every fault of the variable is told at once', () => {
  const faultsOf = (text: string): readonly string[] => {
    try {
      catalogueLayer(text, '2026-11-28');
      return [];
    } catch (error) {
      return (error as { faults: readonly string[] }).faults;
    }
  };
  assert.match(faultsOf('{')[0] ?? '', /^CODY_GATEWAY_CATALOGUE is not JSON/);
  assert.match(faultsOf('[]')[0] ?? '', /^CODY_GATEWAY_CATALOGUE is not an object of lists/);
  assert.deepEqual(
    faultsOf('{"homes": [{"id": "vllm", "baseUrl": "10.0.0.7"}, 7], "model": []}').map((fault) =>
      fault.replace(/there are .*/, '…'),
    ),
    [
      'CODY_GATEWAY_CATALOGUE: homes vllm: baseUrl: "10.0.0.7" is not an address such as https://api.example.com',
      'CODY_GATEWAY_CATALOGUE: homes: 7 is not a row; write an object',
      'CODY_GATEWAY_CATALOGUE: model: no such kind of row; …',
    ],
  );
});
