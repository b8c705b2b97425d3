// One call on real sockets: what the provider gets, what comes back unchanged, and what happens when either side is
// slow, silent or gone.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { brotliCompressSync, constants, createGzip, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { loadConfig } from '../config/config.ts';
import { Refusal } from '../http/http.ts';
import type { Lease } from '../limiter/limiter.ts';
import { DeadlinePassed } from './send.ts';
import { openCatalogue } from '../catalogue/catalogue.ts';
import { surfaces } from './reading.test/reader.ts';
import { createUpstream, type Answer, type Call, type CallerFacts, type Upstream } from './upstream.ts';

type Asked = 'openai-chat' | 'anthropic-messages';

const stay = new AbortController().signal;
const models: Readonly<Record<Asked, string>> = {
  'openai-chat': 'openai/gpt-4o',
  'anthropic-messages': 'anthropic/claude-2',
};
const caller: CallerFacts = {
  actorId: 'sub1',
  actorUid: '42',
  dialect: 'cody',
  feature: 'chat_completions',
  headers: { traceparent: '00-1-2-01', 'x-sourcegraph-actor-uid': '42', authorization: 'Bearer theirs', cookie: 'a=1' },
};

/** Longer than what goes out in one piece with the headers. */
const longTexts = { 'plain ASCII': 'a "word"\n'.repeat(30_000), 'all of Unicode': 'zu "früh" 🌍\n'.repeat(30_000) };

describe('what the provider gets', () => {
  const cases: [shape: Asked, url: string, headers: Record<string, string>][] = [
    ['openai-chat', '/v1/chat/completions', { authorization: 'Bearer key', 'openai-organization': 'org' }],
    ['anthropic-messages', '/v1/messages', { 'x-api-key': 'key', 'anthropic-version': '2023-06-01' }],
  ];
  for (const [shape, url, headers] of cases)
    test(`${shape}: the permitted model, our key and nothing of the caller's`, async (t) => {
      const provider = await startProvider(t, (_request, response) => response.end('{}'));
      await read(await provider.send(shape));
      const [request] = provider.requests;
      assert.deepEqual([request?.method, request?.url], ['POST', url]);
      const text = request?.body ?? '';
      assert.equal((JSON.parse(text) as { model: string }).model, models[shape].split('/')[1]);
      assert.deepEqual(request?.headers, {
        accept: 'application/json',
        'accept-encoding': 'identity',
        connection: 'keep-alive',
        'content-length': String(Buffer.byteLength(text)),
        'content-type': 'application/json',
        host: new URL(provider.url).host,
        'user-agent': 'cody-gateway',
        ...headers,
      });
    });

  for (const [name, text] of Object.entries(longTexts))
    test(`a long body with ${name} arrives as it was written`, async (t) => {
      const provider = await startProvider(t, (_request, response) => response.end('{}'));
      await read(await provider.send('openai-chat', { text }));
      const [{ body, headers } = assert.fail('nothing came')] = provider.requests;
      const messages = [{ role: 'user', content: text }];
      assert.deepEqual(JSON.parse(body), { model: 'gpt-4o', user: 'sub1:42', messages });
      assert.equal(headers['content-length'], String(Buffer.byteLength(body)));
    });
});

describe('what comes back', () => {
  // What passes by itself is tried once more where there is one home.
  const cases: [
    name: string,
    status: number,
    callerStatus: number,
    retryAfter: string | null,
    ours: boolean,
    tries: number,
  ][] = [
    ['200', 200, 200, null, false, 1],
    ['vector 25: 429', 429, 503, '30', false, 2],
    ['vector 27: 503', 503, 503, '30', false, 2],
    ['vector 28: 400', 400, 400, null, false, 1],
    ['vector 28: 401', 401, 502, '30', true, 1],
    ['a redirect is not followed', 307, 307, null, false, 1],
  ];
  for (const [name, status, callerStatus, retryAfter, ours, tries] of cases)
    test(`${name}: status, bytes, and headers by allow-list`, async (t) => {
      const body = '{"message":"zu früh 🌍"}\n';
      const provider = await startProvider(t, (_request, response) => {
        response.writeHead(status, { 'content-type': 'application/json', 'set-cookie': 'a=1', location: '/elsewhere' });
        response.end(body);
      });
      const answer = await provider.send('openai-chat');
      assert.deepEqual(
        [answer.status, answer.callerStatus, answer.retryAfter, answer.refusal !== null, answer.sse],
        [status, callerStatus, retryAfter, ours, false],
      );
      assert.deepEqual(answer.headers, { 'content-type': 'application/json' });
      assert.equal((await read(answer)).toString('utf8'), body);
      assert.equal(provider.requests.length, tries);
    });
});

describe('faults before the answer', () => {
  test('vector 31: connection refused', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.close();
    await once(server, 'close');
    await assert.rejects(send(upstreamAt(url), 'openai-chat'), {
      kind: 'upstream-unreachable',
      message: 'failed to make request to upstream provider openai: connection refused',
    });
  });

  test('a reset on a new connection is not retried', async (t) => {
    const provider = await startProvider(t, (request) => request.socket.resetAndDestroy());
    await assert.rejects(provider.send('anthropic-messages'), {
      kind: 'upstream-unreachable',
      message: 'failed to make request to upstream provider anthropic: connection reset',
    });
    assert.equal(provider.requests.length, 1);
  });

  test('an answer that is no HTTP', async (t) => {
    const provider = await startProvider(t, (request) => request.socket.end('SECRET\r\n\r\n'));
    await assert.rejects(provider.send('openai-chat'), {
      message: 'failed to make request to upstream provider openai: connection failed',
    });
  });

  test('an answer in an encoding that was not asked for', async (t) => {
    const provider = await startProvider(t, (_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('xx'),
    );
    await assert.rejects(provider.send('openai-chat'), { kind: 'upstream-unreachable' });
    await provider.closed(1);
  });

  test('an encoding that nobody knows', async (t) => {
    const provider = await startProvider(t, (_request, response) =>
      response.writeHead(400, { 'content-encoding': 'pack200-gzip' }).end('xx'),
    );
    await assert.rejects(provider.send('openai-chat'), { kind: 'upstream-unreachable' });
    await provider.closed(1);
  });

  for (const status of ['101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade', '101 x'])
    test(`another protocol: ${status.slice(0, 12)}`, async (t) => {
      const provider = await startProvider(t, (request) => void request.socket.write(`HTTP/1.1 ${status}\r\n\r\nxxxx`));
      await assert.rejects(provider.send('openai-chat'), {
        kind: 'upstream-unreachable',
        message: 'failed to make request to upstream provider openai: connection failed',
      });
      await provider.closed(1);
    });

  test('what is wrong with ourselves is no fault of the provider', async (t) => {
    const provider = await startProvider(t, (_request, response) => response.end());
    const call = provider.asking.read('openai-chat');
    const sent = provider.asking.upstream.send(
      leaseOf('openai-chat'),
      { ...call, headers: { 'x y': 'no header' } },
      options(),
    );
    await assert.rejects(sent, (error) => !(error instanceof Refusal));
    assert.equal(provider.requests.length, 0);
  });
});

describe('an answer that came compressed all the same', () => {
  const encodings: readonly (readonly [name: string, encode: (bytes: Buffer) => Buffer])[] = [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ];
  const error = JSON.stringify({ error: { type: 'invalid_request_error', message: 'wörds' } });
  for (const [encoding, encode] of encodings)
    test(`${encoding}: an error is read, judged, and reaches the caller as it was meant`, async (t) => {
      const statuses = [400, 401];
      const provider = await startProvider(t, (_request, response) => {
        const type = { 'content-type': 'application/json', 'content-encoding': encoding };
        response.writeHead(statuses.shift() ?? 200, type).end(encode(Buffer.from(error)));
      });
      const ofCaller = await provider.send('openai-chat');
      assert.deepEqual([ofCaller.status, ofCaller.refusal, ofCaller.headers['content-length']], [400, null, undefined]);
      assert.equal(String(await read(ofCaller)), error);
      const ofOurs = await provider.send('openai-chat');
      assert.deepEqual([ofOurs.status, ofOurs.refusal?.kind], [401, 'upstream-credentials']);
      ofOurs.abort();
    });

  test('a whole answer and a stream, byte by byte; cut short, it is no whole one', async (t) => {
    const answers = [
      { type: 'application/json', text: '{"a":"wörds"}', cut: 0 },
      { type: 'text/event-stream', text: 'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'.repeat(50), cut: 0 },
      { type: 'application/json', text: JSON.stringify({ a: randomBytes(2_000).toString('hex') }), cut: 9 },
    ];
    const provider = await startProvider(t, (_request, response) => {
      const { type, text, cut } = answers.shift() ?? assert.fail('one too many');
      const bytes = gzipSync(text);
      response.writeHead(200, { 'content-type': type, 'content-encoding': 'gzip' });
      for (const byte of bytes.subarray(0, bytes.length - cut)) response.write(Buffer.from([byte]));
      response.end();
    });
    for (const { text, cut } of answers.slice()) {
      const answer = provider.send('openai-chat').then(read);
      if (cut === 0) assert.equal(String(await answer), text);
      else await assert.rejects(answer);
    }
  });

  test('a caller that leaves it ends it', async (t) => {
    const provider = await startProvider(t, (_request, response) => {
      const zip = createGzip({ flush: constants.Z_SYNC_FLUSH });
      zip.pipe(response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }));
      zip.write('data: {"choices":[{"delta":{"content":"x"}}]}\n\n');
    });
    for await (const chunk of (await provider.send('openai-chat')).body) if (chunk.length > 0) break;
    await provider.closed(1);
    (await provider.send('openai-chat')).abort();
    await provider.closed(2);
  });
});

describe('kept connections', () => {
  test('are used again', async (t) => {
    const provider = await startProvider(t, (_request, response) => response.end('{}'));
    for (let i = 0; i < 3; i++) await read(await provider.send('openai-chat'));
    assert.equal(provider.sockets.length, 1);
  });

  test('that the provider closed meanwhile: one second try, on a connection of its own', async (t) => {
    const provider = await startProvider(t, firstTimeOnly);
    await readTwo(provider);
    assert.equal((await read(await provider.send('openai-chat'))).toString('utf8'), '{}');
    assert.deepEqual([provider.requests.length, provider.sockets.length], [4, 3], 'not on the other closed one');
  });

  for (const [name, text] of Object.entries(longTexts))
    test(`that the provider closed meanwhile: the second try has the whole of a long body with ${name}`, async (t) => {
      const provider = await startProvider(t, firstTimeOnly);
      await readTwo(provider);
      assert.equal((await read(await provider.send('openai-chat', { text }))).toString('utf8'), '{}');
      const { messages } = JSON.parse(provider.requests.at(-1)?.body ?? '') as { messages: unknown };
      assert.deepEqual(messages, [{ role: 'user', content: text }]);
    });

  test('the second try is the last', async (t) => {
    let tries = 0;
    const provider = await startProvider(t, (request, response) => {
      if (tries++ === 0) response.end('{}');
      else request.socket.resetAndDestroy();
    });
    await read(await provider.send('openai-chat'));
    await assert.rejects(provider.send('openai-chat'), { kind: 'upstream-unreachable' });
    assert.equal(provider.requests.length, 3);
  });

  test('that break in the middle of an answer do not cost a second call', async (t) => {
    const provider = await startProvider(t, (request, response) => {
      if (provider.requests.length === 1) return void response.end('{}');
      response.write('half');
      // Only once the half has arrived.
      provider.hold = () => request.socket.resetAndDestroy();
    });
    await read(await provider.send('openai-chat'));
    const answer = await provider.send('openai-chat');
    const body = answer.body[Symbol.asyncIterator]();
    assert.equal((await body.next()).value?.toString('utf8'), 'half');
    provider.hold();
    await assert.rejects(body.next(), { code: 'ECONNRESET' });
    // A call that was made in spite of it would arrive before this one.
    await read(await provider.send('openai-chat').then((last) => (last.abort(), last))).catch(() => undefined);
    assert.equal(provider.requests.length, 3);
  });

  test('that break after the first byte of an answer are not retried', async (t) => {
    const provider = await startProvider(t, (request, response) => {
      if (provider.requests.length === 1) response.end('{}');
      else request.socket.end('HTTP/1.1 200');
    });
    await read(await provider.send('openai-chat'));
    await assert.rejects(provider.send('openai-chat'), { kind: 'upstream-unreachable' });
    assert.equal(provider.requests.length, 2);
  });

  function firstTimeOnly(request: IncomingMessage, response: ServerResponse): void {
    const socket = request.socket as Socket & { used?: boolean };
    if (socket.used === true) return void socket.resetAndDestroy();
    socket.used = true;
    response.end('{}');
  }

  async function readTwo(provider: TestProvider): Promise<void> {
    const answers = await Promise.all([provider.send('openai-chat'), provider.send('openai-chat')]);
    await Promise.all(answers.map(read));
    assert.equal(provider.sockets.length, 2);
  }
});

describe('deadlines', () => {
  const timedOut = { kind: 'upstream-timeout', message: 'request to upstream provider openai timed out' };
  const hour = 3_600_000;

  const silent: [name: string, timeoutMs: number | null, afterMs: number][] = [
    ['vector 29: headers', null, 60_000],
    ['vector 29: the caller’s own, shorter', 50, 50],
    ['the caller’s own, longer than ours for headers', 120_000, 120_000],
    ['the caller’s own is at most the total one', hour, 540_000],
  ];
  for (const [name, timeoutMs, afterMs] of silent)
    test(`${name}: a provider that is silent is given up after ${afterMs} ms, not before`, async (t) => {
      const provider = await startProvider(t, () => undefined);
      t.mock.timers.enable({ apis: ['setTimeout'] });
      const sent = outcomeOf(provider.send('openai-chat', { timeoutMs }));
      await provider.requested(1);
      t.mock.timers.tick(afterMs - 1);
      assert.equal(await Promise.race([sent, turn()]), 'pending');
      t.mock.timers.tick(1);
      await assert.rejects(async () => Promise.reject(await sent), timedOut);
      await provider.closed(1);
    });

  test('idle: a body that stalls breaks off, and the connection is closed', async (t) => {
    const provider = await startProvider(t, (_request, response) => void response.write('a'));
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const body = (await provider.send('openai-chat')).body[Symbol.asyncIterator]();
    await body.next();
    const next = outcomeOf(body.next());
    t.mock.timers.tick(59_999);
    assert.equal(await Promise.race([next, turn()]), 'pending');
    t.mock.timers.tick(1);
    const error = await next;
    assert.ok(error instanceof DeadlinePassed && error.which === 'idle');
    await provider.closed(1);
  });

  test('idle: a caller that is slow to take what came does not make the provider idle', async (t) => {
    const provider = await startProvider(t, (_request, response) => {
      response.write('a');
      provider.hold = () => response.end('b');
    });
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const body = (await provider.send('openai-chat')).body[Symbol.asyncIterator]();
    await body.next();
    t.mock.timers.tick(300_000);
    provider.hold();
    assert.equal((await body.next()).value?.toString('utf8'), 'b');
  });

  test('total: a body that never ends breaks off, however busy it is', async (t) => {
    const provider = await startProvider(t, (_request, response) => {
      provider.hold = () => void response.write('a');
      response.flushHeaders();
    });
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const body = (await provider.send('openai-chat')).body[Symbol.asyncIterator]();
    for (let ms = 0; ms < 540_000; ms += 30_000) {
      provider.hold();
      await body.next();
      t.mock.timers.tick(30_000);
    }
    const error = await outcomeOf(body.next());
    assert.ok(error instanceof DeadlinePassed && error.which === 'total');
    await provider.closed(1);
  });
});

describe('an answer that nobody takes', () => {
  for (const [what, bytes] of [
    ['has come whole', 20],
    ['is longer than all buffers', 64 << 20],
  ] as const)
    test(`${what}: the total deadline ends the call all the same, and tells whoever waits for something else`, async (t) => {
      const provider = await startProvider(t, (_request, response) => {
        response.write('a');
        provider.hold = () => response.end(Buffer.alloc(bytes));
      });
      t.mock.timers.enable({ apis: ['setTimeout'] });
      const answer = await provider.send('openai-chat');
      const body = answer.body[Symbol.asyncIterator]();
      await body.next();
      provider.hold();
      let told = 0;
      answer.onEnded(() => told++);
      for (let i = 0; i < 50; i++) await turn();
      t.mock.timers.tick(539_999);
      assert.equal(told, 0);
      t.mock.timers.tick(1);
      assert.equal(told, 1);
      answer.onEnded(() => told++);
      assert.equal(told, 2, 'whoever comes later is told at once');
      const taken = async (): Promise<void> => {
        while ((await body.next()).done !== true);
      };
      const error = await outcomeOf(taken());
      assert.ok(error instanceof DeadlinePassed && error.which === 'total');
      if (bytes > 1_000) await provider.closed(1);
    });

  test('taken in time it has no deadline any more', async (t) => {
    const provider = await startProvider(t, (_request, response) => response.end('{}'));
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const answer = await provider.send('openai-chat');
    assert.equal((await read(answer)).toString('utf8'), '{}');
    answer.onEnded(() => assert.fail('it was over'));
    t.mock.timers.tick(3_600_000);
  });
});

describe('a caller that leaves', () => {
  const reason = new DOMException('the caller left', 'AbortError');

  test('before the answer: its own reason, and the connection is closed', async (t) => {
    const provider = await startProvider(t, () => undefined);
    const left = new AbortController();
    const sent = provider.send('openai-chat', { signal: left.signal });
    await provider.requested(1);
    left.abort(reason);
    await assert.rejects(sent, (error) => error === reason);
    await provider.closed(1);
  });

  test('before the call: nothing is sent', async (t) => {
    const provider = await startProvider(t, () => undefined);
    await assert.rejects(
      provider.send('openai-chat', { signal: AbortSignal.abort(reason) }),
      (error) => error === reason,
    );
    assert.equal(provider.requests.length, 0);
  });

  test('in the middle of the body: it throws that reason, and the connection is closed', async (t) => {
    const provider = await startProvider(t, (_request, response) => void response.write('a'));
    const left = new AbortController();
    const body = (await provider.send('openai-chat', { signal: left.signal })).body[Symbol.asyncIterator]();
    await body.next();
    const next = body.next();
    left.abort(reason);
    await assert.rejects(next, (error) => error === reason);
    await provider.closed(1);
  });

  test('with the answer in hand: it is aborted, or no longer read', async (t) => {
    const provider = await startProvider(t, (_request, response) => void response.write('a'));
    (await provider.send('openai-chat')).abort();
    await provider.closed(1);
    for await (const chunk of (await provider.send('openai-chat')).body) if (chunk.length > 0) break;
    await provider.closed(2);
  });
});

test('a caller that does not read makes the provider wait', async (t) => {
  const megabyte = Buffer.alloc(1 << 20);
  const total = 256;
  let written = 0;
  const provider = await startProvider(t, (_request, response) => {
    const write = async (): Promise<void> => {
      for (; written < total; written++) if (!response.write(megabyte)) await once(response, 'drain');
      response.end();
    };
    write().catch(() => undefined);
  });
  const answer = await provider.send('openai-chat');
  const body = answer.body[Symbol.asyncIterator]();
  await body.next();
  let quietTurns = 0;
  for (let before = -1; quietTurns < 100; before = written) {
    await turn();
    quietTurns = written === before ? quietTurns + 1 : 0;
  }
  assert.ok(written < total / 2, `${written} MB were taken from the provider for a caller that read one chunk`);
  answer.abort();
  await provider.closed(1);
});

/** What a call is made with; each member has a default. */
interface Given {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number | null;
  readonly text?: string;
}

interface TestProvider {
  readonly url: string;
  readonly asking: Asking;
  readonly requests: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[];
  readonly sockets: Socket[];
  /** Set by a handler that waits for the test. */
  hold: () => unknown;
  send(shape: Asked, given?: Given): Promise<Answer>;
  /** Settles when so many requests have come in whole. */
  requested(count: number): Promise<void>;
  /** Settles when so many connections have come and are closed. */
  closed(count: number): Promise<void>;
}

/** A provider with a handler that runs when the request's body is there, and the upstream that calls it. */
async function startProvider(t: TestContext, handle: RequestListener): Promise<TestProvider> {
  const requests: TestProvider['requests'] = [];
  const sockets: Socket[] = [];
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      requests.push({ method, url, headers, body: Buffer.concat(chunks).toString('utf8') });
      handle(request, response);
      server.emit('handled');
    });
  });
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => server.emit('gone'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const asking = upstreamAt(url);
  return {
    url,
    asking,
    requests,
    sockets,
    hold: () => assert.fail('no handler waits'),
    send: (shape, given) => send(asking, shape, given),
    requested: async (count) => {
      while (requests.length < count) await once(server, 'handled');
    },
    closed: async (count) => {
      while (sockets.length < count || !sockets.every((socket) => socket.destroyed)) await once(server, 'gone');
    },
  };
}

/** An upstream, and how requests are read for it. */
interface Asking {
  readonly upstream: Upstream;
  read(shape: Asked, text?: string): Call;
}

function upstreamAt(url: string): Asking {
  const config = loadConfig({
    REDIS_ENDPOINT: 'none',
    CODY_GATEWAY_DIAGNOSTICS_SECRET: 'none',
    CODY_GATEWAY_ANTHROPIC_ACCESS_TOKEN: 'key',
    CODY_GATEWAY_ANTHROPIC_BASE_URL: url,
    CODY_GATEWAY_OPENAI_ACCESS_TOKEN: 'key',
    CODY_GATEWAY_OPENAI_ORG_ID: 'org',
    CODY_GATEWAY_OPENAI_BASE_URL: url,
  });
  const catalogue = openCatalogue({ config, nowMs: 0, overlay: null, onFaults: () => assert.fail() }).latest();
  const upstream = createUpstream({ config, googleTokens: () => assert.fail('no home asks'), warn: told });
  return {
    upstream,
    read: (shape, text = 'Hello') => {
      const model = models[shape].split('/')[1];
      return upstream.read(surfaces[shape], { model, messages: [{ role: 'user', content: text }] }, caller, catalogue);
    },
  };
}

/** Keys that are refused, and what keeps failing, are told. */
function told(message: string): void {
  assert.match(message, / gets no calls for /);
}

function leaseOf(shape: Asked): Lease {
  return { permit: { model: models[shape], actor: { source: 'internal', id: 'sub1' } } } as unknown as Lease;
}

function options({ signal = stay, timeoutMs = null }: Given = {}): { signal: AbortSignal; timeoutMs: number | null } {
  return { signal, timeoutMs };
}

async function send({ upstream, read }: Asking, shape: Asked, given?: Given): Promise<Answer> {
  return upstream.send(leaseOf(shape), read(shape, given?.text), options(given));
}

async function read(answer: Answer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The error of a promise that must fail. */
function outcomeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => assert.fail('it succeeded'),
    (error: unknown) => error,
  );
}

/** A turn of the event loop. */
function turn(): Promise<'pending'> {
  return new Promise((resolve) => setImmediate(() => resolve('pending')));
}
