// Bad input meets a clear error in the dialect of its route, never a page of the framework, and no function dies of it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { gzipSync } from 'node:zlib';
import { after, before, test } from 'node:test';
import { anthropicBody, chat, openAiBody, startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
const bytesMax = 64 * 1024;
before(async () => {
  gateway = await startGateway({
    functions: ['chat-completions', 'diagnostics'],
    env: { CODY_GATEWAY_BODY_BYTES_MAX: String(bytesMax) },
  });
});
after(() => gateway.stop());

const routes = {
  cody: '/v1/completions/anthropic-messages',
  openai: '/v1/chat/completions',
  anthropic: '/v1/messages',
} as const;
type Dialect = keyof typeof routes;

/** The message of an error in the shape of its dialect. */
function messageOf(dialect: Dialect, text: string): string {
  const value = JSON.parse(text) as { error: string | { message: string }; type?: string };
  if (dialect === 'cody') return value.error as string;
  if (dialect === 'anthropic') assert.equal(value.type, 'error');
  return (value.error as { message: string }).message;
}

const bodies: readonly (readonly [what: string, body: unknown, status: number, message: RegExp])[] = [
  ['no body', '', 400, /^failed to parse request body: EOF$/],
  ['malformed JSON', '{"model": "secret-prompt" x', 400, /^failed to parse request body: invalid JSON at byte 26$/],
  ['a half JSON', '{"model": "m"', 400, /^failed to parse request body: /],
  ['a list', [], 400, /expected a JSON object, got an array/],
  ['null', 'null', 400, /expected a JSON object, got null/],
  ['a number', '1', 400, /expected a JSON object, got a number/],
  [
    'no model',
    { messages: [{ role: 'user', content: 'x' }], max_tokens: 1 },
    400,
    /"model" must be a non-empty string, got nothing/,
  ],
  [
    'a model that is a number',
    { ...anthropicBody(), model: 7 },
    400,
    /"model" must be a non-empty string, got a number/,
  ],
  ['stream as text', { ...anthropicBody(), stream: 'yes' }, 400, /"stream" must be a boolean, got a string/],
  ['messages as text', { ...anthropicBody(), messages: 'hi' }, 400, /"messages" must be an array, got a string/],
  ['empty messages', { ...anthropicBody(), messages: [] }, 400, /"messages" must contain at least one message/],
  [
    'a message that is text',
    { ...anthropicBody(), messages: ['hi'] },
    400,
    /"messages\[0\]" must be an object, got a string/,
  ],
  [
    'a role that is a number',
    { ...anthropicBody(), messages: [{ role: 1, content: 'x' }] },
    400,
    /"messages\[0\]\.role" must be a string, got a number/,
  ],
  [
    'max_tokens as a fraction',
    { ...anthropicBody(), max_tokens: 1.5 },
    400,
    /"max_tokens" must be a whole number, got a fraction/,
  ],
  [
    'max_tokens beyond numbers',
    '{"model":"m","max_tokens":123456789012345678901234567890,"messages":[{"role":"user","content":"x"}]}',
    400,
    /got a number that is too large/,
  ],
  [
    'a body over the limit',
    { ...anthropicBody(), padding: 'x'.repeat(bytesMax) },
    413,
    /^request body is larger than 65536 bytes$/,
  ],
];

for (const dialect of Object.keys(routes) as Dialect[]) {
  for (const [what, body, status, message] of bodies) {
    test(`${dialect}: ${what}`, async () => {
      const answer = await gateway.call(routes[dialect], { headers: dialect === 'cody' ? chat : {}, body });
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.headers.get('content-type'), 'application/json');
      assert.match(messageOf(dialect, answer.text), message);
      assert.doesNotMatch(answer.text, /secret-prompt/);
      assert.match(answer.headers.get('x-trace') ?? '', /^[0-9a-f]{32}$/);
    });
  }

  test(`${dialect}: an unknown model is told with those that may be used, or where they are listed`, async () => {
    const answer = await gateway.call(routes[dialect], {
      headers: dialect === 'cody' ? chat : {},
      body: { ...anthropicBody(), model: 'no-such-model' },
    });
    assert.equal(answer.status, dialect === 'cody' ? 400 : 404);
    assert.match(
      messageOf(dialect, answer.text),
      dialect === 'cody'
        ? /^model "anthropic\/no-such-model" is not allowed, allowed: \[anthropic\//
        : /^model "(anthropic|openai)\/no-such-model" is not allowed; GET \/v1\/models lists what may be used$/,
    );
    if (dialect === 'cody') return;
    const near = await gateway.call(routes[dialect], { body: { ...anthropicBody(), model: 'claude-haiku-4-55' } });
    const said = messageOf(dialect, near.text);
    assert.match(said, /nearest: \[anthropic\/claude-haiku-4-5/);
    assert.ok(said.length < 300, 'a list of all models helps nobody');
  });

  test(`${dialect}: no token and an unknown token`, async () => {
    const none = await gateway.call(routes[dialect], { token: null, body: '{}' });
    assert.equal(none.status, dialect === 'cody' ? 403 : 401);
    assert.equal(messageOf(dialect, none.text), 'Cody Gateway access not enabled');
    const unknown = await gateway.call(routes[dialect], { token: `slk_${'b'.repeat(64)}`, body: '{}' });
    assert.equal(unknown.status, 401);
  });
}

test('a compressed body is refused by name, not inflated', async () => {
  const bomb = gzipSync(Buffer.alloc(20_000_000, 'a'));
  const response = await fetch(`${gateway.url}${routes.openai}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.token}`, 'content-encoding': 'gzip' },
    body: new Uint8Array(bomb),
  });
  assert.equal(response.status, 415);
  assert.match(await response.text(), /content-encoding gzip is not supported/);
});

test('a body without end is refused when it passes the limit, and the refusal arrives', async () => {
  const chunk = new Uint8Array(16 * 1024).fill(32);
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (++sent > 40) controller.close();
      else controller.enqueue(chunk);
    },
  });
  const response = await fetch(`${gateway.url}${routes.openai}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.token}` },
    body,
    duplex: 'half',
  });
  assert.equal(response.status, 413);
  await response.text();
});

test('any content type and bytes behind the first value are accepted; of equal members the last counts', async () => {
  const text = `{"stream":true,"model":"gpt-4","messages":[{"role":"user","content":"x"}],"stream":false} trailing`;
  const answer = await gateway.call(routes.openai, {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: text,
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'application/json');
});

test('members pass as they came: zeros, numbers beyond 2^53, deep unknown ones', async () => {
  const text =
    '{"model":"gpt-4o","messages":[{"role":"user","content":"x"}],"temperature":0,"seed":9007199254740993,"x":{"y":[0,null,{"z":"ü"}]},"store":true,"service_tier":"flex"}';
  assert.equal((await gateway.call(routes.openai, { body: text })).status, 200);
  const sent = gateway.openai?.requests.at(-1)?.body ?? '';
  assert.match(sent, /"seed":9007199254740993[,}]/);
  const value = JSON.parse(sent) as Record<string, unknown>;
  assert.deepEqual(
    [value['temperature'], value['x'], value['store'], value['service_tier']],
    [0, { y: [0, null, { z: 'ü' }] }, undefined, undefined],
  );
});

test('members stay in the order in which they came, in every dialect, whatever their names look like', async () => {
  const odd = '{"b":1,"10":{"z":1,"7":2},"2":[{"1":1,"0":2}],"a":0}';
  const schema = `{"type":"object","properties":${odd}}`;
  const message = '{"role":"user","content":"x"}';
  const texts = {
    openai: `{"stream":false,"logit_bias":{"50":1,"9":-1},"model":"gpt-4o","messages":[${message}],"tools":[{"type":"function","function":{"parameters":${schema},"name":"t"}}]}`,
    anthropic: `{"max_tokens":5,"model":"claude-haiku-4-5","messages":[${message}],"tools":[{"name":"t","input_schema":${schema}}]}`,
    cody: `{"max_tokens":5,"messages":[{"role":"system","content":"s"},${message}],"model":"claude-haiku-4-5","tools":[{"name":"t","input_schema":${schema}}],"7":1}`,
  };
  for (const [dialect, text] of Object.entries(texts) as [Dialect, string][]) {
    const answer = await gateway.call(routes[dialect], { headers: dialect === 'cody' ? chat : {}, body: text });
    assert.equal(answer.status, 200, answer.text);
    const sent = (dialect === 'openai' ? gateway.openai : gateway.anthropic)?.requests.at(-1)?.body ?? '';
    // What the gateway adds stands behind.
    const asked = text.replace('{"role":"system","content":"s"},', '').slice(0, -1);
    assert.ok(sent.startsWith(asked), `${sent}\n${asked}`);
  }
});

test('another feature than the function’s is refused with the reason', async () => {
  const answer = await gateway.call(routes.cody, {
    headers: { 'x-sourcegraph-feature': 'code_completions' },
    body: anthropicBody(),
  });
  assert.deepEqual(
    [answer.status, answer.text],
    [
      400,
      '{"error":"feature \\"code_completions\\" is not served by this function, which serves \\"chat_completions\\""}\n',
    ],
  );
});

test('a method that a path does not have is 405 with the ones that it has', async () => {
  const answer = await gateway.call(routes.openai, { method: 'DELETE' });
  assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'POST']);
  assert.equal(messageOf('openai', answer.text), `DELETE is not served at ${routes.openai}, which takes POST`);
  const codys = await gateway.call(routes.cody, { method: 'DELETE', headers: chat });
  assert.deepEqual([codys.status, codys.text, codys.headers.get('allow')], [405, '', 'POST']);
  const asked = await gateway.call(routes.openai, { method: 'OPTIONS', token: null });
  assert.deepEqual([asked.status, asked.text, asked.headers.get('allow')], [204, '', 'POST, OPTIONS']);
  assert.equal(asked.headers.get('access-control-allow-origin'), null);
});

test('paths that Express and the framework answer themselves are ours too', async () => {
  for (const path of ['/favicon.ico', '/robots.txt', '/%E0%A4%A', '/v1/completions/', '//']) {
    const answer = await gateway.call(path);
    assert.deepEqual([path, answer.status, answer.text], [path, 404, '404 page not found\n']);
    assert.notEqual(answer.headers.get('x-trace'), null);
  }
});

test('the framework’s body parser stays out: its HTML page is never seen, even at the function’s own address', async () => {
  const url = gateway.functions.get('chat-completions')?.url ?? '';
  const response = await fetch(`${url}${routes.openai}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.token}` },
    body: '{bad',
  });
  assert.equal(response.headers.get('content-type'), 'application/json');
  assert.equal((JSON.parse(await response.text()) as { error: { type: string } }).error.type, 'invalid_request_error');
});

/** All that comes back on a connection until it is closed. @param parts of a request; each waits for a first answer */
async function rawly(parts: readonly string[]): Promise<string> {
  const { port } = new URL(gateway.functions.get('chat-completions')?.url ?? '');
  const socket = net.connect(Number(port), '127.0.0.1');
  let seen = '';
  socket.setEncoding('utf8').on('data', (text: string) => (seen += text));
  const closed = once(socket, 'close');
  for (const part of parts) {
    socket.write(part);
    if (part !== parts.at(-1)) await once(socket, 'data');
  }
  await closed;
  return seen;
}

test('who expects to be told to go on is told so, and not before its headers are', async () => {
  const body = JSON.stringify(openAiBody());
  const head = (length: number): string =>
    `POST ${routes.openai} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.token}\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: ${length}\r\n\r\n`;
  const seen = await rawly([head(Buffer.byteLength(body)), body]);
  assert.match(seen, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  assert.match(await rawly([head(1e9)]), /HTTP\/1\.1 413 .*"request_too_large"/s, 'a body that nobody will take');
});

test('a caller of HTTP/1.0 is answered whole and without chunks, streams too', async () => {
  for (const stream of [false, true]) {
    const body = JSON.stringify({ ...openAiBody(), stream });
    const seen = await rawly([
      `POST ${routes.openai} HTTP/1.0\r\nauthorization: Bearer ${gateway.token}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ]);
    assert.match(seen, /^HTTP\/1\.1 200 OK\r\n/);
    const [head = '', ...rest] = seen.split('\r\n\r\n');
    assert.match(head, /^connection: close$/im);
    assert.doesNotMatch(head, /transfer-encoding/i);
    const text = rest.join('\r\n\r\n');
    if (stream) assert.match(text, /^data: \{[\s\S]*\n\ndata: \[DONE\]\n\n$/);
    else assert.equal((JSON.parse(text) as { object: string }).object, 'chat.completion');
  }
});

test('HEAD has the headers of GET and no body', async () => {
  const get = await gateway.call('/v1/models');
  const head = await gateway.call('/v1/models', { method: 'HEAD' });
  assert.deepEqual([head.status, head.text], [200, '']);
  for (const name of ['content-type', 'content-length']) assert.equal(head.headers.get(name), get.headers.get(name));
});

test('a caller that sends half a body and goes away leaves nothing behind', async () => {
  const { port } = new URL(gateway.functions.get('chat-completions')?.url ?? '');
  const socket = net.connect(Number(port), '127.0.0.1');
  socket.write(
    `POST ${routes.openai} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.token}\r\ncontent-length: 100\r\n\r\n{"model"`,
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.destroy();
  assert.equal((await gateway.call(routes.openai, { body: openAiBody() })).status, 200);
});

test('no token, prompt or key reached a log line', async () => {
  const marker = 'prompt-that-must-not-be-logged';
  await gateway.call(routes.cody, {
    headers: chat,
    body: anthropicBody({ messages: [{ role: 'user', content: marker }], stream: true }),
  });
  await gateway.call(routes.openai, { body: `{"model":"gpt-4o","messages":"${marker}` });
  gateway.anthropic?.next({ status: 500, body: marker }, 2);
  await gateway.call(routes.cody, { headers: chat, body: anthropicBody() });
  const log = JSON.stringify(gateway.lines);
  for (const secret of [marker, gateway.token, gateway.token.slice(4), 'stand-in-key'])
    assert.ok(!log.includes(secret), secret);
  assert.ok(gateway.lines.length > 50);
});
