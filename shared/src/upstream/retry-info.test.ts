// The wait in a body: Google's, in both shapes that its endpoints write; nothing else is one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitIn } from './retry-info.ts';

const error = (retryDelay: unknown): object => ({
  error: {
    code: 429,
    details: [{ '@type': 'x' }, { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }],
  },
});

test('seconds, rounded up', () => {
  assert.equal(waitIn(JSON.stringify(error('34.4s'))), '35');
  assert.equal(waitIn(JSON.stringify([error('3s')])), '3');
});

test('what names no wait has none', () => {
  for (const text of ['', 'x', '{}', '[]', '{"error":"x"}', JSON.stringify(error('soon')), JSON.stringify(error(3))])
    assert.equal(waitIn(text), null, text);
});
