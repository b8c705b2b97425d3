// Tokens of the process's own account, from a metadata server that speaks Google's protocol: asked for once, renewed
// beside the calls, and never in an error.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { startMetadataServer, type LocalMetadataServer } from '../../../scripts/local/google/metadata-server.ts';
import { defaultTokens, metadataTokens } from './access-token.ts';

const servers: LocalMetadataServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function metadataServer(instead?: Parameters<typeof startMetadataServer>[0]): Promise<LocalMetadataServer> {
  const server = await startMetadataServer(instead);
  servers.push(server);
  return server;
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
