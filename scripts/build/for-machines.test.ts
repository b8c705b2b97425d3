// What a bundle has of a script and of data: everything that runs, nothing that is there for people alone; and each
// script of the project is put together from it as from the file.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { variables } from '@cody-gateway/shared/config';
import { forMachines } from './for-machines.ts';

const root = path.resolve(import.meta.dirname, '../..');
const config = path.join(root, 'shared/src/config');
const files = ['variables.ts', 'redis-variables.ts', 'delivery-variables.ts', 'console-variables.ts'];

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

test('the sentence of a variable that must be set stays, for a start that fails; those of others go', () => {
  const texts = files.map((file) => readFileSync(path.join(config, file), 'utf8'));
  const bundled = files.map((file, i) => forMachines(path.join(config, file), texts[i] ?? ''));
  const [before, after] = [texts.join(''), bundled.join('')];
  for (const { fallback, sentence, name } of Object.values(variables)) {
    assert.equal(after.includes(name), before.includes(name), name);
    if (fallback === undefined) assert.ok(after.includes(sentence), `${name} is told without its sentence`);
  }
  const gone = Object.values(variables).filter(
    ({ sentence }) => before.includes(sentence) && !after.includes(sentence),
  );
  assert.ok(gone.length > 40, `${gone.length} sentences are left out`);
  assert.deepEqual(
    gone.filter(({ fallback }) => fallback === undefined),
    [],
  );
});

test('no line but a sentence is changed, and none is lost', () => {
  for (const file of files) {
    const text = readFileSync(path.join(config, file), 'utf8');
    const [before, after] = [text.split('\n'), forMachines(path.join(config, file), text).split('\n')];
    assert.equal(after.length, before.length);
    for (const [i, line] of after.entries())
      if (line !== before[i]) assert.match(`${line}|${before[i] ?? ''}`, /^ +'',\| +(['"]).+ .+\.\1,$/);
  }
});

test('what is no table of variables stays as it is', () => {
  const text = "  row(\n    'A',\n    null,\n    'A sentence of words.',\n  )";
  assert.equal(forMachines('/x/shared/src/http/reply.ts', text), text);
});
