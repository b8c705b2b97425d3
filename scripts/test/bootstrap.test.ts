// bootstrap.mjs in a tree of its own, with an npm that notes each of its runs: one install for several at once, none
// once it is done (so that it works offline), folders with spaces, what it says of folders that it may not write and of
// a registry that is away. That the real npm installs the real packages is proven by every fresh clone.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');
/** Rights hold nothing back from root: it runs bootstrap as somebody else. */
const nobody = process.getuid?.() === 0 ? 65_534 : null;

interface Tree {
  readonly dir: string;
  /** How often npm was called. */
  readonly installs: () => number;
  readonly run: (...args: string[]) => Promise<{ code: number | null; out: string; err: string }>;
}

/** @param npm what npm does in the tree, as a shell's words */
function makeTree(t: TestContext, npm: string): Tree {
  const above = mkdtempSync(path.join(tmpdir(), 'boot strap é '));
  t.after(() => rmSync(above, { recursive: true, force: true }));
  const dir = path.join(above, 'a clone');
  const bin = path.join(above, 'bin');
  for (const folder of [path.join(dir, 'scripts'), bin]) mkdirSync(folder, { recursive: true });
  for (const script of ['bootstrap.mjs', 'parent-watch.mjs'])
    copyFileSync(path.join(root, 'scripts', script), path.join(dir, 'scripts', script));
  writeFileSync(path.join(dir, 'package.json'), '{"workspaces":[],"type":"module"}');
  writeFileSync(path.join(dir, 'package-lock.json'), '{"packages":{}}');
  writeFileSync(
    path.join(dir, 'scripts/said.ts'),
    'const words: string[] = process.argv.slice(2);\nconsole.log(JSON.stringify({ words, cwd: process.cwd() }));\n',
  );
  const calls = path.join(above, 'calls');
  writeFileSync(calls, '');
  writeFileSync(path.join(bin, 'npm'), `#!/bin/sh\necho "$@" >> '${calls}'\n${npm}\n`);
  chmodSync(path.join(bin, 'npm'), 0o755);
  if (nobody !== null)
    for (const file of [above, dir, path.join(dir, 'scripts'), calls]) chownSync(file, nobody, nobody);
  return {
    dir,
    installs: () => readFileSync(calls, 'utf8').split('\n').length - 1,
    run: async (...args) => {
      const child = spawn(process.execPath, [path.join(dir, 'scripts/bootstrap.mjs'), ...args], {
        cwd: above,
        env: { PATH: `${bin}${path.delimiter}/usr/bin${path.delimiter}/bin` },
        ...(nobody !== null && { uid: nobody, gid: nobody }),
      });
      let [out, err] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
      const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
      return { code, out, err };
    },
  };
}

/** As the package "node" is installed. */
const brings24 = `mkdir -p node_modules/node/bin && ln -s '${process.execPath}' node_modules/node/bin/node`;

test('three at once in a folder with spaces install once; the next one needs no npm', async (t) => {
  // The sleep gives the others the time to find the lock; the outcome is the same without.
  const { dir, installs, run } = makeTree(t, `sleep 0.3; ${brings24}`);
  const all = await Promise.all(['a b', '--flag', '"'].map((word) => run('scripts/said.ts', word)));
  assert.deepEqual(
    all.map(({ code, out }) => [code, out]),
    ['a b', '--flag', '"'].map((word) => [0, `${JSON.stringify({ words: [word], cwd: dir })}\n`]),
  );
  assert.equal(installs(), 1);
  const { code, err } = await run('scripts/said.ts');
  assert.deepEqual([code, err, installs()], [0, '', 1]);
  // Another lock file, other packages.
  writeFileSync(path.join(dir, 'package-lock.json'), '{"packages":{},"lockfileVersion":3}');
  rmSync(path.join(dir, 'node_modules'), { recursive: true });
  assert.equal((await run('scripts/said.ts')).code, 0);
  assert.equal(installs(), 2);
});

test('a lock whose holder is dead is taken over, with what it left half done', async (t) => {
  const { dir, installs, run } = makeTree(t, `test ! -e node_modules/half || exit 9; ${brings24}`);
  mkdirSync(path.join(dir, '.local'));
  mkdirSync(path.join(dir, 'node_modules/half'), { recursive: true });
  if (nobody !== null)
    for (const name of ['.local', 'node_modules', 'node_modules/half']) chownSync(path.join(dir, name), nobody, nobody);
  // No process has so high an id.
  writeFileSync(path.join(dir, '.local/installing.lock'), '2147483646');
  const { code, err } = await run('scripts/said.ts');
  assert.deepEqual([code, installs()], [0, 1], err);
});

test('a folder that cannot be written: without packages that is the end, with them a warning', async (t) => {
  const { dir, installs, run } = makeTree(t, brings24);
  chmodSync(dir, 0o555);
  const without = await run('scripts/said.ts');
  assert.equal(without.code, 1);
  assert.match(without.err, /a clone cannot be written \(EACCES\).*: copy it to a folder of yours/);
  assert.equal(installs(), 0);
  chmodSync(dir, 0o755);
  assert.equal((await run('scripts/said.ts')).code, 0);
  chmodSync(dir, 0o555);
  const { code, err } = await run('scripts/said.ts');
  chmodSync(dir, 0o755);
  assert.equal(code, 0);
  assert.match(err, /a clone cannot be written \(EACCES\): what builds, starts or keeps something there/);
  assert.equal(installs(), 1);
});

test('an npm that fails is quoted, with where packages come from; one that brings no Node 24 is told apart', async (t) => {
  const away = await makeTree(t, 'echo ECONNREFUSED registry >&2; exit 1').run('scripts/said.ts');
  assert.equal(away.code, 1);
  assert.match(away.err, /npm install failed \(exit code 1\):\nECONNREFUSED registry\n[^]*npm config get registry/);
  const held = await makeTree(t, 'mkdir -p node_modules').run('scripts/said.ts');
  assert.equal(held.code, 1);
  assert.match(held.err, /brought no Node 24: its install script was not allowed to run/);
});
