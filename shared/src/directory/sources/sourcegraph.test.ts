// Sourcegraph.com as a source, on a stand-in that speaks its GraphQL: what statements become, what counts as unknown, and that faults are told without secrets.

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
    tokenHashes: null,
  });
  const asked = local.asked.at(-1);
  assert.equal(asked?.operation, 'CheckAccessToken');
  assert.equal(asked.headers['x-sourcegraph-client-id'], 'a-client');
  assert.equal(asked.headers['user-agent'], 'Cody-Gateway/test 1');
});

test('names: the licence’s customer tag, else the account, else the id', async () => {
  add(1, { tags: [] });
  assert.equal((await find(1))?.name, 'user-1');
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

test('the list: all in one page, or in as many as the source makes; tokens come as hashes', async () => {
  for (let n = 1; n <= 7; n++) add(n, { tokens: [slk(n), slk(100 + n)] });
  const whole = await listed();
  assert.equal(whole.length, 1);
  local.pageSize = 3;
  const paged = await listed();
  assert.equal(paged.length, 3);
  assert.deepEqual(
    paged.flatMap(({ statements }) => statements),
    whole[0]?.statements,
  );
  assert.deepEqual(whole[0]?.statements[0]?.tokenHashes, [hashToken(slk(1)), hashToken(slk(101))]);
});

test('one record of another shape does not stop the others, and is told by its id', async () => {
  add(1);
  add(2, { access: { ...sourcegraphAccess(), enabled: 'yes' as unknown as boolean } });
  const [page] = await listed();
  assert.deepEqual([page?.statements.map(({ id }) => id), page?.unreadable], [[uuid(1)], [uuid(2)]]);
});

test('a list that says that it goes on, but not where, is no whole list', async () => {
  local.failNext(
    'ListProductSubscriptions',
    200,
    JSON.stringify({
      data: { dotcom: { productSubscriptions: { pageInfo: { hasNextPage: true, endCursor: null }, nodes: [] } } },
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

test('a list can be given up', async () => {
  const controller = new AbortController();
  controller.abort(new Error('enough'));
  await assert.rejects(listed(controller.signal), /enough/);
});
