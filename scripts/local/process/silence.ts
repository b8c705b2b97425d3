// A Redis behind a way on which nobody answers, as behind a network that is not there yet: packets to it are dropped,
// and nobody says so.

import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalRedis } from './redis.ts';

/** Arguments of a server that can be silenced: few connections wait for it to take them. */
export const silenceable = ['--tcp-backlog', '1'] as const;

/** On this machine an answer takes microseconds. */
const answerMs = 300;
const socketsMax = 64;

/**
 * Stops the server and fills the queue of connections that wait for it; the kernel drops the first packet of any
 * further one.
 * @returns what lets it go on
 */
export async function silence({ port, pid }: LocalRedis): Promise<() => void> {
  process.kill(pid, 'SIGSTOP');
  const waiting: Socket[] = [];
  for (let silent = false; !silent;) {
    if (waiting.length > socketsMax) throw new Error(`port ${port} still takes connections: start it with silenceable`);
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    waiting.push(socket);
    silent = await Promise.race([
      new Promise<boolean>((resolve) => socket.once('connect', () => resolve(false))),
      sleep(answerMs, true),
    ]);
  }
  return () => {
    for (const socket of waiting) socket.destroy();
    process.kill(pid, 'SIGCONT');
  };
}
