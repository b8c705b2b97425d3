// Limits as people write them, there and back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLimit, parseLimit } from './limit-text.ts';

test('units per window, in seconds, minutes, hours and days, read and written alike', () => {
  for (const [text, limit, intervalSeconds] of [
    ['500/24h', 500, 86_400],
    ['10000/30d', 10_000, 2_592_000],
    ['60/90m', 60, 5_400],
    ['2/10s', 2, 10],
    ['7/1h', 7, 3_600],
    ['5/2147483647s', 5, 2_147_483_647],
  ] as const) {
    assert.deepEqual(parseLimit(text, '--chat'), { limit, intervalSeconds });
    assert.equal(formatLimit({ limit, intervalSeconds }), text);
  }
  assert.deepEqual(parseLimit('5/1h30m', '--chat'), { limit: 5, intervalSeconds: 5_400 });
});

test('what is no limit is a usage error that names the option and the value', () => {
  for (const text of [
    '',
    '500',
    '500/',
    '/24h',
    '-5/24h',
    '5.5/24h',
    '5/24',
    '5/0h',
    '5/0d',
    '5/1500ms',
    '5/2147483648s',
    '1/24h',
    '0/24h',
    '9007199254740993/24h',
  ])
    assert.throws(() => parseLimit(text, '--code'), { name: 'UsageError', message: /^--code / }, text);
});

test('what grants nothing and what blocks is told in words', () => {
  for (const nothing of [null, undefined, { limit: 0, intervalSeconds: 5 }, { limit: 5, intervalSeconds: 0 }])
    assert.equal(formatLimit(nothing), '-');
  assert.equal(formatLimit({ limit: 1, intervalSeconds: 5 }), 'blocked');
});

test('a number that is too small is told as such, and what to write in place of 0', () => {
  assert.throws(() => parseLimit('-5/24h', '--chat'), { message: '--chat -5 is too small: give 2 or more' });
  assert.throws(() => parseLimit('0/24h', '--chat'), { message: '--chat 0 grants nothing: leave the option out' });
  assert.throws(() => parseLimit('0/24h', '--chat', 'give none'), { message: '--chat 0 grants nothing: give none' });
});
