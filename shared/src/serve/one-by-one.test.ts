// One at a time, in the order in which they came; who leaves while waiting holds nobody up and lets nobody in early.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOneByOne } from './one-by-one.ts';

const stay = new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('one at a time, in their order', async () => {
  const place = createOneByOne();
  const order: number[] = [];
  let inside = 0;
  await Promise.all(
    Array.from({ length: 5 }, async (_, i) => {
      const leave = await place.enter(stay);
      assert.equal(++inside, 1);
      order.push(i);
      await turn();
      inside--;
      leave();
      leave();
    }),
  );
  assert.deepEqual(order, [0, 1, 2, 3, 4]);
});

test('who leaves while waiting gets its own reason, and those behind wait for those in front', async () => {
  const place = createOneByOne();
  const leave = await place.enter(stay);
  const caller = new AbortController();
  const waiting = place.enter(caller.signal);
  let entered = false;
  const behind = place.enter(stay).then((done) => {
    entered = true;
    return done;
  });
  caller.abort(new Error('the caller left'));
  await assert.rejects(waiting, /the caller left/);
  await turn();
  assert.equal(entered, false);
  leave();
  (await behind)();
  await assert.rejects(place.enter(caller.signal), /the caller left/);
  (await place.enter(stay))();
});

test('nobody waits for ever', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const place = createOneByOne();
  await place.enter(stay);
  const waiting = assert.rejects(place.enter(stay), { kind: 'overloaded' });
  await turn();
  t.mock.timers.tick(30_000);
  await waiting;
});
