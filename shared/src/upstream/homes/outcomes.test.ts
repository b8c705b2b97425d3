// When outcomes are bad enough to shut something, for one actor or for everybody.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outcomes, outcomeRules, type Verdict } from './outcomes.ts';

type Step = readonly [failed: boolean, actor: string, atMs?: number];

function verdictsOf(steps: readonly Step[], rules = outcomeRules): Verdict[] {
  const outcomes = new Outcomes(rules);
  return steps.map(([failed, actor, atMs = 0]) => outcomes.add(failed, actor, atMs));
}

const many = (count: number, failed: boolean, actor: string, atMs = 0): Step[] =>
  Array.from({ length: count }, () => [failed, actor, atMs] as const);

test('completions #50: OK, 429, 429, OK is unavailable at a ratio of a half, OK, 429, OK, OK is available', () => {
  const rules = { ...outcomeRules, outcomesMax: 10, failureRatio: 0.5, outcomesMin: 4 };
  const one = (...failed: boolean[]): Step[] => failed.map((bad) => [bad, 'a'] as const);
  assert.notEqual(verdictsOf(one(false, true, true, false), rules).at(-1), 'open');
  assert.deepEqual(new Set(verdictsOf(one(false, true, false, false), rules)), new Set(['open']));
});

test('completions #51: what is older than the window does not count, what is exactly as old does', () => {
  const rules = { ...outcomeRules, failureRatio: 0.75, outcomesMin: 8 };
  // Two older ones would make it 6 of 10; without them it is 6 of 8.
  for (const [ageMs, shut] of [
    [60_001, true],
    [60_000, false],
  ] as const) {
    const later = [...many(2, false, 'a', ageMs), ...many(6, true, 'a', ageMs)];
    const last = verdictsOf([...many(2, false, 'a'), ...later], rules).at(-1);
    assert.equal(last !== 'open', shut, `${ageMs} ms old`);
  }
});

test('one actor’s failures shut it for that actor, at least five of them', () => {
  assert.deepEqual(verdictsOf(many(5, true, 'a')), ['open', 'open', 'open', 'open', 'shut for the actor']);
  assert.equal(verdictsOf([...many(3, false, 'b'), ...many(96, true, 'a')]).at(-1), 'shut for the actor');
});

test('one actor’s failures shut nothing for another, however many they are', () => {
  const all = verdictsOf([...many(95, true, 'bad'), ...many(3, false, 'good'), [true, 'good']]);
  assert.ok(!all.includes('shut for all'), all.join());
  assert.equal(all.at(-1), 'open', 'a failure among what was served');
});

test('two actors who meet nothing but failures shut it for everybody', () => {
  assert.equal(verdictsOf([...many(3, true, 'a'), ...many(2, true, 'b')]).at(-1), 'shut for all');
  assert.equal(verdictsOf([...many(4, true, 'a'), [true, 'b']]).at(-1), 'open', 'one alone may be his own');
});

test('only the last hundred count: what is busy is shut soon after it begins to fail', () => {
  const verdicts = verdictsOf([...many(1_000, false, 'a'), ...many(95, true, 'a')]);
  assert.equal(verdicts.indexOf('shut for the actor'), 1_094);
});

test('half of the calls may fail', () => {
  assert.deepEqual(
    new Set(verdictsOf(Array.from({ length: 400 }, (_, i) => [i % 2 === 0, `a${i % 3}`] as const))),
    new Set(['open']),
  );
});
