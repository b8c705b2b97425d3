// What holds of a provider's answer whatever dialect it is in: a stream is read as one under whatever label, is whole
// by what it says and not by how it is closed, errors are read compressed too, and a wait reaches the caller wherever
// the provider names it.

import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { after, before, test } from 'node:test';
import type { LocalProvider } from '../local/providers/provider-server.ts';
import { startGateway, type EventRow, type TestGateway } from '../local/test-gateway.ts';
import {
  eventRoutes,
  messageIn,
  sdkCaller,
  sdkFunctions,
  streamRoutes,
  wholeRoutes,
  type SdkRoute,
  type StreamFacts,
} from './sdk-routes.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({ functions: sdkFunctions });
});
after(() => gateway.stop());

const providerOf = ({ provider }: SdkRoute): LocalProvider => gateway[provider] ?? assert.fail();

interface Streamed {
  readonly status: number;
  readonly headers: Headers;
  /** Null: the connection broke, which is how an array that is cut ends. */
  readonly text: string | null;
  readonly row: EventRow | undefined;
}

/** Asks for a stream of which the provider sends these bytes. */
async function stream(
  route: SdkRoute & { stream: StreamFacts },
  bytes: Buffer,
  { type, cuts = [] }: { type?: string; cuts?: readonly number[] } = {},
): Promise<Streamed> {
  const { id, token } = await sdkCaller(gateway);
  const label = type ?? (route.streamPath?.includes('alt=sse') === false ? 'application/json' : 'text/event-stream');
  providerOf(route).next({ bytes, cuts, headers: { 'content-type': label } });
  const response = await fetch(`${gateway.url}${route.streamPath ?? route.path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...route.headers },
    body: `${route.ask}${route.stream.asks}}`,
  });
  const text = await response.text().catch(() => null);
  const [row] = await gateway.events(`identifier = '${id}'`);
  return { status: response.status, headers: response.headers, text, row };
}

const wholeOf = ({ said, stopped, hidden, mark }: StreamFacts): string => [...said, ...stopped, hidden, mark].join('');
const forCaller = ({ said, stopped, mark }: StreamFacts): string => [...said, ...stopped, mark].join('');
const inputTokens = (row: EventRow | undefined): unknown => row?.metadata['prompt_token_count'];

for (const route of eventRoutes)
  for (const type of ['application/json', 'text/plain; charset=utf-8', 'application/octet-stream'])
    test(`${route.name}: a stream of events under ${type} is metered as one, however it is cut`, async () => {
      const bytes = Buffer.from(wholeOf(route.stream));
      for (const cuts of [[], [1, 3], [bytes.length - 1]]) {
        const { status, text, row } = await stream(route, bytes, { type, cuts });
        assert.deepEqual([status, text], [200, forCaller(route.stream)]);
        assert.deepEqual([inputTokens(row), row?.metadata['stream'], row?.metadata['truncated']], [7, true, undefined]);
      }
    });

for (const route of streamRoutes) {
  const { said, stopped, hidden, mark } = route.stream;
  const isArray = route.name.endsWith('array');

  test(`${route.name}: an answer is complete by what it says of its end, and not by what follows that`, async () => {
    const complete: string[] = [wholeOf(route.stream)];
    // The last event of a stream may lack the line that ends it.
    complete.push(wholeOf(route.stream).trimEnd(), wholeOf(route.stream).slice(0, -1));
    if (stopped.length > 0 && !isArray)
      complete.push([...said, ...stopped].join(''), [...said, ...stopped].join('').trimEnd());
    for (const sent of complete) {
      const { status, text, row } = await stream(route, Buffer.from(sent));
      assert.deepEqual([status, text], [200, hidden === '' ? sent : sent.replace(hidden, '')]);
      assert.equal(row?.metadata['truncated'], undefined, sent);
      assert.equal(row?.units, 1);
    }
  });

  test(`${route.name}: one that says nothing of its end is cut, and its caller is told`, async () => {
    const { text, row } = await stream(route, Buffer.from(said.join('')));
    assert.equal(row?.metadata['truncated'], true);
    if (isArray) assert.equal(text, null, 'no array that is whole');
    else {
      assert.ok(text?.startsWith(said.join('')) === true);
      assert.match(
        text.slice(said.join('').length),
        /^(event: error\n)?data: \{.*the provider broke off its answer.*\}\n\n$/,
      );
    }
    // What is served again is called again, by whomever.
    assert.equal((await stream(route, Buffer.from(wholeOf(route.stream)))).row?.metadata['truncated'], undefined);
    if (mark !== '') assert.ok(text === null || !text.includes(mark));
  });
}

/** A provider's error, as it told it; and again where another try might mend it. */
function refuseNext(route: SdkRoute, status: number, headers: Record<string, string>, body: string | Buffer): void {
  providerOf(route).next({ status, headers, body }, 2);
}

async function ask(route: SdkRoute, token: string): Promise<{ status: number; headers: Headers; text: string }> {
  return gateway.call(route.path, { token, headers: route.headers, body: `${route.ask}}` });
}

/** What fails half of the time is called again. */
async function recover(route: SdkRoute, token: string): Promise<void> {
  providerOf(route).forget();
  for (let i = 0; i < 2; i++) assert.equal((await ask(route, token)).status, 200);
}

const errors = {
  openai: (message: string) => ({ error: { message, type: 'x_error', param: null, code: null } }),
  anthropic: (message: string) => ({ type: 'error', error: { type: 'x_error', message } }),
  google: (message: string, details: unknown[] = []) => ({ error: { code: 400, message, status: 'X', details } }),
} as const;

for (const route of wholeRoutes) {
  test(`${route.name}: an error that came compressed is read and told in the provider’s words`, async () => {
    const { id, token } = await sdkCaller(gateway);
    const body = JSON.stringify(errors[route.provider]('their words'));
    for (const encoded of [false, true]) {
      refuseNext(route, 400, encoded ? { 'content-encoding': 'gzip' } : {}, encoded ? gzipSync(body) : body);
      const { status, headers, text } = await ask(route, token);
      assert.deepEqual([status, headers.get('content-encoding')], [400, null], text);
      assert.match(messageIn(route, text), /their words/);
      await recover(route, token);
    }
    const rows = await gateway.events(`identifier = '${id}'`);
    assert.deepEqual(rows.filter(({ units }) => units === 0).length, 2, 'neither costs anything');
  });

  test(`${route.name}: a limit of the provider’s stays one, and its wait is told wherever it stands`, async () => {
    const { token } = await sdkCaller(gateway);
    const error = errors[route.provider];
    const plain = JSON.stringify(error('slow down'));
    const inBody = JSON.stringify(
      errors.google('slow down', [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '33.4s' }]),
    );
    const waits: [headers: Record<string, string>, body: string, seconds: string | null, passed: [string, string][]][] =
      [
        [{}, plain, null, []],
        [{ 'retry-after': '17' }, plain, '17', []],
        [
          { 'retry-after-ms': '1500', 'x-should-retry': 'true' },
          plain,
          '2',
          [
            ['retry-after-ms', '1500'],
            ['x-should-retry', 'true'],
          ],
        ],
        [{ 'retry-after': '17', 'x-should-retry': 'false' }, plain, '17', [['x-should-retry', 'false']]],
        [{}, inBody, '34', []],
      ];
    for (const [headers, body, seconds, passed] of waits) {
      refuseNext(route, 429, headers, body);
      const answer = await ask(route, token);
      assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, seconds], answer.text);
      for (const [name, value] of passed) assert.equal(answer.headers.get(name), value);
      assert.notEqual(answer.headers.get(route.idHeader), null);
      await recover(route, token);
    }
  });

  test(`${route.name}: a provider that can’t be understood is our passing fault: back in seconds`, async () => {
    const { id, token } = await sdkCaller(gateway);
    providerOf(route).next({ raw: 'this is no HTTP\r\n\r\n', endless: false }, 2);
    const { status, headers, text } = await ask(route, token);
    assert.deepEqual([status, headers.get('retry-after'), headers.get('x-should-retry')], [502, '5', null]);
    messageIn(route, text);
    assert.match(headers.get(route.idHeader) ?? '', /^[0-9a-f]{32}$/);
    await recover(route, token);
    const [row] = await gateway.events(`identifier = '${id}'`);
    assert.equal(row?.units, 0);
  });
}
