// The Redis of a suite that runs twice: on one node, and on a cluster of three, by what its file was told before it
// was loaded.

import { Cluster, Redis } from 'ioredis';
import { startRedis, startRedisCluster } from './redis.ts';

/** Set to `cluster` by a test file that then loads the suite's. */
export const testRedis: { kind: 'node' | 'cluster' } = { kind: 'node' };

/** A server, or three, with a client of the test's own. */
export interface TestRedis {
  /** What connectStore needs to know. */
  readonly settings: { readonly redisEndpoint: string; readonly redisCluster: boolean };
  readonly client: Redis | Cluster;
  /** Forgets all keys. */
  flush(): Promise<void>;
  /** Forgets all scripts, as after a failover. */
  forgetScripts(): Promise<void>;
  close(): Promise<void>;
}

/** Starts what `testRedis` says. */
export async function startTestRedis(): Promise<TestRedis> {
  const isCluster = testRedis.kind === 'cluster';
  const server = isCluster ? await startRedisCluster() : await startRedis();
  const { hostname: host, port } = new URL(server.url);
  const client = isCluster ? new Cluster([{ host, port: Number(port) }]) : new Redis(server.url);
  const onAll = async (work: (node: Redis) => Promise<unknown>): Promise<void> =>
    void (await Promise.all((client instanceof Cluster ? client.nodes('master') : [client]).map(work)));
  if (client instanceof Cluster) await new Promise((resolve) => client.once('ready', resolve));
  return {
    settings: { redisEndpoint: server.url, redisCluster: isCluster },
    client,
    flush: () => onAll((node) => node.flushall()),
    forgetScripts: () => onAll((node) => node.script('FLUSH')),
    close: async () => {
      client.disconnect();
      await server.close();
    },
  };
}
