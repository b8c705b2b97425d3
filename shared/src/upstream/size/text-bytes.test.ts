// How long a text may become for a tokenizer is known without making it that long: no more than a piece of it is
// brought into another form at once, and the sum is never below that of the whole.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../../scripts/test/draws.ts';
import { textBytesOf } from './size.ts';

const exact = (text: string): number => Math.max(Buffer.byteLength(text), Buffer.byteLength(text.normalize('NFKC')));
/** One that becomes eighteen, one that grows together with its mark, one of two halves, and parts of syllables. */
const unit = fc.constantFrom('ﷺ', 'e\u0301', '😀', 'a ', '한', '\ud800', '"', '½');

test('of long texts it is what the whole gives, or a few bytes more', () => {
  fc.assert(
    fc.property(fc.array(unit, { minLength: 1, maxLength: 12 }), (units) => {
      const once = units.join('');
      const text = once.repeat(Math.ceil(200_000 / once.length));
      const bytes = textBytesOf(text, 0);
      assert.ok(bytes >= exact(text) && bytes < exact(text) + 100, `${bytes} for ${exact(text)}`);
    }),
    { numRuns: 40 },
  );
});

test('no more than a piece is brought into another form at once', (t) => {
  const { normalize } = String.prototype;
  let most = 0;
  t.mock.method(String.prototype, 'normalize', function (this: string, form: string) {
    most = Math.max(most, this.length);
    return normalize.call(this, form);
  });
  assert.equal(textBytesOf('ﷺ'.repeat(3_000_000), 5), 3_000_000 * Buffer.byteLength('ﷺ'.normalize('NFKC')) - 5);
  assert.ok(most > 0 && most <= 64 * 1024, String(most));
});
