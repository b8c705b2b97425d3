// A fuzz over the bodies of requests and answers, of any kinds of values: none costs more processor time than its
// weight allows, or more heap for what is kept. Seedable.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { parseJson, requestWeightMax } from './json.ts';
import { readJson } from './json-members.ts';
import { parseInTurns } from './json-in-turns.ts';
import { Refusal } from './refusal.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** A failing run prints its seed; given here it draws the same bodies. */
const seed = Number(process.env['GATEWAY_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const bodyBytes = 1_500_000;
const runs = 40;

/** What a body is made of: many of one kind behind each other, in lists and objects. */
const kinds: Readonly<Record<string, (i: number) => string>> = {
  ones: () => '1',
  'numbers of many digits': (i) => `0.${i}12345678901234567`,
  'numbers beyond a double': () => '1e99',
  fractions: (i) => `${i / 7}`,
  'empty texts': () => '""',
  'short texts': (i) => `"t${i}"`,
  'texts with escapes': () => '"\\u0416\\n\\"\\\\"',
  'empty lists': () => '[]',
  'nested lists': () => '[[[]]]',
  'deep lists': () => '['.repeat(900) + ']'.repeat(900),
  'empty objects': () => '{}',
  'objects alike': () => '{"a":1,"b":2}',
  'objects of their own': (i) => `{"k${i}":1}`,
  'objects with two of their own': (i) => `{"k${i}":{},"l${i}":[]}`,
  'objects with indexes': (i) => `{"${i * 7_919}":1}`,
  words: () => 'null',
  blanks: () => '1\n      ',
  'long texts': () => `"${'a'.repeat(20_000)}"`,
  'long texts with quotes': () => `"${'a\\"'.repeat(7_000)}"`,
};
const body = fc
  .tuple(
    fc.array(fc.constantFrom(...Object.keys(kinds)), { minLength: 1, maxLength: 3 }),
    fc.constantFrom('list', 'object'),
    fc.boolean(),
  )
  .map(([names, container, isCut]) => {
    const parts: string[] = [];
    for (let bytes = 0, i = 0; bytes < bodyBytes; i++) {
      const item = kinds[names[i % names.length] ?? '']?.(i) ?? '';
      parts.push(container === 'list' ? item : `"m${i}":${item}`);
      bytes += item.length + 4;
    }
    const text = `{"model":"m","x":${container === 'list' ? `[${parts.join(',')}]` : `{${parts.join(',')}}`},"usage":{"n":1}}`;
    return { names, text: isCut ? text.slice(0, -3) : text };
  });

/** Processor time of some work, in ms. */
function cost(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/**
 * Of parsing a list of numbers as heavy as a request may be, here and now: what the machine and its load are worth.
 * The least of some.
 */
function baseline(): number {
  const text = `[${Array(requestWeightMax).fill('1').join(',')}]`;
  return Math.min(...Array.from({ length: 5 }, () => cost(() => void JSON.parse(text))));
}

/** What is kept alive by a value, in bytes. */
function heapOf(make: () => unknown): number {
  collect();
  const before = process.memoryUsage().heapUsed;
  const kept = { value: make() };
  collect();
  const bytes = process.memoryUsage().heapUsed - before;
  return kept.value === kept ? 0 : bytes;
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
