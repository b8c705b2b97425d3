// What a release ships: every row is good, nothing that was known is forgotten, what is not known is written down, and
// the first answer waits for none of the prices.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { defaultPrices, defaultsLayer } from './defaults.ts';
import { kindNames, layerFaults, mergeRows } from './layers.ts';
import { Catalogue } from './snapshot.ts';

const prices = await defaultPrices();
const layer = { name: 'defaults', rows: { ...defaultsLayer().rows, prices } } as const;
const catalogue = new Catalogue({ reviewed: [layer], mounted: () => true, defaultPrices });
const book = await catalogue.prices();
const models = mergeRows('models', [layer]).rows;

test('every row keeps its schema, and together they have no fault', () => {
  assert.deepEqual(layerFaults(layer), []);
  assert.deepEqual([...catalogue.faults, ...book.faults], []);
});

test('the files are one row a line, as a program writes them', () => {
  for (const kind of kindNames.filter((kind) => kind !== 'factors')) {
    const text = readFileSync(new URL(`./defaults/${kind}.json`, import.meta.url), 'utf8');
    const rows = JSON.parse(text) as readonly object[];
    assert.equal(text, `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`, kind);
  }
});

test('no fact is of a day to come', () => {
  for (const rows of Object.values(layer.rows))
    for (const { asOf, source } of rows)
      assert.ok(typeof source === 'string' && String(asOf) <= '2026-11-28', JSON.stringify(source));
});

test('answers fit into their context, and what replaces or falls back is known', () => {
  for (const { row } of models.values()) {
    assert.ok((row.outputTokens ?? 0) <= (row.contextTokens ?? Infinity), row.id);
    for (const other of [row.replacedBy, ...row.fallbacks]) assert.ok(other === null || models.has(other), row.id);
  }
});

test('the providers of today and those that a key is enough for', () => {
  const ids = [...catalogue.providers.keys()];
  for (const id of [
    'anthropic',
    'openai',
    'fireworks',
    'google',
    'mistral',
    'deepseek',
    'xai',
    'groq',
    'together',
    'openrouter',
    'ollama',
    'vllm',
    'openai-compatible',
  ])
    assert.ok(ids.includes(id), id);
  // A home that needs neither key nor address would have traffic wherever the gateway runs.
  for (const { row } of catalogue.homes) assert.ok(row.baseUrl === null || row.secrets.length > 0, row.id);
});

test('each home speaks what its provider speaks, and has all that it needs but for a key and an address', () => {
  for (const home of catalogue.homes) {
    const provider = catalogue.providers.get(home.row.provider)?.row;
    assert.ok(
      Object.keys(home.dialects).every((dialect) => dialect in (provider?.dialects ?? {})),
      home.row.id,
    );
    assert.ok(
      home.status === 'open' || (home.status === 'no address' && home.row.hint !== null),
      `${home.row.id}: ${home.why ?? ''}`,
    );
  }
});

const [F, S] = ['accounts/fireworks/models/', 'accounts/sourcegraph/models/'];

/** The original gateway's default lists, and what Cody's clients ask for by name. */
const originals = {
  anthropic:
    'claude-v1 claude-v1-100k claude-v1.0 claude-v1.2 claude-v1.3 claude-v1.3-100k claude-2 claude-2.0 claude-2.1 claude-2-100k claude-instant-v1 ' +
    'claude-instant-1 claude-instant-v1-100k claude-instant-v1.0 claude-instant-v1.1 claude-instant-v1.1-100k claude-instant-v1.2 claude-instant-1.2 ' +
    'claude-instant-1.2-cyan claude-3-haiku-20240307 claude-3-sonnet-20240229 claude-3-5-sonnet-20240620 claude-3-opus-20240229 claude-3-5-sonnet-latest',
  openai: 'gpt-4 gpt-3.5-turbo gpt-4o gpt-4-turbo gpt-4-turbo-preview text-embedding-ada-002',
  google:
    'gemini-1.5-flash-latest gemini-1.5-pro-latest gemini-pro-latest gemini-1.5-flash-001 gemini-1.5-pro-001 gemini-1.5-flash gemini-1.5-pro gemini-pro ' +
    'gemini-3.1-pro-preview gemini-3.5-flash gemini-3.8-flash gemini-flash-latest',
  sourcegraph: 'st-multi-qa-mpnet-base-dot-v1 st-multi-qa-mpnet-metadata',
  fireworks: [
    'starcoder autoedits-deepseek-lite-default autoedits-long-suggestion-default smart-apply-qwen-default',
    'smart-apply-qwen-variant-2 smart-apply-qwen-variant-3 cody-model-auto-edits-fireworks-default',
    ...['starcoder2-15b', 'starcoder2-7b', 'starcoder-16b', 'custom-deepseek-1p3b-base-hf-version'].map((id) => S + id),
    ...['deepseek-coder-7b-base', 'deepseek-coder-v2-lite-base', 'code-qwen-1p5-7b'].map((id) => S + id),
    ...['16b', '7b', '16b-w8a16', '7b-w8a16', '3b-w8a16', '1b-w8a16'].map((size) => `${F}starcoder-${size}`),
    ...['7b-code', '13b-code', '13b-code-instruct', '34b-code-instruct'].map((id) => `${F}llama-v2-${id}`),
    ...[
      'mistral-7b-instruct-4k',
      'mixtral-8x7b-instruct',
      'mixtral-8x22b-instruct',
      'code-llama-7b',
      'qwen-v2p5-7b',
    ].map((id) => F + id),
    ...['typescript', 'javascript', 'php', 'python'].map(
      (language) => `${S}lang-${language}-context-fim-meta-llama-3-8b-instruct-e-1`,
    ),
    `${S}finetuned-fim-lang-all-model-meta-llama-3-8b`,
    ...['typescript', 'javascript', 'php', 'python', 'jsx', 'all'].map(
      (language) => `${S}finetuned-fim-lang-${language}-model-mixtral-8x7b`,
    ),
    ...['ts', 'js', 'py', 'tsx-jsx'].map((language) => `${S}finetuned-fim-lang-${language}-model-deepseek-7b-logs-v2`),
    ...['ts-like', 'py'].map((language) => `${S}finetuned-fim-lang-${language}-model-deepseek-7b-stack-v2`),
    ...['deepseek-stack-trained', 'deepseek-logs-trained', 'mixtral'].map((id) => `fim-lang-specific-model-${id}`),
  ].join(' '),
} as const;

for (const [provider, names] of Object.entries(originals))
  test(`${provider}: what the original served and its clients name is served`, () => {
    const unserved = names.split(' ').filter((name) => catalogue.resolve(name, provider).kind !== 'served');
    assert.deepEqual(unserved, []);
  });

/** The members of a union of names in a package's declarations. */
function namesIn(packageName: string, file: string, type: string): string[] {
  const root = path.dirname(createRequire(import.meta.url).resolve(packageName));
  const declared = new RegExp(`export type ${type} = ([^;]+);`).exec(readFileSync(path.join(root, file), 'utf8'))?.[1];
  const names = [...(declared ?? '').matchAll(/'([^']+)'/g)].map(([, name]) => name ?? '');
  assert.ok(names.length > 10, `${packageName} names its models`);
  return names;
}

test('every model that the SDKs’ types name is known, but for those that speak or search by themselves', () => {
  const others = /audio|search-preview|-pro-20/;
  for (const [provider, names] of [
    ['openai', namesIn('openai', 'resources/shared.d.ts', 'ChatModel')],
    ['anthropic', namesIn('@anthropic-ai/sdk', 'resources/messages/messages.d.ts', 'Model')],
  ] as const)
    assert.deepEqual(
      names.filter((name) => !others.test(name) && !models.has(`${provider}/${name}`)),
      [],
    );
});

/**
 * What looks like a model's name in the vectors, the clients of the matrix and the examples of the OpenAPI documents.
 */
const modelNames =
  /(?<![\w-])(?:claude|gpt|chatgpt|gemini|text-embedding|autoedits|smart-apply|cody-model|fim-lang-specific-model)-[\w.-]*\w|(?<=['"/])(?:o[134](?:-[\w.-]*\w)?|starcoder)(?=['"])|accounts\/[a-z]+\/models\/[\w.-]*\w/g;

/**
 * Names that are no models, of models that nobody is to know, and one that OpenAI answers with and takes from nobody.
 */
const noModels = ['claude-9', 'claude-code', 'gemini-api-key', 'gemini-cli', 'text-embedding-ada-002-v2'];

/** Of the last weeks, which the packages here do not name yet. */
const newest = ['openai/gpt-6.2-astra', 'openai/gpt-6.2-sol', 'google/gemini-4-carbon', 'google/gemini-4-neon'];

test('the newest models of the providers’ own pages are known, and what Gemini 4 costs from December on', () => {
  assert.deepEqual(
    newest.filter((id) => !models.has(id)),
    [],
  );
  const inputOf = (id: string, day: string) => book.priceOf(id, Date.parse(day))?.dimensions.input;
  for (const id of ['google/gemini-4-argon', 'google/gemini-4-carbon']) {
    assert.deepEqual([inputOf(id, '2026-11-30'), inputOf(id, '2026-12-01')], ['2', '4'], id);
  }
});

test('every model that Google’s SDK names is known, but for those that draw, speak or move', () => {
  const others = /live|image|tts|transcribe|omni|robotics|banana|gemini-(api|enterprise)|gemini-2\.0/;
  const entry = createRequire(import.meta.url).resolve('@google/genai');
  const declared = readFileSync(path.join(path.dirname(entry), '../genai.d.ts'), 'utf8');
  const named = [...new Set([...declared.matchAll(/\bgemini-[\w.-]*\w/g)].map(([name]) => name))];
  assert.ok(named.length > 15, `${named.length} names`);
  assert.deepEqual(
    named.filter((name) => !others.test(name) && !models.has(`google/${name}`)),
    [],
  );
});

test('every model that a vector, a client of the matrix or an example of a document names is known', () => {
  const root = path.resolve(import.meta.dirname, '../../..');
  const files = globSync('scripts/{vectors,clients,openapi}/**/*.{ts,json,mjs,py}', { cwd: root });
  const texts = files.map((file) => readFileSync(path.join(root, file), 'utf8'));
  const named = new Set(texts.flatMap((text) => [...text.matchAll(modelNames)].map(([name]) => name)));
  assert.ok(named.size > 20, `${named.size} names`);
  const isKnown = (name: string): boolean =>
    Object.keys(originals).some((provider) => catalogue.resolve(name, provider).kind === 'served');
  assert.deepEqual([...named].filter((name) => !isKnown(name)).toSorted(), noModels);
});

test('every model has a price by now, but for those whose price nobody has told us', () => {
  const now = Date.parse('2026-11-28');
  assert.deepEqual(
    [...models.values()].map(({ row }) => row.id).filter((id) => book.priceOf(id, now) === null),
    [
      'anthropic/claude-mythos-5-2',
      'fireworks/autoedits-deepseek-lite-default',
      'fireworks/autoedits-long-suggestion-default',
      'fireworks/smart-apply-qwen-default',
      'fireworks/smart-apply-qwen-variant-2',
      'fireworks/smart-apply-qwen-variant-3',
      'fireworks/cody-model-auto-edits-fireworks-default',
    ],
  );
});

test('the first answer waits for a tenth of the data: prices lie behind an import', () => {
  const sizeOf = (kind: string): number => readFileSync(new URL(`./defaults/${kind}.json`, import.meta.url)).byteLength;
  const early = ['providers', 'homes', 'secrets', 'models'].reduce((sum, kind) => sum + sizeOf(kind), 0);
  assert.ok(early < 80_000, `${early} bytes are parsed at start`);
  const source = readFileSync(new URL('./defaults.ts', import.meta.url), 'utf8');
  assert.ok(!source.includes('prices.json') && source.includes("import('./default-prices.ts')"));
});
