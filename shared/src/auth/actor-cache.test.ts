// The cache in front of the directory, on a clock of its own: what is fresh, what is kept, what is never remembered.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classifyToken, type KnownToken } from '../directory/directory.ts';
import { createActorCache } from './actor-cache.ts';
import type { Actor } from './actor.ts';

const token = (n: number): KnownToken => classifyToken(`slk_${n.toString(16).padStart(64, '0')}`);
const actor = (name: string): Actor => ({
  source: 'dotcom-product-subscriptions',
  id: 'i',
  name,
  accessEnabled: true,
  tags: [],
  pool: null,
  lastUpdatedMs: null,
  version: 0,
  limits: {},
});

/** A cache over a directory that says what it is told to. */
function cacheOver(say: (token: KnownToken) => Actor | null | Error | Promise<Actor | null>) {
  const state = { nowMs: 1_000_000, asked: 0, warnings: 0 };
  const actors = createActorCache(
    {
      load: async (asked) => {
        state.asked += 1;
        const said = say(asked);
        if (said instanceof Error) throw said;
        return said;
      },
      lastKnown: (error) => (error as { lastKnown?: Actor }).lastKnown ?? null,
    },
    () => state.nowMs,
    () => (state.warnings += 1),
  );
  return { cache: { find: (asked: KnownToken) => actors.find(asked, { leftMs: 50 }), put: actors.put }, state };
}

test('an actor is fresh for 10 s: a revoked token dies with them', async () => {
  let said: Actor | null = actor('first');
  const { cache, state } = cacheOver(() => said);
  assert.equal((await cache.find(token(1)))?.name, 'first');
  said = null;
  state.nowMs += 9_999;
  assert.equal((await cache.find(token(1)))?.name, 'first');
  assert.equal(state.asked, 1);
  state.nowMs += 1;
  assert.equal(await cache.find(token(1)), null);
});

test('an answer is as old as its question, however long the directory took', async () => {
  const { cache, state } = cacheOver(() => {
    state.nowMs += 4_000;
    return actor('slow');
  });
  await cache.find(token(1));
  state.nowMs += 6_000;
  await cache.find(token(1));
  assert.equal(state.asked, 2);
});

test('actors #14: a definite unknown is remembered for 30 s as such, and a token issued meanwhile works after them', async () => {
  let said: Actor | null = null;
  const { cache, state } = cacheOver(() => said);
  assert.equal(await cache.find(token(1)), null);
  said = actor('issued');
  state.nowMs += 29_999;
  assert.equal(await cache.find(token(1)), null);
  assert.equal(state.asked, 1);
  state.nowMs += 1;
  assert.equal((await cache.find(token(1)))?.name, 'issued');
});

test('actors #16: a failure is not remembered: an unknown caller is refused now and known as soon as the directory answers', async () => {
  let said: Actor | Error = new Error('away');
  const { cache, state } = cacheOver(() => said);
  await assert.rejects(cache.find(token(1)), /away/);
  await assert.rejects(cache.find(token(1)), /away/);
  assert.deepEqual([state.asked, state.warnings], [2, 0]);
  said = actor('back');
  assert.equal((await cache.find(token(1)))?.name, 'back');
});

test('actors #16: while the directory fails the last known actor is served, for a day', async () => {
  let said: Actor | Error = actor('known');
  const { cache, state } = cacheOver(() => said);
  await cache.find(token(1));
  said = new Error('away');
  state.nowMs += 10_000;
  assert.equal((await cache.find(token(1)))?.name, 'known');
  assert.equal(state.warnings, 1);
  state.nowMs += 86_390_000;
  assert.equal((await cache.find(token(1)))?.name, 'known');
  state.nowMs += 1;
  await assert.rejects(cache.find(token(1)), /away/);
});

test('while the directory hangs, known callers do not wait for it after the first; its next answer counts', async () => {
  let said: Actor | Error | Promise<Actor | null> = actor('known');
  const { cache, state } = cacheOver(() => said);
  await cache.find(token(1));
  said = new Error('away');
  state.nowMs += 10_000;
  await cache.find(token(1));
  const { promise, resolve } = Promise.withResolvers<Actor | null>();
  said = promise;
  state.nowMs += 59_999;
  // Both are answered although the directory has not; it is asked once, beside them.
  assert.equal((await cache.find(token(1)))?.name, 'known');
  assert.equal((await cache.find(token(1)))?.name, 'known');
  assert.equal(state.asked, 3);
  resolve(null);
  await promise;
  await new Promise(setImmediate);
  assert.equal(await cache.find(token(1)), null);
});

test('a minute after the last failure the directory is asked first again', async () => {
  let said: Actor | null | Error = actor('known');
  const { cache, state } = cacheOver(() => said);
  await cache.find(token(1));
  said = new Error('away');
  state.nowMs += 10_000;
  await cache.find(token(1));
  said = null;
  state.nowMs += 60_000;
  assert.equal(await cache.find(token(1)), null);
});

test('an actor that the directory has come to deny is not served when it fails afterwards', async () => {
  let said: Actor | null | Error = actor('known');
  const { cache, state } = cacheOver(() => said);
  await cache.find(token(1));
  said = null;
  state.nowMs += 10_000;
  assert.equal(await cache.find(token(1)), null);
  said = new Error('away');
  state.nowMs += 30_000;
  await assert.rejects(cache.find(token(1)), /away/);
});

test('look-ups of one token at the same time are one; of two tokens, two', async () => {
  const { promise, resolve } = Promise.withResolvers<Actor | null>();
  const { cache, state } = cacheOver(() => promise);
  const finds = [cache.find(token(1)), cache.find(token(1)), cache.find(token(2))];
  assert.equal(state.asked, 2);
  resolve(actor('found'));
  assert.deepEqual(
    (await Promise.all(finds)).map((found) => found?.name),
    ['found', 'found', 'found'],
  );
});

test('the cache is bounded, and a flood of made-up tokens does not push known actors out', async () => {
  const known = token(0);
  const { cache, state } = cacheOver(({ hash }) => (hash === known.hash ? actor('known') : null));
  await cache.find(known);
  for (let n = 1; n <= 10_001; n++) await cache.find(token(n));
  assert.equal(state.asked, 10_002);
  await cache.find(known);
  await cache.find(token(10_001));
  assert.equal(state.asked, 10_002);
  // The oldest unknown one made room.
  await cache.find(token(1));
  assert.equal(state.asked, 10_003);
});
