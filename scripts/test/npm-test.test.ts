// `npm test -- …` as it is typed: by its real npm, from any folder of the repository, with what is asked for, what is
// mistyped, and what fails.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');
const timeout = 120_000;

function npmTest(from: string, ...words: string[]): { status: number | null; said: string } {
  const { NODE_TEST_CONTEXT: _ofThisTest, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync('npm', ['test', '--silent', '--', ...words], {
    cwd: path.join(root, from),
    env: { ...env, COLUMNS: '80', NO_COLOR: '1' },
    encoding: 'utf8',
  });
  // Names of tests are as long as they are.
  for (const line of (stdout + stderr).split('\n')) assert.ok(line.length <= 80 || line.startsWith('✔'), line);
  return { status, said: stdout + stderr };
}

test(
  'a file or a folder, from the top and from where it lies; nothing is bundled that nobody starts',
  { timeout },
  () => {
    const file = npmTest('scripts/operator', 'change-text.test.ts');
    assert.match(file.said, /^1 test file\n✔ [^]*\n2 passed, 0 failed\n$/);
    assert.equal(file.status, 0);
    const folder = npmTest('', 'scripts/terminal');
    const files = readdirSync(path.join(root, 'scripts/terminal')).filter((name) => name.endsWith('.test.ts'));
    assert.match(folder.said, new RegExp(`^${files.length} test files\\n[^]*\\n\\d+ passed, 0 failed\\n$`));
    assert.doesNotMatch(folder.said, /bundl/);
  },
);

test('one test by its name, after a blank as well; a name that nobody has is no success', { timeout }, () => {
  const file = 'scripts/operator/change-text.test.ts';
  const one = npmTest('', file, '--test-name-pattern', 'broken JSON');
  assert.match(one.said, /\n1 passed, 0 failed\n$/);
  assert.equal(one.status, 0);
  const none = npmTest('', file, '--test-name-pattern=nobody has it');
  assert.match(
    none.said,
    /○ scripts\/operator\/change-text\.test\.ts: no test in it ran\n\nno test ran: [^]*\n0 passed, 0 failed\n/,
  );
  assert.equal(none.status, 1);
  const half = npmTest('', file, '--test-name-pattern');
  assert.match(half.said, /^npm test: --test-name-pattern is given without its value\n/);
  assert.equal(half.status, 2);
});

test('what is mistyped is refused at once, with what was meant', { timeout }, () => {
  for (const [typed, meant] of [
    ['scripts/terminall', 'scripts/terminal'],
    ['fold.test.ts', 'scripts/terminal/fold.test.ts'],
    ['scripts/terminal/fold.tset.ts', 'scripts/terminal/fold.test.ts'],
    ['scripts/opertor/commands.test.ts', 'scripts/operator/commands.test.ts'],
  ] as const) {
    const { status, said } = npmTest('', typed);
    assert.equal(status, 2);
    assert.match(said, new RegExp(`^no such file or folder: ${typed}\n  did you mean ${meant}[\n?]`));
  }
});

test('of a test that fails, the assertion stands first', { timeout }, (t) => {
  const dir = mkdtempSync(path.join(root, 'scripts/test/tmp '));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(
    path.join(dir, 'a.test.ts'),
    `import assert from 'node:assert/strict';
import { test } from 'node:test';
test('one', () => assert.equal(1 + 1, 3, 'sums are wrong'));
`,
  );
  const { status, said } = npmTest('', path.relative(root, dir));
  assert.equal(status, 1);
  assert.match(said, /\n✖ one \(scripts\/test\/tmp [^)]*:3\)\n {2}sums are wrong\n/);
});

test('npm finds the everyday scripts in every workspace, too: they are those of the top', () => {
  const read = (folder: string): { scripts: Record<string, string>; workspaces: string[] } =>
    JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')) as ReturnType<typeof read>;
  const { scripts, workspaces } = read('');
  for (const workspace of workspaces)
    assert.deepEqual(
      read(workspace).scripts,
      Object.fromEntries(
        ['start', 'test', 'check', 'gateway', 'format'].map((name) => [
          name,
          scripts[name]?.replace('node scripts/', 'node ../scripts/'),
        ]),
      ),
      workspace,
    );
});
