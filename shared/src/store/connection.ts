// One Redis connection per process, with a bounded wait on every command and a breaker in front. Not what the commands
// mean.

import type { Redis } from 'ioredis';
import { within } from '../telemetry/telemetry.ts';
import { accessOf, type AccessSettings } from './access.ts';
import { createBreaker, breakerRules, type Breaker, type BreakerChange, type OutageCause } from './breaker.ts';
import { StoreUnavailable, type TimeBudget } from './time-budget.ts';
import { keyless, openClient, type Client, type Command } from './client.ts';
import { clock } from './clock.ts';
import { loadCluster } from './cluster-client.ts';
import { createFirstConnection } from './first-connection.ts';
import { createFullness, type FullChange } from './fullness.ts';
import { codeOf, refusalOf } from './refusals.ts';
import type { Script } from './script.ts';
import { createSender } from './sender.ts';

/** What the store needs to know. */
export interface StoreSettings extends AccessSettings {
  /** `redis://…`, `rediss://…` or `host:port`. */
  readonly redisEndpoint: string;
  /**
   * What a request may wait for Redis; a Redis that is silent for so long counts as away. Absent: 2 s, for tools and
   * tests.
   */
  readonly redisBudgetMs?: number;
  /** Whether the endpoint is a Redis Cluster's. */
  readonly redisCluster?: boolean;
  /**
   * Bytes of all of Redis that are set aside for events while the queue is away. Absent: as configured where nothing
   * is said.
   */
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

const defaultStartMs = 60_000;

const defaultBudgetMs = 2_000;
/** A quarter of 1 GB. */
const defaultOutboxBytes = 256 * 1024 * 1024;
/** A replica's connection is replaced at most so often. */
const replicaGapMs = 500;

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
    budget: TimeBudget,
  ): Promise<unknown>;
  /** Runs commands in one round trip. @throws StoreUnavailable when any of them fails. */
  commands(commands: readonly Command[], budget: TimeBudget): Promise<unknown[]>;
  /**
   * Starts connecting, and resolves when the port may open: when the way to Redis is open. Any answer is enough, the
   * outage policy is for the rest; silence is waited for (StoreSettings.redisStartMs), and so is a password that is
   * refused while it comes from a file or is a token: it is about to be another one. Never rejects.
   */
  opened(): Promise<void>;
  /**
   * Writes to each node, as serving a request does.
   * @throws StoreUnavailable when one of them refuses, or does not answer
   */
  probe(budget: TimeBudget): Promise<void>;
  /** The id that each node drew when it started, as INFO tells it. @throws StoreUnavailable */
  runIds(budget: TimeBudget): Promise<readonly string[]>;
  /** The outage that lasts longest, or null while Redis serves. */
  outage(): { readonly cause: OutageCause; readonly openMs: number } | null;
  close(): Promise<void>;
}

/** @param warn gets what an operator should mend. */
export function connectStore(
  settings: StoreSettings,
  warn: (message: string, error: unknown) => void,
  { changed = () => undefined, full = () => undefined, accessToken }: StoreListeners = {},
): Store {
  const { redisEndpoint, redisBudgetMs = defaultBudgetMs, outboxBytes = defaultOutboxBytes } = settings;
  const { redisCluster = false, redisStartMs = defaultStartMs } = settings;
  const text = redisEndpoint.includes('://') ? redisEndpoint : `redis://${redisEndpoint}`;
  // Without its value: a password can stand in it.
  if (!URL.canParse(text)) throw new Error('REDIS_ENDPOINT is no address: give redis://, rediss:// or host:port');
  const url = new URL(text);
  const access = accessOf(url, settings, accessToken ?? null);
  const breakers = new Map<string, Breaker>();
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
  const client: Client = (redisCluster ? loadCluster : openClient)(url, access, {
    lost: (node, cause, error) => {
      lastLost = error;
      breakerOf(node).trip(refusalOf(error) === 'away' ? 'refusing' : cause, error);
    },
    ready: (redis) => warnIfEvicting(redis, warn),
    warn,
  });
  let leftReplicaMs = -Infinity;
  /** After a failover the connection may lead to the old primary while the address names the new one. */
  const leaveReplica = (node: string, error: unknown): void => {
    if (codeOf(error) !== 'READONLY') return;
    if (clock.now() - leftReplicaMs < replicaGapMs) return;
    leftReplicaMs = clock.now();
    client.replace(node);
  };
  const first = createFirstConnection({
    url,
    startMs: redisStartMs,
    connect: () => client.connect(),
    silent: (error) => breakerOf(client.nodeOf(null)).trip('silent', error),
    passwordRefused: () => access?.changes === true && ['WRONGPASS', 'NOAUTH'].includes(codeOf(lastLost) ?? ''),
    back: async () => void (await Promise.all([...breakers.values()].map((breaker) => breaker.back()))),
  });
  const sender = createSender(
    client,
    createFullness(clock, (node) => client.probe(node), full),
    leaveReplica,
  );

  const usable = async (breaker: Breaker, budget: TimeBudget): Promise<void> => {
    const startedMs = performance.now();
    const outage = breaker.outage();
    if (outage !== null && budget.patient === true)
      await within(breaker.back(), budget.leftMs, () => undefined).catch(() => undefined);
    budget.leftMs -= performance.now() - startedMs;
    if (breaker.outage() !== null)
      throw new StoreUnavailable(`redis is away (${outage?.cause ?? 'lost'})`, { sent: false });
  };

  const bounded = async <T>(
    node: () => string,
    budget: TimeBudget,
    single: boolean,
    work: () => Promise<T>,
  ): Promise<T> => {
    if (!first.over()) await first.done();
    const name = node();
    const breaker = breakerOf(name);
    if (breaker.outage() !== null) await usable(breaker, budget);
    return sender.send(name, breaker, budget, single, work);
  };

  const onNode = (node: string, commands: readonly Command[], budget: TimeBudget): Promise<unknown[]> =>
    bounded(
      () => node,
      budget,
      commands.length === 1,
      () => client.commands(node, commands),
    );

  /** One step over all nodes, one after the other: the cursor of a cluster is `<node>:<cursor>`. */
  const scan = async ([name, cursor = '0', ...rest]: Command, budget: TimeBudget): Promise<unknown> => {
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
    connect: first.connect,
    opened: first.opened,
    probe: async (budget) => {
      if (!first.over()) await first.done();
      const probe = (node: string): Promise<unknown> =>
        bounded(
          () => node,
          { ...budget },
          true,
          () => client.probe(node),
        );
      await Promise.all(client.nodes().map(probe));
    },
    runIds: async (budget) => {
      if (!first.over()) await first.done();
      const ask = async (node: string): Promise<string> => {
        const [text] = await onNode(node, [['info', 'server']], { ...budget });
        return /^run_id:(\w+)/m.exec(String(text))?.[1] ?? '';
      };
      return Promise.all(client.nodes().map(ask));
    },
    run: (script, keys, args, budget) => {
      if (keys.length < script.keyCount || keys.length > script.keysMax)
        throw new Error(`${script.name} takes ${script.keyCount} to ${script.keysMax} keys, got ${keys.length}`);
      return bounded(
        () => client.nodeOf(keys[0] ?? null),
        budget,
        true,
        async () => {
          try {
            return await client.evalsha(script.sha, keys, args);
          } catch (error) {
            // After a restart or failover the script is gone from the server; NOSCRIPT means that nothing ran.
            if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
            return client.eval(script.source, keys, args);
          }
        },
      );
    },
    commands: async (commands, budget) => {
      if (!first.over()) await first.done();
      const [command] = commands;
      if (command?.[0] === 'scan') return [await scan(command, budget)];
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
      first.stop();
      for (const breaker of breakers.values()) breaker.stop();
      sender.stop();
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
