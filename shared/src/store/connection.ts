// One Redis connection per process, with a bounded wait on every command and a breaker in front. Not what the commands mean.

import type { Redis } from 'ioredis';
import { within } from '../telemetry/telemetry.ts';
import { accessOf, type AccessSettings } from './access.ts';
import { createBreaker, breakerRules, type Breaker, type BreakerChange, type OutageCause } from './breaker.ts';
import { connectTimeoutMs, keyless, openClient, type Client, type Command } from './client.ts';
import { openCluster } from './cluster.ts';
import { createFullness, type FullChange } from './fullness.ts';
import { codeOf, refusalOf } from './refusals.ts';
import type { Script } from './script.ts';
import { awaitWay } from './way.ts';

/** What the store needs to know. */
export interface StoreSettings extends AccessSettings {
  /** `redis://…`, `rediss://…` or `host:port`. */
  readonly redisEndpoint: string;
  /** What a request may wait for Redis; a Redis that is silent for so long counts as away. Absent: 2 s, for tools and tests. */
  readonly redisBudgetMs?: number;
  /** Whether the endpoint is a Redis Cluster's. */
  readonly redisCluster?: boolean;
  /** Bytes of all of Redis that are set aside for events while the queue is away. Absent: as configured where nothing is said. */
  readonly outboxBytes?: number;
  /** How long a start waits for a way to Redis that is silent. Absent: a minute. */
  readonly redisStartMs?: number;
}

/** Whom the store tells what, and asks. */
export interface StoreListeners {
  /** Redis goes away, and is back. */
  readonly changed?: (change: StoreChange) => void;
  /** A node takes no more memory, and does again. */
  readonly full?: (change: FullChange) => void;
  /** Gives an access token of this process's account, where Redis takes those. */
  readonly accessToken?: () => Promise<string>;
}

const defaultPort = 6379;
const defaultStartMs = 60_000;
/** What a Redis that can be reached may take for the handshake before the port opens; a caller waits longer (connectTimeoutMs). */
const handshakeMs = 500;
/** A slot that moves is asked for again so soon: it may be there in a moment, and a request's whole budget is 50 ms. */
const movingGapMs = 5;

const defaultBudgetMs = 2_000;
/** A quarter of 1 GB. */
const defaultOutboxBytes = 256 * 1024 * 1024;
/** A replica's connection is replaced at most so often. */
const replicaGapMs = 500;

/** Redis did not answer in time, is not reachable, or answered with a fault of its own. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  /** False: the command never left this process. True: it may or may not have been applied. */
  readonly sent: boolean;

  constructor(message: string, options: { readonly sent: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.sent = options.sent;
  }
}

/** What a request may still wait for Redis: one budget is shared by all its waits on the way up, another belongs to its settling. */
export interface Budget {
  leftMs: number;
  /** For work that no caller waits for: it waits for the end of an outage, where others fail at once. */
  readonly patient?: boolean;
}

/** A breaker's change, and of which node. */
export interface StoreChange extends BreakerChange {
  readonly node: string;
}

/** The Redis connection of this process. */
export interface Store {
  /** What of it is set aside for events (StoreSettings). */
  readonly outboxBytes: number;
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
  commands(commands: readonly Command[], budget: Budget): Promise<unknown[]>;
  /**
   * Starts connecting, and resolves when the port may open: when the way to Redis is open. Any answer is enough, the outage policy is for the rest;
   * silence is waited for (StoreSettings.redisStartMs), and so is a password that is refused while it comes from a file or is a token: it is about to be
   * another one. Never rejects.
   */
  opened(): Promise<void>;
  /** Writes to each node, as serving a request does. @throws StoreUnavailable when one of them refuses, or does not answer */
  probe(budget: Budget): Promise<void>;
  /** The outage that lasts longest, or null while Redis serves. */
  outage(): { readonly cause: OutageCause; readonly openMs: number } | null;
  close(): Promise<void>;
}

/** @param warn is told what an operator should mend. */
export function connectStore(
  settings: StoreSettings,
  warn: (message: string, error: unknown) => void,
  { changed = () => undefined, full = () => undefined, accessToken }: StoreListeners = {},
): Store {
  const { redisEndpoint, redisBudgetMs = defaultBudgetMs, outboxBytes = defaultOutboxBytes } = settings;
  const { redisCluster = false, redisStartMs = defaultStartMs } = settings;
  const url = new URL(redisEndpoint.includes('://') ? redisEndpoint : `redis://${redisEndpoint}`);
  const access = accessOf(url, settings, accessToken ?? null);
  const breakers = new Map<string, Breaker>();
  let closed = false;
  let lastLost: unknown = null;
  const breakerOf = (node: string): Breaker => {
    const known = breakers.get(node);
    if (known !== undefined) return known;
    const breaker = createBreaker({
      rules: breakerRules(redisBudgetMs),
      clock,
      probe: () =>
        client.probe(node).catch((error: unknown) => {
          leaveReplica(node, error);
          throw error;
        }),
      replace: () => client.replace(node),
      changed: (change) => changed({ ...change, node }),
    });
    breakers.set(node, breaker);
    return breaker;
  };
  const client: Client = (redisCluster ? openCluster : openClient)(url, access, {
    lost: (node, cause, error) => {
      lastLost = error;
      breakerOf(node).trip(refusalOf(error) === 'away' ? 'refusing' : cause, error);
    },
    ready: (redis) => warnIfEvicting(redis, warn),
    warn,
  });
  const fullness = createFullness(clock, (node) => client.probe(node), full);
  let leftReplicaMs = -Infinity;
  /** After a failover the connection may be the old primary's, and the address somebody else's. */
  const leaveReplica = (node: string, error: unknown): void => {
    if (codeOf(error) !== 'READONLY') return;
    if (clock.now() - leftReplicaMs < replicaGapMs) return;
    leftReplicaMs = clock.now();
    client.replace(node);
  };
  let way: Promise<boolean> | null = null;
  let first: Promise<void> | null = null;
  let connected = false;
  const seeking = new AbortController();
  /** @returns false: nobody has answered for as long as a start may wait */
  const openWay = (): Promise<boolean> => {
    way ??= within(
      awaitWay(hostOf(url), Number(url.port || defaultPort), connectTimeoutMs, seeking.signal).then(() => true),
      redisStartMs,
      () => false,
    );
    return way;
  };
  const openFirst = async (): Promise<void> => {
    const answered = await openWay();
    seeking.abort();
    if (closed) throw new Error('closed');
    const connecting = client.connect();
    if (!answered) {
      connected = true;
      const error = new Error(`nobody answers on the way to ${url.host}: nothing came within ${redisStartMs} ms`);
      breakerOf(client.nodeOf(null)).trip('silent', error);
    }
    return connecting;
  };
  const connect = (): Promise<void> => {
    first ??= openFirst().finally(() => (connected = true));
    // Whoever waits for it is told; reconnecting is the client's own from here on.
    first.catch(() => undefined);
    return first;
  };

  const opened = async (): Promise<void> => {
    const endMs = performance.now() + redisStartMs;
    const connecting = connect();
    if (!(await openWay())) return;
    await within(connecting, handshakeMs, () => undefined).catch(() => undefined);
    if (access?.changes !== true || !['WRONGPASS', 'NOAUTH'].includes(codeOf(lastLost) ?? '')) return;
    const back = Promise.all([...breakers.values()].map((breaker) => breaker.back()));
    await within(
      back.then(() => undefined),
      Math.max(0, endMs - performance.now()),
      () => undefined,
    );
  };

  /** A cold start's connection has a deadline of its own: the budget is for a Redis that is there. */
  const awaitFirst = (): Promise<void> =>
    within(connect(), connectTimeoutMs, () => {
      throw new Error(`not within ${connectTimeoutMs} ms`);
    }).catch((error: unknown) => {
      throw new StoreUnavailable('redis cannot be connected', { sent: false, cause: error });
    });

  const usable = async (breaker: Breaker, budget: Budget): Promise<void> => {
    const startedMs = performance.now();
    const outage = breaker.outage();
    if (outage !== null && budget.patient === true)
      await within(breaker.back(), budget.leftMs, () => undefined).catch(() => undefined);
    budget.leftMs -= performance.now() - startedMs;
    if (breaker.outage() !== null)
      throw new StoreUnavailable(`redis is away (${outage?.cause ?? 'lost'})`, { sent: false });
  };

  /** What a refusal means for those who come next. */
  const heed = (node: string, breaker: Breaker, error: unknown): void => {
    switch (refusalOf(error)) {
      case 'away':
        breaker.trip('refusing', error);
        return leaveReplica(node, error);
      case 'perhaps':
        // One command that is forbidden is a fault of its own; who may not even write this is served nothing.
        return void client.probe(node).catch((refused: unknown) => {
          if (codeOf(refused) === codeOf(error)) breaker.trip('refusing', refused);
        });
      case 'full':
        return fullness.refused(node, error);
      case 'moving':
      case 'fault':
      case null:
        // The connection has ended, and its end has not been told yet.
        if (isUnwritable(error)) breaker.trip('lost', error);
    }
  };

  /**
   * Sends, and waits for what is left of the budget or until the breaker opens.
   * @param single it is one command: where Redis refuses it, nothing was applied
   */
  const send = <T>(
    node: string,
    breaker: Breaker,
    budget: Budget,
    single: boolean,
    work: () => Promise<T>,
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      const startedMs = performance.now();
      const limitMs = Math.max(1, budget.leftMs);
      let over = false;
      /** Of a slot that moves, between two attempts. */
      let moving: unknown = null;
      const end = (): void => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        budget.leftMs -= performance.now() - startedMs;
      };
      const fail = (why: string): void => {
        end();
        reject(new StoreUnavailable(why, { sent: moving === null, cause: moving }));
      };
      const refuse = (error: unknown): void => {
        const refusal = refusalOf(error);
        end();
        heed(node, breaker, error);
        const code = codeOf(error);
        const what = code === null ? 'redis command failed' : `redis refuses (${code})`;
        const unsent = isUnwritable(error) || (single && refusal !== null && refusal !== 'fault');
        reject(new StoreUnavailable(what, { sent: !unsent, cause: error }));
      };
      let passage = breaker.enter(fail);
      const timer = setTimeout(
        () =>
          clock.afterReads(() => {
            if (moving !== null) return refuse(moving);
            passage.timedOut();
            fail(`redis did not answer within ${Math.round(limitMs)} ms`);
          }),
        limitMs,
      );
      const attempt = (): void => {
        if (over) return;
        if (moving !== null) passage = breaker.enter(fail);
        moving = null;
        work().then(
          (value) => {
            passage.replied();
            end();
            resolve(value);
          },
          (error: unknown) => {
            const refusal = refusalOf(error);
            if (refusal === null) passage.ended();
            else passage.replied();
            if (refusal !== 'moving' || !single || over) return refuse(error);
            moving = error;
            setTimeout(attempt, movingGapMs);
          },
        );
      };
      attempt();
    });

  const bounded = async <T>(
    node: () => string,
    budget: Budget,
    single: boolean,
    work: () => Promise<T>,
  ): Promise<T> => {
    if (!connected) await awaitFirst();
    const name = node();
    const breaker = breakerOf(name);
    if (breaker.outage() !== null) await usable(breaker, budget);
    return send(name, breaker, budget, single, work);
  };

  const onNode = (node: string, commands: readonly Command[], budget: Budget): Promise<unknown[]> =>
    bounded(
      () => node,
      budget,
      commands.length === 1,
      () => client.commands(node, commands),
    );

  /** One step over all nodes, one after the other: the cursor of a cluster is `<node>:<cursor>`. */
  const scan = async ([name, cursor = '0', ...rest]: Command, budget: Budget): Promise<unknown> => {
    const nodes = client.nodes();
    const [index = '0', position = '0'] = nodes.length > 1 ? String(cursor).split(':') : ['0', String(cursor)];
    const node = nodes[Number(index)];
    // A map that has changed ends the walk; the next one is whole again.
    if (node === undefined) return ['0', []];
    const [[next, found]] = (await onNode(node, [[name, position, ...rest]], budget)) as [[string, string[]]];
    if (nodes.length === 1) return [next, found];
    if (next !== '0') return [`${index}:${next}`, found];
    return [Number(index) + 1 < nodes.length ? `${Number(index) + 1}:0` : '0', found];
  };

  return {
    outboxBytes,
    connect: () => void connect(),
    opened,
    probe: async (budget) => {
      if (!connected) await awaitFirst();
      const probe = (node: string): Promise<unknown> =>
        bounded(
          () => node,
          { ...budget },
          true,
          () => client.probe(node),
        );
      await Promise.all(client.nodes().map(probe));
    },
    run: (script, keys, args, budget) => {
      if (keys.length !== script.keyCount)
        throw new Error(`${script.name} takes ${script.keyCount} keys, got ${keys.length}`);
      return bounded(
        () => client.nodeOf(keys[0] ?? null),
        budget,
        true,
        async () => {
          try {
            return await client.evalsha(script.sha, keys.length, ...keys, ...args);
          } catch (error) {
            // After a restart or failover the script is gone from the server; NOSCRIPT means that nothing ran.
            if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
            return client.eval(script.source, keys.length, ...keys, ...args);
          }
        },
      );
    },
    commands: async (commands, budget) => {
      if (!connected) await awaitFirst();
      const [first] = commands;
      if (first?.[0] === 'scan') return [await scan(first, budget)];
      // Almost always one.
      const groups = byNode(commands, client.nodeOf);
      const [only] = groups;
      if (groups.size === 1 && only !== undefined) return onNode(only[0], commands, budget);
      const replies: unknown[] = [];
      await Promise.all(
        [...groups].map(async ([node, positions]) => {
          const own = positions.map((position) => commands[position] as Command);
          const answers = await onNode(node, own, { ...budget });
          for (const [i, position] of positions.entries()) replies[position] = answers[i];
        }),
      );
      return replies;
    },
    outage: () => {
      const outages = [...breakers.values()].map((breaker) => breaker.outage()).filter((outage) => outage !== null);
      return outages.toSorted((a, b) => b.openMs - a.openMs)[0] ?? null;
    },
    close: async () => {
      closed = true;
      seeking.abort();
      for (const breaker of breakers.values()) breaker.stop();
      fullness.stop();
      await client.close();
    },
  };
}

/** Positions of commands by node. */
function byNode(
  commands: readonly Command[],
  nodeOf: (key: string | null) => string,
): ReadonlyMap<string, readonly number[]> {
  // What has no key goes where the others go.
  const keyed = commands.find(([name]) => !keyless.has(name));
  const groups = new Map<string, number[]>();
  for (const [position, command] of commands.entries()) {
    const [, key] = keyless.has(command[0]) ? (keyed ?? []) : command;
    const node = nodeOf(key === undefined ? null : String(key));
    const group = groups.get(node);
    if (group === undefined) groups.set(node, [position]);
    else group.push(position);
  }
  return groups;
}

/** Without the brackets of an IPv6 address. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/** Its timers keep no process alive: probes are beside requests. */
const clock = {
  now: () => performance.now(),
  after: (ms: number, work: () => void): (() => void) => {
    const timer = setTimeout(work, ms).unref();
    return () => clearTimeout(timer);
  },
  // Between timers and this, Node reads its sockets.
  afterReads: (work: () => void): void => void setImmediate(work),
};

/** ioredis refused a command before a byte of it went out. */
function isUnwritable(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Stream isn't writeable");
}

/** Memorystore's own default evicts keys that expire: counters, that is. It forbids CONFIG, and INFO tells the same. */
function warnIfEvicting(redis: Redis, warn: (message: string, error: unknown) => void): void {
  redis
    .info('memory')
    .then((text) => {
      const policy = /^maxmemory_policy:(\S+)/m.exec(text)?.[1];
      if (policy !== undefined && policy !== 'noeviction')
        warn(
          `redis evicts keys when memory is short (maxmemory-policy ${policy}): counters and events can be lost, set noeviction`,
          null,
        );
    })
    .catch(() => undefined);
}
