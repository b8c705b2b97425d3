// The contract with functions-framework: requests come to us unread, on the server it made; and the safe path for the
// day that fails.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { http as register } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { asRefusal } from './refusal.ts';
import { receive } from './received.ts';
import { listenFirst } from './request-listener.ts';

const bytesMax = 1_000;

/** Answers with what was received, or with the refusal's kind. */
function handler(via: string) {
  return async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const received = receive(request, response);
    try {
      const body = await received.readBody(bytesMax);
      response.end(JSON.stringify({ via, path: received.path, body, headers: received.headers }));
    } catch (error) {
      response.end(JSON.stringify({ via, refused: asRefusal(error).kind }));
    }
  };
}

interface Echo {
  readonly via: string;
  readonly path?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly refused?: string;
}

async function serve(t: TestContext, name: string): Promise<(path: string, init?: RequestInit) => Promise<Echo>> {
  register(name, handler('framework'));
  const server = getTestServer(name).listen(0);
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return async (path, init = {}) => (await (await fetch(url + path, init)).json()) as Echo;
}

const post = (body: string, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body,
  headers: { 'content-type': 'application/json', ...headers },
});

// Before the hook is set: afterwards every framework server of this process is ours.
test('the safe path: a body that the framework has read is taken as it was, within the bound', async (t) => {
  const call = await serve(t, 'safe-path');
  assert.equal((await call('/x', post('{"a":1}'))).body, '{"a":1}');
  assert.equal((await call('/x', post(JSON.stringify(['a'.repeat(bytesMax)])))).refused, 'body-too-large');
});

test('requests come to us first: unread, unparsed, whatever the path', async (t) => {
  const servers: http.Server[] = [];
  listenFirst(handler('ours'), (server) => servers.push(server));
  const call = await serve(t, 'ours');
  const first = await call('/a%zz?x=1', post('{ not json', { 'x-y': 'z' }));
  assert.deepEqual([first.via, first.path, first.body, first.headers?.['x-y']], ['ours', '/a%zz', '{ not json', 'z']);
  assert.equal((await call('/favicon.ico')).via, 'ours');
  assert.equal((await call('/x', post('a=1', { 'content-type': 'application/x-www-form-urlencoded' }))).body, 'a=1');
  assert.equal((await call('/x')).body, '');
  assert.equal(servers.length, 1, 'told once');
});

test('a body in pieces is one text, wherever they were cut', async (t) => {
  const call = await serve(t, 'pieces');
  const text = '{"a":"zu früh 🌍"}'.repeat(20);
  const bytes = [...new TextEncoder().encode(text)];
  const pieces = new ReadableStream({
    pull: async (controller) => {
      // Each in a packet of its own.
      await new Promise((resolve) => setImmediate(resolve));
      if (bytes.length === 0) controller.close();
      else controller.enqueue(new Uint8Array(bytes.splice(0, 17)));
    },
  });
  const init = { ...post(''), body: pieces, duplex: 'half' };
  assert.equal((await call('/x', init as RequestInit)).body, text);
});

test('size and encoding are refused before a byte is read', async (t) => {
  const call = await serve(t, 'bounds');
  assert.equal((await call('/x', post('a'.repeat(bytesMax + 1)))).refused, 'body-too-large');
  assert.equal((await call('/x', post('a', { 'content-encoding': 'gzip' }))).refused, 'body-encoding');
  const chunked = new ReadableStream({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('a'.repeat(400))),
  });
  const streamed = await call('/x', { method: 'POST', body: chunked, duplex: 'half' }).catch(() => null);
  // The answer stands before the endless body does; a client that insists on sending first sees its connection end.
  assert.ok(streamed === null || streamed.refused === 'body-too-large');
});

test('a caller that leaves while it sends ends the read', async (t) => {
  const server = http.createServer().listen(0);
  t.after(() => server.close());
  await once(server, 'listening');
  const asked = once(server, 'request') as Promise<[http.IncomingMessage, http.ServerResponse]>;
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf');
  const received = receive(...(await asked));
  const reading = received.readBody(bytesMax);
  socket.destroy();
  await assert.rejects(reading, { name: 'AbortError' });
  assert.equal(received.callerLeft.aborted, true);
});
