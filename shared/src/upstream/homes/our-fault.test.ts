// What of a home’s refusals is our own fault, on real sockets: a key, our money, a model that our project does not
// have. The next key or home has the call; without one the caller is told in our words.

import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { answered, instanceOf, refusing, startHome } from './homes.test/fleet.ts';

describe('what is our fault', () => {
  const error = (type: string, message: string): object => ({ type: 'error', error: { type, message } });
  const credit = error('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.');
  const cases: [name: string, status: number, body: object, blame: string][] = [
    ['a key', 401, error('authentication_error', 'invalid x-api-key'), 'key'],
    ['credit', 400, credit, 'money'],
    ['billing', 403, error('billing_error', 'pay'), 'money'],
    ['402', 402, {}, 'money'],
    ['a model that our project does not have', 404, error('not_found_error', 'model: claude-haiku-4-5'), 'access'],
    ['credit, told in a 200', 200, credit, 'money'],
  ];
  for (const [name, status, body, blame] of cases)
    test(`${name}: the next home; without one 502 in our words, and the provider’s for the log`, async (t) => {
      const [a, b] = [await startHome(t, refusing(status, body)), await startHome(t, answered)];
      const moved = await instanceOf([a, b]).ask();
      assert.deepEqual([moved.home, moved.attempts[0]?.failure], ['b', blame]);
      const alone = await instanceOf([a]).ask();
      assert.deepEqual(
        [alone.error?.kind, alone.error?.retryAfterSeconds, alone.text],
        ['upstream-credentials', 60, ''],
      );
      assert.doesNotMatch(alone.error?.message ?? '', /credit|x-api-key|pay|claude/);
      assert.equal(alone.attempts[0]?.said?.includes('error'), status !== 402);
    });

  test('insufficient quota is no rate limit: one call, and nobody asks again', async (t) => {
    const a = await startHome(
      t,
      refusing(429, { error: { message: 'quota', type: 'insufficient_quota', code: 'insufficient_quota' } }),
    );
    const { error: refusal } = await instanceOf([a], { provider: 'openai' }).ask({
      surface: 'openai-chat',
      model: 'gpt-4o',
    });
    assert.deepEqual([refusal?.kind, a.count], ['upstream-credentials', 1]);
  });

  test('an overload elsewhere is told before it: that passes', async (t) => {
    const [a, b] = [await startHome(t, refusing(529, 'theirs')), await startHome(t, refusing(401))];
    const { status, text } = await instanceOf([a, b]).ask();
    assert.deepEqual([status, text], [529, 'theirs']);
  });

  test('another key of the same home takes over at once, and stays', async (t) => {
    const keys: unknown[] = [];
    const a = await startHome(t, (response, body, request) => {
      keys.push(request.headers['x-api-key']);
      (request.headers['x-api-key'] === 'dead' ? refusing(401) : answered)(response, body, request);
    });
    const instance = instanceOf([a], {
      rows: [{ secrets: ['FIRST_KEY', 'SECOND_KEY'] }],
      env: { FIRST_KEY: 'dead', SECOND_KEY: 'good' },
    });
    for (let i = 0; i < 3; i++) assert.equal((await instance.ask()).status, 200);
    assert.deepEqual(keys, ['dead', 'good', 'good', 'good']);
  });

  test('a key in a file is read again when it is refused', async (t) => {
    const file = path.join(tmpdir(), `key-of-a-test-${process.pid}`);
    t.after(() => rm(file, { force: true }));
    await writeFile(file, 'old\n');
    let good = 'old';
    const a = await startHome(t, (response, body, request) =>
      (request.headers['x-api-key'] === good ? answered : refusing(401))(response, body, request),
    );
    const instance = instanceOf([a], { env: { ANTHROPIC_TEST_KEY: file } });
    assert.equal((await instance.ask()).status, 200);
    good = 'new';
    assert.equal((await instance.ask()).error?.kind, 'upstream-credentials', 'not replaced yet');
    await writeFile(file, 'new\n');
    const { status, attempts } = await instance.ask();
    assert.deepEqual([status, attempts.length], [200, 2]);
  });

  test('a key that is refused is asked again where there is no other: it can’t be worse', async (t) => {
    const a = await startHome(t, refusing(401));
    const instance = instanceOf([a]);
    for (let i = 0; i < 3; i++) assert.equal((await instance.ask()).error?.kind, 'upstream-credentials');
    a.handle = answered;
    assert.equal((await instance.ask()).status, 200);
  });
});
