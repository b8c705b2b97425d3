// Phrases are found piece by piece where they are found in the whole, in any letters and across any border, and no turn
// looks through more than a piece.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import { phrasesIn } from './phrases.ts';

const pieceCharacters = 256 * 1024;
const none = (): Promise<void> => Promise.resolve();

test('what is found in pieces is what is found in the whole', async () => {
  // With letters that grow, shrink, have two halves, or are written by what stands around them.
  const word = fc.string({
    unit: fc.constantFrom('a', 'B', ' ', 'İ', 'Σ', '𐐀', 'K', 'Ж', '\ud800', 'ǅ'),
    maxLength: 8,
  });
  const text = fc
    .tuple(word, word, word, fc.constantFrom('a', 'aB ', '𐐀', 'İ'), fc.nat(8))
    .map(([a, b, c, filling, less]) => {
      const near = filling.repeat(Math.ceil(pieceCharacters / filling.length)).slice(less);
      return `${a}${near}${b}${near}${c}`;
    });
  await fc.assert(
    fc.asyncProperty(fc.oneof(text, word), fc.array(word, { maxLength: 5 }), async (words, some) => {
      const lowered = words.toLowerCase();
      // Also what does lie across a border.
      const phrases = [...some, lowered.slice(pieceCharacters - 5, pieceCharacters + 5)].map((one) =>
        one.toLowerCase(),
      );
      const found = await phrasesIn(words, phrases, none);
      assert.deepEqual(
        phrases.map((phrase) => found.has(phrase)),
        phrases.map((phrase) => lowered.includes(phrase)),
      );
    }),
    { numRuns: 150 },
  );
});

test('a long text takes as many turns as it has pieces, and no more once everything is found', async () => {
  const long = 'Word '.repeat(2_400_000);
  let turns = 0;
  const turn = (): Promise<void> => Promise.resolve(void turns++);
  await phrasesIn(long, ['never there'], turn);
  assert.equal(turns, Math.floor(long.length / pieceCharacters));
  turns = 0;
  await phrasesIn(long, ['word'], turn);
  assert.equal(turns, 0);
});
