// Enterprise Portal as a source, on a stand-in that speaks Connect's JSON: statements, unknown tokens, and access tokens that are shared and renewed.

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
const find = (asked = token) => source.find(classifyToken(asked));

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
    tokenHashes: [hashToken(token)],
  });
});

test('without a display name the id stands for it, with es_; absent means disabled', async () => {
  local.accesses.push({ subscriptionId: `es_${id}`, accessTokens: [{ token }] });
  const statement = await find();
  assert.deepEqual([statement?.name, statement?.accessEnabled], [`es_${id}`, false]);
});

test('actors #13: not_found is unknown, any other code a fault', async () => {
  assert.equal(await find(), null);
  const wrong = portalSubscriptions({
    url: local.url,
    accountsUrl: local.url,
    clientId: 'x',
    clientSecret: 'wrong',
    userAgent: 'test',
    now: () => 0,
  });
  await assert.rejects(wrong.find(classifyToken(token)), (error: Error) => {
    assert.ok(error instanceof SourceUnavailable);
    assert.doesNotMatch(error.message, /wrong|slk_|127\.0/);
    return true;
  });
});

test('one access token serves many calls, concurrent ones too; it is renewed before its end, and after it was not accepted', async () => {
  local.accesses.push(access);
  await Promise.all([find(), find(), find()]);
  assert.equal(local.called.filter((name) => name === 'token').length, 1);
  nowMs += 3_600_000;
  await find();
  assert.equal(local.called.filter((name) => name === 'token').length, 2);
  local.expireTokens();
  await assert.rejects(find(), SourceUnavailable);
  assert.equal((await find())?.id, id);
});

test('the list is one page, odd records apart', async () => {
  local.accesses.push(access, { ...access, subscriptionId: 'es_odd', enabled: 3 as unknown as boolean });
  const pages: Page[] = [];
  for await (const page of source.list?.(new AbortController().signal) ?? []) pages.push(page);
  assert.equal(pages.length, 1);
  assert.deepEqual([pages[0]?.statements.map((one) => one.id), pages[0]?.unreadable], [[id], ['odd']]);
});
