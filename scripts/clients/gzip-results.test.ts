// Proves: a row tells what a client asked for and got, and whether its first text came while more was awaited.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipRows, type GzipResult } from './gzip-results.ts';

const result: GzipResult = {
  id: 'sdk',
  pin: 'sdk 1.2.3, zod 4.0.0',
  date: '2026-11-28',
  unavailable: null,
  outcomes: [
    { mode: 'chat', case: 'text', difference: null },
    { mode: 'chat', case: 'first text at once', difference: null },
  ],
  encodings: { asked: ['gzip', 'none'], streams: 3, compressed: 2 },
};
const late = { mode: 'chat', case: 'first text at once', difference: 'no end within 30 s' };

test('all is well', () => {
  const row = ['sdk', 'sdk 1.2.3', 'gzip; none', '2 of 3', 'at once', 'work', '2026-11-28'];
  assert.deepEqual(gzipRows([result]), [row]);
});

test('a first text that waits is told, and so is what could not be looked at', () => {
  const [row] = gzipRows([{ ...result, outcomes: [...result.outcomes.slice(0, 1), late] }]);
  assert.equal(row?.[4], 'chat: no end within 30 s');
  assert.equal(row?.[5], '1 of 2 work; chat, first text at once: no end within 30 s');
  assert.equal(gzipRows([{ ...result, outcomes: result.outcomes.slice(0, 1) }])[0]?.[4], 'not looked at');
  const [none] = gzipRows([{ ...result, unavailable: 'no python3', outcomes: [] }]);
  assert.equal(none?.[5], 'could not be installed: no python3');
});
