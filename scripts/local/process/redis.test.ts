// The Redis of tests is a real one, named by its process, with nothing left when it is closed; a taken port is said to
// be taken.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { startRedis } from './redis.ts';

test('it answers on its own port, evicts nothing, and ends with close', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.close());
  const client = new Redis(redis.url, { retryStrategy: () => null });
  assert.match(await client.info('server'), new RegExp(`process_id:${redis.pid}\r\n`));
  assert.deepEqual(await client.config('GET', 'maxmemory-policy'), ['maxmemory-policy', 'noeviction']);
  const [, dir = ''] = await client.config('GET', 'dir');
  assert.match(dir, /gateway-redis-/);
  const ended = once(client, 'end');
  await Promise.all([redis.close(), redis.exited, ended]);
  assert.throws(() => process.kill(redis.pid, 0), { code: 'ESRCH' });
});

test('arguments reach the server, and two run side by side', async (t) => {
  const [one, two] = await Promise.all([startRedis({ args: ['--databases', '3'] }), startRedis()]);
  t.after(() => Promise.all([one.close(), two.close()]));
  assert.notEqual(one.port, two.port);
  const client = new Redis(one.url);
  assert.deepEqual(await client.config('GET', 'databases'), ['databases', '3']);
  client.disconnect();
});

test('a port that is taken is named in the error, and so is what redis-server dislikes', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.close());
  await assert.rejects(startRedis({ port: redis.port }), { message: new RegExp(`^port ${redis.port} is taken`) });
  await assert.rejects(startRedis({ args: ['--no-such-setting', '1'] }), /redis-server ended: .*no-such-setting/s);
});
