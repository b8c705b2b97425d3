// One Redis connection per process, opened right after listening, with a bounded wait on every command. Not what the commands mean.

import { Redis } from 'ioredis';
import type { Script } from './script.ts';

/** Connecting may take this long, once; Cloud Run's VPC egress can be slow at instance start (spec platform §2.3). */
const connectTimeoutMs = 2_000;

/** What the store needs to know. */
export interface StoreSettings {
  /** `redis://…`, `rediss://…` or `host:port`. */
  readonly redisEndpoint: string;
}

/** Redis did not answer in time, is not reachable, or answered with a fault of its own. The command may or may not have been applied. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** What a request may still wait for Redis: one budget is shared by all its waits on the way up, another belongs to its settling. */
export interface Budget {
  leftMs: number;
}

/** The Redis connection of this process. */
export interface Store {
  /** Starts connecting; never rejects, reconnects by itself for as long as the process lives. */
  connect(): void;
  /**
   * Runs a script on the node of its keys, at most for what is left of the budget.
   * @throws StoreUnavailable
   */
  run(
    script: Script,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
    budget: Budget,
  ): Promise<unknown>;
  /** Runs commands in one round trip. @throws StoreUnavailable when any of them fails. */
  commands(
    commands: readonly (readonly [name: string, ...args: (string | number)[]])[],
    budget: Budget,
  ): Promise<unknown[]>;
  close(): Promise<void>;
}

/**
 * @param warn is told of connection faults, once per outage: a Redis that is away must not fill the log.
 */
export function connectStore(settings: StoreSettings, warn: (message: string, error: unknown) => void): Store {
  const endpoint = settings.redisEndpoint.includes('://')
    ? settings.redisEndpoint
    : `redis://${settings.redisEndpoint}`;
  const redis = new Redis(endpoint, {
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    // ioredis would run a command again after a reconnect (spec platform §5): an admission twice. Ours are repeated by us, with their id.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1_000),
  });
  let first: Promise<void> | null = null;
  let away = false;
  redis.on('error', (error: unknown) => {
    if (!away) warn('redis is not reachable', error);
    away = true;
  });
  redis.on('ready', () => {
    away = false;
    warnIfEvicting(redis, warn);
  });
  const connect = (): Promise<void> => {
    first ??= redis.connect();
    // Whoever waits for it is told; reconnecting is ioredis's own from here on.
    first.catch(() => undefined);
    return first;
  };

  /** Waits for `work` for what is left of the budget; a cold start's connection has a deadline of its own: the budget is for a Redis that is there (design §5). */
  const bounded = async <T>(budget: Budget, work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const connecting = redis.status !== 'ready' && !away;
    const limitMs = connecting ? connectTimeoutMs : Math.max(1, budget.leftMs);
    let timer: NodeJS.Timeout | undefined;
    try {
      const timeout = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(
          () => reject(new StoreUnavailable(`redis did not answer within ${Math.round(limitMs)} ms`)),
          limitMs,
        );
      });
      return await Promise.race([connecting ? connect().then(work) : work(), timeout]);
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      throw new StoreUnavailable('redis command failed', { cause: error });
    } finally {
      clearTimeout(timer);
      if (!connecting) budget.leftMs -= performance.now() - started;
    }
  };

  return {
    connect: () => void connect(),
    run: (script, keys, args, budget) =>
      bounded(budget, async () => {
        if (keys.length !== script.keyCount)
          throw new Error(`${script.name} takes ${script.keyCount} keys, got ${keys.length}`);
        try {
          return await redis.evalsha(script.sha, keys.length, ...keys, ...args);
        } catch (error) {
          // After a restart or failover the script is gone from the server; NOSCRIPT means that nothing ran.
          if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
          return redis.eval(script.source, keys.length, ...keys, ...args);
        }
      }),
    commands: (commands, budget) =>
      bounded(budget, async () => {
        const replies = (await redis.pipeline(commands.map((command) => [...command])).exec()) ?? [];
        return replies.map(([error, reply]) => {
          if (error !== null) throw error;
          return reply;
        });
      }),
    close: async () => {
      if (redis.status === 'ready') await redis.quit().catch(() => undefined);
      redis.disconnect();
    },
  };
}

/** Memorystore's own default evicts keys that expire: counters, that is (spec platform §5). Where CONFIG is forbidden, Terraform is what sets it. */
function warnIfEvicting(redis: Redis, warn: (message: string, error: unknown) => void): void {
  redis
    .config('GET', 'maxmemory-policy')
    .then((reply) => {
      const policy = reply[1];
      if (policy !== undefined && policy !== 'noeviction')
        warn(
          `redis evicts keys when memory is short (maxmemory-policy ${policy}): counters and events can be lost, set noeviction`,
          null,
        );
    })
    .catch(() => undefined);
}
