// The ladder check finds what it is there to find, and lets the rest pass.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTree } from './ladder.ts';

const keys = new Set(['limit']);
const faults = (file: string, text = ''): string[] => checkTree([{ file, text }], keys);

test('imports go down, through doors', () => {
  assert.deepEqual(
    faults(
      'shared/src/serve/a.ts',
      "import { x } from '../limiter/limiter.ts';\nimport y from './b.ts';\nimport z from 'zod';",
    ),
    [],
  );
  assert.match(
    faults('shared/src/http/a.ts', "import { x } from '../serve/serve.ts';")[0] ?? '',
    /http\/a\.ts:1: http \(rung 3\) imports serve \(rung 12\)/,
  );
  assert.match(
    faults('shared/src/serve/a.ts', "\nimport { x } from '../limiter/lease.ts';")[0] ?? '',
    /a\.ts:2: .*through its door/,
  );
  assert.match(
    faults('functions/a/a.ts', "import { x } from '../../shared/src/limiter/limiter.ts';")[0] ?? '',
    /through its door/,
  );
  assert.match(
    faults('functions/a/a.ts', ['await import', "('@cody-gateway/shared/limiter/lease.ts');"].join(''))[0] ?? '',
    /through its door/,
  );
  assert.match(faults('shared/src/http/a.ts', "export { x } from '../serve/serve.ts';")[0] ?? '', /rung 3/);
  assert.deepEqual(faults('shared/src/http/a.ts', "// import { x } from '../serve/serve.ts';"), []);
});

test('functions and shared stay apart', () => {
  assert.match(
    faults('shared/src/http/a.ts', "import x from '../../../scripts/local/process/port.ts';")[0] ?? '',
    /stand above it/,
  );
  assert.deepEqual(faults('shared/src/http/a.test.ts', "import x from '../../../scripts/local/process/port.ts';"), []);
  assert.match(faults('functions/a/a.ts', "import x from '../b/x.ts';")[0] ?? '', /its own folder/);
  assert.match(faults('shared/src/http/a.ts', "import x from './a.test/b.ts';")[0] ?? '', /is test code/);
  assert.deepEqual(faults('shared/src/http/a.test/a.test.ts', "import x from './b.ts';"), []);
  assert.deepEqual(faults('functions/a/b/a.ts', "import x from '../x.ts';"), []);
  assert.match(faults('functions/a/a.ts', "import x from '../../scripts/build/build.ts';")[0] ?? '', /its own folder/);
  assert.deepEqual(faults('scripts/a/a.ts', "import x from '../../functions/b/x.ts';"), []);
  assert.match(faults('shared/src/cache/a.ts')[0] ?? '', /cache is no room/);
  assert.match(faults('functions/a/a.ts', "import x from '@cody-gateway/shared/cache';")[0] ?? '', /no room cache/);
});

test('auth, limiter, upstream and events share nouns only', () => {
  assert.deepEqual(
    faults(
      'shared/src/limiter/a.ts',
      "import type { X } from '../auth/auth.ts';\nimport { type Y } from '../auth/auth.ts';",
    ),
    [],
  );
  assert.match(
    faults('shared/src/limiter/a.ts', "import { x, type Y } from '../auth/auth.ts';")[0] ?? '',
    /share nouns only/,
  );
  assert.match(
    faults('shared/src/limiter/a.ts', "import type { X } from '../events/events.ts';")[0] ?? '',
    /nouns too belong/,
  );
});

test('documents, catalogue and directory lie below them: a value of theirs may be imported', () => {
  const imports = (target: string): string => `import { x } from '../${target}/${target}.ts';`;
  for (const room of ['auth', 'limiter', 'upstream', 'events', 'serve'])
    for (const target of ['documents', 'catalogue', 'directory'])
      assert.deepEqual(faults(`shared/src/${room}/a.ts`, imports(target)), [], `${room} ${target}`);
  assert.match(
    faults('shared/src/directory/a.ts', imports('auth'))[0] ?? '',
    /directory \(rung 6\) imports auth \(rung 7\)/,
  );
  assert.match(faults('shared/src/documents/a.ts', imports('directory'))[0] ?? '', /imports go down/);
});

test('names, the top level, process.env', () => {
  assert.match(faults('shared/src/http/utils.ts')[0] ?? '', /says nothing/);
  assert.match(faults('shared/src/helpers/a.ts')[0] ?? '', /says nothing/);
  assert.match(faults('docs/a.md')[0] ?? '', /top level is fixed/);
  assert.match(faults('shared/src/http/index.ts')[0] ?? '', /no index\.ts/);
  assert.deepEqual(faults('functions/a/index.ts'), []);
  assert.match(faults('shared/src/http/a.ts', 'const x = process.env;')[0] ?? '', /only shared\/src\/config/);
  assert.match(faults('functions/a/a.ts', "const x = process['env'];")[0] ?? '', /only shared\/src\/config/);
  assert.match(faults('functions/a/a.ts', "import { env } from 'node:process';")[0] ?? '', /only shared\/src\/config/);
  assert.match(faults('functions/a/a.ts', 'const { env } = process;')[0] ?? '', /only shared\/src\/config/);
  assert.deepEqual(faults('shared/src/http/a.ts', '// not process.env\nconst x = process.envelope;'), []);
  assert.deepEqual(faults('shared/src/config/a.ts', 'const x = process.env;'), []);
  assert.deepEqual(faults('scripts/a.ts', 'const x = process.env;'), []);
});

test('no accessors in object literals', () => {
  const literal =
    'export function make() {\n  let n = 0;\n  return {\n    get n() {\n      return n++;\n    },\n  };\n}\n';
  assert.match(faults('shared/src/http/a.ts', literal)[0] ?? '', /a\.ts:4: accessor n of an object literal/);
  assert.deepEqual(faults('shared/src/http/a.test.ts', literal), []);
  assert.deepEqual(faults('shared/src/http/a.test/b.ts', literal), []);
  const ofClass = 'export class A {\n  readonly #n = 0;\n\n  get n(): number {\n    return this.#n;\n  }\n}\n';
  assert.deepEqual(faults('shared/src/http/a.ts', ofClass), []);
});

test('a Lua header names keys of the table and exactly the arguments in use', () => {
  const good =
    '-- purpose\n-- KEYS[1] limit  what\n-- ARGV[1] id\n-- RETURNS 1\nreturn redis.call("GET", KEYS[1], ARGV[1])\n';
  assert.deepEqual(faults('shared/src/limiter/a.lua', good), []);
  assert.match(
    faults('shared/src/limiter/a.lua', good.replace('limit ', 'other '))[0] ?? '',
    /"other", which store\/keys\.ts does not have/,
  );
  assert.deepEqual(faults('shared/src/limiter/a.lua', good.replace('limit ', 'limit|limit ')), []);
  assert.match(faults('shared/src/limiter/a.lua', good.replace('limit ', 'limit|other '))[0] ?? '', /"other"/);
  assert.match(
    faults('shared/src/limiter/a.lua', good.replace('ARGV[1])', 'ARGV[2])')).join('\n'),
    /uses ARGV\[2\][^]*names ARGV\[1\], which it does not use/,
  );
  assert.match(faults('shared/src/limiter/a.lua', good.replace('-- RETURNS 1\n', ''))[0] ?? '', /RETURNS/);
  assert.match(faults('shared/src/limiter/a.lua', '-- fragment: x\nreturn KEYS[1]\n')[0] ?? '', /as parameters/);
  assert.deepEqual(faults('shared/src/limiter/a.lua', '-- fragment: of KEYS[1]\nreturn 1\n'), []);
});
