// The text of what came in pieces, and whose bytes are freed for it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pieces, textOf } from './text.ts';

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

test('pieces of any size are one text, and what holds them is never much more than they are', () => {
  const shared = Buffer.from('0123456789'.repeat(13_107));
  for (const sizes of [[1], [1, 8_192], [7, 65_536, 3], [20_000], [9_000, 1, 1, 1]]) {
    const before = process.memoryUsage().arrayBuffers;
    const pieces = new Pieces();
    let [expected, at] = ['', 0];
    for (let i = 0; expected.length < 2e6; i++) {
      const size = sizes[i % sizes.length] ?? 1;
      at = (at + 13) % (shared.length - size);
      // A view of memory that would live on with it.
      pieces.push(Buffer.from(Uint8Array.from(shared.subarray(at, at + size)).buffer, 0, size));
      expected += shared.toString('latin1', at, at + size);
    }
    assert.equal(pieces.bytes, expected.length);
    assert.equal(pieces.text(), expected);
    assert.equal(pieces.text(), '', 'nothing is left');
    assert.ok(process.memoryUsage().arrayBuffers - before < 64e6);
  }
});
