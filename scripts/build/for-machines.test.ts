// What a bundle has of a script and of data: everything that runs, nothing that is there for people alone; and each
// script of the project is put together from it as from the file.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { forMachines } from './for-machines.ts';

const root = path.resolve(import.meta.dirname, '../..');

test('of Lua go indents and comments, but for what a script is made of and its keys', () => {
  const text = "-- What it does.\n-- KEYS[1] a\nif x then\n  -- why\n  -- @include now\n  return 'a  b' -- c\nend\n";
  assert.equal(forMachines('a.lua', text), "-- KEYS[1] a\nif x then\n-- @include now\nreturn 'a  b' -- c\nend\n");
});

test('no text of a script goes over a line’s end, where an indent would be part of it', () => {
  const scripts = globSync('shared/src/**/*.lua', { cwd: root });
  assert.ok(scripts.length > 20);
  for (const file of scripts) {
    const code = readFileSync(path.join(root, file), 'utf8').replaceAll(/--.*$/gm, '');
    assert.doesNotMatch(code, /\[=*\[|\\\n/, file);
    for (const line of code.split('\n'))
      assert.equal((line.replaceAll(/\\./g, '').match(/'/g)?.length ?? 0) % 2, 0, `${file}: ${line}`);
  }
});

test('of JSON go blanks, and of facts of the catalogue who says them', () => {
  assert.equal(forMachines('a.json', '{ "a": 1, "source": "s" }\n'), '{"a":1,"source":"s"}');
  const fact = path.join('shared/src/catalogue/defaults', 'a.json');
  assert.equal(forMachines(fact, '{ "a": 1, "source": "s", "asOf": "2026" }'), '{"a":1}');
});
