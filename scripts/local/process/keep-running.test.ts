// A function that dies is named and started again, ever more slowly while it keeps dying, and not once the cloud stops.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import type { FunctionProcess } from './function-process.ts';
import { keepRunning } from './keep-running.ts';

/** A real process in a function's place; it lives until it is killed. */
function life(name: string): FunctionProcess {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const start = { name } as FunctionProcess['start'];
  return { name, url: '', start, child, exited, stop: async () => void (child.kill(), await exited) };
}

test('who dies is named, with how, and another takes its place; who can’t be started is tried again, more and more slowly', async () => {
  const over = new AbortController();
  const [lines, pauses, replaced]: [string[], number[], FunctionProcess[]] = [[], [], []];
  const first = life('limits');
  let [tries, nowMs] = [0, 0];
  const keeping = keepRunning(first, {
    over: over.signal,
    say: (line) => lines.push(line),
    replaced: (running) => {
      replaced.push(running);
      // It runs well for an hour, then dies too.
      if (replaced.length === 2) over.abort();
      else nowMs += 3_600_000;
      running.child.kill('SIGKILL');
    },
    start: ({ name }) =>
      tries++ < 8 || tries === 10 ? Promise.reject(new Error('port 1 is taken\nmore')) : Promise.resolve(life(name)),
    pause: (ms) => Promise.resolve(pauses.push(ms)),
    now: () => nowMs,
  });
  first.child.kill('SIGKILL');
  await keeping;
  assert.equal(
    lines[0],
    'the function limits ended unexpectedly (SIGKILL), its last lines stand above: it is started again in 0.5 s',
  );
  assert.equal(lines[1], 'the function limits could not be started (port 1 is taken): it is started again in 1 s');
  assert.equal(lines.filter((line) => line === 'the function limits runs again').length, 2);
  assert.deepEqual(pauses.slice(0, 9), [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test('once it is over nothing is started, and what is starting then is stopped', async () => {
  for (const when of ['at its death', 'while it pauses', 'while it starts'] as const) {
    const over = new AbortController();
    const first = life('limits');
    const started: FunctionProcess[] = [];
    const keeping = keepRunning(first, {
      over: over.signal,
      say: () => undefined,
      replaced: () => assert.fail('it took the place of a dead one'),
      start: ({ name }) => {
        over.abort();
        const running = life(name);
        started.push(running);
        return Promise.resolve(running);
      },
      pause: () => Promise.resolve(when === 'while it pauses' && over.abort()),
    });
    if (when === 'at its death') over.abort();
    first.child.kill();
    await keeping;
    assert.equal(started.length, when === 'while it starts' ? 1 : 0);
    assert.ok(started.every(({ child }) => child.signalCode !== null));
  }
});
