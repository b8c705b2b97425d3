// However the local cloud ends (a signal to its group, kill -9 of any of its processes, at any moment of its start or
// after it), no process is left and no file that other commands would believe. GATEWAY_KILLS=100 tries as many;
// GATEWAY_SEED=n repeats one.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { before, test } from 'node:test';
import { buildFunctions } from '../build/build.ts';
import { freePort } from './process/port.ts';
import { markedProcesses, markName, type MarkedProcess } from './process/test-processes.ts';

const root = path.resolve(import.meta.dirname, '../..');

// How long that takes is not what is tested.
before(() => buildFunctions());

const kills = Number(process.env['GATEWAY_KILLS'] ?? 3);
const firstSeed = Number(process.env['GATEWAY_SEED'] ?? 1);
/** What a whole start has at the most: each function and Redis with a guard, and the four that lead to them. */
const processesMax = 33;
const waitMaxMs = 60_000;
/** A guard that is killed is no end: another takes its place, and all goes on. */
const goesOnMs = 3_000;

/** A small generator: the same numbers for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

for (let seed = firstSeed; seed < firstSeed + kills; seed++) {
  test(`nothing is left, seed ${seed}`, { timeout: 170_000 }, async (t) => {
    const random = numbers(seed);
    for (let n = 0; n < 4; n++) random(2);
    const dir = mkdtempSync(path.join(tmpdir(), 'gateway-ends-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    const mark = `${process.pid}-${seed}`;
    const cloudFile = path.join(dir, 'cloud.json');
    const started = spawn('npm', ['start'], {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PORT: String(await freePort()),
        GATEWAY_CLOUD_FILE: cloudFile,
        // Redis keeps its folder there.
        TMPDIR: dir,
        [markName]: mark,
      },
    });
    let output = '';
    for (const stream of [started.stdout, started.stderr])
      stream.on('data', (data: Buffer) => (output = (output + data.toString()).slice(-4_000)));
    const exited = once(started, 'exit');
    t.after(() => {
      for (const { pid } of markedProcesses(mark)) killed(pid, 'SIGKILL');
    });
    // The moment: so many processes are there, or all is ready.
    const many = random(3) === 0 ? Number.POSITIVE_INFINITY : 1 + random(processesMax);
    let alive: MarkedProcess[] = [];
    await until(
      () => (alive = markedProcesses(mark)).length >= many || existsSync(cloudFile),
      () => output,
    );
    const way = random(3);
    const victim = alive[random(alive.length)];
    const signal = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const)[random(3)] ?? 'SIGINT';
    const what = way === 0 ? `${signal} to the group` : `kill -9 of ${victim?.command.slice(0, 120)}`;
    t.diagnostic(`${alive.length} processes, ${existsSync(cloudFile) ? 'ready' : 'starting'}: ${what}`);
    if (way === 0) killed(-(started.pid ?? 0), signal);
    else killed(victim?.pid ?? 0, 'SIGKILL');
    const goneBy = performance.now() + goesOnMs;
    while (markedProcesses(mark).length > 0 && performance.now() < goneBy) await sleep(50);
    // Whoever is left after that goes on in good health, or is stopping: asking once more must do.
    killed(-(started.pid ?? 0), 'SIGTERM');
    await until(
      () => markedProcesses(mark).length === 0,
      () =>
        `${what} left:\n${markedProcesses(mark)
          .map(({ pid, parent, command }) => `${pid} (of ${parent}) ${command.slice(0, 150)}`)
          .join('\n')}\n${output}`,
    );
    await exited;
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.startsWith('gateway-redis-')),
      [],
      what,
    );
    if (!existsSync(cloudFile)) return;
    // Only a process that was killed itself can't remove it; then its number says that it is stale.
    const { pid } = JSON.parse(readFileSync(cloudFile, 'utf8')) as { pid: number };
    assert.equal(pid, victim?.pid, what);
    const { env } = process;
    const asked = spawn(process.execPath, ['scripts/operator/operator.ts', 'usage', 'cost'], {
      cwd: root,
      env: { ...env, GATEWAY_CLOUD_FILE: cloudFile },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    asked.stderr.on('data', (data: Buffer) => (said += data.toString()));
    await once(asked, 'close');
    assert.match(said, /^.*Start the local cloud with npm start.*\n/);
    assert.equal(existsSync(cloudFile), false, 'it is removed by who finds it');
  });
}

/** There may be nobody any more. */
function killed(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function until(isTrue: () => boolean, otherwise: () => string): Promise<void> {
  const deadline = performance.now() + waitMaxMs;
  while (!isTrue()) {
    if (performance.now() > deadline) assert.fail(otherwise());
    await sleep(20);
  }
}
