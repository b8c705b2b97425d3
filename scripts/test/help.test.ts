// Every npm script answers --help with help (at most 80 columns, at once, and nothing is started), and an option that
// it does not have with exit code 2.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');
const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

for (const [name, command] of Object.entries(scripts)) {
  test(`npm run ${name} -- --help`, { timeout: 60_000 }, () => {
    const [program = '', ...words] = command.split(' ');
    // By bootstrap.mjs as npm does it, but without npm, which says nothing of its own and takes a second.
    const { stdout, stderr, status } = spawnSync(program, [...words, '--help'], { cwd: root, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /npm (run|start|test)/);
    assert.equal(stderr, '');
    assert.ok(stdout.trim().split('\n').length > 1, 'what it does, not how it is typed alone');
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
  });

  test(
    `npm run ${name} -- --no-such-option: wrong use has exit code 2, says what is wrong, and has no stack`,
    { timeout: 60_000 },
    () => {
      const [program = '', ...words] = command.split(' ');
      const { stdout, stderr, status } = spawnSync(program, [...words, '--no-such-option'], {
        cwd: root,
        encoding: 'utf8',
      });
      assert.equal(status, 2, stdout + stderr);
      assert.match(stderr, /--no-such-option/);
      assert.doesNotMatch(stderr, /^ {4}at /m);
    },
  );
}
