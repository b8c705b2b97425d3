// Allow-lists: names and patterns replace what is known, signs change it, the last entry that has a name decides, case
// does not count.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import * as v from 'valibot';
import { allowEntry, allowList } from './allow-list.ts';

const known = ['gpt-6', 'gpt-5', 'gpt-5-mini', 'o3'];

for (const [entries, names, unknown] of [
  [null, known, false],
  [[], known, false],
  [['gpt-5', 'gpt-7'], ['gpt-5', 'gpt-7'], true],
  [['o3', 'gpt-5'], ['o3', 'gpt-5'], false],
  [['gpt-5*'], ['gpt-5', 'gpt-5-mini'], false],
  [['gpt-*'], ['gpt-6', 'gpt-5', 'gpt-5-mini'], true],
  [['*'], known, true],
  [['+gpt-7'], [...known, 'gpt-7'], true],
  [['+gpt-*'], known, true],
  [['-o3'], ['gpt-6', 'gpt-5', 'gpt-5-mini'], false],
  [
    ['-gpt-5*', '+gpt-5-mini'],
    ['gpt-6', 'o3', 'gpt-5-mini'].toSorted((a, b) => known.indexOf(a) - known.indexOf(b)),
    false,
  ],
  [['*', '-gpt-7'], known, false],
  [['gpt-*', '-gpt-6'], ['gpt-5', 'gpt-5-mini'], true],
  [['-gpt-6', 'gpt-6'], ['gpt-6'], false],
  [['GPT-5', 'O3'], ['gpt-5', 'o3'], false],
] as const)
  test(`${JSON.stringify(entries)} lists ${names.join(', ')} and ${unknown ? 'allows' : 'refuses'} gpt-7`, () => {
    const list = allowList(entries, known);
    assert.deepEqual(list.names, names);
    assert.equal(list.allows('gpt-7'), unknown);
    assert.equal(list.allows('GPT-7'), unknown);
  });

test('every listed name is allowed, and every known name that is allowed is listed', () => {
  const entry = fc
    .tuple(fc.constantFrom('', '+', '-'), fc.constantFrom('a', 'ab', 'abc', 'b', 'bc'), fc.constantFrom('', '*'))
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.option(fc.array(entry, { maxLength: 6 })), (entries) => {
      const names = ['ab', 'abc', 'b', 'xyz'];
      const list = allowList(entries, names);
      for (const name of list.names) assert.ok(list.allows(name), name);
      for (const name of names) assert.equal(list.names.includes(name), list.allows(name), name);
      assert.equal(new Set(list.names).size, list.names.length);
    }),
  );
});

test('an unknown name is claimed by what says more than an asterisk', () => {
  assert.deepEqual(
    [
      allowList(['*'], []).claims('x'),
      allowList(['x*'], []).claims('xy'),
      allowList(['+xy'], []).claims('XY'),
      allowList(['x*', '-xy'], []).claims('xy'),
    ],
    [false, true, true, false],
  );
});

test('what is no entry is refused with its text', () => {
  for (const text of ['', '+', '-', '**', 'a*b', '*a', 'a b', '++a', '/a'])
    assert.match(
      v.safeParse(allowEntry, text).issues?.[0].message ?? '',
      /is not an entry such as name, prefix\*, \+name or -name/,
      text,
    );
  for (const text of [
    'a',
    'a*',
    '*',
    '+a',
    '-a*',
    'accounts/fireworks/models/x',
    'qwen/qwen3-32b',
    'gpt-5@2026',
    'a:b',
  ])
    assert.ok(v.is(allowEntry, text), text);
});
