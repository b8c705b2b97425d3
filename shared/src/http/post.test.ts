// However a connection ends, a call over it ends: with an answer or with an error, once, and the connection is closed.

import assert from 'node:assert/strict';
import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { fetchJson, FetchFailed } from './fetch-json.ts';
import { post, type Destination } from './post.ts';

const whole = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}';
const early = 'HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n';

/** Writes without end, as fast as it is read. */
function forEver(socket: Socket, text: string): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(text.repeat(500)));
  };
  socket.on('drain', more);
  more();
}

/** What a server does with a request, and whether that is an answer. */
const ways: readonly [what: string, answer: (socket: Socket) => unknown, answered: boolean][] = [
  ['a whole answer', (socket) => socket.write(whole), true],
  [
    'interim answers, then one',
    (socket) => socket.write(`HTTP/1.1 100 Continue\r\n\r\n${early.repeat(10)}${whole}`),
    true,
  ],
  [
    'another protocol',
    (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nxx'),
    false,
  ],
  [
    'another protocol without its name',
    (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\nxxxx'),
    false,
  ],
  ['early hints without end', (socket) => forEver(socket, early), false],
  ['100 without end', (socket) => forEver(socket, 'HTTP/1.1 100 Continue\r\n\r\n'), false],
  ['199 without end', (socket) => forEver(socket, 'HTTP/1.1 199 x\r\n\r\n'), false],
  [
    'headers without end',
    (socket) => forEver(socket, 'HTTP/1.1 200 OK\r\n'.concat(`x: ${'a'.repeat(1_000)}\r\n`.repeat(100))),
    false,
  ],
  ['the end without a word', (socket) => socket.end(), false],
  ['a reset', (socket) => socket.resetAndDestroy(), false],
  ['half a status line, then the end', (socket) => socket.end('HTTP/1.1 20'), false],
  ['half an interim answer, then the end', (socket) => socket.end('HTTP/1.1 103 x\r\nlin'), false],
  ['an interim answer, then the end', (socket) => socket.end(early), false],
  ['what is no HTTP', (socket) => socket.write('220 smtp.example.com ESMTP\r\n'), false],
  ['status 0', (socket) => socket.write('HTTP/1.1 0 x\r\n\r\n'), false],
  [
    'two lengths',
    (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'),
    false,
  ],
];

for (const [what, answer, answered] of ways)
  test(`on a new and on a kept connection: ${what}`, async (t) => {
    for (const kept of [false, true]) {
      const server = await startServer(t, (socket, count) =>
        kept && count === 0 ? socket.write(whole) : answer(socket),
      );
      if (kept) await read(await post(server.destination, '{}').answer);
      const outcome = await post(server.destination, '{}').answer.then(read, (error: Error) => error);
      assert.equal(outcome instanceof Error ? outcome.name : outcome, answered ? '{}' : 'Error');
      if (!answered) await server.allClosed();
      const fetched = await fetchJson({ ...server.json, timeoutMs: 20_000 }).catch((error: unknown) => error);
      if (answered) assert.deepEqual(fetched, { status: 200, body: {} });
      else assert.ok(fetched instanceof FetchFailed);
    }
  });

test('a request that is destroyed without a word, or loses its connection, has failed', async (t) => {
  const server = await startServer(t, () => undefined);
  const requests: ClientRequest[] = [];
  const see = (message: unknown): void => void requests.push((message as { request: ClientRequest }).request);
  diagnostics.subscribe('http.client.request.start', see);
  t.after(() => diagnostics.unsubscribe('http.client.request.start', see));
  for (const destroy of [
    (request: ClientRequest) => request.destroy(),
    (request: ClientRequest) => request.socket?.destroy(),
    (request: ClientRequest) => request.socket?.end(),
    (request: ClientRequest) => request.abort(),
    // As a request dies whose errors somebody else has taken.
    (request: ClientRequest) =>
      request
        .removeAllListeners('error')
        .on('error', () => undefined)
        .destroy(),
  ]) {
    const sent = post(server.destination, '{}');
    const failed = assert.rejects(sent.answer);
    await server.requested();
    destroy(requests.at(-1) ?? assert.fail());
    if (destroy.toString().includes('.end()')) server.closeAll();
    await failed;
  }
});

test('ended by its owner before its answer, it fails with the owner’s reason, whatever it is doing', async (t) => {
  for (const answer of [
    () => undefined,
    (socket: Socket) => void socket.write(early),
    (socket: Socket) => void socket.write('HTTP/1.1 200'),
  ]) {
    const server = await startServer(t, answer);
    const reason = new Error('enough');
    const sent = post(server.destination, '{}');
    await server.requested();
    sent.end(reason);
    await assert.rejects(sent.answer, (error) => error === reason);
    await server.allClosed();
  }
});

interface TestServer {
  readonly destination: Destination;
  readonly json: Pick<Parameters<typeof fetchJson>[0], 'url' | 'headers' | 'body' | 'answerBytesMax'>;
  requested(): Promise<void>;
  allClosed(): Promise<void>;
  closeAll(): void;
}

/** @param answer gets each request's connection, and how many came before */
async function startServer(t: TestContext, answer: (socket: Socket, count: number) => unknown): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let [count, awaited] = [0, 0];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket) && server.emit('gone'));
    socket.on('end', () => setImmediate(() => socket.end()));
    let seen = '';
    socket.on('data', (piece: Buffer) => {
      seen += piece.toString('latin1');
      if (!seen.endsWith('{}')) return;
      seen = '';
      answer(socket, count++);
      server.emit('requested');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const closeAll = (): void => sockets.forEach((socket) => socket.destroy());
  t.after(() => {
    closeAll();
    server.close();
  });
  return {
    destination: {
      secure: false,
      options: { host: '127.0.0.1', port, method: 'POST', path: '/' },
      headers: ['host', 'x'],
    },
    json: { url: `http://127.0.0.1:${port}/`, headers: {}, body: '{}', answerBytesMax: 1_000 },
    requested: async () => {
      if (count <= awaited) await once(server, 'requested');
      awaited++;
    },
    allClosed: async () => {
      while (sockets.size > 0) await once(server, 'gone');
    },
    closeAll,
  };
}

async function read(answer: IncomingMessage): Promise<string> {
  return Buffer.concat(await answer.toArray()).toString('utf8');
}
