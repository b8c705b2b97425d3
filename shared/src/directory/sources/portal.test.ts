// Enterprise Portal as a source, on a Connect server of its published messages: statements, what counts as unknown,
// exact numbers, faults in the portal's own words, and access tokens that are shared, renewed, and asked for anew when
// the portal turns one down.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { startPortal, type LocalPortal, type PortalAccess } from '../../../../scripts/local/sourcegraph/portal.ts';
import { classifyToken, hashToken } from '../token.ts';
import { SourceUnavailable, type AccessSource, type Page } from './access-source.ts';
import { portalSubscriptions } from './portal.ts';

let local: LocalPortal;
let source: AccessSource;
let nowMs = 0;
before(async () => (local = await startPortal()));
beforeEach(() => {
  local.accesses.length = 0;
  local.called.length = 0;
  const { url, clientId, clientSecret } = local;
  source = portalSubscriptions({ url, accountsUrl: url, clientId, clientSecret, userAgent: 'test', now: () => nowMs });
});
after(() => local.close());

const id = '6452a8fc-e650-45a7-a0a2-357f776b3b46';
const token = `slk_${'a'.repeat(64)}`;
const limit = { source: 'CODY_GATEWAY_RATE_LIMIT_SOURCE_PLAN', limit: '50', intervalDuration: '86400s' };
const access: PortalAccess = {
  subscriptionId: `es_${id}`,
  subscriptionDisplayName: 'acme',
  enabled: true,
  chatCompletionsRateLimit: limit,
  embeddingsRateLimit: { ...limit, limit: '0', intervalDuration: '0s' },
  accessTokens: [{ token }],
};
const find = () => source.find(classifyToken(token));
/** How often a method was called since the test began. */
const asked = (method: string): number => local.called.filter((name) => name === method).length;

test('access becomes a statement: the bare id, whole-second intervals, all models; no interval, no feature', async () => {
  local.accesses.push(access);
  assert.deepEqual(await find(), {
    source: 'dotcom-product-subscriptions',
    id,
    name: 'acme',
    accessEnabled: true,
    archived: false,
    tags: [],
    limits: {
      chat_completions: { limit: 50, intervalSeconds: 86_400, allowedModels: ['*'] },
      code_completions: null,
      embeddings: null,
    },
    unreadableLimits: [],
    tokenHashes: [hashToken(token)],
  });
  assert.deepEqual(await source.findById?.(id), await find(), 'the same by its id');
});

test('one subscription is asked for by its id with a definite answer; a fault is none', async () => {
  local.accesses.push(access);
  assert.equal(await source.findById?.('00000000-0000-4000-8000-000000000000'), null);
  local.answerNext(
    'GetCodyGatewayAccess',
    500,
    '{"code":"internal","message":"failed to get Cody Gateway access attributes"}',
  );
  await assert.rejects(
    source.findById?.(id) ?? Promise.resolve(),
    /^SourceUnavailable: Enterprise Portal: internal: failed to get Cody Gateway access attributes$/,
  );
});

test('without a display name the id stands for it, with es_; absent means disabled', async () => {
  local.accesses.push({ subscriptionId: `es_${id}`, accessTokens: [{ token }] });
  const statement = await find();
  assert.deepEqual([statement?.name, statement?.accessEnabled], [`es_${id}`, false]);
});

test('actors #13: not_found is unknown, any other code a fault', async () => {
  assert.equal(await find(), null);
  local.answerNext('GetCodyGatewayAccess', 503, '{"code":"unavailable"}');
  await assert.rejects(find(), SourceUnavailable);
  for (const [status, body] of [
    [404, 'page not found'],
    [404, '{"error":"not_found"}'],
    [200, 'null'],
    [200, ''],
    [200, '{"code":"not_found"}'],
    [502, '{"code":"not_found"}'],
  ] as const) {
    for (const ask of [find, async () => source.findById?.(id)]) {
      local.answerNext('GetCodyGatewayAccess', status, body);
      await assert.rejects(ask(), SourceUnavailable, `${status} ${body}`);
    }
  }
});

test('numbers of 64 bits: what no signed one holds is no access and named, what a double can’t count is the most that it can', async () => {
  const limits = async (stated: string | number) => {
    // A number as it stands, which protobuf's JSON also takes.
    const body = JSON.stringify({ access: { ...access, chatCompletionsRateLimit: { ...limit, limit: stated } } });
    local.answerNext('GetCodyGatewayAccess', 200, body.replace(/"limit":"raw (\d+)"/, '"limit":$1'));
    const found = await find();
    return [found?.limits.chat_completions?.limit ?? null, found?.unreadableLimits];
  };
  for (const form of ['', 'raw ']) {
    assert.deepEqual(await limits(`${form}18446744073709551615`), [null, ['chat_completions']]);
    assert.deepEqual(await limits(`${form}9223372036854775808`), [null, ['chat_completions']]);
    assert.deepEqual(await limits(`${form}9223372036854775807`), [Number.MAX_SAFE_INTEGER, []]);
    assert.deepEqual(await limits(`${form}9007199254740991`), [Number.MAX_SAFE_INTEGER, []]);
    assert.deepEqual(await limits(`${form}9007199254740990`), [Number.MAX_SAFE_INTEGER - 1, []]);
    assert.deepEqual(await limits(`${form}7`), [7, []]);
  }
  assert.deepEqual(await limits('-1'), [-1, []]);
  for (const odd of ['', ' 7', '0x7', '1e3', '7.5', 'many']) await assert.rejects(limits(odd), SourceUnavailable, odd);
  local.accesses.push({ ...access, chatCompletionsRateLimit: { ...limit, limit: '18446744073709551615' } });
  for await (const { statements, unreadable } of source.list?.(new AbortController().signal) ?? []) {
    assert.deepEqual(unreadable, []);
    assert.deepEqual(
      [statements[0]?.limits.chat_completions, statements[0]?.unreadableLimits],
      [null, ['chat_completions']],
    );
  }
});

test('a duration beyond protobuf’s own is another shape', async () => {
  const stated = { ...limit, intervalDuration: `${'9'.repeat(400)}s` };
  local.answerNext(
    'GetCodyGatewayAccess',
    200,
    JSON.stringify({ access: { ...access, chatCompletionsRateLimit: stated } }),
  );
  await assert.rejects(find(), /another shape/);
});

test('one access token serves many calls, concurrent ones too; it is renewed before its end', async () => {
  local.accesses.push(access);
  await Promise.all([find(), find(), find()]);
  assert.equal(asked('token'), 1);
  nowMs += 3_600_000;
  await find();
  assert.equal(asked('token'), 2);
});

test('a dead token, which the portal calls permission_denied, is asked for anew at once: no caller sees it, concurrent ones share the new one', async () => {
  local.accesses.push(access);
  await find();
  local.expireTokens();
  const found = await Promise.all([find(), find(), find()]);
  assert.deepEqual(
    found.map((one) => one?.id),
    [id, id, id],
  );
  assert.equal(asked('token'), 2);
  assert.equal(asked('GetCodyGatewayAccess'), 1 + 3 + 3);
  nowMs += 60_000;
  local.expireTokens();
  for await (const { statements } of source.list?.(new AbortController().signal) ?? [])
    assert.equal(statements.length, 1, 'the list too');
  assert.equal(asked('token'), 3);
});

test('at most once a minute: a right that is missing is told in the portal’s words, and holds within a minute of being granted', async () => {
  local.accesses.push(access);
  local.accounts.withheld.add('enterprise_portal::codyaccess::read');
  const denied = /^SourceUnavailable: Enterprise Portal: permission_denied: insufficient scope$/;
  for (let i = 0; i < 5; i++) await assert.rejects(find(), denied);
  assert.deepEqual([asked('token'), asked('GetCodyGatewayAccess')], [2, 6], 'one more token, one more try');
  local.accounts.withheld.clear();
  nowMs += 59_999;
  await assert.rejects(find(), denied);
  nowMs += 1;
  assert.equal((await find())?.id, id);
  assert.equal(asked('token'), 3);
  // A clock that was set back keeps nobody from it.
  nowMs -= 3_000_000;
  local.expireTokens();
  assert.equal((await find())?.id, id);
});

test('what the accounts server says is told by its short word, without secrets', async () => {
  const { url, clientId, clientSecret } = local;
  const settings = { url, accountsUrl: url, clientId, clientSecret, userAgent: 'test', now: () => nowMs };
  const wrong = portalSubscriptions({ ...settings, clientSecret: 'wrong' });
  const told =
    /^SourceUnavailable: Enterprise Portal: the accounts server answers 401 to our credentials: invalid_client$/;
  await assert.rejects(wrong.find(classifyToken(token)), told);
  local.accounts.registered.delete('enterprise_portal::subscription::read');
  await assert.rejects(find(), /answers 400 to our credentials: invalid_scope$/);
  local.accounts.registered.add('enterprise_portal::subscription::read');
});

test('a source that echoes what it was sent, or where it lives, is not quoted', async () => {
  local.accesses.push(access);
  await find();
  for (const echo of [
    `no such token ${token}`,
    `Bearer ${[...local.accounts.tokens.keys()].at(-1)} at 10.1.2.3:5432`,
    'see https://portal.internal/x or ask jane@acme.example',
    'key eyJhbGciOiJSUzI1NiJ9.payload0.sig',
  ]) {
    local.answerNext('GetCodyGatewayAccess', 500, JSON.stringify({ code: 'internal', message: echo }));
    const message = await find().then(
      () => '',
      (error: Error) => error.message,
    );
    assert.match(message, /^Enterprise Portal: internal: /);
    assert.doesNotMatch(message, /slk_|aaaa|local-access|10\.1|portal\.internal|jane|eyJ|payload0/, message);
  }
});

test('the list is one page, odd records apart', async () => {
  const accesses = [access, { ...access, subscriptionId: 'es_odd', enabled: 3 }, null];
  local.answerNext('ListCodyGatewayAccesses', 200, JSON.stringify({ accesses }));
  const pages: Page[] = [];
  for await (const page of source.list?.(new AbortController().signal) ?? []) pages.push(page);
  assert.equal(pages.length, 1);
  assert.deepEqual([pages[0]?.statements.map((one) => one.id), pages[0]?.unreadable], [[id], ['odd', '']]);
});

test('a portal that answers a list with not_found is away: nothing is gone', async () => {
  local.answerNext('ListCodyGatewayAccesses', 404, '{"code":"not_found","message":"subscription not found"}');
  const pages = source.list?.(new AbortController().signal);
  await assert.rejects(async () => {
    for await (const page of pages ?? []) assert.fail(JSON.stringify(page));
  }, /not_found: subscription not found/);
});

test('the stand-in speaks and refuses as the published server does', async () => {
  const { url, accounts } = local;
  const grant = (scope: string) => {
    const { clientId: client_id, clientSecret: client_secret } = local;
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret, scope });
    return (accounts.grant(form).body as { access_token: string }).access_token;
  };
  const ask = async (method: string, message: object, authorization?: string) => {
    const response = await fetch(`${url}/enterpriseportal.codyaccess.v1.CodyAccessService/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) },
      body: JSON.stringify(message),
    });
    return [response.status, await response.json()];
  };
  const get = 'GetCodyGatewayAccess';
  const good = `Bearer ${grant('enterprise_portal::codyaccess::read')}`;
  const other = `Bearer ${grant('enterprise_portal::subscription::read')}`;
  const refused = (code: string, message: string) => ({ code, message });
  assert.deepEqual(await ask(get, {}), [401, refused('unauthenticated', 'no authorization header')]);
  assert.deepEqual(await ask(get, {}, 'token x'), [401, refused('unauthenticated', 'invalid authorization header')]);
  assert.deepEqual(await ask(get, {}, 'Bearer dead'), [403, refused('permission_denied', 'permission denied')]);
  assert.deepEqual(await ask(get, {}, other), [403, refused('permission_denied', 'insufficient scope')]);
  assert.deepEqual(await ask(get, {}, good), [400, refused('invalid_argument', 'invalid query')]);
  assert.deepEqual(await ask(get, { subscriptionId: 'es_x' }, good), [
    404,
    refused('not_found', 'subscription not found'),
  ]);
  for (const paging of [{ pageSize: 10 }, { pageToken: 'x' }])
    assert.deepEqual(await ask('ListCodyGatewayAccesses', paging, good), [
      501,
      refused('unimplemented', 'pagination not implemented'),
    ]);
  assert.deepEqual(await ask('ListCodyGatewayAccesses', {}, good), [200, {}], 'what is empty is left out');
  local.accesses.push(access);
  const { embeddingsRateLimit: _, ...rest } = access;
  assert.deepEqual(await ask(get, { accessToken: token }, good), [
    200,
    { access: { ...rest, embeddingsRateLimit: { source: limit.source, intervalDuration: '0s' } } },
  ]);
});
