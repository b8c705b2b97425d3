// A fuzz over the bodies of requests and answers, of any kinds of values: none costs more processor time than its
// weight allows, or more heap for what is kept. Seedable.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import { cost, heapOf, heavy, seed } from '../../../scripts/test/heavy-json.ts';
import { parseJson, requestWeightMax } from './json.ts';
import { readJson } from './json-members.ts';
import { parseInTurns } from './json-in-turns.ts';
import { Refusal } from './refusal.ts';

const bodyBytes = 1_500_000;
const runs = 40;

const body = fc.tuple(heavy(bodyBytes), fc.boolean()).map(([{ names, value }, isCut]) => {
  const text = `{"model":"m","x":${value},"usage":{"n":1}}`;
  return { names, text: isCut ? text.slice(0, -3) : text };
});

/**
 * Of parsing a list of numbers as heavy as a request may be, here and now: what the machine and its load are worth.
 * The least of some.
 */
function baseline(): number {
  const text = `[${Array(requestWeightMax).fill('1').join(',')}]`;
  return Math.min(...Array.from({ length: 5 }, () => cost(() => void JSON.parse(text))));
}

const parsed = (text: string): unknown => {
  try {
    return parseJson(text);
  } catch (error) {
    assert.ok(error instanceof Refusal && ['bad-request', 'body-too-large'].includes(error.kind));
    return null;
  }
};

for (const [what, parse, timesMax] of [
  // By the dearest kind that is let in: 66,000 members of as many names.
  ['requests', parsed, 25],
  ['answers', (text: string) => readJson(text), 15],
] as const)
  test(`${what} of any kind cost a bounded multiple of the heaviest list of numbers, and of its bytes`, () => {
    const unit = baseline();
    fc.assert(
      fc.property(body, ({ names, text }) => {
        // The least of three: a collection that other tests have left is nobody's cost.
        const least = Math.min(...Array.from({ length: 3 }, () => cost(() => void parse(text))));
        const times = least / unit;
        assert.ok(times < timesMax, `${names.join(', ')}: ${times.toFixed(1)} times`);
        const perByte = heapOf(() => parse(text)) / text.length;
        assert.ok(perByte < 40, `${names.join(', ')}: ${perByte.toFixed(1)} bytes of heap a byte`);
      }),
      { numRuns: runs, seed },
    );
  });

test('answers that are read in turns give what is in them, and no turn costs more than a light list', async () => {
  const unit = baseline();
  await fc.assert(
    fc.asyncProperty(body, async ({ names, text }) => {
      const turns: number[] = [];
      let before = process.cpuUsage();
      const turn = (): Promise<void> => {
        const { user, system } = process.cpuUsage(before);
        turns.push((user + system) / 1_000);
        before = process.cpuUsage();
        return Promise.resolve();
      };
      await parseInTurns(text, { weightMax: 10_000_000, turn }).catch(() => null);
      const median = turns.toSorted((a, b) => a - b)[turns.length >> 1] ?? 0;
      assert.ok(median / unit < 10, `${names.join(', ')}: ${(median / unit).toFixed(1)} times`);
    }),
    { numRuns: 15, seed },
  );
});
