// Every command of the operators' pages exists: scripts of package.json, the gateway command's own commands, outputs of the roots, pages and anchors they name.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const pages = globSync('terraform/**/*.md', { cwd: root });

test('npm scripts and commands of npm run gateway', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const commands = globSync('scripts/gateway/*.ts', { cwd: root }).flatMap((file) =>
    [...read(file).matchAll(/^ +name: '([a-z-]+ [a-z-]+)',$/gm)].map(([, name]) => name),
  );
  let seen = 0;
  for (const page of pages) {
    for (const [, name = ''] of read(page).matchAll(/npm run (?:--silent )?([a-z-]+)/g)) {
      assert.ok(name in scripts, `${page}: npm run ${name}`);
      seen++;
    }
    for (const [, name] of read(page).matchAll(/npm run gateway -- ([a-z-]+ [a-z-]+)/g))
      assert.ok(commands.includes(name), `${page}: npm run gateway -- ${name ?? ''}`);
  }
  assert.ok(seen > 20);
});

test('outputs of the roots, chapters of the README, folders', () => {
  const chapters = [...read('terraform/README.md').matchAll(/^## (.+)$/gm)].map(([, title = '']) => title);
  for (const page of pages) {
    const text = read(page);
    for (const [, name = ''] of text.matchAll(/terraform -chdir=\S+ output ([a-z]+)/g))
      for (const env of ['prod', 'dev'])
        assert.match(read(`terraform/envs/${env}/outputs.tf`), new RegExp(`^output "${name}"`, 'm'), page);
    for (const [, title = ''] of text.matchAll(
      /"([A-Z][a-z]+ [a-z]+)" in terraform\/README|terraform\/README\.md, "([^"]+)"/g,
    ))
      if (title !== '') assert.ok(chapters.includes(title), `${page}: ${title}`);
  }
});
