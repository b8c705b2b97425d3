// When a model is shut, for how long, and who may try it again: on a clock of the test's own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breakerRules, createBreaker, type BreakerRules, type CallOutcome } from './breaker.ts';

const model = 'openai/gpt-4o';

function start(more: Partial<BreakerRules> = {}) {
  const clock = { ms: 1_000_000 };
  const told: string[] = [];
  const breaker = createBreaker(
    () => clock.ms,
    (name, state, shutMs) => told.push(`${name} ${state} ${shutMs}`),
    { ...breakerRules, ...more },
  );
  const call = (outcome: CallOutcome, retryAfterMs: number | null = null): void =>
    breaker.pass(model).report(outcome, retryAfterMs);
  const refusal = (name = model): { message: string; seconds: number | null } | null => {
    try {
      breaker.pass(name).report('undecided');
      return null;
    } catch (error) {
      const { message, retryAfterSeconds, kind } = error as {
        message: string;
        retryAfterSeconds: number;
        kind: string;
      };
      assert.equal(kind, 'model-unavailable');
      return { message, seconds: retryAfterSeconds };
    }
  };
  return { clock, breaker, call, refusal, told };
}

test('completions #50: OK, 429, 429, OK is unavailable at a ratio of a half, OK, 429, OK, OK is available', () => {
  const rules = { outcomesMax: 10, failureRatio: 0.5, outcomesMin: 4 };
  const shut = start(rules);
  for (const outcome of ['served', 'failed', 'failed', 'served'] as const) shut.call(outcome);
  assert.notEqual(shut.refusal(), null);
  const open = start(rules);
  for (const outcome of ['served', 'failed', 'served', 'served'] as const) open.call(outcome);
  assert.equal(open.refusal(), null);
});

test('completions #51: what is older than the window does not count, what is exactly as old does', () => {
  // Two older ones would make it 6 of 10; without them it is 6 of 8.
  for (const [ageMs, isShut] of [
    [60_001, true],
    [60_000, false],
  ] as const) {
    const { clock, call, refusal } = start({ failureRatio: 0.75, outcomesMin: 8 });
    call('served');
    call('served');
    clock.ms += ageMs;
    for (const outcome of ['served', 'served', ...Array.from({ length: 6 }, () => 'failed' as const)] as const)
      call(outcome);
    assert.equal(refusal() !== null, isShut, `${ageMs} ms old`);
  }
});

test('a model is shut by nothing but failures, at least five, and only that model', () => {
  const { call, refusal, told, clock } = start();
  for (let i = 0; i < 4; i++) call('failed');
  for (let i = 0; i < 50; i++) call('undecided');
  assert.equal(refusal(), null, 'four are too few, and deadlines of callers none');
  call('failed');
  assert.deepEqual(refusal(), { message: 'model openai/gpt-4o is currently unavailable', seconds: 10 });
  assert.equal(refusal('openai/gpt-4'), null);
  assert.deepEqual(told, ['openai/gpt-4o shut 10000']);
  clock.ms += 10_000;
  call('served');
  assert.deepEqual(told.at(-1), 'openai/gpt-4o open 0');
});

test('only the last hundred count: a busy model is shut soon after it begins to fail', () => {
  const { call, refusal } = start();
  for (let i = 0; i < 1_000; i++) call('served');
  for (let i = 0; i < 94; i++) call('failed');
  assert.equal(refusal(), null);
  call('failed');
  assert.notEqual(refusal(), null);
});

test('after its time one call probes; served opens the model with a clean record, failed shuts it again', () => {
  const { clock, breaker, call, refusal } = start();
  for (let i = 0; i < 5; i++) call('failed');
  clock.ms += 9_999;
  assert.equal(refusal()?.seconds, 4, 'never below what an instance would hammer at');
  clock.ms += 1;
  const first = breaker.pass(model);
  assert.notEqual(refusal(), null, 'one probe at a time');
  first.report('failed');
  clock.ms += 9_999;
  assert.notEqual(refusal(), null);
  clock.ms += 1;
  breaker.pass(model).report('served');
  for (let i = 0; i < 4; i++) call('failed');
  assert.equal(refusal(), null, 'failures from before are forgotten');
});

test('a probe that says nothing leaves its place to the next, at once or, when it never ends, in time', () => {
  const { clock, breaker, call, refusal } = start();
  for (let i = 0; i < 5; i++) call('failed');
  clock.ms += 10_000;
  breaker.pass(model).report('undecided');
  const hanging = breaker.pass(model);
  assert.notEqual(refusal(), null);
  clock.ms += 60_000;
  const next = breaker.pass(model);
  hanging.report('served');
  assert.notEqual(refusal(), null, 'a late answer does not speak for the probe that took its place');
  next.report('served');
  assert.equal(refusal(), null);
});

test('how long a model is shut is the provider’s to say, within a minute', () => {
  for (const [retryAfterMs, seconds] of [
    [17_000, 17],
    [3_600_000, 60],
    [1_000, 4],
  ] as const) {
    const { call, refusal } = start();
    for (let i = 0; i < 5; i++) call('failed', retryAfterMs);
    assert.equal(refusal()?.seconds, seconds);
  }
});

test('calls from before the model was shut neither open it nor keep it shut', () => {
  const { clock, breaker, call, refusal } = start();
  const [slow, slower] = [breaker.pass(model), breaker.pass(model)];
  for (let i = 0; i < 5; i++) call('failed');
  slow.report('served');
  assert.notEqual(refusal(), null);
  slower.report('failed');
  clock.ms += 10_000;
  assert.equal(refusal(), null);
});
