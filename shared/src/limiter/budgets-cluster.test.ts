// The suite of budgets once more, on a Redis Cluster of three masters: all keys of an actor are on one shard.

import { testRedis } from '../../../scripts/local/process/test-redis.ts';

testRedis.kind = 'cluster';
await import('./budgets.test.ts');
