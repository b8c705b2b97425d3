// Starts programs that end when this process is gone, however it went: exit, a signal without a handler, SIGKILL. Not
// an orderly stop.

import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** A program with its output as streams. */
export type TiedChild = ChildProcess & { readonly stdout: Readable; readonly stderr: Readable };

/**
 * The shell becomes the program, and leaves a guard behind that waits for a word on the fourth descriptor. The end of
 * it without a word is the end of our process: the guard then kills and clears away. It is there before the program,
 * so no moment is without it.
 */
const wrapper = `dir=$1; shift
{ read -r word <&3; test "$word" = over || { kill -9 $$; test -z "$dir" || rm -rf "$dir"; }; } >/dev/null 2>&1 &
exec "$@" 3<&-`;
/** For a guard that was killed: another for the process that is there. */
const lateGuard = 'read -r word; test "$word" = over || { kill -9 "$1"; test -z "$2" || rm -rf "$2"; }';

const ends = new Set<() => void>();

/**
 * Starts a program whose life is tied to the life of this process. In a group of its own: a terminal sends Ctrl-C to
 * its whole group, and the order of the end is ours. A program that does not exist ends with 127 and says so on stderr.
 * @param dir removed with the child where this process does not get to it
 */
export function spawnTied(
  program: string,
  args: readonly string[],
  { env = process.env, dir = '' }: { env?: NodeJS.ProcessEnv; dir?: string } = {},
): TiedChild {
  const child = spawn('/bin/sh', ['-c', wrapper, 'tied', dir, program, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  }) as TiedChild;
  const { pid } = child;
  if (pid === undefined) return child;
  let guard = child.stdio[3] as Socket;
  watch(guard);
  const end = (): void => {
    child.kill('SIGKILL');
    if (dir !== '') rmSync(dir, { recursive: true, force: true });
  };
  if (ends.size === 0) process.on('exit', endAll);
  ends.add(end);
  child.once('exit', () => {
    // The child is gone, and its process id may soon be another's, which the guard must not kill.
    guard.end('over\n');
    ends.delete(end);
    if (ends.size === 0) process.off('exit', endAll);
  });
  return child;

  function watch(socket: Socket): void {
    socket.on('error', () => undefined);
    // Nothing is ever sent on it, but its end is seen only by somebody who reads.
    socket.resume();
    socket.unref();
    socket.once('close', () => {
      if (child.exitCode !== null || child.signalCode !== null || child.killed) return;
      const late = spawn('/bin/sh', ['-c', lateGuard, 'tied', String(pid), dir], {
        stdio: ['pipe', 'ignore', 'ignore'],
        detached: true,
      });
      // Without a guard the exit handler still stands.
      late.on('error', () => undefined);
      late.unref();
      guard = late.stdin as Socket;
      watch(guard);
    });
  }
}

function endAll(): void {
  for (const end of ends) end();
}
