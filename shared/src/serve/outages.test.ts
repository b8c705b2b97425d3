// Who is served without Redis: so many calls an actor, feature and outage, nobody who is known to have nothing left,
// nobody where the policy is closed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Permit } from '../auth/auth.ts';
import type { Denial, Lease } from '../limiter/limiter.ts';
import { createOutages } from './outages.ts';

const settings = {
  chatCompletionsWithoutRedis: 3,
  codeCompletionsWithoutRedis: 0,
  embeddingsWithoutRedis: 5,
  budgetWithoutRedisNanoUsd: 10,
};

function permit(id: string, { feature = 'chat_completions', limit = 100, blocked = false } = {}): Permit {
  return { actor: { source: 'dotcom-user', id, pool: null }, feature, entitlement: { limit }, blocked } as Permit;
}
const lease = (remaining: number, resetAtMs: number): Lease =>
  ({ decision: 'admitted', remaining, resetAtMs }) as Lease;
const denial = (cause: Denial['cause'], retryAtMs: number): Denial => ({
  decision: 'denied',
  cause,
  limit: 100,
  retryAtMs,
  nowMs: 0,
  posted: null,
});

test('a number of calls per actor and feature, once, until Redis has decided about the actor again', () => {
  const outages = createOutages(settings, () => 0);
  const ask = (id: string): boolean => outages.admits(permit(id), 1);
  assert.deepEqual([ask('a'), ask('a'), ask('a'), ask('a'), ask('b')], [true, true, true, false, true]);
  assert.equal(outages.admits(permit('a', { feature: 'embeddings' }), 1), true);
  outages.decided(permit('b'), lease(9, 1));
  assert.equal(ask('a'), false, 'another actor’s answer is not its own');
  outages.decided(permit('a'), lease(9, 1));
  assert.equal(ask('a'), true);
});

test('closed features, blocked actors, and limits that the call does not fit into', () => {
  const outages = createOutages(settings, () => 0);
  assert.equal(outages.admits(permit('a', { feature: 'code_completions' }), 1), false);
  assert.equal(outages.admits(permit('a', { feature: 'attribution' }), 1), false);
  assert.equal(outages.admits(permit('a', { blocked: true }), 1), false);
  const texts = permit('a', { feature: 'embeddings', limit: 1_000 });
  assert.equal(outages.admits(texts, 1_001), false);
  assert.equal(outages.admits(texts, 600), true);
  assert.equal(outages.admits(texts, 600), false);
  assert.equal(outages.admits(texts, 400), true);
});

test('last seen exhausted, by a denial or by its last unit, until that window is over; a burst says nothing', () => {
  let nowMs = 0;
  const outages = createOutages(settings, () => nowMs);
  outages.decided(permit('a'), denial('quota', 1_000));
  outages.decided(permit('b'), lease(0, 1_000));
  outages.decided(permit('c'), lease(1, 1_000));
  outages.decided(permit('d'), denial('burst', 1_000));
  const ask = (id: string): boolean => outages.admits(permit(id), 1);
  assert.deepEqual(['a', 'b', 'c', 'c', 'd'].map(ask), [false, false, true, false, true]);
  nowMs = 1_000;
  assert.deepEqual(['a', 'b', 'c'].map(ask), [true, true, true]);
});

test('what is remembered is bounded: when it is full, newcomers wait until the oldest is an hour old', () => {
  let nowMs = 0;
  const outages = createOutages(settings, () => nowMs);
  for (let i = 0; i < 10_000; i++) assert.equal(outages.admits(permit(`a${i}`), 1), true);
  assert.equal(outages.admits(permit('late'), 1), false);
  nowMs = 3_600_000;
  assert.equal(outages.admits(permit('late'), 1), true);
});

test('under hard budgets only as much as an instance may spend without asking, none where it may spend nothing', () => {
  const outages = createOutages(settings, () => 0);
  assert.deepEqual(
    [outages.admits(permit('a'), 1, 6), outages.admits(permit('b'), 1, 5), outages.admits(permit('b'), 1, 4)],
    [true, false, true],
  );
  assert.equal(outages.admits(permit('c'), 1, 1), false);
  assert.equal(outages.admits(permit('c'), 1), true, 'a soft budget, or none');
  outages.decided(permit('a'), lease(9, 1));
  assert.equal(outages.admits(permit('c'), 1, 6), true, 'what Redis has heard of is its own again');
  outages.decided(permit('d'), denial('budget-used-up', 1_000));
  assert.equal(outages.admits(permit('d'), 1, 0), false);
  const closed = createOutages({ ...settings, budgetWithoutRedisNanoUsd: 0 }, () => 0);
  assert.deepEqual([closed.admits(permit('a'), 1, 0), closed.admits(permit('a'), 1)], [false, true]);
});
