// What a sync remembers of the last one survives a short outage of Redis, and is read, replaced and forgotten in
// pieces, on a real Redis.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { startFirestore } from '../../../../scripts/local/google/firestore.ts';
import { startRedis } from '../../../../scripts/local/process/redis.ts';
import { openDocuments, type Documents } from '../../documents/documents.ts';
import { connectStore, keys, type Store } from '../../store/store.ts';
import { markLookedUp, statedDigests } from './stated-digests.ts';

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

const budget = (): { leftMs: number } => ({ leftMs: 30_000 });
const never = new AbortController().signal;
const day = 86_400_000;

/** A table of so many digests, and what is asked of Redis about it. */
async function tableOf(members: number, filledMs: number) {
  const server = await startRedis();
  const redis = new Redis(server.url);
  const store = connectStore({ redisEndpoint: server.url }, () => undefined);
  const key = keys.stated('sourcegraph');
  for (let i = 0; i < members; i += 1_000)
    await redis.hset(key, Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`id-${i + n}`, 'digest'])));
  await redis.hset(key, '', filledMs);
  const asked: string[] = [];
  /** Of each command: members that it carried or brought. */
  const sizes: number[] = [];
  const counting: Store = {
    ...store,
    commands: async (commands, own) => {
      const replies = await store.commands(commands, own);
      for (const [i, [name, ...rest]] of commands.entries()) {
        const reply = replies[i];
        asked.push(name);
        if (name === 'hscan') sizes.push((reply as [string, string[]])[1].length / 2);
        if (name === 'hset') sizes.push((rest.length - 1) / 2);
        if (name === 'hdel') sizes.push(rest.length - 1);
      }
      return replies;
    },
  };
  const close = async (): Promise<void> => {
    redis.disconnect();
    await store.close();
    await server.close();
  };
  return { redis, store: counting, key, asked, sizes, close };
}

test('a large table is read in pieces: no command holds Redis up for more than some thousand members', async (t) => {
  const { store, asked, sizes, close } = await tableOf(20_000, Date.now());
  t.after(close);
  const stated = statedDigests(store, {} as Documents, 'sourcegraph', 30_000);
  assert.equal((await stated.read(never)).size, 20_000);
  assert.deepEqual([...new Set(asked)], ['time', 'hget', 'hscan']);
  // HSCAN brings what is in the buckets that it looks at, so a few more than it was asked for.
  assert.ok(Math.max(...sizes) <= 2_000, `${Math.max(...sizes)} members at once`);
  sizes.length = 0;
  await stated.forget(Array.from({ length: 2_500 }, (_, n) => `id-${n}`));
  assert.deepEqual(sizes, [1_000, 1_000, 500]);
});

test('a run that loses its lock stops between two pieces', async (t) => {
  const { store, asked, close } = await tableOf(20_000, Date.now());
  t.after(close);
  const lost = new AbortController();
  const losing: Store = {
    ...store,
    commands: async (commands, own) => {
      const replies = await store.commands(commands, own);
      if (commands[0]?.[0] === 'hscan') lost.abort(new Error('the lock is somebody else’s'));
      return replies;
    },
  };
  await assert.rejects(
    statedDigests(losing, {} as Documents, 'sourcegraph', 30_000).read(lost.signal),
    /somebody else/,
  );
  assert.equal(asked.filter((name) => name === 'hscan').length, 1);
});

test('a table of yesterday is replaced without Redis taking it apart, and what look-ups mark meanwhile stays', async (t) => {
  const { redis, store, key, asked, close } = await tableOf(5_000, Date.now() - day - 1);
  const emulator = await startFirestore();
  const documents = openDocuments({ firestoreEmulatorHost: emulator.host, googleCloudProject: 'p' });
  t.after(async () => {
    await documents.close();
    await emulator.close();
    await close();
  });
  const firestore = await documents.client();
  const stated = { name: 'n', accessEnabled: true, limits: {}, origin: 'sourcegraph' };
  for (const id of ['a', 'b']) await firestore.doc(`subscriptions/${id}`).set(stated);
  const client = async () => {
    await markLookedUp(store, 'sourcegraph', 'b', budget());
    return firestore;
  };
  const found = await statedDigests(store, { client }, 'sourcegraph', 30_000).read(never);
  assert.deepEqual([...found.keys()].toSorted(), ['a', 'b']);
  assert.equal(found.get('b'), 'looked-up');
  assert.deepEqual((await redis.hkeys(key)).toSorted(), ['', 'a', 'b']);
  assert.equal(await redis.hget(key, 'b'), 'looked-up');
  assert.ok(asked.includes('unlink') && !asked.includes('del'));
  // It is replaced before Redis would have to end it.
  assert.ok((await redis.pttl(key)) > 2 * day);
});
