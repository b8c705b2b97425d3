// What pages for contributors and operators tell people to open or to run is there: every path, every npm script, every
// check by its name. Links and anchors are the check's own (words.ts), commands of operators' pages runbooks.test.ts's.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((page) => page !== '' && page !== 'CHANGELOG.md' && existsSync(path.join(root, page)));

test('every path that a page names is there', () => {
  let seen = 0;
  for (const page of pages)
    for (const [, named = ''] of read(page).matchAll(
      /`((?:shared|functions|scripts|terraform|\.github)\/[\w./*{},-]*[\w*}])(?:#[\w-]+)?`/g,
    )) {
      seen++;
      assert.ok(globSync(named, { cwd: root }).length > 0, `${page}: ${named}`);
    }
  assert.ok(seen > 60, `${seen}`);
});

test('every npm script that a page names is there, and every check by its name', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> };
  const help = spawnSync(process.execPath, ['scripts/check.ts', '--help'], { cwd: root, encoding: 'utf8' }).stdout;
  for (const page of pages) {
    for (const [, name = ''] of read(page).matchAll(/npm run (?:--silent )?([a-z][a-z:-]*)/g))
      assert.ok(name in scripts, `${page}: npm run ${name}`);
    for (const [, name = ''] of read(page).matchAll(/npm run check -- ([a-z]+)/g))
      assert.match(help, new RegExp(`\\b${name}\\b`), `${page}: npm run check -- ${name}`);
  }
});

test('README is a page that one reads to its end, and the glossary one that can be kept in mind', () => {
  assert.ok(read('README.md').trimEnd().split('\n').length <= 170, 'README.md has more than 170 lines');
  const [, glossary = ''] = /^## Glossary\n([^]*?)^## /m.exec(read('shared/README.md')) ?? [];
  const words = [...glossary.matchAll(/^\| (?!word |---)([^|]+) \|/gm)].map(([, word = '']) => word);
  assert.ok(
    words.length > 10 && words.length <= 25,
    `shared/README.md explains ${words.length} words: ${words.join(', ')}`,
  );
});
