// The trace page shows completions first with time, duration, model and status; the others, a filter and the refresh
// are in its query.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SeenSpan } from './otlp.ts';
import { tracePage } from './trace-page.ts';

let spans = 0;
/** A request to the gateway, and the call to its provider where it has a model. */
function request(path: string, status: number, startMs: number, durationMs: number, model?: string): SeenSpan[] {
  const traceId = String(++spans).padStart(32, '0');
  const root = {
    service: 'chat-completions',
    traceId,
    spanId: `${traceId}-root`,
    parentSpanId: '',
    name: `POST ${path}`,
    kind: 2,
    startMs,
    endMs: startMs + durationMs,
    failed: false,
    attributes: { 'url.path': path, 'http.response.status_code': status },
    links: [],
  };
  if (model === undefined) return [root];
  const call = { ...root, spanId: `${traceId}-call`, kind: 3, attributes: { 'gen_ai.request.model': model } };
  return [call, root];
}

const at = new Date(2026, 10, 28, 7, 5, 9).getTime();
const seen = [
  ...request('/v1/messages', 200, at, 83, 'claude-haiku-4-5'),
  ...request('/v1/chat/completions', 429, at + 60_000, 12, 'gpt-4o'),
  ...request('/v1/limits', 200, at + 120_000, 3),
  ...request('/', 200, at + 130_000, 3),
];
const page = (query = ''): string => tracePage(seen, new URLSearchParams(query));
/** Rows of the list as words. */
const rows = (html: string): string[] =>
  (/<table class="list">(.*?)<\/table>/s.exec(html)?.[1] ?? '')
    .split('<tr')
    .slice(2)
    .map((row) =>
      row
        .slice(row.indexOf('>') + 1)
        .replaceAll(/<[^>]*>/g, ' ')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    );

test('completions alone, the newest first and open, each with its time, model, duration and status', () => {
  assert.deepEqual(rows(page()), [
    '07:06:09 POST /v1/chat/completions gpt-4o 12 ms 429 chat-completions',
    '07:05:09 POST /v1/messages claude-haiku-4-5 83 ms 200 chat-completions',
  ]);
  assert.match(page(), /<h1>POST \/v1\/chat\/completions <small>429/);
  assert.match(page(), /the 1 other requests too/);
});

test('the others behind the filter, the schedule’s own never', () => {
  assert.deepEqual(
    rows(page('show=all')).map((row) => row.split(' ')[2]),
    ['/v1/limits', '/v1/chat/completions', '/v1/messages'],
  );
});

test('a text finds by path, model, status and trace; what was asked stays in the form and in the links', () => {
  for (const [text, path] of [
    ['HAIKU', '/v1/messages'],
    ['429', '/v1/chat/completions'],
    ['MESSAGES', '/v1/messages'],
    [seen[0]?.traceId, '/v1/messages'],
  ] as const)
    assert.deepEqual(
      rows(page(`find=${text}`)).map((row) => row.split(' ')[2]),
      [path],
      text,
    );
  const html = page('find=%22%3E%3Cb%3E&show=all');
  assert.match(html, /name="find" value="&quot;&gt;&lt;b&gt;"/);
  assert.doesNotMatch(html, /"><b>/);
  assert.match(html, /value="all" checked/);
  assert.match(page('find=claude'), /href="\?find=claude&amp;trace=/);
});

test('it loads itself again where that was asked, and while there is nothing', () => {
  assert.doesNotMatch(page(), /http-equiv="refresh"/);
  assert.match(page('refresh=on'), /http-equiv="refresh" content="3"/);
  assert.match(tracePage([], new URLSearchParams()), /http-equiv="refresh".*No request has been traced yet/s);
});

test('a trace that was asked for stays when others come; before the first completion, whatever there is', () => {
  assert.match(page(`trace=${seen[0]?.traceId}`), /<h1>POST \/v1\/messages/);
  const early = tracePage(request('/v1/limits', 200, at, 3), new URLSearchParams());
  assert.match(early, /<h1>POST \/v1\/limits/);
  assert.equal(rows(early).length, 1);
});
