// What is built before a test is what it starts, found by its imports; paths that are no tests are told apart and
// refused.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { allTestFiles, chosenTestFiles } from './chosen-files.ts';
import { functionsNeeded } from './functions-needed.ts';

const root = path.resolve(import.meta.dirname, '../..');

test('a test that starts no function needs none, one that names its functions needs those, any other all', () => {
  assert.deepEqual(functionsNeeded(['scripts/operator/limit-text.test.ts', 'scripts/local/redis.test.ts']), []);
  assert.deepEqual(functionsNeeded(['scripts/acceptance/large-bodies.test.ts']), [
    'chat-completions',
    'deliver-events',
  ]);
  assert.deepEqual(
    functionsNeeded(['scripts/operator/usage-cost.test.ts', 'scripts/acceptance/large-bodies.test.ts']),
    ['chat-completions', 'deliver-events', 'embeddings'],
  );
  assert.equal(functionsNeeded(['scripts/acceptance/promises.test.ts']), null);
  assert.equal(functionsNeeded(allTestFiles()), null);
});

test('a folder means its tests, a path is meant from where it was typed or from the top', () => {
  const build = readdirSync(path.join(root, 'scripts/build'))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => path.join('scripts/build', name))
    .toSorted();
  assert.ok(build.length > 3);
  assert.deepEqual(chosenTestFiles(['scripts/build'], root), build);
  assert.deepEqual(chosenTestFiles(['release.test.ts', '.'], path.join(root, 'scripts/build')), build);
  assert.deepEqual(chosenTestFiles(['scripts/build/release.test.ts'], path.join(root, 'scripts/build')), [
    'scripts/build/release.test.ts',
  ]);
  assert.deepEqual(chosenTestFiles(['.'], root), allTestFiles());
});

test('every path that is no test is named, with what was meant', () => {
  assert.throws(
    () => chosenTestFiles(['scripts/nope.test.ts', 'scripts/build/release.ts', 'terraform', '/etc'], root),
    {
      message: [
        'no such file or folder: scripts/nope.test.ts',
        'no test: scripts/build/release.ts\n  did you mean scripts/build/release.test.ts?',
        'no test (*.test.ts) in the folder terraform',
        'not in this repository: /etc',
      ].join('\n'),
    },
  );
});
