// Proves: a program of others ends with what it started, at its deadline too; its output is bounded; one that does not
// exist is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgram } from './run-program.ts';

const options = { cwd: import.meta.dirname, env: process.env, timeoutMs: 60_000 };

test('exit code and both outputs', async () => {
  const ended = await runProgram(['sh', '-c', 'echo one; echo two >&2; exit 3'], options);
  assert.equal(ended.code, 3);
  assert.match(ended.output, /one\n/);
  assert.match(ended.output, /two\n/);
});

test('a program that does not exist', async () => {
  assert.equal((await runProgram(['no-such-program-here'], options)).code, 'ENOENT');
});

test('at the deadline it ends, and so does what it started', async () => {
  // The output stays open as long as anybody of the group lives: that the run ends at all is the proof.
  const ended = await runProgram(['sh', '-c', 'sleep 600 & echo begun; wait'], { ...options, timeoutMs: 1_000 });
  assert.equal(ended.code, 'the deadline of 1 s');
});

test('what a program leaves running when it ends does not keep the run', async () => {
  assert.equal((await runProgram(['sh', '-c', 'sleep 600 & exit 0'], options)).code, 0);
});

test('of a flood of output the end is kept', async () => {
  const { output } = await runProgram(
    [process.execPath, '-e', 'console.log("x".repeat(3e6)); console.log("end")'],
    options,
  );
  assert.ok(output.length <= 200_000);
  assert.match(output, /end\n$/);
});
