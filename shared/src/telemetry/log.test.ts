// Lines of one turn leave in one write and in their order; what is urgent does not wait, and nothing is left behind.

import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { test } from 'node:test';
import { gatheredLines } from './log.ts';

test('lines of one turn go out together, those of the next by themselves', async () => {
  const out: string[] = [];
  const write = gatheredLines((text) => out.push(text));
  write('a\n', false);
  write('b\n', false);
  assert.deepEqual(out, []);
  await turn();
  write('c\n', false);
  await turn();
  assert.deepEqual(out, ['a\nb\n', 'c\n']);
});

test('an urgent line goes at once, behind what waited; nothing goes out twice', async () => {
  const out: string[] = [];
  const write = gatheredLines((text) => out.push(text));
  write('a\n', false);
  write('error\n', true);
  assert.deepEqual(out, ['a\nerror\n']);
  write('b\n', false);
  await turn();
  await turn();
  assert.deepEqual(out, ['a\nerror\n', 'b\n']);
});

test('what is long goes at once: memory is bounded', () => {
  const out: string[] = [];
  const write = gatheredLines((text) => out.push(text));
  write('x'.repeat(70_000), false);
  assert.equal(out.length, 1);
});

test('the end of the process writes what waits', () => {
  const out: string[] = [];
  const before = process.listeners('exit');
  const write = gatheredLines((text) => out.push(text));
  write('last\n', false);
  const flush = process.listeners('exit').find((listener) => !before.includes(listener));
  flush?.(0);
  assert.deepEqual(out, ['last\n']);
});
