// Tokens of the process's own account, from a metadata server that speaks Google's protocol: asked for once, renewed
// beside the calls, and never in an error.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { listen } from '../../../scripts/local/process/port.ts';
import { defaultTokens, metadataTokens } from './access-token.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

const tokenPath = '/computeMetadata/v1/instance/service-accounts/default/token';

/** Gives token-1, token-2, …, each for an hour, unless the listener answers. */
async function metadataServer(
  instead: (asked: number, response: ServerResponse, request: IncomingMessage) => boolean = () => false,
): Promise<{ origin: string; asked(): number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    // As the real one does, to everybody.
    response.setHeader('metadata-flavor', 'Google');
    if (request.headers['metadata-flavor'] !== 'Google') return void response.writeHead(403).end();
    if (request.url?.startsWith(tokenPath) !== true || request.method !== 'GET') return void response.end('default');
    asked++;
    if (instead(asked, response, request)) return;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ access_token: `token-${asked}`, expires_in: 3_600, token_type: 'Bearer' }));
  });
  servers.push(server);
  return { origin: `http://127.0.0.1:${await listen(server)}`, asked: () => asked };
}

/** A clock that stands. */
function clock(): { now: () => number; pass(seconds: number): void } {
  let ms = 1_000_000;
  return { now: () => ms, pass: (seconds) => void (ms += seconds * 1_000) };
}

test('a token is asked for once, by however many at once, and kept while it is good for long', async () => {
  const { origin, asked } = await metadataServer();
  const { now, pass } = clock();
  const tokens = metadataTokens(origin, now);
  assert.deepEqual(await Promise.all([tokens(), tokens(), tokens()]), ['token-1', 'token-1', 'token-1']);
  pass(3_600 - 230);
  assert.equal(await tokens(), 'token-1');
  assert.equal(asked(), 1);
});

test('one that ends soon is used while the next is fetched; one that has ended is waited for', async () => {
  const { origin, asked } = await metadataServer();
  const { now, pass } = clock();
  const tokens = metadataTokens(origin, now);
  await tokens();
  pass(3_600 - 220);
  assert.equal(await tokens(), 'token-1');
  while ((await tokens()) === 'token-1') await turn();
  assert.equal(asked(), 2);
  pass(3_600 - 9);
  assert.equal(await tokens(), 'token-3');
});

test('a metadata server that fails costs nothing while the token lasts, then is an error that passes', async () => {
  let failing = false;
  let failed = 0;
  const { origin } = await metadataServer(
    (_asked, response) => failing && (failed++, response.writeHead(503).end('token-secret'), true),
  );
  const { now, pass } = clock();
  const tokens = metadataTokens(origin, now);
  await tokens();
  failing = true;
  pass(3_600 - 100);
  while (failed < 3) {
    assert.equal(await tokens(), 'token-1');
    await turn();
  }
  pass(91);
  await assert.rejects(tokens(), { name: 'FetchFailed', message: 'the metadata server answered 503' });
  failing = false;
  assert.match(await tokens(), /^token-\d+$/);
});

test('an answer of another shape is an error without what it holds', async () => {
  for (const body of ['token-secret', '{"access_token":"token-secret"}', '{"expires_in":3600}']) {
    const { origin } = await metadataServer((_asked, response) => (response.end(body), true));
    await assert.rejects(metadataTokens(origin)(), {
      name: 'FetchFailed',
      message: 'the metadata server answered without a token',
    });
  }
});

test('elsewhere Google’s library looks for credentials, and looks again after it found none', async () => {
  const { origin } = await metadataServer();
  // Its own names for where to look.
  process.env['GOOGLE_APPLICATION_CREDENTIALS'] = '/nowhere/key.json';
  const tokens = defaultTokens();
  await assert.rejects(tokens(), /key\.json/);
  delete process.env['GOOGLE_APPLICATION_CREDENTIALS'];
  process.env['GCE_METADATA_HOST'] = origin.slice('http://'.length);
  process.env['METADATA_SERVER_DETECTION'] = 'assume-present';
  assert.equal(await tokens(), 'token-1');
});
