// A document's copy on a real Redis: the newest version stays whatever the order of writes, and its age is Redis's to
// tell.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Redis } from 'ioredis';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import { connectStore, keys, shardOf, type TimeBudget, type Store } from '../store/store.ts';
import { confirmCopy, keepCopy, readCopy, readCopyVersion, type NewCopy } from './document-copy.ts';

const key = keys.actor(shardOf('h'), 'h');
const budget = (): TimeBudget => ({ leftMs: 10_000 });
let server: LocalRedis;
let redis: Redis;
let store: Store;

before(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  store = connectStore({ redisEndpoint: server.url }, () => undefined);
});
beforeEach(() => redis.flushall());
after(async () => {
  redis.disconnect();
  await store.close();
  await server.close();
});

const keep = (version: number, more: Partial<NewCopy> = {}): Promise<void> =>
  keepCopy(store, key, { version, body: `body ${version}`, ttlMs: 60_000, ...more }, budget());
const kept = async (): Promise<[number, string] | null> => {
  const copy = await readCopy(store, key, budget());
  return copy === null ? null : [copy.version, copy.body];
};

test('there is none until it is kept, and none that is half there', async () => {
  assert.equal(await kept(), null);
  await redis.hset(key, 'version', '7');
  assert.equal(await kept(), null);
});

test('an older version never replaces a newer one; the same version may say more', async () => {
  // Microseconds since 1970, as versions are.
  const version = 1_800_000_000_000_000;
  await keep(version);
  await keep(version - 1);
  assert.deepEqual(await kept(), [version, `body ${version}`]);
  await keep(version, { body: 'again' });
  assert.deepEqual(await kept(), [version, 'again']);
  await keep(version + 1, { body: '' });
  assert.deepEqual(await kept(), [version + 1, '']);
});

test('a renewal replaces a copy that is there, and makes none', async () => {
  await keep(1, { renew: true });
  assert.equal(await redis.exists(key), 0);
  await keep(1);
  await keep(2, { renew: true });
  assert.deepEqual(await kept(), [2, 'body 2']);
});

test('its age counts from when it was written, and Redis forgets it after its time', async () => {
  await keep(1, { ttlMs: 60_000 });
  const [ttlMs, at] = [await redis.pttl(key), Number(await redis.hget(key, 'at'))];
  assert.ok(ttlMs > 0 && ttlMs <= 60_000, String(ttlMs));
  await redis.hset(key, 'at', String(at - 3_600_000));
  const ageMs = (await readCopy(store, key, budget()))?.ageMs ?? 0;
  assert.ok(ageMs >= 3_600_000, String(ageMs));
});

test('the version is read without the body; a confirmed copy is young again, unless it is of another version', async () => {
  assert.equal(await readCopyVersion(store, key, budget()), null);
  await keep(7);
  const age = async (): Promise<number> => (await readCopyVersion(store, key, budget()))?.ageMs ?? NaN;
  const at = Number(await redis.hget(key, 'at')) - 3_600_000;
  await redis.hset(key, 'at', String(at));
  await confirmCopy(store, key, { version: 8, ttlMs: 60_000 }, budget());
  assert.ok((await age()) >= 3_600_000);
  await redis.pexpire(key, 1_000_000);
  await confirmCopy(store, key, { version: 7, ttlMs: 60_000 }, budget());
  assert.ok((await age()) < 3_000_000);
  assert.ok((await redis.pttl(key)) <= 60_000);
  assert.equal((await readCopyVersion(store, key, budget()))?.version, 7);
  await redis.del(key);
  await confirmCopy(store, key, { version: 7, ttlMs: 60_000 }, budget());
  assert.equal(await redis.exists(key), 0);
});
