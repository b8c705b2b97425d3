// What a sync remembers of the last one survives a short outage of Redis, on a real Redis that is paused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { startRedis } from '../../../../scripts/local/process/redis.ts';
import { connectStore, keys } from '../../store/store.ts';
import type { Documents } from '../../documents/documents.ts';
import { statedDigests } from './stated-digests.ts';

test('a command under way when Redis goes away is sent again on its return', async (t) => {
  const server = await startRedis();
  const redis = new Redis(server.url);
  const opened: string[] = [];
  const store = connectStore({ redisEndpoint: server.url, redisBudgetMs: 50 }, () => undefined);
  t.after(async () => {
    await store.close();
    redis.disconnect();
    await server.close();
  });
  // Connected before the pause: a connection that is not there yet has a deadline of its own.
  await store.commands([['ping']], { leftMs: 5_000 });
  const key = keys.stated('sourcegraph');
  await redis.hset(key, 'gone', 'digest', 'stays', 'digest');
  const stated = statedDigests(store, {} as Documents, 'sourcegraph', 30_000);
  await redis.client('PAUSE', 1_000, 'ALL');
  const forgotten = stated.forget(['gone']);
  const watch = setInterval(() => opened.push(store.outage()?.cause ?? ''), 5);
  await forgotten.finally(() => clearInterval(watch));
  assert.ok(opened.includes('silent'), 'the breaker was open in between');
  assert.deepEqual(await redis.hkeys(key), ['stays']);
});
