// Proves: a pinned version without a result of its own is told, and a row tells the first difference and how much
// works.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pinOf, type Client } from './pins.ts';
import { readmeWith, resultFaults, rowsOf, type Result } from './results.ts';

const client: Client = { id: 'sdk', from: 'npm', packages: { sdk: '1.2.3', zod: '4.0.0' }, driver: 'sdk.mjs' };
const result: Result = {
  id: 'sdk',
  pin: pinOf(client),
  date: '2026-11-28',
  unavailable: null,
  outcomes: [
    { mode: 'chat', case: 'text', difference: null },
    { mode: 'chat', case: '429', difference: 'status 503 in place of 429' },
    { mode: 'responses', case: 'text', difference: null },
  ],
};

test('each client needs a result, of its pinned version, that says something', () => {
  assert.deepEqual(resultFaults([client], [result]), []);
  assert.match(resultFaults([client], [])[0] ?? '', /no result of sdk/);
  const newer = { ...client, packages: { ...client.packages, zod: '4.0.1' } };
  assert.match(resultFaults([newer], [result])[0] ?? '', /zod 4\.0\.0, pinned is sdk 1\.2\.3, zod 4\.0\.1/);
  assert.match(resultFaults([client], [{ ...result, outcomes: [] }])[0] ?? '', /says nothing of sdk/);
  assert.deepEqual(resultFaults([client], [{ ...result, outcomes: [], unavailable: 'no python3' }]), []);
  assert.match(resultFaults([], [result])[0] ?? '', /clients\.json does not list/);
});

test('a row for each mode: all works, or how many and the first difference', () => {
  const rows = rowsOf([result]);
  assert.deepEqual(
    rows.map(({ mode, result: text }) => [mode, text]),
    [
      ['chat', '1 of 2 work; 429: status 503 in place of 429'],
      ['responses', 'works (text)'],
    ],
  );
  assert.equal(rows[0]?.version, 'sdk 1.2.3');
});

test('what could not be installed is a row of its own', () => {
  const [row] = rowsOf([{ ...result, outcomes: [], unavailable: 'no python3' }]);
  assert.equal(row?.result, 'could not be installed: no python3');
});

test('a table is written in its place, and again over itself', () => {
  const before = 'head\n\n<!-- results: written by npm run clients -->\n\nold\n\n<!-- /results -->\n\ntail\n';
  const once = readmeWith(before, [{ ...result, outcomes: [{ mode: 'a|b', case: 'text', difference: null }] }]);
  assert.match(once, /^head[^]*\| sdk \| sdk 1\.2\.3 \| a\\\|b \| works \(text\) \| 2026-11-28 \|[^]*\n\ntail\n$/);
  assert.doesNotMatch(once, /old/);
  assert.equal(readmeWith(once, [result]), readmeWith(before, [result]));
});
