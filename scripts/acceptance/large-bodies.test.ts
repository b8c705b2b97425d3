// Large and heavy requests meet the memory and the time of their instance: some are served, the others told why not,
// nobody else waits, and the function lives.

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { chat, openAiBody, startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({
    functions: ['chat-completions', 'deliver-events'],
    // Each prompt is looked through.
    env: { CODY_GATEWAY_OPENAI_BLOCKED_PROMPT_PATTERNS: 'never there,nor this' },
  });
});
after(() => gateway.stop());

/** Below the largest that is taken (32 MiB). */
const largeBytes = 30_000_000;
const atOnce = 6;

// In memory a text takes two bytes a letter as soon as one of its letters needs them.
for (const [what, letter, first] of [
  ['plain', 'a', ''],
  ['wide', 'ж', ''],
  ['nearly plain', 'a', 'ж'],
] as const)
  test(`${atOnce} bodies of 30 MB at once, ${what} text: one at least is served, the others are told when to retry, a small one is not held up`, async () => {
    const content = first + letter.repeat(largeBytes / Buffer.byteLength(letter));
    const ask = (text: string): ReturnType<TestGateway['call']> =>
      gateway.call('/v1/chat/completions', {
        headers: chat,
        body: openAiBody({ messages: [{ role: 'user', content: text }] }),
      });
    const large = Array.from({ length: atOnce }, () => ask(content));
    assert.equal((await ask('small')).status, 200);
    const answers = await Promise.all(large);
    assert.ok(
      answers.some(({ status }) => status === 200),
      'one is always let in',
    );
    for (const { status, headers, text } of answers) {
      if (status === 200) continue;
      assert.equal(status, 503);
      assert.match(text, /too many large requests at once/);
      assert.ok(Number(headers.get('retry-after')) > 0);
    }
    // What they took is given back.
    assert.equal((await ask(content)).status, 200);
  });

test('large requests whose answers run shut nobody out: nothing of them is kept', async () => {
  const body = openAiBody({ stream: true, messages: [{ role: 'user', content: 'a'.repeat(largeBytes) }] });
  const running = new AbortController();
  for (let i = 0; i < 6; i++) {
    gateway.openai?.next({ hang: 'body' });
    const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { ...chat, authorization: `Bearer ${gateway.token}` },
      body: JSON.stringify(body),
      signal: running.signal,
    });
    assert.equal(answer.status, 200, `with ${i} running`);
  }
  running.abort();
});

/** The fields of each thing that a body may be made of, few bytes a value. */
const heavy = {
  'empty lists': '[]',
  'nested lists': '[[]]',
  'empty objects': '{}',
  'numbers beyond a double': '1e99',
  'short texts': '""',
} as const;

test('bodies of few bytes a value are 413 with what was too much, whatever they are sent to; deep ones are 400', async () => {
  for (const [what, item] of Object.entries(heavy)) {
    const x = `[${Array(Math.floor(12e6 / (item.length + 1)))
      .fill(item)
      .join(',')}]`;
    const body = `{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"x":${x}}`;
    const { status, text } = await gateway.call('/v1/chat/completions', { headers: chat, body });
    assert.equal(status, 413, what);
    assert.match(text, /request body holds too many values: it weighs more than 400000, /);
  }
  const deep = await gateway.call('/v1/chat/completions', { headers: chat, body: `{"x":${'['.repeat(8e6)}` });
  assert.deepEqual([deep.status, /nested too deeply/.test(deep.text)], [400, true]);
  assert.equal(gateway.functions.get('chat-completions')?.child.exitCode, null);
});

test('a large body of a tenant whose quota is used up is refused before it is parsed, with a row', async () => {
  const { id, token } = await gateway.subscription({ limit: 2 });
  for (let i = 0; i < 2; i++)
    assert.equal(
      (await gateway.call('/v1/chat/completions', { token, headers: chat, body: openAiBody() })).status,
      200,
    );
  // It is no JSON, which nobody finds out.
  const { status, text, headers } = await gateway.call('/v1/chat/completions', {
    token,
    headers: chat,
    body: '{'.padEnd(1_500_000, 'x'),
  });
  assert.equal(status, 429);
  assert.match(text, /you have exceeded the rate limit of 2 requests/);
  assert.ok(headers.get('retry-after') !== null);
  const rows = await gateway.events(`identifier = '${id}' AND name = 'RateLimited'`);
  assert.deepEqual(
    rows.map(({ units, metadata }) => [units, metadata['cause']]),
    [[0, 'quota']],
  );
});

test('a provider’s plain answer of few bytes a value passes, its usage is read, and the function lives', async () => {
  const { id, token } = await gateway.subscription({ limit: 10 });
  const body = `{"choices":[${Array(4_600_000).fill('[]').join(',')}],"usage":{"prompt_tokens":7,"completion_tokens":3}}`;
  gateway.openai?.next({ status: 200, body });
  const answer = await gateway.call('/v1/chat/completions', { token, headers: chat, body: openAiBody() });
  assert.deepEqual([answer.status, answer.text.length], [200, body.length]);
  const [row] = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual([row?.units, row?.tokens], [1, 10]);
});

test('announced bodies of one tenant that never come shut no other tenant out', async () => {
  const [greedy, other] = [await gateway.subscription({ limit: 5 }), await gateway.subscription({ limit: 100 })];
  const { port } = new URL(gateway.functions.get('chat-completions')?.url ?? '');
  const sockets: Socket[] = [];
  for (const bytes of [33_554_432, 30_000_000, 4_000_000, 1_000_000, 300_000]) {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${greedy.token}\r\ncontent-length: ${bytes}\r\n\r\n{`,
    );
    sockets.push(socket);
  }
  const body = openAiBody({ messages: [{ role: 'user', content: 'a'.repeat(300_000) }] });
  for (let i = 0; i < 5; i++)
    assert.equal((await gateway.call('/v1/chat/completions', { token: other.token, headers: chat, body })).status, 200);
  for (const socket of sockets) socket.destroy();
});
