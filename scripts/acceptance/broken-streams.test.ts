// A stream that a provider does not finish, for whatever reason, ends with exactly one error event in the caller's
// dialect, without an end mark, charged and marked.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import type { Behaviour } from '../local/providers/provider-server.ts';
import { anthropicBody, chat, eventually, openAiBody, startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({
    env: { CODY_GATEWAY_UPSTREAM_IDLE_TIMEOUT: '500ms', CODY_GATEWAY_UPSTREAM_TOTAL_TIMEOUT: '3s' },
  });
});
after(() => gateway.stop());

const routes = {
  cody: ['/v1/completions/anthropic-messages', anthropicBody({ stream: true }), chat, 'anthropic'],
  anthropic: ['/v1/messages', anthropicBody({ stream: true }), {}, 'anthropic'],
  openai: ['/v1/chat/completions', openAiBody({ stream: true }), {}, 'openai'],
} as const;
type Dialect = keyof typeof routes;

/** What is wrong, how a provider is told to do it, and what the caller is told. */
/** What breaks off has said something by then: before its first word another try would make it good. */
const faults: readonly [what: string, behaviour: Behaviour, message: string, anthropicType: string][] = [
  ['goes silent', { hang: 'body' }, 'the provider did not finish its answer in time', 'timeout_error'],
  ['breaks off', { cutAfterBytes: 700 }, 'the provider broke off its answer', 'api_error'],
];

/** The data of the events of a stream that are errors. */
function errorsIn(text: string): unknown[] {
  return text
    .split('\n\n')
    .flatMap((event) => /^data: (.*)$/m.exec(event)?.[1] ?? [])
    .filter((data) => data.startsWith('{'))
    .map((data) => JSON.parse(data) as Record<string, unknown>)
    .filter((data) => data['error'] !== undefined);
}

const endMark = /message_stop|\[DONE\]/;

function expected(dialect: Dialect, message: string, anthropicType: string, trace: string): unknown {
  if (dialect === 'cody') return { error: message };
  if (dialect === 'openai') return { error: { message, type: 'server_error', param: null, code: null } };
  return { type: 'error', error: { type: anthropicType, message }, request_id: trace };
}

for (const [what, behaviour, message, anthropicType] of faults)
  for (const dialect of Object.keys(routes) as Dialect[])
    test(`${dialect}: the provider ${what}`, async () => {
      const [path, body, headers, provider] = routes[dialect];
      const { id, token } = await gateway.subscription({ limit: 10 });
      gateway[provider]?.next(behaviour);
      const answer = await gateway.call(path, { token, headers, body });
      assert.equal(answer.status, 200);
      const trace = answer.headers.get('x-trace') ?? '';
      assert.deepEqual(errorsIn(answer.text), [expected(dialect, message, anthropicType, trace)]);
      assert.doesNotMatch(answer.text, endMark);
      assert.ok(answer.text.endsWith('\n\n'));
      const events = await gateway.events(`identifier = '${id}'`);
      assert.deepEqual(
        events.map(({ metadata, units, quota_units }) => [metadata['truncated'], units, quota_units]),
        [[true, 1, 1]],
      );
      // One that is served again: what many callers see fail is called no more.
      const { status } = await gateway.call(path, { token, headers, body });
      assert.equal(status, 200);
    });

test('a provider that never stops talking is ended by the total deadline', async () => {
  const { id, token } = await gateway.subscription({ limit: 10 });
  gateway.openai?.pace({ chunks: 1_000, chunkDelayMs: 50 });
  const answer = await gateway.call(routes.openai[0], { token, body: openAiBody({ stream: true }) });
  gateway.openai?.pace({ chunks: 3, chunkDelayMs: 0 });
  const message = 'the provider did not finish its answer in time';
  assert.deepEqual(errorsIn(answer.text), [expected('openai', message, '', '')]);
  const [event] = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual([event?.metadata['truncated'], event?.units], [true, 1]);
});

test('an error of the provider’s own is the last word: none of ours follows', async () => {
  const own = {
    anthropic: 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
    openai: 'data: {"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}\n\n',
  };
  for (const dialect of Object.keys(routes) as Dialect[]) {
    const [path, body, headers, provider] = routes[dialect];
    const { id, token } = await gateway.subscription({ limit: 10 });
    gateway[provider]?.next({ bytes: Buffer.from(own[provider]), cuts: [] }, 2);
    assert.equal((await gateway.call(path, { token, headers, body })).text, own[provider]);
    const [event] = await gateway.events(`identifier = '${id}'`);
    assert.equal(event?.metadata['truncated'], true);
  }
});

test('an answer that is no stream, before its first byte: a clear refusal that costs nothing, and is marked', async () => {
  const { id, token } = await gateway.subscription({ limit: 10 });
  gateway.openai?.next({ cutAfterBytes: 20 });
  const answer = await gateway.call(routes.openai[0], { token, body: openAiBody() });
  assert.deepEqual(
    [answer.status, answer.headers.get('content-type'), answer.headers.get('retry-after')],
    [502, 'application/json', '5'],
  );
  assert.deepEqual(JSON.parse(answer.text), expected('openai', 'the provider broke off its answer', '', ''));
  const [event, ...more] = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [event?.metadata['truncated'], event?.metadata['resolved_status_code'], event?.units],
    [true, 502, 0],
  );
});

test('an answer that is another protocol, or only interim ones: a refusal with one row that costs nothing', async () => {
  for (const [raw, endless] of [
    ['HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nxx', false],
    ['HTTP/1.1 101 x\r\n\r\n', false],
    ['HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(100), true],
  ] as const) {
    const { id, token } = await gateway.subscription({ limit: 10 });
    gateway.openai?.next({ raw, endless });
    const answer = await gateway.call(routes.openai[0], { token, body: openAiBody() });
    assert.equal(answer.status, 502);
    const rows = await gateway.events(`identifier = '${id}'`);
    assert.deepEqual(
      rows.map(({ metadata, units }) => [metadata['resolved_status_code'], units]),
      [[502, 0]],
    );
  }
});

test('a caller that reads nothing is ended by the deadline: one row, and no call stands', async () => {
  const { id, token } = await gateway.subscription({ limit: 10 });
  const { port } = new URL(gateway.functions.get('chat-completions')?.url ?? '');
  const body = JSON.stringify(openAiBody());
  for (const type of ['application/json', 'text/event-stream']) {
    gateway.openai?.next({
      raw: `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\n\r\n${'x'.repeat(65_000)}`,
      endless: true,
    });
    const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
    socket.pause();
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    const ended = async (): Promise<number> =>
      (await gateway.events(`identifier = '${id}' AND name = 'CompletionsFinished'`)).length;
    const before = await ended();
    await eventually(ended, (rows) => rows > before);
    socket.destroy();
  }
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual(
    rows.map(({ metadata, units }) => [metadata['truncated'], units]),
    [
      [true, 1],
      [true, 1],
    ],
  );
});
