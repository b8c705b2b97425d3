// Once an answer has begun, nothing of its request is reachable: neither what was parsed of it nor what was sent. An
// answer may take minutes, and a request is megabytes.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parseInOrder } from '../http/http.ts';
import type { Lease } from '../limiter/limiter.ts';
import type { Answer, Call } from './call.ts';
import { cody, readerOf, type SurfaceName } from './reading.test/reader.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Above what is kept as one text (outgoing-body.ts): a smaller one has no bytes to hold. */
const text = 'word '.repeat(300_000);
const messages = [{ role: 'user', content: [{ type: 'text', text }] }];
const requests: readonly (readonly [surface: SurfaceName, body: Record<string, unknown>])[] = [
  ['anthropic-messages', { model: 'claude-2', max_tokens: 10, messages, stream: true }],
  ['openai-chat', { model: 'gpt-4o', messages, stream: true }],
  [
    'openai-responses',
    { model: 'gpt-4o', input: [{ role: 'user', content: [{ type: 'input_text', text }] }], stream: true },
  ],
  ['google', { model: 'gemini-1.5-pro', contents: [{ parts: [{ text }] }], stream: true }],
];

/** A provider that begins to answer, and ends when it is told. */
async function startProvider(t: TestContext): Promise<{ url: string; end: () => void }> {
  const open: ServerResponse[] = [];
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      open.push(response.writeHead(200, { 'content-type': 'text/event-stream' }));
      response.write('data: {"type":"other"}\n\n');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    end: () => open.forEach((response) => response.end()),
  };
}

for (const [surface, body] of requests)
  test(`${surface}: while the answer runs, its request is gone`, async (t) => {
    const provider = await startProvider(t);
    const names = ['ANTHROPIC', 'OPENAI', 'GOOGLE'];
    const { read, upstream } = readerOf(
      Object.fromEntries(names.map((name) => [`CODY_GATEWAY_${name}_BASE_URL`, provider.url])),
    );
    const written = JSON.stringify(body);
    /** A step of its own: what it has on its stack is gone with it. */
    const send = async (): Promise<{ call: Call; answer: Answer; freed: readonly WeakRef<object>[] }> => {
      const parsed = parseInOrder(written) as Record<string, unknown>;
      const call = read(surface, parsed, { ...cody, bodyBytes: written.length });
      assert.ok(typeof call.body !== 'string');
      const freed = [new WeakRef(parsed), new WeakRef(call.body), new WeakRef(call.body.buffer)];
      const lease = {
        permit: { model: call.model?.id, actor: { source: 'internal', id: 'sub1' } },
      } as unknown as Lease;
      const answer = await upstream.send(lease, call, { signal: new AbortController().signal, timeoutMs: null });
      return { call, answer, freed };
    };
    const { call, answer, freed } = await send();
    assert.equal(answer.status, 200);
    // A turn: what a WeakRef was made of stays until the end of its own.
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    assert.deepEqual(
      freed.map((ref) => ref.deref() === undefined),
      [true, true, true],
      'what was parsed, what was sent, its bytes',
    );
    assert.equal(call.body, '');
    provider.end();
    for await (const chunk of answer.body) answer.meter.body(chunk);
  });
