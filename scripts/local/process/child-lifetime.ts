// Ends a child process when this process is gone, however it went: exit, a signal without a handler, SIGKILL. Not an orderly stop.

import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { Socket } from 'node:net';

/** The shell waits for the end of its input, which is the end of this process, and then kills and clears away. */
const guardScript = 'read -r _; kill -9 "$1"; test -z "$2" || rm -rf "$2"';

const ends = new Set<() => void>();

/**
 * Ties `child` to the life of this process; the tie ends with the child.
 * Start the child detached: a terminal sends Ctrl-C to its whole group, and the order of the end is ours.
 * @param dir removed with the child where this process did not get to it
 */
export function endWithParent(child: ChildProcess, dir = ''): void {
  const { pid } = child;
  if (pid === undefined) return;
  const guard = spawn('/bin/sh', ['-c', guardScript, 'end-with-parent', String(pid), dir], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Without a guard the exit handler still stands.
  guard.on('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  guard.unref();
  (guard.stdin as Socket).unref();
  const end = (): void => {
    child.kill('SIGKILL');
    if (dir !== '') rmSync(dir, { recursive: true, force: true });
  };
  if (ends.size === 0) process.on('exit', endAll);
  ends.add(end);
  child.once('exit', () => {
    // Its number may belong to somebody else soon.
    guard.kill('SIGKILL');
    ends.delete(end);
    if (ends.size === 0) process.off('exit', endAll);
  });
}

function endAll(): void {
  for (const end of ends) end();
}
