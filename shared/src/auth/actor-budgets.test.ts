// From what an operator states to what a call is charged against: scopes, grants that lapse, windows that change while
// an account stays in a cache, and nothing made for actors without budgets.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordOf } from '../directory/directory.ts';
import { actorBudgets, noBudgets, type ActorBudgets } from './actor-budgets.ts';
import { actorOf } from './actor.ts';
import { choiceFrom, permitModel } from './permit.ts';

const at = Date.parse;
const settings = {
  burstPercentage: 50,
  burstIntervalMs: 10_000,
  inFlightMin: 20,
  dotcomInternalMode: false,
  billingTimeZone: 'Europe/Berlin',
};
const chat = { limit: 500, intervalSeconds: 86_400, allowedModels: ['*'] };
const recordWith = (budgets: unknown) =>
  recordOf({ name: 'n', accessEnabled: true, limits: { chat_completions: chat }, overrides: { budgets } }, 'd');
const budgetsOf = (budgets: unknown): ActorBudgets => {
  const made = actorBudgets(recordWith(budgets).overrides.budgets, 'UTC');
  assert.ok(made !== null);
  return made;
};

test('a permit has the whole’s budget and its feature’s, in the billing time zone', () => {
  const record = recordWith({
    subscription: { limitUsd: '100', window: 'month' },
    chat_completions: { limitUsd: '0.5', window: 'day', hard: false, overshootUsd: '1.25' },
    embeddings: { limitUsd: '7', window: 'life' },
  });
  const actor = actorOf({ source: 'dotcom-user', id: '1', record, version: 1 }, settings, 0);
  const choice = choiceFrom(['openai/gpt-7'], 'openai', 'gpt-7');
  const { budgets } = permitModel(actor, 'chat_completions', choice, at('2026-11-30T23:30:00Z'));
  assert.deepEqual(budgets, [
    {
      scope: 'subscription',
      limitNanoUsd: 100e9,
      overshootNanoUsd: 0,
      isHard: true,
      windows: [
        { name: '2026-12', startMs: at('2026-11-30T23:00:00Z'), endMs: at('2026-12-31T23:00:00Z') },
        { name: '2027-01', startMs: at('2026-12-31T23:00:00Z'), endMs: at('2027-01-31T23:00:00Z') },
      ],
    },
    {
      scope: 'chat_completions',
      limitNanoUsd: 0.5e9,
      overshootNanoUsd: 1.25e9,
      isHard: false,
      windows: [
        { name: '2026-12-01', startMs: at('2026-11-30T23:00:00Z'), endMs: at('2026-12-01T23:00:00Z') },
        { name: '2026-12-02', startMs: at('2026-12-01T23:00:00Z'), endMs: at('2026-12-02T23:00:00Z') },
      ],
    },
  ]);
});

test('without budgets every permit has the same empty list, and the actor has no member for them', () => {
  const actor = actorOf({ source: 'dotcom-user', id: '1', record: recordWith(null), version: 1 }, settings, 0);
  const choice = choiceFrom(['openai/gpt-7'], 'openai', 'gpt-7');
  assert.ok(!('budgets' in actor));
  assert.equal(permitModel(actor, 'chat_completions', choice, 0).budgets, noBudgets);
  assert.ok(Object.isFrozen(noBudgets) && noBudgets.length === 0);
  assert.equal(actorBudgets({}, 'UTC'), null);
});

test('one actor kept in a cache has the next window when its time has come, and the same array until then', () => {
  const budgets = budgetsOf({ subscription: { limitUsd: '1', window: 'day' } });
  const namesAt = (time: string) => budgets.of('embeddings', at(time))[0]?.windows.map(({ name }) => name.slice(8));
  const first = budgets.of('embeddings', at('2026-11-28T10:00:00Z'));
  assert.equal(budgets.of('embeddings', at('2026-11-28T23:59:59Z')), first);
  assert.deepEqual(namesAt('2026-11-28T23:59:59.999Z'), ['28', '29']);
  // A clock that is ahead of Redis's must not charge a window that has not begun: both are named, Redis decides.
  assert.deepEqual(namesAt('2026-11-29T00:00:00Z'), ['28', '29']);
  assert.deepEqual(namesAt('2026-11-29T00:00:59.999Z'), ['28', '29']);
  assert.deepEqual(namesAt('2026-11-29T00:01:00Z'), ['29', '30']);
  assert.deepEqual(namesAt('2026-11-28T23:00:00Z'), ['28', '29'], 'a clock that went back');
});

test('a grant is on top of the limit until it lapses, to the millisecond', () => {
  const grant = (id: string, usd: string, until: string | null) => ({ id, usd, until, why: 'w' });
  const budgets = budgetsOf({
    subscription: {
      limitUsd: '10',
      window: 'month',
      grants: [grant('a', '2.5', '2026-11-20T00:00:00.000Z'), grant('b', '1', null)],
    },
  });
  const limitAt = (time: string) => (budgets.of('embeddings', at(time))[0]?.limitNanoUsd ?? 0) / 1e9;
  assert.equal(limitAt('2026-11-19T23:59:59.999Z'), 13.5);
  assert.equal(limitAt('2026-11-20T00:00:00Z'), 11);
  assert.equal(limitAt('2026-11-19T00:00:00Z'), 13.5, 'a clock that went back');
});

test('limits and grants together never pass what a number holds to the nano-dollar', () => {
  const grants = Array.from({ length: 50 }, (_, i) => ({ id: String(i), usd: '9000000', until: null, why: 'w' }));
  const [budget] = budgetsOf({ subscription: { limitUsd: '9000000', window: 'life', grants } }).of('embeddings', 0);
  assert.equal(budget?.limitNanoUsd, 9e15);
});

test('a document with a budget that is none grants nothing', () => {
  for (const budget of [
    { limitUsd: '9000000.000000001', window: 'month' },
    { limitUsd: '-1', window: 'month' },
    { limitUsd: '1e3', window: 'month' },
    { limitUsd: '0.0000000001', window: 'month' },
    { limitUsd: 5, window: 'month' },
    { limitUsd: '5', window: 'week' },
    { limitUsd: '5', window: 'day', overshootUsd: 'some' },
    { limitUsd: '5', window: 'day', resets: [{ window: 'x', count: 1 }] },
    { limitUsd: '5', window: 'day', grants: [{ id: 'a', usd: '0', until: null, why: '' }] },
    { limitUsd: '5', window: 'day', grants: [{ id: 'a', usd: '1', until: 'soon', why: '' }] },
  ])
    assert.throws(() => recordWith({ subscription: budget }), /malformed/, JSON.stringify(budget));
});
