// The check of folders finds every way in which two of them depend on each other, says where, and lets one direction
// pass.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkFolders } from './folders.ts';

const faults = (files: Readonly<Record<string, string>>): string[] => checkFolders(new Map(Object.entries(files)));

test('two folders in both directions: both files are named', () => {
  const [fault, ...more] = faults({
    'scripts/a/a.ts': "import { b } from '../b/deep/b.ts';",
    'scripts/a/other.ts': '',
    'scripts/b/deep/b.ts': '',
    'scripts/b/b.test.ts': "import type { A } from '../a/other.ts';",
  });
  assert.match(fault ?? '', /^scripts\/a -> scripts\/b -> scripts\/a: folders of scripts depend on each other/);
  assert.match(
    fault ?? '',
    /scripts\/a\/a\.ts names scripts\/b\/deep\/b\.ts; scripts\/b\/b\.test\.ts names scripts\/a\/other/,
  );
  assert.deepEqual(more, []);
});

test('a circle of three, and one of a folder with the files beside it', () => {
  const files = {
    'scripts/a/a.ts': "import '../b/b.ts';",
    'scripts/b/b.ts': "export * from '../c/c.ts';",
    'scripts/c/c.ts': "await import('../a/a.ts');",
    'scripts/a/start.ts': "import './inner/inner.ts';",
    'scripts/a/inner/inner.ts': "import '../port.ts';",
    'scripts/a/port.ts': '',
  };
  const found = new Set(faults(files).map((fault) => fault.split(':')[0]));
  assert.deepEqual(
    found,
    new Set(['scripts/a -> scripts/b -> scripts/c -> scripts/a', 'scripts/a/* -> scripts/a/inner -> scripts/a/*']),
  );
});

test('a program that is run or forked counts as one that is imported', () => {
  const files = {
    'scripts/a/a.ts': "import '../b/b.ts';",
    'scripts/b/b.ts': '',
    'scripts/b/b.test.ts': "const program = path.resolve(import.meta.dirname, '../a/a.ts');",
  };
  assert.equal(faults(files).length, 1);
});

test('one direction, a folder of its own, and what is no file of scripts pass', () => {
  const files = {
    'scripts/a/a.ts': "import './b.ts';\nimport '../c/c.ts';\nimport '../../shared/src/x.ts';\nimport '../gone/x.ts';",
    'scripts/a/b.ts': "import './a.ts';\nimport '../c/deep/d.ts';",
    'scripts/c/c.ts': "import './deep/d.ts';",
    'scripts/c/deep/d.ts': '',
    'scripts/test.ts': "import './a/a.ts';",
  };
  assert.deepEqual(faults(files), []);
});
