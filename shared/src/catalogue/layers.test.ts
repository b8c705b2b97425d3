// Layering: the later wins member by member and every value knows its layer, for any rows; faults name row and member;
// what is hidden is listed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import { layerFaults, layerOf, mergeRows, type Layer, type LayerName } from './layers.ts';
import { modelKind } from './model-row.ts';

const facts = { source: 'a test', asOf: '2026-01-01' };
const names: readonly LayerName[] = ['defaults', 'environment', 'overlay'];

const rowsOfModels = fc.uniqueArray(
  fc.record(
    {
      id: fc.constantFrom('openai/a', 'openai/b', 'google/c'),
      contextTokens: fc.option(fc.integer({ min: 1, max: 9 })),
      outputTokens: fc.option(fc.integer({ min: 1, max: 9 })),
      reasons: fc.option(fc.boolean()),
      aliases: fc.array(fc.constantFrom('x', 'y'), { maxLength: 2 }),
      disabled: fc.option(fc.constantFrom('gone', 'soon')),
      source: fc.constant('a test'),
      asOf: fc.constantFrom('2026-01-01', '2026-02-01'),
    },
    { requiredKeys: ['id', 'source', 'asOf'] },
  ),
  { selector: ({ id }) => id, maxLength: 3 },
);

test('each member is the last layer’s that states it, else what it means by itself; so for any three layers', () => {
  fc.assert(
    fc.property(fc.tuple(rowsOfModels, rowsOfModels, rowsOfModels), (lists) => {
      const layers = lists.map((models, at): Layer => ({ name: names[at] ?? 'defaults', rows: { models } }));
      assert.deepEqual(layers.flatMap(layerFaults), []);
      const { rows, faults } = mergeRows('models', layers);
      assert.deepEqual(faults, []);
      assert.deepEqual([...rows.keys()].sort(), [...new Set(lists.flat().map(({ id }) => id))].sort());
      for (const [id, merged] of rows)
        for (const member of Object.keys(modelKind.entries)) {
          const stating = layers.flatMap(({ name, rows: { models = [] } }) => {
            const row = models.find((model) => model['id'] === id);
            return row !== undefined && member in row ? [{ name, value: row[member] }] : [];
          });
          const last = stating.at(-1);
          const unstated = modelKind.unstated as Record<string, unknown>;
          assert.deepEqual(
            (merged.row as Record<string, unknown>)[member],
            last === undefined ? unstated[member] : last.value,
          );
          assert.equal(layerOf(merged, member), last?.name ?? null);
        }
    }),
  );
});

test('merging changes none of its layers, and merging an empty layer changes nothing', () => {
  fc.assert(
    fc.property(rowsOfModels, rowsOfModels, (first, second) => {
      const layers: Layer[] = [
        { name: 'defaults', rows: { models: first } },
        { name: 'overlay', rows: { models: second } },
      ];
      const before = JSON.stringify(layers);
      const merged = mergeRows('models', layers);
      assert.equal(JSON.stringify(layers), before);
      const again = mergeRows('models', [...layers, { name: 'overlay', rows: {} }]);
      assert.deepEqual([...again.rows], [...merged.rows]);
    }),
  );
});

test('an id that another layer writes otherwise is the same row, spelt as it was first', () => {
  const { rows } = mergeRows('models', [
    { name: 'defaults', rows: { models: [{ id: 'openai/gpt-4o', ...facts }] } },
    { name: 'overlay', rows: { models: [{ id: 'openai/GPT-4O', disabled: 'gone' }] } },
  ]);
  assert.deepEqual(
    [...rows.values()].map(({ row }) => [row.id, row.disabled]),
    [['openai/gpt-4o', 'gone']],
  );
});

test('a row that lacks what nobody stated is left out, with the reason', () => {
  const { rows, faults } = mergeRows('homes', [
    { name: 'environment', rows: { homes: [{ id: 'mine', baseUrl: 'https://a.example', ...facts }] } },
  ]);
  assert.equal(rows.size, 0);
  assert.deepEqual(
    faults,
    ['provider', 'kind', 'company', 'state'].map((member) => `homes mine: ${member}: no layer states it`),
  );
});

test('what a later layer hides is listed, and whether it is older than what it hides', () => {
  const { shadowed } = mergeRows('models', [
    {
      name: 'defaults',
      rows: { models: [{ id: 'openai/a', contextTokens: 5, outputTokens: 3, source: 'new', asOf: '2026-11-01' }] },
    },
    {
      name: 'overlay',
      rows: {
        models: [
          { id: 'openai/a', contextTokens: 4, outputTokens: 3, disabled: null, source: 'old', asOf: '2026-10-01' },
        ],
      },
    },
  ]);
  assert.deepEqual(shadowed, [
    {
      kind: 'models',
      id: 'openai/a',
      member: 'contextTokens',
      value: 4,
      layer: 'overlay',
      hidden: 5,
      hiddenLayer: 'defaults',
      older: true,
    },
  ]);
});

test('each fault is one line that names kind, row, member and value', () => {
  const faultsOf = (rows: object) => layerFaults({ name: 'overlay', rows });
  assert.deepEqual(
    faultsOf({ models: [{ id: 'openai/x', contextTokens: 0, colour: 'red', released: '2026-02-30' }] }),
    [
      'models openai/x: contextTokens: is below 1',
      `models openai/x: colour: no such member; there are ${Object.keys(modelKind.entries).join(', ')}`,
      'models openai/x: released: "2026-02-30" is no date such as 2026-11-28 or 2026-11-28T09:00:00Z',
    ],
  );
  assert.deepEqual(faultsOf({ models: [{ id: 'gpt-7' }] }), [
    'models gpt-7: id: "gpt-7" is not a qualified model such as openai/gpt-5',
  ]);
  assert.deepEqual(faultsOf({ models: [{ title: 'nameless' }] }), ['models ?: id: is missing']);
  assert.deepEqual(faultsOf({ models: [7] }), ['models: 7 is not a row; write an object']);
  assert.deepEqual(faultsOf({ models: [{ id: 'openai/x' }, { id: 'openai/X' }] }), [
    'models openai/X: stands there twice',
  ]);
  assert.deepEqual(faultsOf({ models: {} }), ['models: is not a list of rows']);
  assert.match(faultsOf({ modells: [] })[0] ?? '', /^modells: no such kind of row; there are providers, homes, /);
  assert.deepEqual(
    faultsOf(JSON.parse('{"models": [{"id": "openai/x", "__proto__": {"allowed": true}}]}') as object).length,
    1,
  );
  const price = {
    model: 'openai/x',
    from: '2026-01-01',
    dimensions: { input: 1, dreams: '1', output: '-1', cache_read: '1e3' },
    tiers: [
      { above: 5, dimensions: {} },
      { above: 5, dimensions: {} },
    ],
  };
  assert.deepEqual(
    faultsOf({ prices: [price] }).map((fault) => fault.replace(/there are .*/, '…')),
    [
      'prices openai/x from 2026-01-01: dimensions.input: is not text; write dollars as "0.25"',
      'prices openai/x from 2026-01-01: dimensions.dreams: "dreams" is no dimension; …',
      'prices openai/x from 2026-01-01: dimensions.output: "-1" is not an amount such as 0.25',
      'prices openai/x from 2026-01-01: dimensions.cache_read: "1e3" is not an amount such as 0.25',
      'prices openai/x from 2026-01-01: tiers: do not rise by `above`',
    ],
  );
});

test('addresses with users, queries or placeholders are none', () => {
  for (const baseUrl of [
    'api.example.com',
    'ftp://a.example',
    'https://u:p@a.example',
    'https://a.example?key=1',
    'https://a.example/#x',
    'https://{host}',
    'https://',
  ])
    assert.deepEqual(layerFaults({ name: 'overlay', rows: { homes: [{ id: 'mine', baseUrl }] } }).length, 1, baseUrl);
  for (const baseUrl of ['https://a.example', 'https://a.example/v1/', 'http://127.0.0.1:8000', null])
    assert.deepEqual(layerFaults({ name: 'overlay', rows: { homes: [{ id: 'mine', baseUrl }] } }), [], String(baseUrl));
});
