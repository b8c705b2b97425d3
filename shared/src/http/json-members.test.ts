// Of an answer that is too heavy to be parsed at once its light members are read all the same: a bomb hides no usage,
// and none is parsed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import { readJson, readWhole } from './json-members.ts';
import { valueEnd, weigh } from './json-weight.ts';

const heavy = `[${Array(60_000).fill('[]').join(',')}]`;
const usage = { prompt_tokens: 7 };

test('any JSON is read whole while it is light', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ stringUnit: 'binary' }),
      fc.constantFrom('', '"long":"'.padEnd(20_000, '{')),
      (value, pad) => {
        const text = pad === '' ? JSON.stringify(value) : `{"value":${JSON.stringify(value)},${pad}"}`;
        assert.deepEqual(readJson(text), JSON.parse(text));
        assert.deepEqual(readWhole(text), JSON.parse(text));
      },
    ),
  );
});

test('heavy members are left out wherever they stand, and the others read', () => {
  for (const text of [
    `{"choices":${heavy},"usage":{"prompt_tokens":7}}`,
    ` { "usage" : {"prompt_tokens":7} , "choices":${heavy} } `,
    `{"a":${heavy},"usage":{"prompt_tokens":7},"b":{"c":${heavy}}}`,
  ]) {
    assert.deepEqual(readJson(text), { usage });
    assert.equal(readWhole(text), undefined);
  }
  const light = `{"a":{"b":1},"c":${heavy},"e":1}`;
  assert.deepEqual(readJson(light, 40), { a: { b: 1 }, e: 1 });
});

test('what is no JSON, or no object and too heavy, is undefined', () => {
  for (const text of [
    heavy,
    `{"a":${heavy}`,
    `{"a":${heavy}]`,
    `{a:${heavy}}`,
    `{"a" ${heavy}}`,
    `{"a":x,"b":${heavy}}`,
    '{"a":1,}',
    '',
    `{"a":${heavy},}`,
  ])
    assert.equal(readJson(text), undefined, text.slice(0, 20));
});

test('many light members are read up to what may be parsed at once', () => {
  const members = Array.from({ length: 100 }, (_, i) => `"m${i}":[${Array(5_000).fill('1').join(',')}]`);
  const read = readJson(`{${members.join(',')}}`) as object;
  assert.ok(Object.keys(read).length > 20 && Object.keys(read).length < 31, String(Object.keys(read).length));
});

test('members without number count by their names, and what stands behind the last that may be read is not looked at', () => {
  const members = Array.from({ length: 200_000 }, (_, i) => `"m${i}":1`);
  const read = readJson(`{${members.join(',')},"usage":{"prompt_tokens":7}}`) as object;
  const count = Object.keys(read).length;
  assert.ok(count > 10_000 && count < 20_000, String(count));
});

test('a value that is passed over ends where one that is weighed does', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ stringUnit: 'binary' }),
      fc.constantFrom('', ' ', ',1', '}', ']', ' }'),
      (value, rest) => {
        const text = `x${JSON.stringify(value, null, 1)}${rest}`;
        const { end } = weigh(text, 1, { weightMax: Infinity });
        assert.equal(valueEnd(text, 1), end);
      },
    ),
    { numRuns: 2_000 },
  );
});
