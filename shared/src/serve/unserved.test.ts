// What there is instead is really there, whichever way a client misses it; instances are told what they always were.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFunctionFiles } from '../../../scripts/functions/function-files.ts';
import { Refusal, type Dialect } from '../http/http.ts';
import type { Exchange, Route } from './exchange.ts';
import { dialectOf, methodsAt, servedToSdks, unservedRoute } from './unserved.ts';

/** What a caller would be told. */
async function told(
  method: string,
  path: string,
  { headers = {}, candidates = [] }: { headers?: Record<string, string>; candidates?: readonly Route[] } = {},
): Promise<{ dialect: Dialect; refusal: Refusal }> {
  const route = unservedRoute({ path, method, headers }, candidates);
  const refusal = await (async () => route.handle({} as Exchange))().then(
    () => assert.fail('it served'),
    (error: unknown) => error,
  );
  assert.ok(refusal instanceof Refusal);
  return { dialect: dialectOf(route, headers), refusal };
}

test('what is named is served, and nothing that SDKs may call is left out', async () => {
  const files = await readFunctionFiles();
  const served = files.flatMap(({ routes }) =>
    routes.flatMap(({ path, methods }) => methods.map((method) => `${method} ${path}`)),
  );
  for (const one of [...servedToSdks.openai, ...servedToSdks.anthropic]) assert.ok(served.includes(one), one);
  const below = served.flatMap((one) => (one.endsWith('*') ? [one.slice(0, -1)] : []));
  for (const one of servedToSdks.google)
    assert.ok(
      below.some((prefix) => one.startsWith(prefix)),
      one,
    );
});

test('Google’s clients are told in Google’s shape, wherever its API has a path', async () => {
  const google = { 'x-goog-api-client': 'google-genai-sdk/3.3.0' };
  for (const [path, headers, words] of [
    ['/v1/files', google, /: files would be kept /],
    ['/upload/v1/files', {}, /: files would be kept /],
    ['/upload/v1beta/files', {}, /: files would be kept /],
    ['/v1alpha/files/abc', {}, /: files would be kept /],
    ['/v1/fileSearchStores', {}, /: files would be kept /],
    ['/v1/cachedContents/abc', {}, /: what is cached would be kept /],
    ['/v1/batches/abc', { 'x-goog-api-key': 'k' }, /: a batch is kept /],
    ['/v1/interactions', {}, /: the gateway keeps no interactions: send /],
    ['/v1/auth_tokens', {}, /: the gateway serves POST \/v1beta\/models\/\{model\}:generateContent, /],
    ['/v1/nobody/knows', google, /: the gateway serves POST \/v1beta\/models\/\{model\}:generateContent, /],
  ] as const) {
    const { dialect, refusal } = await told('POST', path, { headers });
    assert.deepEqual([dialect, refusal.status(dialect)], ['google', 404], path);
    assert.match(refusal.message, words, path);
  }
  const nowhere = await told('POST', '/nobody/knows', { headers: google });
  assert.deepEqual([nowhere.dialect, nowhere.refusal.message], ['cody', '404 page not found']);
});

test('a verb of Gemini’s under a version that is missing, double or another one is told the right path', async () => {
  for (const version of ['', '/v1alpha', '/v1/v1', '/v1/v1beta', '/v1beta/v1beta', '/'])
    for (const model of ['models/gemini-2.5-flash', 'models/google/gemini-2.5-flash']) {
      const { dialect, refusal } = await told('POST', `${version}/${model}:streamGenerateContent`);
      assert.equal(dialect, 'google', version);
      const meant = `POST /v1beta/${model}:streamGenerateContent may be what is meant`;
      assert.ok(refusal.message.endsWith(`is not served: ${meant}`), refusal.message);
    }
  const { refusal } = await told('GET', '/v1alpha/models');
  assert.match(refusal.message, /: GET \/v1beta\/models may be what is meant$/);
});

test('an unknown path is told in its client’s shape what there is', async () => {
  const { dialect, refusal } = await told('POST', '/v1/moderations');
  assert.deepEqual([dialect, refusal.status(dialect)], ['openai', 404]);
  assert.equal(
    refusal.message,
    `POST /v1/moderations is not served: the gateway serves ${servedToSdks.openai.join(', ')}`,
  );
  for (const [path, headers] of [
    ['/v1/messages/other', {}],
    ['/v1/nothing', { 'anthropic-version': '2023-06-01' }],
  ] as const) {
    const anthropics = await told('GET', path, { headers });
    assert.equal(anthropics.dialect, 'anthropic');
    assert.match(anthropics.refusal.message, /POST \/v1\/messages\/count_tokens/);
  }
});

test('what a gateway without a store can’t have is refused with the reason', async () => {
  const version = { 'anthropic-version': '2023-06-01' };
  for (const [path, headers, dialect] of [
    ['/v1/messages/batches', {}, 'anthropic'],
    ['/v1/messages/batches/msgbatch_1/results', {}, 'anthropic'],
    ['/v1/files', version, 'anthropic'],
    ['/v1/files/file_1', {}, 'openai'],
    ['/v1/batches', {}, 'openai'],
    ['/v1/uploads', {}, 'openai'],
    ['/v1/conversations/c/items', {}, 'openai'],
  ] as const) {
    const answer = await told('POST', path, { headers });
    assert.equal(answer.dialect, dialect, path);
    assert.match(answer.refusal.message, /is not served: .*(kept|keeps).*: send /, path);
  }
  assert.match(
    (await told('POST', '/v1/filesystem', { headers: { 'x-stainless-lang': 'js' } })).refusal.message,
    /the gateway serves/,
  );
});

test('a base URL that is wrong by its /v1 or a slash is told the right one', async () => {
  for (const path of [
    '/chat/completions',
    '/v1/v1/chat/completions',
    '/v1/chat/completions/',
    '//chat/completions',
    '/v1//chat/completions',
  ]) {
    const { dialect, refusal } = await told('POST', path);
    assert.equal(dialect, 'openai', path);
    assert.match(refusal.message, /: POST \/v1\/chat\/completions may be what is meant$/, path);
  }
  const { refusal } = await told('POST', '/messages', { headers: { 'anthropic-version': '2023-06-01' } });
  assert.match(refusal.message, /: POST \/v1\/messages may be what is meant$/);
});

test('instances, editors and everybody else are told what they always were', async () => {
  for (const path of [
    '/',
    '//',
    '/favicon.ico',
    '/v1',
    '/v1/completions/',
    '/v1/completions/nobody',
    '/v1/limits/',
    '/v1/attribution/x',
    '/v1/nope',
  ]) {
    const { dialect, refusal } = await told('GET', path);
    assert.deepEqual([dialect, refusal.message], ['cody', '404 page not found'], path);
  }
  assert.equal((await told('GET', '/-/x')).refusal.message, '');
});

test('a method that a path does not have: the ones that it has, in its own dialect', async () => {
  const route = (method: string, dialect: Dialect): Route => ({
    method,
    path: '/p',
    dialect,
    handle: () => assert.fail(),
  });
  const candidates = [route('GET', 'anthropic'), route('POST', 'anthropic')];
  const { dialect, refusal } = await told('DELETE', '/p', { candidates });
  assert.deepEqual([dialect, refusal.status(dialect)], ['anthropic', 405]);
  assert.equal(refusal.message, 'DELETE is not served at /p, which takes GET, HEAD, POST');
  assert.deepEqual(refusal.headers, { allow: 'GET, HEAD, POST' });
});

test('what a path takes: a verb is posted, whichever function is asked; a refusal of all else is no method', () => {
  const routes = (...methods: string[]): Route[] =>
    methods.map((method) => ({ method, path: '/p', dialect: 'google', handle: () => assert.fail() }));
  for (const below of ['/v1', '/v1beta'])
    for (const known of [routes('GET'), routes('POST'), routes('GET', '*')])
      assert.equal(methodsAt(`${below}/models/gemini-2.5-flash:countTokens`, known), 'POST');
  assert.equal(methodsAt('/v1/models/ft:gpt-4o:org::id', routes('GET')), 'GET, HEAD');
  assert.equal(methodsAt('/v1beta/models/gemini-2.5-flash', routes('GET', '*')), 'GET, HEAD');
  assert.equal(methodsAt('/v1beta/files', routes('*')), '*');
});

test('a path that is long or hostile is told in part', async () => {
  const { refusal } = await told('POST', `/v1/${'x'.repeat(100_000)}`);
  assert.ok(refusal.message.length < 500);
});
