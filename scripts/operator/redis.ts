// The gateway's Redis by an operator's hand: that of the local cloud, or the one that REDIS_ENDPOINT names (through
// the tunnel of terraform/README.md).

import { createAccountCopies, type AccountCopies } from '@cody-gateway/shared/directory';
import { connectStore, StoreUnavailable, type TimeBudget, type Store } from '@cody-gateway/shared/store';
import type { Deployment } from './deployment.ts';

/** Somebody waits at a terminal, and a tunnel is slow. */
const operatorWaitMs = 5_000;

/** For the help of commands that ask Redis. */
export const redisHelp = `
On a real project Redis is reached through the tunnel ("Redis debugging" in terraform/README.md), and REDIS_ENDPOINT in the environment names it,
such as rediss://:<password>@localhost:6378. Its certificate is not localhost's: NODE_TLS_REJECT_UNAUTHORIZED=0 for this command, inside the tunnel.
CODY_GATEWAY_REDIS_CLUSTER=true for a cluster.
`;

/** What one command may wait for Redis. */
export function patience(): TimeBudget {
  return { leftMs: operatorWaitMs };
}

/**
 * Does something with the Redis of a deployment.
 * @throws Error in words that help when there is none, or it does not answer
 */
export async function withRedis<T>(deployment: Deployment, work: (store: Store) => Promise<T>): Promise<T> {
  const { name, redisEndpoint } = deployment;
  if (redisEndpoint === null)
    throw new Error(`where is the Redis of ${name}? Open the tunnel (terraform/README.md) and set REDIS_ENDPOINT`);
  const store = open(redisEndpoint);
  try {
    return await work(store);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    throw new Error(
      `the Redis of ${name} does not answer (${error.message}): is the tunnel open, and REDIS_ENDPOINT right?`,
      { cause: error },
    );
  } finally {
    await store.close();
  }
}

/**
 * The copies of actors for a write to the directory; null where nobody told where Redis is: they are then believed for
 * a minute at most.
 */
export function withCopies<T>(deployment: Deployment, work: (copies: AccountCopies | null) => Promise<T>): Promise<T> {
  return withKnownStore(deployment, (store) => work(store === null ? null : createAccountCopies(store)));
}

/** For work that Redis only helps; null where nobody told where it is. */
export async function withKnownStore<T>(
  { redisEndpoint }: Deployment,
  work: (store: Store | null) => Promise<T>,
): Promise<T> {
  if (redisEndpoint === null) return work(null);
  const store = open(redisEndpoint);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

function open(redisEndpoint: string): Store {
  const redisCluster = process.env['CODY_GATEWAY_REDIS_CLUSTER'] === 'true';
  return connectStore({ redisEndpoint, redisCluster, redisBudgetMs: operatorWaitMs }, () => undefined);
}
