// What of a request goes to Sentry: every error it logged, and its answer of 5xx where nothing else tells of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createScope } from './scope.ts';

/** Plays a request that logs an error or none and ends with that status. @returns what was reported */
function reportsOf({ logs, expected, status }: { logs: boolean; expected: boolean; status: number }): string[] {
  const reports: string[] = [];
  const errors = {
    report: ({ message }: { message: string }) => void reports.push(message),
    flush: async () => undefined,
  };
  const scope = createScope({}, '/x', () => undefined, { exporter: null, errors, policy: 'none' });
  if (logs) scope.log('ERROR', 'something broke', {}, new Error('broke'));
  if (expected) scope.expectFailure();
  scope.close('INFO', 'done', { httpRequest: { status } });
  return reports;
}

test('an error that was logged is reported whatever the answer, once; an answer of 5xx alone too, unless it was expected', () => {
  assert.deepEqual(reportsOf({ logs: true, expected: false, status: 429 }), ['something broke']);
  assert.deepEqual(reportsOf({ logs: true, expected: false, status: 503 }), ['something broke']);
  assert.deepEqual(reportsOf({ logs: false, expected: false, status: 503 }), ['answered 503']);
  assert.deepEqual(reportsOf({ logs: false, expected: true, status: 503 }), []);
  assert.deepEqual(reportsOf({ logs: true, expected: true, status: 503 }), ['something broke']);
  assert.deepEqual(reportsOf({ logs: false, expected: false, status: 429 }), []);
});
