// The limiter's own suite once more, on a Redis Cluster of three masters.

import { testRedis } from '../../../scripts/local/process/test-redis.ts';

testRedis.kind = 'cluster';
await import('./limiter.test.ts');
