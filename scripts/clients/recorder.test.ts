// Proves: what goes through the recorder is what it was, as it comes, compressed or not; and it tells streams by what
// was asked and given.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as ask, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { listen } from '../local/process/port.ts';
import { startRecorder } from './recorder.ts';

const stream = { 'content-type': 'text/event-stream' };

test('a first piece passes before the last is there; what breaks off there breaks off here', async (t) => {
  const server = createServer((request, response) => {
    if (request.url === '/json') return void response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    const isGzip = request.headers['accept-encoding'] === 'gzip';
    response.writeHead(200, { ...stream, ...(isGzip && { 'content-encoding': 'gzip' }) });
    if (isGzip) return void response.end(gzipSync('data: a\n\n'));
    response.write('data: a\n\n');
    request.once('close', () => response.destroy());
  });
  const recorder = await startRecorder(`http://127.0.0.1:${await listen(server)}`);
  t.after(async () => {
    await recorder.close();
    server.closeAllConnections();
    server.close();
  });
  const call = async (path: string, headers: object): Promise<IncomingMessage> => {
    const request = ask(`${recorder.url}${path}`, { agent: false, headers: { ...headers } }).end();
    return ((await once(request, 'response')) as [IncomingMessage])[0];
  };
  const zipped = await call('/', { 'accept-encoding': 'gzip' });
  assert.deepEqual(Buffer.concat(await zipped.toArray()), gzipSync('data: a\n\n'));
  await (await call('/json', { 'accept-encoding': 'br' })).toArray();
  const open = await call('/', {});
  assert.equal(String((await once(open, 'data'))[0]), 'data: a\n\n');
  server.closeAllConnections();
  await assert.rejects(once(open, 'end'), { code: 'ECONNRESET' });
  assert.deepEqual(recorder.take(), { asked: ['gzip', 'none'], streams: 2, compressed: 1 });
  assert.deepEqual(recorder.take(), { asked: [], streams: 0, compressed: 0 });
});
