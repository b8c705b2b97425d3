// Refusals as each dialect's clients read them.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { errorEvent, refuse } from './reply.ts';
import { asRefusal, kinds, Refusal, type Dialect, type RefusalKind } from './refusal.ts';

/** What a caller gets over a real socket. */
async function sent(refusal: Refusal, dialect: Dialect): Promise<{ status: number; headers: Headers; text: string }> {
  const server = createServer((_request, response) =>
    refuse({ response, replyHeaders: {} }, refusal, dialect, 'trace-1'),
  ).listen(0);
  try {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return { status: response.status, headers: response.headers, text: await response.text() };
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

test('each dialect has its own shape of one refusal', async () => {
  const refusal = new Refusal('bad-request', 'a <b> & c');
  const [cody, openai, anthropic] = [
    await sent(refusal, 'cody'),
    await sent(refusal, 'openai'),
    await sent(refusal, 'anthropic'),
  ];
  assert.equal(cody.text, '{"error":"a \\u003cb\\u003e \\u0026 c"}\n');
  assert.deepEqual(JSON.parse(openai.text), {
    error: { message: 'a <b> & c', type: 'invalid_request_error', param: null, code: null },
  });
  assert.deepEqual(JSON.parse(anthropic.text), {
    type: 'error',
    error: { type: 'invalid_request_error', message: 'a <b> & c' },
    request_id: 'trace-1',
  });
  for (const { status, headers } of [cody, openai, anthropic]) {
    assert.equal(status, 400);
    assert.equal(headers.get('content-type'), 'application/json');
  }
});

test('no kind lacks a status, and each 5xx and 429 of ours says when to come back', async () => {
  for (const kind of Object.keys(kinds) as RefusalKind[]) {
    // When a limit lets calls in again is known to who refuses.
    const isLimit = kind.endsWith('-exceeded') || kind === 'budget-held';
    const headers = isLimit ? { 'retry-after': 'Tue, 01 Jan 2030 00:00:00 GMT' } : {};
    for (const dialect of ['cody', 'openai', 'anthropic'] as const) {
      const answer = await sent(new Refusal(kind, 'text', { headers }), dialect);
      assert.ok(answer.status >= 400, kind);
      if (answer.status >= 500 || answer.status === 429)
        assert.notEqual(answer.headers.get('retry-after'), null, `${kind} ${dialect}`);
    }
  }
});

test('the event that tells of a broken stream is one that each client’s parser takes for an error', () => {
  const refusal = new Refusal('upstream-unreachable', 'broke off');
  assert.equal(errorEvent(refusal, 'cody', 't'), 'event: error\ndata: {"error":"broke off"}\n\n');
  assert.match(errorEvent(refusal, 'openai', 't'), /^data: \{"error":\{"message":"broke off".*\}\}\n\n$/);
  assert.match(errorEvent(refusal, 'anthropic', 't'), /^event: error\ndata: \{"type":"error",.*\}\n\n$/);
  const numbered = errorEvent(refusal, 'openai-responses', 't', 7);
  assert.match(
    numbered,
    /^event: error\ndata: \{"type":"error","code":"server_error","message":"broke off",.*"sequence_number":7,/,
  );
});

test('what is no refusal is a bug: 500, and nothing of it is told', async () => {
  const answer = await sent(asRefusal(new Error('secret detail')), 'cody');
  assert.equal(answer.status, 500);
  assert.doesNotMatch(answer.text, /secret/);
});
