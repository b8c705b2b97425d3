// A call to a JSON API ends when it should: with the answer, at its deadline, at its bound, when its caller leaves; a
// closed connection costs nothing.

import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, test } from 'node:test';
import { listen } from '../../../scripts/local/process/port.ts';
import { fetchJson, type JsonRequest } from './fetch-json.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** Calls somebody who answers like that. */
async function api(listener: RequestListener): Promise<(more?: Partial<JsonRequest>) => ReturnType<typeof fetchJson>> {
  const server = createServer(listener);
  servers.push(server);
  const url = `http://127.0.0.1:${await listen(server)}/graphql?Find`;
  return (more) =>
    fetchJson({
      url,
      headers: { 'x-mine': 'yes' },
      body: '{"a":"ä"}',
      timeoutMs: 10_000,
      answerBytesMax: 1_000,
      ...more,
    });
}

test('what was sent arrives, and the answer comes back, whatever its status; text that is no JSON is undefined', async () => {
  const seen: unknown[] = [];
  const call = await api((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const { 'content-type': type, 'x-mine': mine } = request.headers;
        seen.push([request.method, request.url, type, mine, Buffer.concat(chunks).toString()]);
        response.writeHead(seen.length === 1 ? 418 : 200).end(seen.length === 1 ? '{"b":1}' : '<html>');
      });
  });
  assert.deepEqual(await call(), { status: 418, body: { b: 1 } });
  assert.deepEqual(await call(), { status: 200, body: undefined });
  await call({ body: null });
  assert.deepEqual(seen[0], ['POST', '/graphql?Find', 'application/json', 'yes', '{"a":"ä"}']);
  assert.deepEqual(seen[2], ['GET', '/graphql?Find', undefined, 'yes', '']);
});

test('numbers that a double can’t hold come as they were written, for those who ask for it', async () => {
  const call = await api((_request, response) => void response.end('{"a":[18446744073709551615,7],"b":"1"}'));
  assert.deepEqual((await call()).body, { a: [2 ** 64, 7], b: '1' });
  const { body } = await call({ exactNumbers: true });
  assert.equal(JSON.stringify(body), '{"a":[18446744073709551615,7],"b":"1"}');
});

test('a redirect is an answer, and is not followed', async () => {
  let asked = 0;
  const call = await api((_request, response) => void (asked++, response.writeHead(302, { location: '/' }).end()));
  assert.equal((await call()).status, 302);
  assert.equal(asked, 1);
});

test('the deadline holds before the headers and between two bytes of the body', async () => {
  for (const begun of [false, true]) {
    const call = await api((_request, response) => void (begun && response.writeHead(200).write('{')));
    await assert.rejects(call({ timeoutMs: 50 }), { name: 'FetchFailed', message: 'no answer in time' });
  }
});

test('an answer beyond its bound is refused', async () => {
  const call = await api((_request, response) => void response.end('"'.padEnd(5_000, 'x')));
  await assert.rejects(call(), { name: 'FetchFailed', message: 'an answer that is too large' });
});

test('a caller who leaves ends the call, at once and in the middle, with its own reason; one who has left sends nothing', async () => {
  for (const begun of [false, true]) {
    const leaving = new AbortController();
    const reason = new Error('left');
    let asked = 0;
    const call = await api((_request, response) => {
      asked++;
      if (begun) response.writeHead(200).write('{');
      setImmediate(() => leaving.abort(reason));
    });
    await assert.rejects(call({ signal: leaving.signal }), reason);
    await assert.rejects(call({ signal: leaving.signal }), reason);
    assert.equal(asked, 1);
  }
});

test('a connection that was kept and closed meanwhile is replaced; one that breaks on its first call is a failure without an address', async () => {
  const sockets: Socket[] = [];
  let answers = 0;
  const call = await api((request, response) => {
    if (!sockets.includes(request.socket)) sockets.push(request.socket);
    // The second call of a connection meets a server that has hung up.
    if (answers++ === 1) request.socket.destroy();
    else response.end('1');
  });
  assert.equal((await call()).body, 1);
  assert.equal((await call()).body, 1);
  assert.equal(sockets.length, 2);
  const broken = await api((request) => void request.socket.destroy());
  await assert.rejects(broken(), (error: Error) => {
    assert.deepEqual([error.name, error.message], ['FetchFailed', 'connection failed']);
    return true;
  });
});
