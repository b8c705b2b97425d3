// The text of what came in pieces, and whose bytes are freed for it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textOf } from './text.ts';

/** With memory of its own, as what a socket reads has. */
const own = (bytes: Uint8Array): Buffer => Buffer.from(Uint8Array.from(bytes).buffer);

test('pieces are one text wherever they were cut, and their memory is freed at once', () => {
  const bytes = new TextEncoder().encode('zu früh 🌍');
  for (let cut = 1; cut < bytes.length; cut++) {
    const pieces = [own(bytes.subarray(0, cut)), own(bytes.subarray(cut))];
    assert.equal(textOf(pieces), 'zu früh 🌍');
    assert.deepEqual(
      pieces.map(({ buffer }) => buffer.byteLength),
      [0, 0],
    );
  }
  assert.deepEqual([textOf([]), textOf([own(bytes)])], ['', 'zu früh 🌍']);
});

test('a piece of memory that is others’ too stays', () => {
  const shared = own(new TextEncoder().encode('mine, theirs'));
  assert.equal(textOf([shared.subarray(0, 4), own(new TextEncoder().encode('!'))]), 'mine!');
  assert.equal(shared.toString('utf8'), 'mine, theirs');
});
