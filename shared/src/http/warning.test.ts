// A warning is one header line of bounded length whatever words stand in it.

import assert from 'node:assert/strict';
import { validateHeaderValue } from 'node:http';
import { test } from 'node:test';
import { warningHeader } from './warning.ts';

test('texts become warn-values, and can neither end their quotes nor the line', () => {
  assert.equal(warningHeader(['a', 'b']), '299 cody-gateway "a", 299 cody-gateway "b"');
  const header = warningHeader(['tools: "x\\"\r\nset-cookie: ü left out']);
  assert.equal(header, `299 cody-gateway "tools: 'x''??set-cookie: ? left out"`);
  validateHeaderValue('warning', header);
});

test('what would make it too long is left away whole', () => {
  const header = warningHeader(['a'.repeat(900), 'b'.repeat(200), 'c']);
  assert.equal(header, `299 cody-gateway "${'a'.repeat(900)}"`);
});
