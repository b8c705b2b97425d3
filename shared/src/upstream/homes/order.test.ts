// Homes are asked by priority, shared by weight, and a conversation stays where it is whatever other homes do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { homeOf } from './homes.test/home.ts';
import { orderHomes } from './order.ts';

const idsOf = (homes: ReturnType<typeof orderHomes>): string[] => homes.map(({ row }) => row.id);
const conversations = Array.from({ length: 4_000 }, (_, i) => `actor\nconversation ${i}`);

test('lower priorities are always first, whatever the weights', () => {
  const homes = [
    homeOf('a', { priority: 10, weight: 1_000 }),
    homeOf('b', { weight: 1 }),
    homeOf('c', { priority: 5 }),
  ];
  for (const one of conversations.slice(0, 200)) assert.deepEqual(idsOf(orderHomes(homes, one)), ['b', 'c', 'a']);
});

test('shares are as the weights are', () => {
  const homes = [homeOf('a', { weight: 100 }), homeOf('b', { weight: 300 }), homeOf('c', { weight: 600 })];
  const first = Map.groupBy(conversations, (one) => idsOf(orderHomes(homes, one))[0]);
  for (const [id, share] of [
    ['a', 0.1],
    ['b', 0.3],
    ['c', 0.6],
  ] as const)
    assert.ok(
      Math.abs((first.get(id)?.length ?? 0) / conversations.length - share) < 0.03,
      `${id}: ${first.get(id)?.length}`,
    );
});

test('a conversation meets the same home, in whatever order they are listed, and leaves it only when that home goes', () => {
  const homes = ['a', 'b', 'c', 'd'].map((id) => homeOf(id));
  for (const one of conversations.slice(0, 500)) {
    const order = idsOf(orderHomes(homes, one));
    assert.deepEqual(idsOf(orderHomes(homes.toReversed(), one)), order);
    for (const gone of homes)
      assert.deepEqual(
        idsOf(
          orderHomes(
            homes.filter((home) => home !== gone),
            one,
          ),
        ),
        order.filter((id) => id !== gone.row.id),
      );
  }
});

test('one home costs nothing: the list comes back as it is', () => {
  const one = [homeOf('a')];
  assert.equal(orderHomes(one, 'x'), one);
});
