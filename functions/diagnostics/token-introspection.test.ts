// How an access token's scopes are asked for, on a stand-in that takes any of three ways: the first that is accepted
// is used and remembered, a dead token of our own is replaced, people's tokens are refused where the server tells them
// apart, and nothing is sent to a server that it isn't meant for.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { startIntrospection, type LocalIntrospection } from '../../scripts/local/sourcegraph/introspection.ts';
import { hasScope } from './bearer-scope.ts';
import { createIntrospection, type IntrospectionSettings } from './token-introspection.ts';

const scope = 'cody_gateway::flaggedprompts::read';
let local: LocalIntrospection;
let nowMs = 0;
before(async () => (local = await startIntrospection()));
beforeEach(() => {
  for (const way of ['connect', 'bearer', 'basic'] as const) local.takes.add(way);
  local.accounts.registered.add('openid');
  local.tokens.clear();
  local.users.clear();
  local.tokens.set('reader', `openid ${scope}`);
  local.tokens.set('other', 'openid cody_gateway::flaggedprompts::write');
  local.asked.length = 0;
});
after(() => local.close());

/** Who asks for the verdict on a token, in the ways that are open. */
function asker(more: Partial<IntrospectionSettings> = {}) {
  const { url, accountsUrl, clientId, clientSecret } = local;
  const settings = { url, accountsUrl, clientId, clientSecret, method: 'auto', userAgent: 'test', now: () => nowMs };
  const introspect = createIntrospection({ ...settings, ...more });
  return (token = 'reader') => hasScope({ headers: { authorization: `Bearer ${token}` } }, scope, introspect);
}

for (const method of ['connect', 'bearer', 'basic'] as const)
  test(`${method}: granted, missing, inactive; asked each time, and in no other way`, async () => {
    const ask = asker({ method });
    assert.equal(await ask(), 'granted');
    assert.equal(await ask('other'), 'missing-scope');
    assert.equal(await ask('unknown'), 'inactive');
    local.tokens.delete('reader');
    assert.equal(await ask(), 'inactive', 'a revoked one is not believed');
    const own = method === 'basic' ? [] : ['token'];
    assert.deepEqual(local.asked, [...own, method, method, method, method]);
  });

test('a person’s token is turned down where the server says whose it is', async () => {
  local.users.add('reader');
  assert.equal(await asker({ method: 'connect' })(), 'unauthorized');
});

test('a dead token of our own is replaced at once, and at most once a minute', async () => {
  for (const method of ['connect', 'bearer']) {
    const ask = asker({ method });
    assert.equal(await ask(), 'granted');
    local.accounts.expireTokens();
    assert.equal(await ask(), 'granted');
    local.accounts.expireTokens();
    await assert.rejects(ask(), /takes no way that is open to us \((connect: 403|bearer: 401)\)/);
    nowMs += 60_000;
    assert.equal(await ask(), 'granted');
  }
});

test('auto takes the first way that is accepted, remembers it for an hour, and looks again when it is no longer', async () => {
  const ask = asker();
  local.takes.delete('connect');
  assert.equal(await ask(), 'granted');
  assert.deepEqual(local.asked.splice(0), ['token', 'connect', 'bearer']);
  local.takes.add('connect');
  assert.equal(await ask(), 'granted');
  assert.deepEqual(local.asked.splice(0), ['bearer'], 'remembered');
  nowMs += 3_599_000;
  assert.equal(await ask(), 'granted');
  assert.equal(local.asked.includes('connect'), false);
  nowMs += 1_000;
  assert.equal(await ask(), 'granted');
  assert.equal(local.asked.splice(0).at(-1), 'connect', 'the hour is over');
  local.takes.delete('connect');
  local.takes.delete('bearer');
  assert.equal(await ask(), 'granted');
  assert.deepEqual(
    local.asked.splice(0).filter((way) => way !== 'token'),
    ['connect', 'bearer', 'bearer', 'basic'],
    'the bearer is tried with a new token of our own',
  );
  assert.equal(await ask(), 'granted');
  assert.deepEqual(local.asked, ['basic']);
});

test('a client that gets no access token of its own falls back to its secret', async () => {
  local.accounts.registered.clear();
  assert.equal(await asker()(), 'granted');
  assert.deepEqual(local.asked, ['token', 'token', 'basic']);
  await assert.rejects(
    asker({ method: 'connect' })(),
    /the accounts server answers 400 to our credentials: invalid_scope/,
  );
  const wrong = asker({ clientSecret: 'wrong' });
  await assert.rejects(wrong(), (error: Error) => {
    assert.match(
      error.message,
      /connect: the accounts server answers 401 to our credentials: invalid_client; bearer: .*; basic: 401/,
    );
    assert.doesNotMatch(error.message, /wrong|reader|127\.0/);
    return true;
  });
});

test('a server that fails is no reason to ask it in another way', async () => {
  const ask = asker();
  local.failNext(503);
  await assert.rejects(ask(), /answered 503/);
  assert.deepEqual(local.asked, ['token', 'connect']);
});

test('elsewhere than at the accounts server only client id and secret are used, and nothing goes to the accounts server', async () => {
  const elsewhere = await startIntrospection();
  try {
    elsewhere.tokens.set('reader', scope);
    const ask = asker({ url: elsewhere.url });
    assert.equal(await ask(), 'granted');
    assert.deepEqual([local.asked, elsewhere.asked], [[], ['basic']]);
  } finally {
    await elsewhere.close();
  }
});

test('no bearer token, or one of absurd length, is not asked about', async () => {
  const ask = asker();
  assert.equal(await ask(''), 'unauthorized');
  assert.equal(await ask('x'.repeat(8_193)), 'unauthorized');
  assert.deepEqual(local.asked, []);
});
