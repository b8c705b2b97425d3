// A real redis-server on loopback, for the local cloud, tests and benchmarks. It dies with the process that started it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { spawnTied } from './child-lifetime.ts';
import { freePort, isFree, requireFree } from './port.ts';

const readyTimeoutMs = 10_000;
/** Another program may take a free port before redis-server does. */
const portsMax = 3;

/** A running server. */
export interface LocalRedis {
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now. */
  readonly pid: number;
  /** Resolves when that process ends, however it does. */
  readonly exited: Promise<void>;
  /** Kills it without a word and starts it again after that time on the same port, on what its disk holds. */
  restart(awayMs: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts redis-server; it keeps nothing on disk unless `args` say so.
 * @param port a free one where absent. @param program another server that takes the same arguments. @throws Error
 * naming a port that is taken, or the missing program
 */
export async function startRedis({
  port,
  args = [],
  program = 'redis-server',
}: { port?: number; args?: readonly string[]; program?: string } = {}): Promise<LocalRedis> {
  if (port !== undefined) {
    await requireFree(port, 'redis-server');
    return startOn(port, args, program);
  }
  for (let tries = 1; ; tries++) {
    const chosen = await freePort();
    try {
      return await startOn(chosen, args, program);
    } catch (error) {
      if (tries === portsMax || (await isFree(chosen))) throw error;
    }
  }
}

/** A running cluster of masters. */
export interface LocalCluster {
  /** Of one of them. */
  readonly url: string;
  readonly nodes: readonly LocalRedis[];
  close(): Promise<void>;
}

const masters = 3;
const slotsInAll = 16_384;

/** Starts three masters that share the slots. @throws Error when they do not agree in time */
export async function startRedisCluster(): Promise<LocalCluster> {
  const nodes: LocalRedis[] = [];
  const close = async (): Promise<void> => void (await Promise.all(nodes.map((node) => node.close())));
  try {
    for (let n = 0; n < masters; n++) {
      const args = ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())];
      nodes.push(await startRedis({ args }));
    }
    const clients = nodes.map(({ url }) => new Redis(url));
    const [first] = nodes;
    const [bus = ''] = (await clients[0]?.config('GET', 'cluster-port'))?.slice(1) ?? [];
    for (const [n, client] of clients.entries()) {
      const [from, to] = [n, n + 1].map((part) => Math.floor((part * slotsInAll) / masters)) as [number, number];
      await client.call('cluster', 'set-config-epoch', n + 1);
      await client.call('cluster', 'addslotsrange', from, to - 1);
      if (n > 0) await client.call('cluster', 'meet', '127.0.0.1', first?.port ?? 0, bus);
    }
    await agreed(clients);
    for (const client of clients) client.disconnect();
    return { url: first?.url ?? '', nodes, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits until each of them knows all slots and takes writes. */
async function agreed(clients: readonly Redis[]): Promise<void> {
  const deadlineMs = performance.now() + 3 * readyTimeoutMs;
  for (;;) {
    const states = await Promise.all(clients.map((client) => client.call('cluster', 'info') as Promise<string>));
    if (states.every((state) => state.includes('cluster_state:ok') && state.includes(`cluster_known_nodes:${masters}`)))
      return;
    if (performance.now() > deadlineMs) throw new Error(`the cluster did not agree: ${states.join(' ')}`);
    await sleep(50);
  }
}

async function startOn(port: number, args: readonly string[], program: string): Promise<LocalRedis> {
  const dir = mkdtempSync(path.join(tmpdir(), 'gateway-redis-'));
  const clear = (): void => rmSync(dir, { recursive: true, force: true });
  let server: Server;
  try {
    server = await startServer(port, dir, args, program);
  } catch (error) {
    clear();
    throw error;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid;
    },
    get exited() {
      return server.exited;
    },
    restart: async (awayMs) => {
      await server.kill();
      await sleep(awayMs);
      server = await startServer(port, dir, args, program);
    },
    close: async () => {
      await server.kill();
      clear();
    },
  };
}

/** One process of a server. */
interface Server {
  readonly pid: number;
  readonly exited: Promise<void>;
  kill(): Promise<void>;
}

async function startServer(port: number, dir: string, args: readonly string[], program: string): Promise<Server> {
  const settings = { port, bind: '127.0.0.1', dir, save: '', appendonly: 'no', 'maxmemory-policy': 'noeviction' };
  const given = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawnTied(program, [...given, ...args], { dir });
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
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  try {
    await ready(port, child.pid ?? 0, exited, () => output);
  } catch (error) {
    await kill();
    throw error;
  }
  return { pid: child.pid ?? 0, exited, kill };
}

/** Waits for an answer of the very process: somebody else's server on the same port answers as well. */
async function ready(port: number, pid: number, exited: Promise<void>, output: () => string): Promise<void> {
  const client = new Redis({
    port,
    host: '127.0.0.1',
    lazyConnect: true,
    retryStrategy: () => 20,
    maxRetriesPerRequest: null,
  });
  client.on('error', () => undefined);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const message = `redis-server did not answer within ${readyTimeoutMs} ms`;
    timer = setTimeout(() => reject(new Error(`${message}: ${output()}`)), readyTimeoutMs);
  });
  const gone = exited.then(() => {
    throw new Error(`redis-server ended: ${lastWords(output())}`);
  });
  const answered = client
    .connect()
    .catch(() => undefined)
    .then(() => client.info('server'));
  try {
    const info = await Promise.race([answered, late, gone]);
    if (!info.includes(`process_id:${pid}\r\n`)) throw new Error(`port ${port} is taken by another Redis`);
  } finally {
    clearTimeout(timer);
    client.disconnect();
  }
}

/** It names the faulty setting in one line and the fault in the next. */
function lastWords(output: string): string {
  return output.trim().split('\n').slice(-2).join(' ') || 'without a word';
}
