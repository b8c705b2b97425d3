// When the port may open: silence on the way to Redis is waited for, within its bound; any answer opens it, and the
// outage policy is for the rest.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort, listen } from '../../../scripts/local/process/port.ts';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import { silence, silenceable } from '../../../scripts/local/process/silence.ts';
import { connectStore, type Store, type StoreChange, type StoreSettings } from './connection.ts';

/** Longer than any test takes: who waits for it has failed. */
const forEverMs = 60_000;

/** That can be silenced. */
async function server(t: TestContext, ...args: string[]): Promise<LocalRedis> {
  const redis = await startRedis({ args: [...silenceable, ...args] });
  t.after(() => redis.close());
  return redis;
}

function open(t: TestContext, settings: StoreSettings): { store: Store; changes: StoreChange[] } {
  const changes: StoreChange[] = [];
  const listeners = { changed: (change: StoreChange) => void changes.push(change) };
  const store = connectStore({ redisBudgetMs: 400, redisStartMs: forEverMs, ...settings }, () => undefined, listeners);
  t.after(() => store.close());
  return { store, changes };
}

const ping = (store: Store): Promise<unknown> => store.commands([['ping']], { leftMs: 400 });
const openings = (changes: readonly StoreChange[]): string[] => changes.map(({ state, cause }) => `${state} ${cause}`);

test('silence that ends: the port waits for it, nothing is told as an outage, and the first command is served', async (t) => {
  const redis = await server(t);
  const goOn = await silence(redis);
  const { store, changes } = open(t, { redisEndpoint: redis.url });
  let isOpen = false;
  const opened = store.opened().then(() => (isOpen = true));
  await sleep(500);
  assert.equal(isOpen, false);
  goOn();
  await opened;
  assert.deepEqual(await ping(store), ['PONG']);
  assert.deepEqual(changes, []);
});

test('silence for ever: the port opens at the bound, calls fail at once with the reason, and it is back by itself', async (t) => {
  const redis = await server(t);
  const goOn = await silence(redis);
  const { store, changes } = open(t, { redisEndpoint: redis.url, redisStartMs: 200 });
  await store.opened();
  assert.deepEqual(openings(changes), ['open silent']);
  assert.match(String(changes[0]?.error), /nobody answers on the way to 127\.0\.0\.1:\d+: nothing came within 200 ms/);
  await assert.rejects(ping(store), /redis is away \(silent\)/);
  goOn();
  assert.deepEqual(await store.commands([['ping']], { leftMs: 20_000, patient: true }), ['PONG']);
});

test('a refused connection opens it at once', async (t) => {
  const { store, changes } = open(t, { redisEndpoint: `127.0.0.1:${await freePort()}` });
  await store.opened();
  assert.deepEqual(openings(changes), ['open lost']);
  assert.match(String(changes[0]?.error), /ECONNREFUSED/);
});

test('a wrong password opens it at once', async (t) => {
  const redis = await server(t);
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  await client.config('SET', 'requirepass', 'right');
  const { store, changes } = open(t, { redisEndpoint: `redis://:wrong@127.0.0.1:${redis.port}` });
  await store.opened();
  assert.deepEqual(openings(changes), ['open refusing']);
  assert.match(String(changes[0]?.error), /WRONGPASS/);
});

test('a server that loads its data opens it, long before it has', async (t) => {
  const redis = await server(t, '--enable-debug-command', 'local', '--loading-process-events-interval-bytes', '1024');
  const client = new Redis(redis.url);
  client.on('error', () => undefined);
  t.after(() => client.disconnect());
  await client.call('debug', 'populate', '2000', 'k', '100');
  await client.config('SET', 'key-load-delay', '5000');
  const loading = new Redis(redis.url);
  loading.on('error', () => undefined);
  t.after(() => loading.disconnect());
  loading.call('debug', 'reload').catch(() => undefined);
  while (!/loading:1/.test(await client.info('persistence'))) await sleep(20);
  const { store } = open(t, { redisEndpoint: redis.url });
  await store.opened();
  assert.match(await client.info('persistence'), /loading:1/);
});

test('a Redis that takes the connection and says nothing opens it: it hangs, and the network is there', async (t) => {
  const mute = createServer().on('connection', (socket) => void socket.on('error', () => undefined));
  const port = await listen(mute);
  const { store } = open(t, { redisEndpoint: `127.0.0.1:${port}` });
  t.after(() => mute.close());
  await store.opened();
});

test('a process that ends while it waits leaves nothing behind', async (t) => {
  const redis = await server(t);
  const goOn = await silence(redis);
  const { store } = open(t, { redisEndpoint: redis.url });
  const opened = store.opened();
  await store.close();
  await opened;
  goOn();
});
