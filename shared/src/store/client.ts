// The ioredis client of this process: one node. What a command may wait for, and when Redis counts as away, is
// connection.ts's.

import { Redis } from 'ioredis';
import { within } from '../telemetry/telemetry.ts';
import { prepareNode, renewTokens, type Access } from './access.ts';
import type { OutageCause } from './breaker.ts';
import { keys, shardName } from './keys.ts';
import { ScriptCommand, type ScriptArgument } from './script-command.ts';

/**
 * One attempt to connect. SYN is repeated after a second; not longer, since an attempt that began on a dead path must
 * not hold up the way back.
 */
export const connectTimeoutMs = 1_500;
/** Most of a reconnection's wait, so that Redis's return is seen within 2 s. */
const retryMaxMs = 250;

/** A command: its name, then its key, where it has one. */
export type Command = readonly [name: string, ...args: (string | number)[]];

/** Commands that have no key: any node takes them. */
export const keyless: ReadonlySet<string> = new Set(['time', 'ping', 'scan', 'info']);

/** What the client reports to the connection. */
export interface ClientEvents {
  /** A node's connection has ended or could not be opened. */
  lost(node: string, cause: OutageCause, error: unknown): void;
  /** A connection is ready for commands. */
  ready(redis: Redis): void;
  /** What can't be done now, is tried again, and keeps nobody from being served yet. */
  warn(message: string, error: unknown): void;
}

/** Commands and their way, on one node or on many. */
export interface Client {
  /** Opens connections; rejects when the first attempt fails. From there on it reconnects by itself. */
  connect(): Promise<void>;
  /** Name of the node that has the key; null: any. */
  nodeOf(key: string | null): string;
  /** Names of the nodes that have keys. */
  nodes(): readonly string[];
  evalsha(sha: string, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown>;
  eval(source: string, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown>;
  /** Commands of one node, in one round trip. Rejects as the first that failed, when all have ended. */
  commands(node: string, commands: readonly Command[]): Promise<unknown[]>;
  /** Asks a node whether it can serve. */
  probe(node: string): Promise<unknown>;
  /** Gives a node's connection up for a new one. */
  replace(node: string): void;
  close(): Promise<void>;
}

/** Options of every connection. */
export const connectionOptions = {
  connectTimeout: connectTimeoutMs,
  // The far end of a dead path never says goodbye.
  disconnectTimeout: 50,
  // ioredis would run a command again after a reconnect: an admission twice. Ours are repeated by us, with their id.
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  // Not all at the same moment.
  retryStrategy: (attempt: number): number => Math.min(25 * attempt, retryMaxMs) * (0.5 + Math.random() / 2),
};

/**
 * Writes something that is gone in a second: that tells a replica, a server that loads and one that may not write from
 * one that serves.
 */
export function writeProbe(redis: Redis, key: string): Promise<unknown> {
  return redis.set(key, '1', 'PX', 1_000);
}

/** A Redis that hangs does not hold up the end of the process. */
const quitTimeoutMs = 300;

/** What was sent is answered before the connection ends, where Redis answers. */
export async function quit(redis: { quit(): Promise<unknown> }): Promise<void> {
  await within(
    redis.quit().catch(() => undefined),
    quitTimeoutMs,
    () => undefined,
  );
}

/**
 * Makes what is written within one turn of the event loop leave in one system call: under load many requests admit and
 * settle in the same turn, and each write of its own is dearer than the command (a tenth of a request's processor
 * time).
 */
export function gatherWrites({ stream }: Redis): void {
  const { write } = stream;
  stream.write = (...args: unknown[]): boolean => {
    if (stream.writableCorked === 0) {
      stream.cork();
      setImmediate(() => stream.uncork());
    }
    return Reflect.apply(write, stream, args) as boolean;
  };
}

/**
 * Sends commands one by one; what is written in one turn leaves together (gatherWrites). Not in a pipeline of ioredis:
 * each of those defines a getter of its own, which V8 puts into the old generation: everything that a pipeline's
 * caller holds outlives each minor collection. In a flood a seventh of all that was allocated did, and each collection
 * took 10 ms.
 */
export async function sendAll(
  commands: readonly Command[],
  send: (command: Command) => Promise<unknown>,
): Promise<unknown[]> {
  const outcomes = await Promise.allSettled(commands.map(send));
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}

const theNode = 'redis';
/** Of a cluster, while its map is not known. */
export const noNode = 'cluster';

/**
 * @param url `redis://…` or `rediss://…`
 * @param access null: the URL says all
 */
export function openClient(url: URL, access: Access | null, events: ClientEvents): Client {
  const redis = new Redis(url.href, { ...connectionOptions, lazyConnect: true });
  let lastError: unknown = null;
  let closed = false;
  redis.on('error', (error: unknown) => (lastError = error));
  redis.on('ready', () => {
    lastError = null;
    gatherWrites(redis);
    events.ready(redis);
  });
  redis.on('close', () => events.lost(theNode, 'lost', lastError));
  let endRenewals = (): void => undefined;
  if (access !== null) {
    prepareNode(redis, access, null, (error) => {
      events.lost(theNode, 'lost', error);
      return !closed;
    });
    endRenewals = renewTokens(access, () => [redis], tokenWarning(events));
  }
  return {
    connect: () => redis.connect(),
    nodeOf: () => theNode,
    nodes: () => [theNode],
    evalsha: (...call) => redis.sendCommand(new ScriptCommand(...call)) as Promise<unknown>,
    eval: (source, names, args) => redis.eval(source, names.length, ...names, ...args),
    commands: (_node, commands) => sendAll(commands, ([name, ...args]) => redis.call(name, ...args)),
    probe: () => writeProbe(redis, keys.probe(shardName(0))),
    replace: () => redis.disconnect(true),
    close: async () => {
      closed = true;
      endRenewals();
      if (redis.status === 'ready') await quit(redis);
      redis.disconnect();
    },
  };
}

/** For renewTokens. */
export function tokenWarning(events: ClientEvents): (error: unknown) => void {
  return (error) =>
    events.warn(
      'redis’s access token could not be renewed on standing connections: Redis ends them when it expires, new ones ask for another',
      error,
    );
}
