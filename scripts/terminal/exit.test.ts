// A program ends after its reader has taken everything, however slow it is, and ends all the same when the reader left.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';

const characters = 3_000_000;
const program = `
  const { exitWith } = await import(${JSON.stringify(path.join(import.meta.dirname, 'exit.ts'))});
  setInterval(() => undefined, 1_000);
  process.stdout.write('x'.repeat(${characters}));
  process.stderr.write('printed');
  await exitWith(3);`;
const start = () =>
  spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'pipe'] });

test('a reader that begins late gets all of it, and the exit code', async () => {
  const child = start();
  const exit = once(child, 'exit');
  await once(child.stderr, 'data');
  let read = 0;
  for await (const piece of child.stdout as AsyncIterable<Buffer>) read += piece.length;
  assert.equal(read, characters);
  assert.deepEqual(await exit, [3, null]);
});

test('a reader that leaves holds nobody up', async () => {
  const child = start();
  const exit = once(child, 'exit');
  await once(child.stdout, 'data');
  child.stdout.destroy();
  assert.deepEqual(await exit, [3, null]);
});
