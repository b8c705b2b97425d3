// A request reaches the function whose route fits best, untouched; whoever leaves, the other side learns of it;
// nothing brings the router down.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import type { FunctionFile } from '../functions/function-files.ts';
import { listen } from './process/port.ts';
import { chooseTarget, startRouter, type Target } from './router.ts';

function target(name: string, routes: object[], url = '', isDefault = false): Target {
  return {
    url,
    file: { name, trigger: 'http', routes, ...(isDefault && { default: true }) } as unknown as FunctionFile,
  };
}

test('exact before prefix, the feature that is asked for before any, the default for the rest', () => {
  const path = '/v1/completions/openai';
  const methods = ['POST'];
  const targets = [
    target('code', [{ path, methods, feature: 'code_completions' }]),
    target('chat', [
      { path, methods, feature: 'chat_completions' },
      { path: '/v1/messages', methods },
    ]),
    target('all', [{ path: '/v1/*', methods }]),
    target('diagnostics', [{ path: '/-/*', methods }], '', true),
  ];
  const chosen = (url: string, feature?: string) => chooseTarget(targets, { url, feature })?.file.name;
  assert.equal(chosen(path, 'code_completions'), 'code');
  assert.equal(chosen(path, ' chat_completions '), 'chat');
  assert.equal(chosen('/v1/messages?beta=true', 'code_completions'), 'chat');
  assert.equal(chosen('/v1/models'), 'all');
  assert.equal(chosen('/-/healthz'), 'diagnostics');
  assert.equal(chosen('/'), 'diagnostics');
  assert.equal(chooseTarget([], { url: '/' }), null);
});

test('a path of two functions belongs to the one that takes the method, and to the first where none does', () => {
  const targets = [
    target('lists', [{ path: '/v1/models/*', methods: ['GET'] }]),
    target('verbs', [{ path: '/v1/models/*', methods: ['POST'] }]),
  ];
  // Functions start in any order; the first is the first by name.
  for (const started of [targets, targets.toReversed()]) {
    const chosen = (method: string) => chooseTarget(started, { url: '/v1/models/x:verb', method })?.file.name;
    assert.deepEqual(['GET', 'POST', 'DELETE', 'OPTIONS'].map(chosen), ['lists', 'verbs', 'lists', 'lists']);
  }
});

/** A router in front of one function. */
async function start(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  const url = `http://127.0.0.1:${await listen(server)}`;
  const router = await startRouter({ targets: [target('one', [{ path: '/*', methods: ['GET'] }], url)] });
  t.after(async () => {
    await router.close();
    server.closeAllConnections();
    server.close();
  });
  return router.url.replace('localhost', '127.0.0.1');
}

test('method, path, body, status and headers pass; the addresses on the way are added', async (t) => {
  const url = await start(t, (request, response) => {
    response.writeHead(418, 'Short', {
      'set-cookie': ['a=1', 'b=2'],
      'x-seen': String(request.headers['x-forwarded-for']),
    });
    response.write(`${request.method} ${request.url} `);
    request.pipe(response);
  });
  const response = await fetch(`${url}/a/b?c=d`, {
    method: 'PUT',
    body: 'ünd',
    headers: { 'x-forwarded-for': '1.2.3.4' },
  });
  assert.deepEqual([response.status, response.statusText], [418, 'Short']);
  assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2']);
  assert.match(response.headers.get('x-seen') ?? '', /^1\.2\.3\.4, .*127\.0\.0\.1, 127\.0\.0\.1$/);
  assert.equal(await response.text(), 'PUT /a/b?c=d ünd');
});

test('a stream passes piece by piece, and its caller’s leaving ends the request behind', async (t) => {
  const answers: ServerResponse[] = [];
  const url = await start(t, (_request, response) => {
    answers.push(response);
    response.writeHead(200).write('one');
  });
  const request = http.get(url);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const [first] = (await once(response, 'data')) as [Buffer];
  assert.equal(first.toString(), 'one');
  const second = once(response, 'data') as Promise<[Buffer]>;
  answers[0]?.write('two');
  assert.equal((await second)[0].toString(), 'two');
  const left = once(answers[0] as ServerResponse, 'close');
  request.destroy();
  await left;
  assert.equal(answers[0]?.writableFinished, false);
});

test('an answer that breaks off breaks off; one that comes before the body is read stands', async (t) => {
  const url = await start(t, (request, response) => {
    response.writeHead(request.url === '/early' ? 413 : 200, { 'content-length': '9' });
    if (request.url === '/early') {
      request.resume();
      response.end('too large');
    } else response.write('some', () => response.destroy());
  });
  await assert.rejects(fetch(url).then((response) => response.text()));
  const early = await fetch(`${url}/early`, { method: 'POST', body: Buffer.alloc(20_000_000) });
  assert.deepEqual([early.status, await early.text()], [413, 'too large']);
});

test('503 while there is no function, and for one that is gone; the router stays', async (t) => {
  const targets: Target[] = [];
  const router = await startRouter({ targets });
  t.after(() => router.close());
  const url = router.url.replace('localhost', '127.0.0.1');
  assert.equal((await fetch(url)).status, 503);
  const gone = createServer();
  const port = await listen(gone);
  gone.close();
  targets.push(target('gone', [{ path: '/*', methods: ['GET'] }], `http://127.0.0.1:${port}`));
  const response = await fetch(url);
  assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '5']);
  assert.match(await response.text(), /the function gone/);
});
