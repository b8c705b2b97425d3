// A JSON array gives its objects one by one however its bytes are cut, and a cut one is not whole.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createArrayElements } from './array-elements.ts';

const elements = [{ text: 'a "]}[{" \\ ü🌍\\"' }, {}, { a: [{ b: [1, { c: ']' }] }], n: null }];
const bytes = Buffer.from(JSON.stringify(elements, null, 2).replaceAll('},\n', '},\r\n'));

function read(pieces: readonly Buffer[]): [unknown[], whole: boolean] {
  const array = createArrayElements();
  const found = pieces.flatMap((piece) => array.push(piece));
  return [found, array.isWhole()];
}

test('cut at every byte, and byte by byte', () => {
  for (let cut = 0; cut <= bytes.length; cut++)
    assert.deepEqual(read([bytes.subarray(0, cut), bytes.subarray(cut)]), [elements, true], `cut at byte ${cut}`);
  assert.deepEqual(read(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))), [elements, true]);
});

test('broken off anywhere it is not whole, and gives what was', () => {
  for (let cut = 0; cut < bytes.length; cut++) {
    const [found, whole] = read([bytes.subarray(0, cut)]);
    assert.equal(whole, false, `cut at byte ${cut}`);
    assert.deepEqual(found, elements.slice(0, found.length));
  }
});

test('what is no object, or too large, passes unread and does not harm what follows', () => {
  assert.deepEqual(read([Buffer.from('[1,"{}",[2],{"a":1},{x},{"b":2}]')]), [[null, { a: 1 }, null, { b: 2 }], true]);
  const large = Buffer.from(`[{"a":"${'x'.repeat(17 * 1024 * 1024)}"},{"b":2}]`);
  const chunks = Array.from({ length: 18 }, (_, i) => large.subarray(i * (1 << 20), (i + 1) * (1 << 20)));
  assert.deepEqual(read(chunks), [[null, { b: 2 }], true]);
});
