// A document of the overlay: what is one, what is none and why, and what may not stand on top of the reviewed layers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultPrices, defaultsLayer } from './defaults.ts';
import type { Layer } from './layers.ts';
import {
  overlayBytesMax,
  overlayFaults,
  overlayId,
  overlayText,
  readOverlayDocument,
  type OverlayDocument,
} from './overlay-document.ts';

const facts = { source: 'models add', asOf: '2026-11-28' };
const document = (
  kind: OverlayDocument['kind'],
  provider: string,
  ...rows: OverlayDocument['rows']
): OverlayDocument => ({ kind, provider, version: 1, rows });
const faultsOf = (text: string) => {
  const read = readOverlayDocument(text);
  return 'faults' in read ? read.faults : [];
};
const environment: Layer = { name: 'environment', rows: { homes: [{ id: 'vllm', baseUrl: 'http://10.0.0.7:8000' }] } };
const together = (...documents: OverlayDocument[]) =>
  overlayFaults(documents, { reviewed: [defaultsLayer(), environment], mounted: () => true, defaultPrices });

test('what was written is read again', () => {
  const written = document('models', 'openai', { id: 'openai/gpt-7', contextTokens: 1_000_000, ...facts });
  assert.deepEqual(readOverlayDocument(overlayText(written)), { document: written });
  assert.equal(overlayId(written), 'models:openai');
});

test('a text that is no document says why', () => {
  const doc = (more: object) => JSON.stringify({ kind: 'models', provider: 'openai', version: 1, rows: [], ...more });
  for (const [text, fault] of [
    ['', /^is not JSON/],
    ['{"kind": "models"', /^is not JSON/],
    ['null', /^document: /],
    [doc({ version: 0 }), /^version: /],
    [doc({ version: 1.5 }), /^version: /],
    [doc({ kind: 'secrets' }), /^kind: "secrets" can't be written here/],
    [doc({ provider: 'Open AI' }), /^provider: "Open AI" is not a name/],
    [doc({ note: 'x' }), /^note: /],
    [doc({ rows: [{ id: 'openai/x', contextTokens: 'many' }] }), /^models openai\/x: contextTokens: is not a number/],
    [doc({ rows: [{ id: 'google/x' }] }), /^models google\/x: belongs to google, and the document is openai's/],
    [doc({ rows: [{ id: 'openai/x' }, { id: 'openai/x' }] }), /stands there twice/],
    [
      doc({ kind: 'prices', rows: [{ model: 'openai/x', from: '2026-02-01', until: '2026-02-01' }] }),
      /until: 2026-02-01 is not after 2026-02-01/,
    ],
    [
      JSON.stringify({
        kind: 'models',
        provider: 'openai',
        version: 1,
        rows: [{ id: 'openai/x', title: 'x'.repeat(overlayBytesMax) }],
      }),
      /^has 524\d{3} bytes, at most 524288 are taken/,
    ],
  ] as const)
    assert.match(faultsOf(text)[0] ?? 'no fault', fault, text.slice(0, 100));
});

test('good changes have no faults', async () => {
  assert.deepEqual(
    await together(
      document(
        'models',
        'openai',
        { id: 'openai/gpt-7', allowed: true, aliases: ['fast'], ...facts },
        { id: 'openai/gpt-4o', disabled: 'use gpt-5' },
      ),
      document('prices', 'openai', {
        model: 'openai/gpt-7',
        from: '2026-11-28',
        dimensions: { input: '2', output: '10' },
        ...facts,
      }),
      document('factors', 'anthropic', {
        id: 'anthropic-2026',
        provider: 'anthropic',
        factor: '0.88',
        from: '2026-01-01',
        ...facts,
      }),
      document('homes', 'anthropic', { id: 'anthropic-api', draining: 'an outage' }),
      document('homes', 'vllm', {
        id: 'vllm-2',
        provider: 'vllm',
        kind: 'none',
        baseUrl: 'http://10.0.0.7:8000/v2',
        company: 'self-hosted',
        state: 'vllm',
        ...facts,
      }),
      document('providers', 'cohere', {
        id: 'cohere',
        title: 'Cohere',
        company: 'cohere',
        semanticName: 'cohere',
        dialects: { 'openai-chat': '/compatibility/v1/chat/completions' },
        ...facts,
      }),
    ),
    [],
  );
});

test('what a release already has wrong is not held against a change', async () => {
  const reviewed: Layer[] = [
    defaultsLayer(),
    { name: 'environment', rows: { models: [{ id: 'nobody/x', ...facts }] } },
  ];
  assert.deepEqual(
    await overlayFaults([document('models', 'openai', { id: 'openai/gpt-4o', disabled: 'x' })], {
      reviewed,
      mounted: () => true,
      defaultPrices,
    }),
    [],
  );
});

test('what may not stand together is refused with the reason', async () => {
  const mine = { id: 'mine', provider: 'openai', kind: 'api-key', company: 'x', state: 'x', ...facts };
  for (const [change, fault] of [
    [
      document('homes', 'openai', {
        ...mine,
        baseUrl: 'https://evil.example',
        secrets: ['CODY_GATEWAY_OPENAI_ACCESS_TOKEN'],
      }),
      'homes mine: secrets: CODY_GATEWAY_OPENAI_ACCESS_TOKEN may not be sent to https://evil.example: only Terraform can allow it',
    ],
    [
      document('homes', 'openai', { id: 'openai-api', baseUrl: 'https://evil.example' }),
      'homes openai-api: secrets: CODY_GATEWAY_OPENAI_ACCESS_TOKEN may not be sent to https://evil.example: only Terraform can allow it',
    ],
    [
      document('homes', 'openai', { id: 'openai-api', secrets: ['CODY_GATEWAY_ANTHROPIC_ACCESS_TOKEN'] }),
      'homes openai-api: secrets: CODY_GATEWAY_ANTHROPIC_ACCESS_TOKEN may not be sent to https://api.openai.com: only Terraform can allow it',
    ],
    [
      document('homes', 'openai', { ...mine, kind: 'google', baseUrl: 'https://evil.example' }),
      'homes mine: secrets: GOOGLE_ACCOUNT may not be sent to https://evil.example: only Terraform can allow it',
    ],
    [
      document('homes', 'openai', { ...mine, kind: 'none', baseUrl: 'https://[::1]:8000' }),
      'homes mine: baseUrl: [::1]:8000 is a private, local or link-local address: only Terraform can name one',
    ],
    [
      document('homes', 'openai', { id: 'anthropic-api', draining: 'x' }),
      "homes anthropic-api: provider: is anthropic, and the document openai's",
    ],
    [
      document('homes', 'nobody', { ...mine, provider: 'nobody', baseUrl: null }),
      'homes mine: provider: there is no provider nobody',
    ],
    [
      document('models', 'openai', { id: 'openai/gpt-7', ...facts, homes: ['lost'] }),
      'models openai/gpt-7: homes: there is no home lost',
    ],
    [
      document('models', 'openai', { id: 'openai/gpt-7', ...facts, aliases: ['gpt-4o'] }),
      'models openai/gpt-7: aliases: gpt-4o is already openai/gpt-4o',
    ],
    [
      document('models', 'openai', { id: 'openai/gpt-7', ...facts, aliases: ['OpenAI/gpt-best'] }),
      'models openai/gpt-7: aliases: OpenAI/gpt-best begins with its provider: write gpt-best',
    ],
    [document('models', 'openai', { id: 'openai/gpt-7' }), 'models openai/gpt-7: source: no layer states it'],
  ] as const)
    assert.equal((await together(change))[0], fault);
});

test('prices and factors that lack what nobody states are refused too', async () => {
  assert.deepEqual(
    await together(document('prices', 'openai', { model: 'openai/gpt-7', from: '2026-11-28', ...facts })),
    ['prices openai/gpt-7 from 2026-11-28: dimensions: no layer states it'],
  );
  assert.deepEqual(
    await together(document('factors', 'openai', { id: 'x', provider: 'openai', from: '2026-11-28', ...facts })),
    ['factors x: factor: no layer states it'],
  );
});

test('a home whose key is not there yet is kept', async () => {
  const row = {
    id: 'mine',
    provider: 'openai',
    kind: 'api-key',
    company: 'x',
    state: 'x',
    baseUrl: 'https://api.example.com',
    secrets: ['KEY_OF_TOMORROW'],
    ...facts,
  };
  assert.deepEqual(
    await overlayFaults([document('homes', 'openai', row)], {
      reviewed: [defaultsLayer()],
      mounted: () => false,
      defaultPrices,
    }),
    [],
  );
});
