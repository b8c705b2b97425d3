// Bytes that are no text are refused with the place of the first, wherever it stands; text never is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuseUnlessUtf8 } from './utf8.ts';

const texts = ['', 'a', 'zu früh 🌍 日本\ufffd', 'ü'.repeat(10_000), `a${'🌍'.repeat(5_000)}`];

test('text is none of its business', () => {
  for (const text of texts) refuseUnlessUtf8(Buffer.from(text));
});

test('the first byte that is no text is named', () => {
  const faults = [
    [0xff],
    [0xc3],
    [0xc3, 0x28],
    [0xe2, 0x82],
    [0xed, 0xa0, 0x80],
    [0xf0, 0x9f, 0x8c],
    [0x80],
    [0xc0, 0xaf],
  ];
  for (const text of texts)
    for (const fault of faults)
      for (const rest of ['', ' and more', 'x'.repeat(9_000)]) {
        const before = Buffer.from(text);
        assert.throws(() => refuseUnlessUtf8(Buffer.concat([before, Buffer.from(fault), Buffer.from(rest)])), {
          kind: 'bad-request',
          message: `failed to parse request body: it is not UTF-8, at byte ${before.length}: send the text encoded as UTF-8`,
        });
      }
});
