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

test('integers that a double can’t hold are written again as they came', () => {
  const text = '{"seed":12345678901234567890,"id":9007199254740993,"small":9007199254740991,"f":0.1234567890123456789}';
  assert.equal(JSON.stringify(parseJson(text)), text);
});

test('faults name the place in bytes and never the text around it', () => {
  assert.equal(refusalOf(''), 'failed to parse request body: EOF');
  assert.equal(refusalOf(' \n'), 'failed to parse request body: EOF');
  assert.equal(refusalOf('{"prompt":"sécret'), 'failed to parse request body: invalid JSON at byte 18');
  for (const text of ['{"a":secret}', '[secret', 'secret', '{"secret":1,}', '{"a":1 secret', '{"a":"\u0001secret"}'])
    assert.doesNotMatch(refusalOf(text), /secret/, text);
});
