// Bodies on real sockets: room is taken by what has come, a trickle is given up and its room given back, and what
// nobody takes of an answer ends.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { receive, type Received } from './received.ts';
import { Refusal } from './refusal.ts';
import { createRoom } from './room.ts';

const megabyte = Buffer.alloc(1_000_000, 'a');
/** All the room there is, in bytes. */
const roomBytes = 16_000_000;

interface Sending {
  readonly socket: Socket;
  readonly received: Received;
  /** The body, or what it was refused with. */
  readonly body: Promise<string>;
  /** Bytes of the body that its reader has been given. */
  taken(): number;
}

/** Announces a body and sends some of it; gives what the server makes of it. */
async function serve(
  t: TestContext,
): Promise<(holder: string, announced: number | null, bytes: Buffer) => Promise<Sending>> {
  const room = createRoom(roomBytes, () => 0);
  const server = http.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return async (holder, announced, bytes) => {
    const asked = once(server, 'request') as Promise<[http.IncomingMessage, http.ServerResponse]>;
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      `POST / HTTP/1.1\r\nhost: x\r\n${announced === null ? 'transfer-encoding: chunked' : `content-length: ${announced}`}\r\n\r\n`,
    );
    const received = receive(...(await asked), room);
    const body = received.readBody(roomBytes, holder).catch((error: unknown) => {
      received.response.end('refused');
      return error instanceof Refusal ? error.kind : String(error);
    });
    let taken = 0;
    received.request.on('data', (chunk: Buffer) => (taken += chunk.length));
    socket.write(bytes);
    return { socket, received, body, taken: () => taken };
  };
}

/** Settles once so much of it has come. */
async function arrived({ taken }: Sending, bytes: number): Promise<void> {
  while (taken() < bytes) await new Promise(setImmediate);
}

test('what is announced takes no room: a dozen that send a byte shut nobody out', async (t) => {
  const send = await serve(t);
  const idle: Sending[] = [];
  for (let i = 0; i < 12; i++) idle.push(await send('a', roomBytes, Buffer.from('{')));
  const other = await send('b', megabyte.length, megabyte);
  assert.equal((await other.body).length, megabyte.length);
  for (const { socket } of idle) socket.destroy();
  other.received.response.end();
});

test('bodies that arrive and are never finished give way to another’s', async (t) => {
  const send = await serve(t);
  const greedy: Sending[] = [];
  const share = Buffer.alloc(roomBytes / 4 - 1_000, 'a');
  for (let i = 0; i < 4; i++) greedy.push(await send('a', roomBytes, share));
  for (const sending of greedy) await arrived(sending, share.length);
  const other = await send('b', 4 * megabyte.length, Buffer.concat(Array<Buffer>(4).fill(megabyte)));
  assert.equal((await other.body).length, 4 * megabyte.length);
  assert.equal(await greedy[3]?.body, 'overloaded');
  // While others ask it gets no more than half.
  greedy[2]?.socket.write(share);
  assert.equal(await greedy[2]?.body, 'overloaded');
  for (const { socket } of greedy) socket.destroy();
  other.received.response.end();
});

test('a body of which nothing is kept any more has no room, though its answer runs', async (t) => {
  const send = await serve(t);
  const most = Buffer.alloc(roomBytes - 1_000, 'a');
  const first = await send('a', most.length, most);
  assert.equal((await first.body).length, most.length);
  assert.equal(await (await send('b', most.length, most)).body, 'overloaded');
  first.received.bodyGone();
  const next = await send('c', most.length, most);
  assert.equal((await next.body).length, most.length);
  // What comes later of the first takes nothing from the others.
  first.received.bodyGone();
  first.received.response.end();
  await once(first.received.response, 'close');
  assert.equal(await (await send('d', most.length, most)).body, 'overloaded');
  next.received.response.end();
});

test('a body slower than it may be is 408, and its room is another’s', async (t) => {
  const send = await serve(t);
  // Whole milliseconds: of fractions, ten seconds later and ten seconds earlier may be a little less than ten seconds.
  let nowMs = Math.round(performance.now());
  t.mock.method(performance, 'now', () => nowMs);
  t.mock.timers.enable({ apis: ['setInterval'] });
  const most = Buffer.alloc(roomBytes - 1_000, 'a');
  const slow = await send('a', most.length + 1_000, most);
  await arrived(slow, most.length);
  nowMs += 10_000;
  t.mock.timers.tick(10_000);
  const [next, second] = [await send('b', 10, Buffer.from('{')), await send('b', null, Buffer.from('1\r\n{\r\n'))];
  slow.socket.write('a');
  await arrived(slow, most.length + 1);
  assert.equal(await Promise.race([slow.body, Promise.resolve('under way')]), 'under way');
  nowMs += 10_000;
  t.mock.timers.tick(10_000);
  assert.deepEqual(await Promise.all([slow.body, next.body, second.body]), Array(3).fill('body-too-slow'));
  const after = await send('c', most.length, most);
  assert.equal((await after.body).length, most.length);
  after.received.response.end();
});

test('a body in chunks of a byte each is read like any other, but not a long one', async (t) => {
  const send = await serve(t);
  const chunked = (count: number): Buffer => Buffer.from('1\r\na\r\n'.repeat(count).concat('0\r\n\r\n'));
  for (const [count, body] of [
    [9_000, 'a'.repeat(9_000)],
    [20_000, 'bad-request'],
  ] as const) {
    const sending = await send('a', null, chunked(count));
    assert.equal(await sending.body, body);
    sending.received.response.end();
  }
});

test('an answer that has ended and is not taken is given up after its time, as its connection is', async (t) => {
  const send = await serve(t);
  const { socket, received } = await send('a', 2, Buffer.from('{}'));
  socket.pause();
  let timeoutMs = 0;
  const connection = received.request.socket;
  t.mock.method(connection, 'setTimeout', (ms: number) => {
    timeoutMs = ms;
    return connection;
  });
  received.response.end(Buffer.alloc(64 << 20));
  assert.equal(timeoutMs, 10_000);
  connection.emit('timeout');
  await once(connection, 'close');
  assert.equal(received.callerLeft.aborted, true);
});
