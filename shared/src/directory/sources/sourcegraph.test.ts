// Sourcegraph.com as a source, on a stand-in that takes what its published schema allows: what statements become, what
// counts as unknown, exact numbers, and that faults are told in its words without secrets.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import {
  relayId,
  sourcegraphAccess,
  sourcegraphLimit,
  startSourcegraph,
  type LocalSourcegraph,
  type SourcegraphSubscription,
} from '../../../../scripts/local/sourcegraph/sourcegraph.ts';
import { classifyToken, hashToken } from '../token.ts';
import { SourceUnavailable, type AccessSource, type Page } from './access-source.ts';
import { sourcegraphSubscriptions, sourcegraphUsers } from './sourcegraph.ts';

let local: LocalSourcegraph;
let subscriptions: AccessSource;
let users: AccessSource;
before(async () => {
  local = await startSourcegraph();
  const settings = { url: local.url, token: local.token, clientId: 'a-client', userAgent: 'Cody-Gateway/test 1' };
  [subscriptions, users] = [sourcegraphSubscriptions(settings), sourcegraphUsers(settings)];
});
afterEach(() => {
  local.subscriptions.clear();
  local.users.clear();
  local.pageSize = null;
});
after(() => local.close());

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const slk = (n: number): string => `slk_${n.toString(16).padStart(64, '0')}`;
const sgd = `sgd_${'a'.repeat(64)}`;

function add(n: number, more: Partial<SourcegraphSubscription> = {}): void {
  const subscription = { uuid: uuid(n), username: `user-${n}`, isArchived: false, access: sourcegraphAccess() };
  local.subscriptions.set(uuid(n), { ...subscription, tags: ['dev'], tokens: [slk(n)], ...more });
}

const find = (n: number) => subscriptions.find(classifyToken(slk(n)));

async function listed(signal = new AbortController().signal): Promise<Page[]> {
  const pages: Page[] = [];
  for await (const page of subscriptions.list?.(signal) ?? []) pages.push(page);
  return pages;
}

test('a subscription is found by its token, asked for as the original asks: operation in the query string, token scheme, client id', async () => {
  add(1, { tags: ['plan:x', 'customer:acme'] });
  const statement = await find(1);
  assert.deepEqual(statement, {
    source: 'dotcom-product-subscriptions',
    id: uuid(1),
    name: 'acme',
    accessEnabled: true,
    archived: false,
    tags: ['plan:x', 'customer:acme'],
    limits: {
      chat_completions: { limit: 500, intervalSeconds: 86_400, allowedModels: ['*'] },
      code_completions: { limit: 10_000, intervalSeconds: 86_400, allowedModels: ['*'] },
      embeddings: { limit: 6_666_666, intervalSeconds: 86_400, allowedModels: ['*'] },
    },
    unreadableLimits: [],
    tokenHashes: null,
  });
  const asked = local.asked.at(-1);
  assert.equal(asked?.operation, 'CheckAccessToken');
  assert.equal(asked.headers['x-sourcegraph-client-id'], 'a-client');
  assert.equal(asked.headers['user-agent'], 'Cody-Gateway/test 1');
});

test('names: the licence’s customer tag, else the account, else the id; empty ones are none', async () => {
  for (const [tags, username, name] of [
    [['customer:acme', 'customer:other'], 'user-1', 'acme'],
    [[], 'user-1', 'user-1'],
    [['customer:'], 'user-1', 'user-1'],
    [['customer: '], '', uuid(1)],
    [null, '', uuid(1)],
  ] as const) {
    add(1, { tags, username });
    assert.equal((await find(1))?.name, name, JSON.stringify([tags, username]));
  }
  local.users.set(sgd, { id: relayId(10), username: '', access: sourcegraphAccess() });
  assert.equal((await users.find(classifyToken(sgd)))?.name, '10');
});

test('numbers of 64 bits as text and as numbers; -1 is no quota, and what no 64 bits hold is no access and named', async () => {
  for (const [limit, read, unreadable] of [
    ['-1', -1, []],
    [-1, -1, []],
    ['9223372036854775807', Number.MAX_SAFE_INTEGER, []],
    ['18446744073709551615', null, ['chat_completions']],
  ] as const) {
    add(1, { access: sourcegraphAccess({ chatCompletionsRateLimit: { ...sourcegraphLimit(1), limit } }) });
    const found = await find(1);
    assert.deepEqual(
      [found?.limits.chat_completions?.limit ?? null, found?.unreadableLimits],
      [read, unreadable],
      String(limit),
    );
  }
});

test('models: a name with the version of its API is provider and model, any other stands as it is', async () => {
  const stated = [
    'anthropic::2023-06-01::claude-3-5-sonnet',
    'anthropic/claude-2',
    '*',
    'a::b',
    'a::b::c::d',
    '::v::m',
    'fireworks::v1::accounts/fireworks/models/x',
  ];
  add(1, { access: sourcegraphAccess({ chatCompletionsRateLimit: sourcegraphLimit(1, 60, stated) }) });
  assert.deepEqual((await find(1))?.limits.chat_completions?.allowedModels, [
    'anthropic/claude-3-5-sonnet',
    'anthropic/claude-2',
    '*',
    'a::b',
    'a::b::c::d',
    '::v::m',
    'fireworks/accounts/fireworks/models/x',
  ]);
});

test('archived, without an active licence, disabled: found, without access', async () => {
  add(1, { isArchived: true });
  add(2, { tags: null });
  add(3, { access: { ...sourcegraphAccess(), enabled: false, chatCompletionsRateLimit: null } });
  const [archived, unlicensed, disabled] = [await find(1), await find(2), await find(3)];
  assert.deepEqual([archived?.archived, unlicensed?.accessEnabled, disabled?.accessEnabled], [true, false, false]);
  assert.equal(disabled?.limits.chat_completions, null);
});

test('a token that it does not know is unknown, for subscriptions and users', async () => {
  assert.equal(await find(9), null);
  assert.equal(await users.find(classifyToken(sgd)), null);
});

test('actors #19: a user’s number is decoded from the relay id; without one there is no access', async () => {
  local.users.set(sgd, {
    id: relayId(10),
    username: 'alice',
    access: sourcegraphAccess({ chatCompletionsRateLimit: sourcegraphLimit(20, 2_592_000, ['anthropic/claude-2']) }),
  });
  const user = await users.find(classifyToken(sgd));
  assert.deepEqual([user?.id, user?.name, user?.accessEnabled], ['10', 'alice', true]);
  assert.deepEqual(user?.limits.chat_completions, {
    limit: 20,
    intervalSeconds: 2_592_000,
    allowedModels: ['anthropic/claude-2'],
  });
  local.users.set(sgd, { id: 'NOT_A_VALID_GQL_ID', username: 'bob', access: sourcegraphAccess() });
  const odd = await users.find(classifyToken(sgd));
  assert.deepEqual([odd?.id, odd?.accessEnabled], ['', false]);
});

test('the list: all at once, or as many as there are where the first answer is not all; tokens come as hashes', async () => {
  for (let n = 1; n <= 7; n++) add(n, { tokens: [slk(n), slk(100 + n)] });
  const whole = await listed();
  assert.equal(whole.length, 1);
  local.pageSize = 3;
  const parts = await listed();
  assert.deepEqual(
    parts.map(({ statements }) => statements.length),
    [3, 4],
  );
  assert.deepEqual(
    parts.flatMap(({ statements }) => statements),
    whole[0]?.statements,
  );
  assert.deepEqual(whole[0]?.statements[0]?.tokenHashes, [hashToken(slk(1)), hashToken(slk(101))]);
});

test('records that can’t be read are told once, with the whole list', async () => {
  for (let n = 1; n <= 4; n++) add(n);
  add(1, { uuid: '' });
  local.pageSize = 2;
  const parts = await listed();
  assert.deepEqual(
    parts.map(({ statements, unreadable }) => [statements.length, unreadable]),
    [
      [1, []],
      [2, ['']],
    ],
  );
});

test('a list that grows while it is asked for is asked for again, but not for ever', async () => {
  for (let n = 1; n <= 4; n++) add(n);
  const growing = (totalCount: number): string =>
    JSON.stringify({
      data: { dotcom: { productSubscriptions: { totalCount, pageInfo: { hasNextPage: true }, nodes: [] } } },
    });
  local.failNext('ListProductSubscriptions', 200, growing(2));
  local.failNext('ListProductSubscriptionsFirst', 200, growing(4));
  assert.equal((await listed()).flatMap(({ statements }) => statements).length, 4);
  local.failNext('ListProductSubscriptions', 200, growing(2));
  for (let n = 3; n <= 5; n++) local.failNext('ListProductSubscriptionsFirst', 200, growing(n));
  await assert.rejects(listed(), /not whole after 3 tries/);
});

test('the stand-in refuses what the published schema does not allow, and so far nothing of ours was', async () => {
  assert.deepEqual(local.refused, []);
  const ask = async (body: object) => {
    const init = { method: 'POST', headers: { authorization: `token ${local.token}` }, body: JSON.stringify(body) };
    return ((await (await fetch(local.url, init)).json()) as { errors?: { message: string }[] }).errors?.[0]?.message;
  };
  const list = (args: string) =>
    `query ListProductSubscriptions { dotcom { productSubscriptions${args} { totalCount } } }`;
  assert.match((await ask({ query: list('(after: "x")') })) ?? '', /^Unknown argument "after"/);
  assert.match((await ask({ query: '{ dotcom { productSubscriptions { nodes } } }' })) ?? '', /must have a selection/);
  assert.match((await ask({ query: '{ dotcom { nothing } }' })) ?? '', /^Cannot query field "nothing"/);
  assert.match((await ask({ query: '{' })) ?? '', /^Syntax Error/);
  const typed =
    'query CheckAccessToken($token: String!) { dotcom { productSubscriptionByAccessToken(accessToken: $token) { id } } }';
  assert.match((await ask({ query: typed, variables: {} })) ?? '', /\$token/);
  assert.equal(await ask({ query: list('') }), undefined);
  assert.equal(local.refused.length, 5);
});

test('one record of another shape does not stop the others, and is told by its id', async () => {
  add(1);
  add(2, { access: { ...sourcegraphAccess(), enabled: 'yes' as unknown as boolean } });
  const [page] = await listed();
  assert.deepEqual([page?.statements.map(({ id }) => id), page?.unreadable], [[uuid(1)], [uuid(2)]]);
});

test('a list that says that it goes on, but has no more, is no whole list', async () => {
  local.failNext(
    'ListProductSubscriptions',
    200,
    JSON.stringify({
      data: { dotcom: { productSubscriptions: { totalCount: 0, pageInfo: { hasNextPage: true }, nodes: [] } } },
    }),
  );
  await assert.rejects(listed(), SourceUnavailable);
});

test('faults are faults, never "unknown", and their words hold neither token nor address', async () => {
  for (const [status, body] of [
    [500, 'oops'],
    [200, 'no json'],
    [200, '{"data":{"dotcom":{}}}'],
    [200, '{"errors":[{"message":"x","extensions":{"code":"ErrSomethingElse"}}]}'],
    [200, '{"errors":[{"message":"slk_secret"}]}'],
    [401, 'Invalid access token.'],
  ] as const) {
    local.failNext('CheckAccessToken', status, body);
    await assert.rejects(find(1), (error: Error) => {
      assert.ok(error instanceof SourceUnavailable, body);
      assert.doesNotMatch(error.message, /slk_|127\.0\.0\.1|local-service-account/);
      return true;
    });
  }
});

test('what Sourcegraph.com says of a fault is told: its code, its message, never a token', async () => {
  for (const [error, told] of [
    [{ message: 'must be site admin' }, 'an error: must be site admin'],
    [
      { message: 'Unknown argument "after" on field "productSubscriptions"' },
      'an error: Unknown argument "after" on field "productSubscriptions"',
    ],
    [{ message: 'no', extensions: { code: 'ErrActiveLicenseRequired' } }, 'an error ErrActiveLicenseRequired: no'],
    [{ message: `bad ${slk(1)}\n${local.token}` }, 'an error: bad … …'],
    [{ message: 7, extensions: { code: 7 } }, 'an error'],
    [{ message: 'word '.repeat(100), extensions: null }, `an error: ${'word '.repeat(24)}…`],
  ] as const) {
    local.failNext('CheckAccessToken', 200, JSON.stringify({ errors: [error], data: null }));
    await assert.rejects(find(1), { name: 'SourceUnavailable', message: `Sourcegraph.com: ${told}` });
  }
});

test('a list can be given up', async () => {
  const controller = new AbortController();
  controller.abort(new Error('enough'));
  await assert.rejects(listed(controller.signal), /enough/);
});
