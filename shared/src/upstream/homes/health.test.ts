// Against a model: whatever is seen in whatever order, a home, a key or a home's model is shut and tried again by the
// rules. On a clock of the test's own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Health, healthKeys, healthRules, type AttemptOutcome } from './health.ts';
import { randomOf } from './homes.test/home.ts';

const home = healthKeys.home('h');
const model = healthKeys.model('h', 'p/m');

function start() {
  const told: string[] = [];
  const health = new Health((key, state) => told.push(`${key} ${state}`));
  const answer = (outcome: AttemptOutcome, actor: string, nowMs: number, probe = false): void =>
    health.answered(model, actor, outcome, probe, null, nowMs);
  const passes = (actor: string, nowMs: number): boolean =>
    [home, model, healthKeys.ofActor(model, actor)].every((key) => health.passage(key, nowMs) === 'open');
  return { health, told, answer, passes };
}

test('a home that can’t be reached is shut by the third fault in a row, whoever met it', () => {
  const { health, told } = start();
  health.connected(home, false, false, 0);
  health.connected(home, false, false, 0);
  health.connected(home, true, false, 0);
  health.connected(home, false, false, 0);
  health.connected(home, false, false, 0);
  assert.equal(health.passage(home, 0), 'open');
  health.connected(home, false, false, 0);
  assert.deepEqual([health.passage(home, 0), told], ['shut', ['home h shut']]);
});

test('it is tried by one call of those that ask in a second, and by the next a second after that one failed', () => {
  const { health } = start();
  for (let i = 0; i < 3; i++) health.connected(home, false, false, 0);
  assert.deepEqual(
    [1_999, 2_000].map((ms) => health.passage(home, ms)),
    ['shut', 'probe'],
    'three calls are all that it gets of an instance in the first two seconds',
  );
  health.asked(home, 2_000);
  assert.equal(health.passage(home, 2_999), 'shut', 'the right to it was asked for');
  health.probing(home, 2_000);
  assert.equal(health.passage(home, 3_000), 'shut', 'it is under way');
  health.connected(home, false, true, 3_000);
  assert.deepEqual(
    [3_999, 4_000].map((ms) => health.passage(home, ms)),
    ['shut', 'probe'],
  );
  health.connected(home, true, true, 4_000);
  assert.ok(health.isWell());
});

test('by seed: in no two seconds a home that can’t be reached gets more than three calls of an instance', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomOf(seed);
    const { health } = start();
    const calls: number[] = [];
    let nowMs = 0;
    for (let step = 0; step < 400; step++) {
      nowMs += Math.floor(random() * (step % 50 === 0 ? 5_000 : 300));
      const passage = health.passage(home, nowMs);
      if (passage === 'shut') continue;
      calls.push(nowMs);
      if (passage === 'probe') health.probing(home, nowMs);
      health.connected(home, false, passage === 'probe', nowMs);
    }
    assert.ok(calls.length > 20);
    for (const [i, atMs] of calls.entries())
      assert.ok((calls[i + 3] ?? Infinity) - atMs >= healthRules.homeRestMs, `seed ${seed}, ${atMs} ms`);
  }
});

test('a call from before it was shut neither opens it nor keeps it shut', () => {
  const { health, answer } = start();
  for (let i = 0; i < 5; i++) answer('failed', 'a', 0);
  assert.equal(health.passage(healthKeys.ofActor(model, 'a'), 0), 'shut');
  answer('served', 'a', 10);
  answer('failed', 'a', 10);
  assert.equal(health.passage(healthKeys.ofActor(model, 'a'), 1_000), 'probe');
});

test('a probe that says nothing leaves its place to the next, at once or, when it never ends, in time', () => {
  const { health, answer } = start();
  for (const actor of ['a', 'a', 'a', 'b', 'b']) answer('failed', actor, 0);
  health.probing(model, 1_000);
  assert.equal(health.passage(model, 1_000), 'shut');
  answer('undecided', 'a', 1_000, true);
  assert.equal(health.passage(model, 1_000), 'probe');
  health.probing(model, 1_000);
  assert.equal(health.passage(model, 1_000 + healthRules.probeMs), 'probe');
});

test('how long it is shut is the provider’s to say, within a minute', () => {
  for (const [retryAfterMs, waitMs] of [
    [17_000, 17_000],
    [3_600_000, 60_000],
    [0, 1_000],
  ] as const) {
    const { health } = start();
    for (const actor of ['a', 'a', 'a', 'b', 'b']) health.answered(model, actor, 'failed', false, retryAfterMs, 0);
    assert.deepEqual([health.passage(model, waitMs - 1), health.passage(model, waitMs)], ['shut', 'probe']);
  }
});

test('what others found counts as what was seen here, and what they opened is open', () => {
  const { health } = start();
  health.learn(new Map([[home, 500]]), () => false, 0);
  assert.deepEqual([health.passage(home, 499), health.passage(home, 500)], ['shut', 'probe']);
  health.learn(new Map(), () => false, 600);
  assert.equal(health.passage(home, 600), 'probe', 'what the others do not know yet stays');
  health.learn(new Map(), () => true, 600);
  assert.equal(health.passage(home, 600), 'open');
});

test('by seed: whoever only meets good answers is never shut out by others’ bad ones, and what is dead is shut for all', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomOf(seed);
    const { health, answer, passes } = start();
    const isDead = seed % 2 === 0;
    let calls = 0;
    let nowMs = 0;
    for (let step = 0; step < 400; step++) {
      nowMs += Math.floor(random() * 20);
      const actor = isDead ? `a${Math.floor(random() * 3)}` : random() < 0.5 ? 'bad' : 'good';
      if (!isDead && actor === 'good') assert.ok(passes('good', nowMs), `seed ${seed}, step ${step}`);
      if (!passes(actor, nowMs)) {
        const shut = [model, healthKeys.ofActor(model, actor)].filter((key) => health.passage(key, nowMs) !== 'open');
        if (shut.some((key) => health.passage(key, nowMs) === 'shut')) continue;
        for (const key of shut) health.probing(key, nowMs);
        answer(isDead || actor === 'bad' ? 'failed' : 'served', actor, nowMs, true);
        continue;
      }
      calls++;
      answer(isDead || actor === 'bad' ? 'failed' : 'served', actor, nowMs);
    }
    if (isDead) assert.ok(calls <= 15, `seed ${seed}: ${calls} calls to what is dead`);
  }
});

test('it keeps no more in mind than it may, whatever names there are', () => {
  const { health } = start();
  for (let i = 0; i < 20_000; i++) health.shut(healthKeys.model('h', `p/m${i}`), null, 0);
  assert.equal(health.passage(healthKeys.model('h', 'p/m0'), 0), 'shut');
  assert.equal(health.passage(healthKeys.model('h', 'p/m19999'), 0), 'open');
});
