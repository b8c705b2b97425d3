// The nearest names of one that is not served: slips of the pen first, then what begins alike, never anything far
// away; its work is bounded.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestNames } from './nearest-names.ts';

const names = [
  'openai/gpt-5',
  'openai/gpt-5-mini',
  'openai/gpt-4o',
  'anthropic/claude-sonnet-4-5',
  'anthropic/claude-opus-4-5',
  'google/gemini-2.5-pro',
];

for (const [typed, first] of [
  ['gtp-5', 'openai/gpt-5'],
  ['GPT5', 'openai/gpt-5'],
  ['gpt-5-mni', 'openai/gpt-5-mini'],
  ['claude-sonet-4-5', 'anthropic/claude-sonnet-4-5'],
  ['gemini-2.5-flash', 'google/gemini-2.5-pro'],
  ['openai/gpt-7', 'openai/gpt-5'],
] as const)
  test(`${typed}: ${first}`, () => assert.equal(nearestNames(typed, names)[0], first));

test('what resembles nothing has no neighbours, and a long text is not compared', () => {
  for (const typed of ['', 'x', 'llama', 'mistral-large', 'a'.repeat(10_000), `gpt-5${'x'.repeat(90)}`])
    assert.deepEqual(nearestNames(typed, names), [], typed.slice(0, 20));
});

test('at most three', () =>
  assert.equal(
    nearestNames(
      'gpt-5',
      Array.from({ length: 100 }, (_, at) => `openai/gpt-${at}`),
    ).length,
    3,
  ));
