// A real redis-server on loopback, for the local cloud, tests and benchmarks. It dies with the process that started it.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './port.ts';

const readyTimeoutMs = 10_000;

/** A running server. */
export interface LocalRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  close(): Promise<void>;
}

/**
 * Starts redis-server; it keeps nothing on disk unless `args` say so.
 * @param port a free one where absent. @throws Error naming a port that is taken, or the missing program
 */
export async function startRedis({
  port,
  args = [],
}: { port?: number; args?: readonly string[] } = {}): Promise<LocalRedis> {
  if (port !== undefined && !(await isFree(port)))
    throw new Error(`port ${port} is taken: redis-server cannot listen there`);
  const chosen = port ?? (await freePort());
  const dir = mkdtempSync(path.join(tmpdir(), 'gateway-redis-'));
  const child = spawn(
    'redis-server',
    [
      '--port',
      String(chosen),
      '--bind',
      '127.0.0.1',
      '--dir',
      dir,
      '--save',
      '',
      '--appendonly',
      'no',
      '--maxmemory-policy',
      'noeviction',
      ...args,
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output = (output + data.toString()).slice(-4_000)));
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      output += error.message;
      resolve();
    });
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  try {
    await ready(chosen, exited, () => output);
  } catch (error) {
    kill();
    throw error;
  }
  return {
    url: `redis://127.0.0.1:${chosen}`,
    port: chosen,
    pid: child.pid ?? 0,
    close: async () => {
      process.off('exit', kill);
      kill();
      await exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function ready(port: number, exited: Promise<void>, output: () => string): Promise<void> {
  const client = new Redis({
    port,
    host: '127.0.0.1',
    lazyConnect: true,
    retryStrategy: () => 20,
    maxRetriesPerRequest: null,
  });
  client.on('error', () => undefined);
  const timer = new Promise<never>((_resolve, reject) =>
    setTimeout(
      () => reject(new Error(`redis-server did not answer within ${readyTimeoutMs} ms: ${output()}`)),
      readyTimeoutMs,
    ).unref(),
  );
  const gone = exited.then(() => {
    throw new Error(`redis-server ended: ${output().trim().split('\n').at(-1) ?? 'without a word'}`);
  });
  try {
    await Promise.race([
      client
        .connect()
        .catch(() => undefined)
        .then(() => client.ping()),
      timer,
      gone,
    ]);
  } finally {
    client.disconnect();
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
