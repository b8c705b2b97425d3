// One process of this tree at a time does a costly thing. A courtesy that saves double work: what is done must be
// right without it.

import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const waitMaxMs = 5 * 60_000;
const lookAgainMs = 100;

/**
 * Does `work` while no other process holds `file`, which holds the holder's process id. The lock of a dead process is
 * taken over; after five minutes `work` is done without it. @param onProgress is told once when there is somebody to
 * wait for
 */
export async function withLock<T>(
  file: string,
  onProgress: (line: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  mkdirSync(path.dirname(file), { recursive: true });
  const deadlineMs = performance.now() + waitMaxMs;
  let told = false;
  while (!take(file) && performance.now() < deadlineMs) {
    const holder = holderOf(file);
    if (holder !== null && !isAlive(holder)) rmSync(file, { force: true });
    else {
      if (!told) onProgress(`waiting for process ${holder ?? 'that just began'}, which builds in the same folder`);
      told = true;
      await sleep(lookAgainMs);
    }
  }
  try {
    return await work();
  } finally {
    if (holderOf(file) === process.pid) rmSync(file, { force: true });
  }
}

/** Whether a process with this id runs. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A link comes into being with its content: nobody reads a lock that is still empty. */
function take(file: string): boolean {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, String(process.pid));
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

function holderOf(file: string): number | null {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
