// The ioredis client of a Redis Cluster: each node on its own, so that one which is away fails its own actors alone.
// Otherwise as client.ts.

import { Command, type Redis } from 'ioredis';
// Not by the package's door, which every start reads and where a bundle has no cluster (scripts/build/ioredis.ts).
import ioredisCluster from 'ioredis/built/cluster/index.js';
import { apply, prepareConnections, prepareNode, renewTokens, type Access, type Credentials } from './access.ts';
import {
  connectionOptions,
  connectTimeoutMs,
  gatherWrites,
  keyless,
  noNode,
  quit,
  sendAll,
  tokenWarning,
  type Client,
  type ClientEvents,
} from './client.ts';
import { keys, shardCount, shardName } from './keys.ts';
import { ScriptCommand } from './script-command.ts';

/**
 * MOVED and ASK say that nothing was applied: only these are followed; a slot that is on its way sends back and forth.
 */
const redirectionsMax = 8;
/** The map is asked for as often in an outage, and so often otherwise: a failover moves slots. */
const mapGapMs = 500;
const mapEveryMs = 5_000;
/** Tags of shards, and a few more; prompts have none and are not remembered. */
const slotsMax = shardCount + 256;

/**
 * @param url of a node, or of the address by which its nodes are found
 * @param access null: the URL says all
 */
export function openCluster(url: URL, access: Access | null, events: ClientEvents): Client {
  const { hostname, port, protocol, username, password } = url;
  const { retryStrategy, enableOfflineQueue, ...options } = connectionOptions;
  const cluster = new ioredisCluster.default([{ host: hostname, port: Number(port || 6379) }], {
    lazyConnect: true,
    enableOfflineQueue,
    clusterRetryStrategy: retryStrategy,
    clusterNodeRetryStrategy: retryStrategy,
    maxRedirections: redirectionsMax,
    // Nothing is sent again but by us.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: connectTimeoutMs,
    slotsRefreshInterval: mapEveryMs,
    // Certificates are for the names that nodes go by.
    dnsLookup: (address, done) => done(null, address),
    redisOptions: {
      ...options,
      ...(protocol === 'rediss:' && { tls: {} }),
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
    },
  });
  // ioredis would go on after its caller has given up, and at a node that it draws by lot: connection.ts asks again
  // itself.
  const handleError = cluster.handleError.bind(cluster);
  cluster.handleError = (error: Error, ttl: { value?: unknown }, handlers: { defaults(): void }) => {
    if (error.message.startsWith('TRYAGAIN')) handlers.defaults();
    else handleError(error, ttl, handlers);
  };
  let lastError: unknown = null;
  let closed = false;
  // It knows why none of them answered.
  cluster.on('error', (error: { readonly lastNodeError?: unknown }) => (lastError = error.lastNodeError ?? error));
  cluster.on('node error', (error: unknown) => (lastError = error));
  cluster.on('close', () => events.lost(noNode, 'lost', lastError));
  cluster.on('+node', (node: Redis) => {
    node.on('ready', () => {
      gatherWrites(node);
      events.ready(node);
    });
    node.on('close', () => events.lost(nameOf(node), 'lost', lastError));
    if (access === null) return;
    prepareNode(node, access, known, (error) => {
      events.lost(nameOf(node), 'lost', error);
      return !closed;
    });
  });
  /** Of the nodes that are found next, and of the connections by which the map is asked for. */
  let known: Credentials | null = null;
  let endRenewals = (): void => undefined;
  if (access !== null) {
    const prepare = async (): Promise<void> => {
      known = await access.read();
      for (const node of cluster.nodes()) apply(node, known);
    };
    prepareConnections(cluster, prepare, (error) => {
      events.lost(noNode, 'lost', error);
      return !closed;
    });
    const refresh = cluster.refreshSlotsCache.bind(cluster);
    // Where nothing can be read, with what was known.
    cluster.refreshSlotsCache = (done) =>
      void prepare()
        .catch(() => undefined)
        .then(() => refresh(done));
    endRenewals = renewTokens(access, () => cluster.nodes(), tokenWarning(events));
  }

  const slots = new Map<string, number>();
  const slotOf = (key: string): number => {
    const tag = key.slice(0, key.indexOf('}') + 1);
    const known = slots.get(tag);
    if (known !== undefined) return known;
    const slot = new Command('get', [key]).getSlot();
    if (tag !== '' && slots.size < slotsMax) slots.set(tag, slot);
    return slot;
  };
  const nodeOf = (key: string | null): string => cluster.slots[key === null ? 0 : slotOf(key)]?.[0] ?? noNode;
  let mapAskedMs = 0;
  const askMap = (): void => {
    if (performance.now() - mapAskedMs < mapGapMs) return;
    mapAskedMs = performance.now();
    cluster.refreshSlotsCache();
  };
  const instance = (name: string): Redis | undefined => cluster.nodes().find((node) => nameOf(node) === name);
  const requireReady = (): void => {
    if (cluster.status !== 'ready') throw new Error(`the cluster is not connected (${cluster.status})`);
  };
  /** A key of ours that the node has; null where it has none any more. */
  const keyOn = (name: string): string | null => {
    for (let n = 0; n < shardCount; n++) {
      const key = keys.probe(shardName(n));
      if (nodeOf(key) === name) return key;
    }
    return null;
  };

  return {
    connect: async () => {
      await cluster.connect();
      // Their first commands need not wait for it; one that fails is looked for by its breaker.
      await Promise.allSettled(cluster.nodes('master').map(async (node) => node.status === 'wait' && node.connect()));
    },
    nodeOf,
    nodes: () => [...new Set(cluster.slots.map(([master]) => master ?? noNode))].toSorted(),
    evalsha: (...call) => cluster.sendCommand(new ScriptCommand(...call)) as Promise<unknown>,
    eval: (source, names, args) => cluster.eval(source, names.length, ...names, ...args),
    commands: (name, commands) =>
      sendAll(commands, async ([command, ...args]) => {
        // Without a key the cluster would choose a node.
        const to = keyless.has(command) ? instance(name) : cluster;
        if (to === undefined) throw new Error(`${name} has left the cluster`);
        return to.call(command, ...args);
      }),
    probe: async (name) => {
      try {
        requireReady();
        const key = keyOn(name);
        if (key !== null) await cluster.set(key, '1', 'PX', 1_000);
      } catch (error) {
        askMap();
        throw error;
      }
    },
    replace: (name) => {
      instance(name)?.disconnect(true);
      askMap();
    },
    close: async () => {
      closed = true;
      endRenewals();
      if (cluster.status === 'ready') await quit(cluster);
      cluster.disconnect();
    },
  };
}

function nameOf({ options }: Redis): string {
  return `${options.host}:${options.port}`;
}
