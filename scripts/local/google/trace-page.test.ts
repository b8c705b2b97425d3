// The trace page shows completions first with time, duration, model and status; the others, a filter and the refresh
// are in its query.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SeenSpan } from './otlp.ts';
import { readFunctionFiles } from '../../functions/function-files.ts';
import { isCompletion, tracePage } from './trace-page.ts';

let spans = 0;
/** A request to the gateway, and the call to its provider where it has a model. */
function request(path: string, status: number, startMs: number, durationMs: number, model?: string): SeenSpan[] {
  const method = path === '/v1/limits' ? 'GET' : 'POST';
  const traceId = String(++spans).padStart(32, '0');
  const root = {
    service: 'chat-completions',
    traceId,
    spanId: `${traceId}-root`,
    parentSpanId: '',
    name: `${method} ${path}`,
    kind: 2,
    startMs,
    endMs: startMs + durationMs,
    failed: false,
    attributes: { 'http.request.method': method, 'url.path': path, 'http.response.status_code': status },
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
  assert.match(early, /<h1>GET \/v1\/limits/);
  assert.equal(rows(early).length, 1);
});

test('whatever is asked of a model is a completion, in every dialect that a function answers; nothing else is', async () => {
  const asked = (await readFunctionFiles())
    .filter(({ trigger }) => trigger === 'http')
    .flatMap(({ routes }) => routes)
    .flatMap(({ path, methods }) => methods.map((method) => ({ path, method })))
    .filter(({ path, method }) =>
      isCompletion({ attributes: { 'url.path': path.replace(/\*$/, 'x'), 'http.request.method': method } }),
    );
  assert.deepEqual([...new Set(asked.map(({ method, path }) => `${method} ${path}`))].toSorted(), [
    'POST /v1/attribution',
    'POST /v1/chat/completions',
    'POST /v1/completions',
    'POST /v1/completions/anthropic',
    'POST /v1/completions/anthropic-messages',
    'POST /v1/completions/fireworks',
    'POST /v1/completions/google',
    'POST /v1/completions/openai',
    'POST /v1/embeddings',
    'POST /v1/messages',
    'POST /v1/models/*',
    'POST /v1/responses',
    'POST /v1/responses/*',
    'POST /v1beta/*',
  ]);
  for (const path of ['/v1/messages/count_tokens', '/v1beta/models/gemini-2.5-pro:countTokens'])
    assert.equal(isCompletion({ attributes: { 'url.path': path, 'http.request.method': 'POST' } }), false, path);
});

test('a call that was refused before its provider was asked has the model that the gateway knows', () => {
  const [root] = request('/v1/responses', 429, at, 3);
  assert.ok(root !== undefined);
  const html = tracePage(
    [{ ...root, attributes: { ...root.attributes, model: 'openai/gpt-4o' } }],
    new URLSearchParams(),
  );
  assert.match(rows(html)[0] ?? '', /\/v1\/responses openai\/gpt-4o 3 ms 429/);
});
