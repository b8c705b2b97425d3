// A provider's name in code is found wherever it hides, words that only look like one are not, and the list of
// exceptions has no idle ones.

import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { checkProviderNames, deployedSources, providerIds } from './provider-names.ts';

const ids = ['openai', 'mistral', 'google', 'together'];
const faultsOf = (text: string, file = 'shared/src/serve/x.ts'): string[] =>
  checkProviderNames([{ file, text }], ids, []).map((fault) => fault.split(';')[0] ?? '');

test('this tree', () => {
  const sources = deployedSources(path.resolve(import.meta.dirname, '../..'));
  assert.ok(sources.length > 150 && providerIds().includes('mistral'));
  assert.deepEqual(checkProviderNames(sources, providerIds()), []);
});

test('a name as a string, a prefix, a member, a variable', () => {
  for (const text of [
    "const own = 'openai';",
    'if (name.startsWith("mistral/")) return;',
    'config.openaiBaseUrl',
    "const names = { google: 'x' };\nif (provider === 'google') x();",
    'const isMistral = true;',
    "x('together')",
  ])
    assert.equal(faultsOf(text).length, 1, text);
  assert.deepEqual(faultsOf("const a = 1;\nconst b = 'openai';"), [
    'shared/src/serve/x.ts:2: names the provider openai',
  ]);
});

test('not what comments say, what is imported, and words that mean something else', () => {
  for (const text of [
    "// OpenAI's way\nconst a = 1;",
    '/** `openai` */\nconst a = 1;',
    "import { x } from './dialects/openai-chat.ts';",
    "const googleTokens = 'https://google.com';",
    'const together = 1;',
  ])
    assert.deepEqual(faultsOf(text), [], text);
});

test('an exception that nothing needs any more is a fault', () => {
  const source = { file: 'shared/src/serve/x.ts', text: 'const a = 1;' };
  assert.match(checkProviderNames([source], ids, [[source.file, 'why']])[0] ?? '', /names no provider; take it off/);
  const naming = { ...source, text: "const a = 'openai';" };
  assert.deepEqual(checkProviderNames([naming], ids, [[source.file, 'why']]), []);
});
