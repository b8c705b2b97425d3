// Homes: draining, Vertex AI and Azure, pools of keys, and that the overlay brings a secret nowhere.

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

test('a drained home gives way to the other, and the last one’s words reach the caller', () => {
  const azure = {
    id: 'azure-openai',
    baseUrl: 'https://mine.openai.azure.com',
    spellings: { 'openai/gpt-4o': 'my-4o' },
  };
  const both = [...keys, 'AZURE_OPENAI_API_KEY'];
  const drained = { id: 'openai-api', draining: 'moving to Azure' };
  assert.deepEqual(homesOf(make({}, { homes: [azure] }, both), 'gpt-4o'), ['openai-api open', 'azure-openai open']);
  const one = make({ homes: [drained] }, { homes: [azure] }, both);
  assert.deepEqual(homesOf(one, 'gpt-4o'), ['openai-api draining', 'azure-openai open']);
  assert.equal(said(one.resolve('gpt-5')), 'unavailable: moving to Azure');
  const home = one.homes.find(({ row }) => row.id === 'azure-openai');
  assert.equal(home?.spelling('gpt-4o', 'openai/gpt-4o'), 'my-4o');
  assert.deepEqual(home.dialects['openai-chat'], '/openai/v1/chat/completions');
  assert.deepEqual(homesOf(make({ homes: [{ id: 'openai-api', weight: 0 }] }), 'gpt-4o').at(0), 'openai-api draining');
});

test('Claude and Gemini on Vertex AI need an address and the function’s account, and spell names their way', () => {
  const baseUrl = 'https://aiplatform.googleapis.com/v1/projects/p/locations/global';
  const homes = ['claude-vertex', 'gemini-vertex'].map((id) => ({ id, baseUrl, region: 'global' }));
  const catalogue = make({}, { homes }, ['GOOGLE_ACCOUNT']);
  assert.deepEqual(homesOf(catalogue, 'claude-haiku-4-5'), ['anthropic-api no key', 'claude-vertex open']);
  assert.deepEqual(homesOf(catalogue, 'gemini-2.5-pro'), ['gemini-api no key', 'gemini-vertex open']);
  assert.equal(
    catalogue.homes
      .find(({ row }) => row.id === 'claude-vertex')
      ?.spelling('claude-haiku-4-5', 'anthropic/claude-haiku-4-5'),
    'claude-haiku-4-5@20251001',
  );
  // Old names are not there.
  assert.deepEqual(homesOf(catalogue, 'claude-2'), ['anthropic-api no key']);
});

test('the overlay brings a secret to no other host, and nobody to a private address', () => {
  const mine = (more: PartialRow) => ({
    id: 'mine',
    provider: 'openai',
    kind: 'api-key',
    company: 'openai',
    state: 'mine',
    ...facts,
    ...more,
  });
  const status = (row: PartialRow, mounted = keys) =>
    make({ homes: [row] }, {}, mounted).homes.find(({ row: home }) => home.id === row['id']);
  for (const [row, refused] of [
    [
      mine({ baseUrl: 'https://evil.example', secrets: ['CODY_GATEWAY_OPENAI_ACCESS_TOKEN'] }),
      /CODY_GATEWAY_OPENAI_ACCESS_TOKEN may not be sent to https:\/\/evil\.example: apply terraform/,
    ],
    [
      mine({ baseUrl: 'https://api.anthropic.com', secrets: ['CODY_GATEWAY_OPENAI_ACCESS_TOKEN'] }),
      /may not be sent to https:\/\/api\.anthropic\.com/,
    ],
    [{ id: 'openai-api', baseUrl: 'https://evil.example' }, /may not be sent to https:\/\/evil\.example/],
    [{ id: 'openai-api', kind: 'none', baseUrl: 'https://169.254.169.254' }, /private, local or link-local/],
    [{ id: 'openai-api', baseUrl: 'http://api.openai.com:80' }, /is not https/],
  ] as const) {
    const home = status(row);
    assert.equal(home?.status, 'refused');
    assert.match(home.why ?? '', refused);
    assert.deepEqual(home.secrets, []);
  }
  assert.equal(
    status(mine({ baseUrl: 'https://evil.example/v1', kind: 'google' }), ['GOOGLE_ACCOUNT'])?.status,
    'refused',
  );
  assert.equal(
    status(mine({ baseUrl: 'https://api.openai.com/eu', secrets: ['CODY_GATEWAY_OPENAI_ACCESS_TOKEN'] }))?.status,
    'open',
  );
  const later = status(mine({ baseUrl: 'https://api.example.com', secrets: ['KEY_OF_TOMORROW'] }));
  assert.deepEqual([later?.status, later?.why], ['no key', 'no key: apply terraform (KEY_OF_TOMORROW)']);
});

test('of a pool the keys that are there are used', () => {
  const pool = ['CODY_GATEWAY_OPENAI_ACCESS_TOKEN', 'SECOND_KEY'];
  const catalogue = make({}, { homes: [{ id: 'openai-api', secrets: pool }] }, ['SECOND_KEY']);
  assert.deepEqual(catalogue.homes.find(({ row }) => row.id === 'openai-api')?.secrets, ['SECOND_KEY']);
});
