// Bodies as clients send them: the first value counts, long numbers keep their digits, and no fault quotes the prompt.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseJson } from './json.ts';
import { Refusal } from './refusal.ts';

const refusalOf = (text: string): string => {
  try {
    parseJson(text);
  } catch (error) {
    assert.ok(error instanceof Refusal && error.kind === 'bad-request');
    return error.message;
  }
  throw new Error(`accepted: ${text}`);
};

test('any JSON comes out as it went in, whatever follows an object', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (value, tail) => {
      const text = JSON.stringify(value);
      assert.equal(JSON.stringify(parseJson(text)), text);
      if (typeof value === 'object' && value !== null)
        assert.equal(JSON.stringify(parseJson(text + tail)), text, 'bytes behind the first value are ignored');
    }),
  );
});

test('numbers that a double can’t hold are written again as they came, however deep they are', () => {
  for (const number of ['12345678901234567890', '-9007199254740993', '0.1234567890123456789', '1e400', '1E+30'])
    for (const [before, after] of [
      ['', ''],
      ['{"id":', ',"small":9007199254740991,"f":0.7}'],
      ['{"a":[null,"9",{"b":', '},0.25]}'],
      ['['.repeat(500), ']'.repeat(500)],
    ] as const) {
      const text = before + number + after;
      assert.equal(JSON.stringify(parseJson(text)), text);
    }
});

test('any depth is read, but for numbers that have to be kept as they are', () => {
  const deep = (value: string): string => '['.repeat(100_000) + value + ']'.repeat(100_000);
  assert.ok(Array.isArray(parseJson(deep('1'))));
  assert.equal(refusalOf(deep('9007199254740993')), 'failed to parse request body: it is nested too deeply');
});

test('faults name the place in bytes and never the text around it', () => {
  assert.equal(refusalOf(''), 'failed to parse request body: EOF');
  assert.equal(refusalOf(' \n'), 'failed to parse request body: EOF');
  assert.equal(refusalOf('{"prompt":"sécret'), 'failed to parse request body: invalid JSON at byte 18');
  for (const text of ['{"a":secret}', '[secret', 'secret', '{"secret":1,}', '{"a":1 secret', '{"a":"\u0001secret"}'])
    assert.doesNotMatch(refusalOf(text), /secret/, text);
});
