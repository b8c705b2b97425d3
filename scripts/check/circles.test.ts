// Proves that the check finds circles of files of every length and by every form of import, and none where there is
// none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkCircles, doorsOf } from './circles.ts';

const check = (files: Readonly<Record<string, string>>): string[] =>
  checkCircles(
    Object.entries(files).map(([file, text]) => ({ file, text })),
    doorsOf('shared', '{"name":"@cody-gateway/shared","exports":{"./a":"./src/a/a.ts"}}'),
  );

test('a circle is told once, by its shortest way', () => {
  const [fault, ...more] = check({
    'x/a.ts': "import { b } from './b.ts';\n",
    'x/b.ts': "import {\n  c,\n} from './c.ts';\n",
    'x/c.ts': "import { d } from './d.ts';\nimport { a } from './a.ts';\n",
    'x/d.ts': "import { e } from './e.ts';\n",
    'x/e.ts': 'export const e = 1;\n',
    'x/f.ts': "import { a } from './a.ts';\n",
  });
  assert.match(fault ?? '', /^x\/a\.ts -> x\/b\.ts -> x\/c\.ts -> x\/a\.ts: a circle of files/);
  assert.deepEqual(more, []);
});

test('every form of import can close one', () => {
  for (const closing of [
    "import type { A } from './a.ts';",
    "export type { A } from './a.ts';",
    "export * from './a.ts';",
    "import './a.ts';",
    "const { a } = await import('./a.ts');",
    "let a: import('./a.ts').A;",
    "import type { A } from '@cody-gateway/shared/a';",
  ]) {
    const faults = check({
      'shared/src/a/a.ts': "import { b } from './b.ts';\n",
      'shared/src/a/b.ts': `${closing}\nexport const b = 1;\n`,
    });
    assert.equal(faults.length, 1, closing);
  }
});

test('what is no import closes none: comments, files outside, a file that two others share', () => {
  const faults = check({
    'x/a.ts': "import { c } from './c.ts';\nimport { b } from './b.ts';\n",
    'x/b.ts':
      "// import { a } from './a.ts';\n/* import './a.ts' */\nimport { c } from './c.ts';\nimport './gone.ts';\n",
    'x/c.ts': "import path from 'node:path';\n",
  });
  assert.deepEqual(faults, []);
});
