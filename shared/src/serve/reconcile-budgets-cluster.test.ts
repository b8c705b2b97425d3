// The suite of the reconciliation once more, on a Redis Cluster of three masters: every node's counters and id.

import { testRedis } from '../../../scripts/local/process/test-redis.ts';

testRedis.kind = 'cluster';
await import('./reconcile-budgets.test.ts');
