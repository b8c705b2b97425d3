// What instances tell each other of homes, on a real Redis, and what is left without it. A whole fleet: fleet.test.ts.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis, type LocalRedis } from '../../../../scripts/local/process/redis.ts';
import { connectStore, keys, type Store } from '../../store/store.ts';
import { answered, instanceOf, startHome } from './homes.test/fleet.ts';

let redis: LocalRedis;
const stores: Store[] = [];

before(async () => {
  redis = await startRedis();
});
after(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await redis.close();
});

function storeOf(endpoint = redis.url): Store {
  const store = connectStore({ redisEndpoint: endpoint }, () => undefined);
  store.connect();
  stores.push(store);
  return store;
}

/** Nobody listens there. */
const nowhere = { url: 'http://127.0.0.1:9' };

test('what one instance finds, another knows before it asks; what one finds well again, all take', async (t) => {
  const store = storeOf();
  await store.commands([['del', keys.homeHealth()]], { leftMs: 2_000 });
  const [a, b] = [await startHome(t, answered), await startHome(t, answered)];
  const first = instanceOf([nowhere, b], { store });
  for (let i = 0; i < 3; i++) await first.ask();
  const redisHas = async (): Promise<unknown> =>
    (await store.commands([['hlen', keys.homeHealth()]], { leftMs: 2_000 }))[0];
  for (let i = 0; i < 500 && (await redisHas()) !== 1; i++) await sleep(5);
  const second = instanceOf([a, b], { store: storeOf() });
  const { home, attempts } = await second.ask();
  assert.deepEqual([home, attempts.length, a.count], ['b', 1, 0], 'it never called it');
  for (let i = 0; i < 500 && (await second.ask()).home !== 'a'; i++) await sleep(20);
  assert.equal((await second.ask()).home, 'a');
  for (let i = 0; i < 500 && (await redisHas()) !== 0; i++) await sleep(5);
  assert.equal(await redisHas(), 0);
});

test('without Redis each instance goes by what it saw itself', async (t) => {
  const b = await startHome(t, answered);
  const instance = instanceOf([nowhere, b], { store: storeOf('redis://127.0.0.1:9') });
  let attempts = 0;
  for (let i = 0; i < 20; i++) {
    const outcome = await instance.ask();
    assert.equal(outcome.home, 'b');
    attempts += outcome.attempts.length - 1;
  }
  assert.ok(attempts >= 3 && attempts < 20, `${attempts}`);
});
