// A run that fails ends with each failure: what was asserted first, its place, our own stack, and the command that
// runs it again.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');

test('failures come last, the assertion before the stack, with a line to run them again; sums are true', (t) => {
  const dir = mkdtempSync(path.join(root, 'scripts/test/tmp '));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = path.join(dir, 'a.test.ts');
  writeFileSync(
    file,
    `import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
test('good', () => undefined);
test('throws', () => { throw new TypeError('bad thing', { cause: new Error('its reason') }); });
describe('suite', () => { it('part', () => assert.deepEqual({ a: 1 }, { a: 2 })); });
test('left', { skip: true }, () => undefined);
`,
  );
  writeFileSync(path.join(dir, 'b.test.ts'), "import './missing.ts';\n");
  const { NODE_TEST_CONTEXT: _ofThisTest, ...env } = process.env;
  const args = ['--test', '--test-reporter=./scripts/test/reporter.ts', file, path.join(dir, 'b.test.ts')];
  const { stdout, status } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' });
  assert.equal(status, 1);
  const place = path.relative(root, file);
  const told = stdout.slice(stdout.indexOf('\n\n✖'));
  assert.match(
    told,
    new RegExp(`✖ throws \\(${place}:4\\)\n  TypeError: bad thing\n  caused by: Error: its reason\n +at `),
  );
  assert.match(told, new RegExp(`✖ suite > part \\(${place}:5\\)\n  Expected values to be strictly deep-equal:\n`));
  assert.match(told, /the file failed outside of its tests: its output stands above/);
  assert.equal(told.split(`  again: npm test -- '${place}'\n`).length, 3);
  assert.doesNotMatch(told, /node:internal|✖ suite \(/);
  assert.match(told, /\n1 passed, 3 failed, 1 skipped in [\d.]+ m?s\n1 passed, 3 failed, 1 skipped\n$/);
  assert.match(stdout, /Cannot find module/, 'what it said stands above');
});
