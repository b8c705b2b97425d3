// The store on a cluster of three masters: commands find their nodes, a slot that moves is followed, and a node that
// is away fails its own keys alone.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Redis } from 'ioredis';
import { startRedisCluster, type LocalCluster } from '../../../scripts/local/process/redis.ts';
import { connectStore, type Store, type StoreChange } from './connection.ts';
import { shardCount, shardName } from './keys.ts';
import { loadScript } from './script.ts';
import { StoreUnavailable } from './store.ts';

const count = loadScript('count', '-- KEYS[1] counter\nreturn redis.call("INCR", KEYS[1])');
const both = loadScript(
  'both',
  '-- KEYS[1] counter\n-- KEYS[2] mark\nredis.call("SET", KEYS[2], 1)\nreturn redis.call("INCR", KEYS[1])',
);
const keyOf = (n: number): string => `{${shardName(n)}}:n`;

let cluster: LocalCluster;
let clients: Redis[];
let store: Store;
const changes: StoreChange[] = [];

before(async () => {
  cluster = await startRedisCluster();
  clients = cluster.nodes.map(({ url }) => new Redis(url));
  const settings = { redisEndpoint: cluster.url, redisBudgetMs: 2_000, redisCluster: true };
  store = connectStore(settings, () => undefined, { changed: (change) => void changes.push(change) });
});
after(async () => {
  for (const { pid } of cluster.nodes) process.kill(pid, 'SIGCONT');
  for (const client of clients) client.disconnect();
  await store.close();
  await cluster.close();
});

const run = (key: string, patient = false): Promise<unknown> =>
  store.run(count, [key], [], patient ? { leftMs: 20_000, patient } : { leftMs: 2_000 });
const patient = () => ({ leftMs: 20_000, patient: true });
/** What the first node holds of a slot. */
const keysOf = async (slot: number): Promise<string[]> =>
  (await clients[0]?.call('cluster', 'getkeysinslot', slot, 1_000)) as string[];
/** A shard of the nth node: it answers for it itself. */
async function shardOf(n: number): Promise<number> {
  for (let shard = 0; shard < shardCount; shard++) {
    const own = await clients[n]?.get(keyOf(shard)).then(
      () => true,
      () => false,
    );
    if (own === true) return shard;
  }
  throw new Error(`node ${n} has no shard`);
}

test('commands of many nodes go in one call and are answered in their order; keyless ones follow the keys; a scan sees all nodes', async () => {
  const shards = Array.from({ length: shardCount }, (_, n) => n);
  await store.commands(
    shards.map((n) => ['set', `{${shardName(n)}}:walked`, n] as const),
    patient(),
  );
  const read = shards.toReversed().map((n) => ['get', `{${shardName(n)}}:walked`] as const);
  assert.deepEqual(await store.commands(read, patient()), shards.toReversed().map(String));
  const [time, last] = await store.commands([['time'], ['get', `{${shardName(shardCount - 1)}}:walked`]], patient());
  assert.ok(Array.isArray(time));
  assert.equal(last, String(shardCount - 1));
  const found = new Set<string>();
  let cursor = '0';
  do {
    const [[next, page]] = (await store.commands([['scan', cursor, 'match', '*:walked', 'count', 500]], patient())) as [
      [string, string[]],
    ];
    for (const key of page) found.add(key);
    cursor = next;
  } while (cursor !== '0');
  assert.equal(found.size, shardCount);
});

test('a slot that has moved: the redirection is followed', async () => {
  const shard = await shardOf(0);
  const key = keyOf(shard);
  await store.commands([['del', key, `{${shardName(shard)}}:walked`, `{${shardName(shard)}}:probe`]], patient());
  const slot = new Command('get', [key]).getSlot();
  // A node gives no slot away of which it holds a key, unless it has heard before that the slot is another's.
  assert.deepEqual(await keysOf(slot), []);
  const to = await clients[1]?.call('cluster', 'myid');
  for (const n of [1, 0, 2]) await clients[n]?.call('cluster', 'setslot', slot, 'node', String(to));
  assert.equal(await run(key), 1);
  assert.equal(await clients[1]?.get(key), '1');
});

test('a slot that is on its way: what its keys are apart for is asked again until they are together, within the budget, and is no outage', async () => {
  const shard = shardName(await shardOf(0));
  const [moved, made] = [`{${shard}}:moved`, `{${shard}}:made`];
  const slot = new Command('get', [moved]).getSlot();
  const [from, to] = await Promise.all([0, 1].map(async (n) => String(await clients[n]?.call('cluster', 'myid'))));
  assert.equal(await store.run(both, [moved, made], [], { leftMs: 2_000 }), 1);
  await clients[0]?.del(made);
  await clients[1]?.call('cluster', 'setslot', slot, 'importing', from ?? '');
  await clients[0]?.call('cluster', 'setslot', slot, 'migrating', to ?? '');
  const target = cluster.nodes[1]?.port ?? 0;
  // All that the slot holds, or the node may not give it away below.
  await clients[0]?.call('migrate', '127.0.0.1', target, '', 0, 5_000, 'keys', ...(await keysOf(slot)));
  assert.deepEqual(await keysOf(slot), []);
  changes.length = 0;
  // What has one key finds it; what needs a key that is still to be made has to wait.
  assert.deepEqual(await store.commands([['get', moved]], { leftMs: 2_000 }), ['1']);
  const refused: StoreUnavailable[] = [];
  for (let i = 0; i < 6; i++)
    await assert.rejects(store.run(both, [moved, made], [], { leftMs: 1_000 }), (error) => {
      assert.ok(error instanceof StoreUnavailable);
      refused.push(error);
      // On a busy machine the time is over while it is being asked once more: what that did nobody knows.
      return error.sent || error.message === 'redis refuses (TRYAGAIN)';
    });
  assert.ok(
    refused.some(({ sent }) => !sent),
    'none was told why',
  );
  // Many at once, as they come.
  const waiting = Promise.all(Array.from({ length: 20 }, () => store.run(both, [moved, made], [], { leftMs: 10_000 })));
  await sleep(100);
  for (const n of [1, 0, 2]) await clients[n]?.call('cluster', 'setslot', slot, 'node', to ?? '');
  assert.deepEqual(
    (await waiting).map(Number).toSorted((a, b) => a - b),
    Array.from({ length: 20 }, (_, n) => n + 2),
  );
  assert.deepEqual(changes, []);
});

test('one node hangs: its keys fail at once, the others’ are served; it is back by itself', async () => {
  const [mine, other] = [await shardOf(2), await shardOf(1)];
  assert.equal(typeof (await run(keyOf(mine))), 'number');
  const served = Number(await run(keyOf(other)));
  changes.length = 0;
  process.kill(cluster.nodes[2]?.pid ?? 0, 'SIGSTOP');
  await assert.rejects(run(keyOf(mine)), StoreUnavailable);
  await assert.rejects(run(keyOf(mine)), (error) => error instanceof StoreUnavailable && !error.sent);
  assert.equal(await run(keyOf(other)), served + 1);
  assert.deepEqual(
    changes.map(({ node, state }) => [node, state]),
    [[`127.0.0.1:${cluster.nodes[2]?.port}`, 'open']],
  );
  assert.notEqual(store.outage(), null);
  process.kill(cluster.nodes[2]?.pid ?? 0, 'SIGCONT');
  assert.equal(typeof (await run(keyOf(mine), true)), 'number');
  assert.equal(store.outage(), null);
});

test('a cluster that is down says so, and is served again when it is whole', async () => {
  const shard = await shardOf(0);
  const slot = new Command('get', [keyOf(shard)]).getSlot();
  // How long a master waits before it takes writes again.
  await clients[0]?.config('SET', 'cluster-node-timeout', '500');
  await clients[0]?.call('cluster', 'delslots', slot);
  await assert.rejects(run(keyOf(shard)), (error) => /CLUSTERDOWN/.test(String((error as Error).cause)));
  assert.equal(changes.at(-1)?.cause, 'refusing');
  await clients[0]?.call('cluster', 'addslots', slot);
  assert.equal(typeof (await run(keyOf(shard), true)), 'number');
});
