// The cluster's client, read only by a process whose Redis is a cluster: it is a quarter of ioredis. Not what it does
// (cluster.ts).

import type { Access } from './access.ts';
import { noNode, type Client, type ClientEvents } from './client.ts';

/** A cluster's client, as openCluster makes it; it loads while the way to Redis is sought, and nothing waits for it. */
export function loadCluster(url: URL, access: Access | null, events: ClientEvents): Client {
  let client: Client | null = null;
  let closed = false;
  const loading = import('./cluster.ts').then(({ openCluster }) => (client = openCluster(url, access, events)));
  // Whoever connects is told.
  loading.catch(() => undefined);
  const loaded = (): Client => {
    if (client === null) throw new Error('the cluster is not connected (its client has not been loaded)');
    return client;
  };
  return {
    connect: async () => {
      const cluster = await loading;
      if (closed) throw new Error('the store is closed');
      await cluster.connect();
    },
    nodeOf: (key) => client?.nodeOf(key) ?? noNode,
    nodes: () => client?.nodes() ?? [],
    evalsha: (...call) => loaded().evalsha(...call),
    eval: (...call) => loaded().eval(...call),
    commands: (node, commands) => loaded().commands(node, commands),
    // A breaker's probe takes no throw but a rejection.
    probe: async (node) => loaded().probe(node),
    replace: (node) => client?.replace(node),
    close: async () => {
      closed = true;
      await (await loading.catch(() => null))?.close();
    },
  };
}
