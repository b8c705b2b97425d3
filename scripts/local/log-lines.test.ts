// Lines of the functions at a terminal: short, one row, with a hint where something failed, and nothing of what a
// caller sends can move the cursor.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOwn, shortLine } from './log-lines.ts';

const style = { columns: 80, color: false, pagesUrl: 'http://localhost:9993' };
const request = (status: number, more: object = {}): string =>
  JSON.stringify({
    severity: status >= 500 ? 'WARNING' : 'INFO',
    message: `POST /v1/messages ${status}`,
    httpRequest: { status, requestUrl: '/v1/messages', latency: '0.083400s' },
    forwarded_for: '127.0.0.1, 127.0.0.1',
    'logging.googleapis.com/trace': 'projects/local-cloud/traces/0fb3',
    ...more,
  });

test('a request is one line: what, status, time, model, function', () => {
  assert.equal(
    shortLine('chat-completions', request(200, { model: 'openai/gpt-4o' }), style),
    'POST /v1/messages 200  83 ms  openai/gpt-4o  chat-completions',
  );
  assert.match(
    shortLine('limits', request(200), { ...style, color: true }).replaceAll('\u001B', '<ESC>'),
    /^<ESC>\[32mPOST.*<ESC>\[0m {2}83 ms {2}limits$/,
  );
  assert.match(
    shortLine('limits', request(401), { ...style, color: true }).replaceAll('\u001B', '<ESC>'),
    /^<ESC>\[33m/,
  );
});

test('what failed has a second line with where to look', () => {
  const [first = '', hint, ...more] = shortLine('chat-completions', request(503), style).split('\n');
  assert.match(first, /^POST \/v1\/messages 503 /);
  assert.equal(hint, '  why: http://localhost:9993/?trace=0fb3');
  assert.deepEqual(more, []);
});

test('however long path and model are, the line is one row that has the status, the time and the function', () => {
  const gemini = '/v1beta/models/gemini-2.5-flash:streamGenerateContent';
  for (const [url, model] of [
    [gemini, 'google/gemini-2.5-flash'],
    ['/v1/completions/fireworks', 'fireworks/accounts/fireworks/models/starcoder-7b'],
    [gemini, 'y'.repeat(200)],
    [`/${'x'.repeat(200)}`, undefined],
  ] as const) {
    const line = shortLine('code-completions', request(200, { message: `POST ${url} 200`, model }), style);
    assert.ok(line.length <= 80, line);
    assert.match(line, /^POST \/.* 200 {2}83 ms {2}.*code-completions$/);
  }
});

test('no line is wider than the terminal, and none moves the cursor', () => {
  const nasty = `\u001B[2Jx\r\n\u0007${'y'.repeat(500)}`;
  for (const line of [nasty, request(503, { message: nasty, model: '\u001B[31mred\n' }), `{"broken": ${nasty}`])
    for (const row of shortLine('deliver-notifications', line, style).split('\n')) {
      assert.ok(row.length <= 80, row);
      assert.match(row, /^\P{Cc}*$/u);
    }
});

test('health checks, schedules and tasks that went well are the rig’s own; callers, and whatever failed, are not', () => {
  assert.ok(isOwn(request(200, { forwarded_for: undefined, message: 'GET /-/__version 200' })));
  assert.ok(isOwn(JSON.stringify({ severity: 'INFO', message: 'swept' })));
  assert.ok(!isOwn(request(200)));
  assert.ok(!isOwn(request(500, { forwarded_for: undefined })));
  assert.ok(!isOwn(JSON.stringify({ severity: 'ERROR', message: 'no' })));
  assert.ok(!isOwn('Error: last words'));
});
