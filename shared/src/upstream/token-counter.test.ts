// Tokens are counted as the tokenizer itself counts them, in pieces or not, and beside the event loop.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { countTokens } from 'gpt-tokenizer/encoding/cl100k_base';
import fc from '../../../scripts/test/draws.ts';
import { createTokenCounter } from './token-counter.ts';

const warnings: string[] = [];
const counter = createTokenCounter((message) => warnings.push(message));
after(() => counter.close());

test('completions #44, #45, #46: the counts of the vectors, though these prompts are cut into pieces', async () => {
  const preamble = 'You are cody-gateway.';
  for (const [text, count] of [
    [preamble, 7],
    [`${preamble} ${'word '.repeat(18_001)}`, 18_009],
    [`${preamble} ${'word '.repeat(20_001)}`, 20_009],
    [`System: ${preamble}\n\nHuman: ${'word '.repeat(18_001)}\n\n`, 18_013],
    [`System: ${preamble}\n\nHuman: ${'word '.repeat(20_001)}\n\n`, 20_013],
    ['<|endoftext|>', 1],
    ['', 0],
  ] as const)
    assert.equal(await counter.count(text, 1e9), count, text.slice(0, 40));
});

test('prose of any length counts as in one go', async () => {
  const words = fc.array(fc.constantFrom('word', 'don’t', 'naïve', '12345', 'x = f(y);', 'émigré', '🌍', 'Straße.'), {
    minLength: 1,
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(words, fc.integer({ min: 1, max: 600 }), async (some, times) => {
      const text = `${some.join(' ')} and `.repeat(times);
      assert.equal(await counter.count(text, 1e9), countTokens(text));
    }),
    { numRuns: 25 },
  );
});

test('a run of 200,000 letters does not hold up the event loop, nor another count for long, and is counted nearly exactly', async () => {
  const order: string[] = [];
  const run = counter.count('a'.repeat(200_000), 1e9).then((count) => (order.push('run'), count));
  const other = counter.count('Hello there', 1e9).then((count) => (order.push('other'), count));
  setImmediate(() => order.push('the event loop'));
  const [counted, hello] = await Promise.all([run, other]);
  assert.equal(hello, 2);
  // Eight letters a token, which is what the tokenizer makes of shorter runs.
  assert.ok(counted !== null && Math.abs(counted - 25_000) <= 200_000 / 256, String(counted));
  assert.equal(order.length, 3);
  assert.equal(order.at(-1), 'run', 'the others take turns with it');
});

test('a count stops once it is past what is asked', async () => {
  const count = await counter.count('word '.repeat(1_000_000), 20_000);
  assert.ok(count !== null && count > 20_000 && count < 40_000, String(count));
});

test('a thread that ended fails what waits for it, with a warning and without the text; the next count starts another', async () => {
  const waiting = counter.count('secret '.repeat(100_000), 1e9);
  await counter.close();
  assert.equal(await waiting, null);
  assert.deepEqual(warnings, [
    'the tokens of a text could not be counted: its length is held to no limit, its usage is estimated',
  ]);
  assert.equal(await counter.count('Hello there', 1e9), 2);
});
