// The sync on a real Redis, a real Firestore client and a source that speaks its protocol: what it writes, prunes and
// refuses to believe, and that a run may be cut off anywhere.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Redis } from 'ioredis';
import { startFirestore, type LocalFirestore } from '../../../../scripts/local/google/firestore.ts';
import { startRedis, type LocalRedis } from '../../../../scripts/local/process/redis.ts';
import {
  sourcegraphAccess,
  sourcegraphLimit,
  startSourcegraph,
  type LocalSourcegraph,
  type SourcegraphSubscription,
} from '../../../../scripts/local/sourcegraph/sourcegraph.ts';
import { createAuth, type Auth } from '../../auth/auth.ts';
import { loadConfig, type Config } from '../../config/config.ts';
import { openDocuments, type Documents } from '../../documents/documents.ts';
import { connectStore, keys, type Store } from '../../store/store.ts';
import {
  createSubscription,
  createSync,
  hashToken,
  setBudget,
  type SubscriptionSync,
  type SyncReport,
  type SyncTrace,
} from '../directory.ts';

let emulator: LocalFirestore;
let server: LocalRedis;
let redis: Redis;
let store: Store;
let sourcegraph: LocalSourcegraph;
let documents: Documents;
let auth: Auth;
let sync: SubscriptionSync | null;
const lines: { severity: string; message: string }[] = [];
const steps: string[] = [];
const trace: SyncTrace = {
  step: (name, work) => {
    steps.push(name);
    return work();
  },
  log: (severity, message) => void lines.push({ severity, message }),
};

before(async () => {
  [server, sourcegraph] = await Promise.all([startRedis(), startSourcegraph()]);
  redis = new Redis(server.url);
  store = connectStore({ redisEndpoint: server.url }, () => undefined);
});
beforeEach(async () => {
  await emulator?.close();
  emulator = await startFirestore();
  await redis.flushdb();
  sourcegraph.subscriptions.clear();
  sourcegraph.pageSize = null;
  const config: Config = loadConfig({
    REDIS_ENDPOINT: server.url,
    CODY_GATEWAY_DIAGNOSTICS_SECRET: 's',
    GOOGLE_CLOUD_PROJECT: 'p',
    FIRESTORE_EMULATOR_HOST: emulator.host,
    CODY_GATEWAY_DOTCOM_API_URL: sourcegraph.url,
    CODY_GATEWAY_DOTCOM_ACCESS_TOKEN: sourcegraph.token,
  });
  documents = openDocuments(config);
  auth = createAuth({ config, store, documents, now: Date.now, warn: () => undefined });
  sync = createSync({ config, store, documents, now: Date.now });
  lines.length = 0;
  steps.length = 0;
});
after(async () => {
  redis.disconnect();
  await store.close();
  await Promise.all([sourcegraph.close(), server.close(), emulator.close()]);
});

const run = (signal = new AbortController().signal): Promise<SyncReport> =>
  sync?.run(trace, signal) ?? assert.fail('no sync');
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const slk = (n: number): string => `slk_${n.toString(16).padStart(64, '0')}`;

function state(n: number, more: Partial<SourcegraphSubscription> = {}): void {
  const subscription = { uuid: uuid(n), username: `u${n}`, isArchived: false, access: sourcegraphAccess() };
  sourcegraph.subscriptions.set(uuid(n), { ...subscription, tags: [], tokens: [slk(n)], ...more });
}

async function read(path: string): Promise<Record<string, unknown>> {
  return (await (await documents.client()).doc(path).get()).data() ?? {};
}

const chatLimit = async (n: number): Promise<unknown> =>
  ((await read(`subscriptions/${uuid(n)}`))['limits'] as Record<string, { limit: number } | null>)['chat_completions']
    ?.limit;
const counts = ({ listed, changed, pruned, withheld, revoked }: SyncReport) => ({
  listed,
  changed,
  pruned,
  withheld,
  revoked,
});
const identify = (n: number) => auth.identify({ token: slk(n), address: '' }, { leftMs: 10_000 });

test('what is stated stands in the directory, token and subscription; what is stated again is not written again', async () => {
  for (let n = 1; n <= 250; n++) state(n);
  sourcegraph.pageSize = 100;
  assert.deepEqual(counts(await run()), { listed: 250, changed: 250, pruned: 0, withheld: 0, revoked: 0 });
  assert.deepEqual(steps, ['compare', 'list']);
  assert.equal((await identify(250)).id, uuid(250));
  assert.equal(
    sourcegraph.asked.some(({ operation }) => operation === 'CheckAccessToken'),
    false,
  );
  assert.deepEqual(counts(await run()), { listed: 250, changed: 0, pruned: 0, withheld: 0, revoked: 0 });
  state(7, { access: sourcegraphAccess({ chatCompletionsRateLimit: sourcegraphLimit(9) }) });
  assert.equal((await run()).changed, 1);
  assert.equal(await chatLimit(7), 9);
});

test('a limit, a feature and a token that are gone at the source are gone here; the copy in Redis too', async () => {
  state(1, { tokens: [slk(1), slk(101)] });
  await run();
  await identify(101);
  state(1, { access: sourcegraphAccess({ embeddingsRateLimit: null }), tokens: [slk(1)] });
  assert.deepEqual([(await run()).revoked], [1]);
  const record = await read(`subscriptions/${uuid(1)}`);
  assert.equal((record['limits'] as Record<string, unknown>)['embeddings'], null);
  assert.equal((await read(`tokens/${hashToken(slk(101))}`))['revoked'], true);
  // Another process, whose memory holds nothing.
  const other = createAuth({ config: configOf(), store, documents, now: Date.now, warn: () => undefined });
  await assert.rejects(other.identify({ token: slk(101), address: '' }, { leftMs: 10_000 }), { kind: 'invalid-token' });
});

function configOf(): Config {
  return loadConfig({
    REDIS_ENDPOINT: server.url,
    CODY_GATEWAY_DIAGNOSTICS_SECRET: 's',
    GOOGLE_CLOUD_PROJECT: 'p',
    FIRESTORE_EMULATOR_HOST: emulator.host,
    CODY_GATEWAY_DOTCOM_API_URL: sourcegraph.url,
    CODY_GATEWAY_DOTCOM_ACCESS_TOKEN: sourcegraph.token,
  });
}

test('actors #87: what a complete list lacks is archived and its tokens revoked; a token that comes back works again', async () => {
  state(1);
  state(2);
  await run();
  sourcegraph.subscriptions.delete(uuid(2));
  assert.deepEqual(counts(await run()), { listed: 1, changed: 0, pruned: 1, withheld: 0, revoked: 1 });
  assert.equal((await read(`subscriptions/${uuid(2)}`))['archived'], true);
  await assert.rejects(identify(2), { kind: 'invalid-token' });
  assert.equal((await run()).pruned, 0);
  // The daily comparison does not find it a second time either.
  await redis.del(keys.stated('sourcegraph'));
  assert.deepEqual(counts(await run()), { listed: 1, changed: 0, pruned: 0, withheld: 0, revoked: 0 });
  state(2);
  assert.equal((await run()).changed, 1);
  const again = createAuth({ config: configOf(), store, documents, now: Date.now, warn: () => undefined });
  assert.equal((await again.identify({ token: slk(2), address: '' }, { leftMs: 10_000 })).id, uuid(2));
});

test('actors #88: what is not the source’s is never pruned: operators’ subscriptions, users', async () => {
  const own = await createSubscription(documents, { name: 'own', limits: {} });
  await (
    await documents.client()
  )
    .doc('users/5')
    .set({ name: 'u', accessEnabled: true, limits: {}, origin: 'sourcegraph' });
  state(1);
  await run();
  await redis.del(keys.stated('sourcegraph'));
  assert.equal((await run()).pruned, 0);
  assert.equal((await read(`subscriptions/${own.id}`))['archived'], false);
  assert.equal((await read('users/5'))['archived'], undefined);
});

test('actors #86: while somebody else is at it nothing is done, and nothing is wrong', async () => {
  state(1);
  await redis.set(keys.lock('sync-subscriptions'), 'somebody else', 'PX', 60_000);
  const report = await run();
  assert.deepEqual([report.skipped, report.listed, lines], [true, 0, []]);
  await redis.del(keys.lock('sync-subscriptions'));
  assert.equal((await run()).changed, 1);
  // It gave the lock back.
  assert.equal(await redis.exists(keys.lock('sync-subscriptions')), 0);
});

test('a list that lacks too much is not believed: nothing is removed, an error says so, changes are written all the same', async () => {
  for (let n = 1; n <= 100; n++) state(n);
  await run();
  for (let n = 80; n <= 100; n++) sourcegraph.subscriptions.delete(uuid(n));
  state(1, { username: 'renamed' });
  assert.deepEqual(counts(await run()), { listed: 79, changed: 1, pruned: 0, withheld: 21, revoked: 0 });
  assert.match(lines.find(({ severity }) => severity === 'ERROR')?.message ?? '', /none is removed/);
  assert.equal((await identify(100)).id, uuid(100));
  // Within the share it is.
  for (let n = 80; n <= 92; n++) state(n);
  assert.equal((await run()).pruned, 8);
});

test('an empty list never prunes, however few are known; nor one with a record that not even tells its id', async () => {
  state(1);
  await run();
  sourcegraph.subscriptions.clear();
  assert.equal((await run()).withheld, 1);
  sourcegraph.subscriptions.set('odd', { uuid: 7 as unknown as string } as SourcegraphSubscription & { tokens: [] });
  assert.deepEqual([(await run()).unreadable, (await read(`subscriptions/${uuid(1)}`))['archived']], [1, false]);
});

test('a limit that no 64 bits hold is no access to that feature, and the run says so', async () => {
  state(1);
  state(2, {
    access: sourcegraphAccess({ chatCompletionsRateLimit: { ...sourcegraphLimit(1), limit: '18446744073709551615' } }),
  });
  assert.deepEqual([(await run()).unreadable, (await run()).unreadable], [1, 1], 'until it is set right');
  const actor = await identify(2);
  assert.deepEqual(Object.keys(actor.limits).toSorted(), ['code_completions', 'embeddings']);
  assert.equal((await identify(1)).limits.chat_completions?.limit, 500);
});

test('a list that breaks off prunes nothing, and the next run goes on where it ended', async () => {
  for (let n = 1; n <= 30; n++) state(n);
  await run();
  state(1, { username: 'renamed' });
  sourcegraph.subscriptions.delete(uuid(30));
  sourcegraph.pageSize = 10;
  sourcegraph.failNext('ListProductSubscriptionsFirst', 500);
  await assert.rejects(run(), /Sourcegraph.com: unexpected status 500/);
  assert.equal((await read(`subscriptions/${uuid(30)}`))['archived'], false);
  assert.deepEqual(counts(await run()), { listed: 29, changed: 0, pruned: 1, withheld: 0, revoked: 1 });
});

test('a run that is cut off leaves whole accounts, and the next writes the rest alone', async () => {
  for (let n = 1; n <= 1_000; n++) state(n);
  sourcegraph.pageSize = 250;
  const controller = new AbortController();
  const cut = run(controller.signal);
  while ((await redis.hlen(keys.stated('sourcegraph'))) < 300) await new Promise((resolve) => setTimeout(resolve, 2));
  controller.abort(new Error('cut off'));
  await assert.rejects(cut, /cut off/);
  const firestore = await documents.client();
  const report = await run();
  assert.ok(report.changed > 0 && report.changed <= 700, `${report.changed} written again`);
  assert.equal((await firestore.collection('subscriptions').count().get()).data().count, 1_000);
  assert.equal((await firestore.collection('tokens').count().get()).data().count, 1_000);
  assert.equal((await run()).changed, 0);
});

test('what an operator says otherwise stays, whatever the source states', async () => {
  state(1);
  await run();
  const document = (await documents.client()).doc(`subscriptions/${uuid(1)}`);
  await document.set({ overrides: { limits: { chat_completions: { limit: 3 } } } }, { merge: true });
  state(1, { access: sourcegraphAccess({ chatCompletionsRateLimit: sourcegraphLimit(900, 3_600) }) });
  await run();
  const { limits } = await identify(1);
  assert.deepEqual([limits.chat_completions?.limit, limits.chat_completions?.intervalMs], [3, 3_600_000]);
});

test('budgets, which no source states, are no sync’s: they outlast whatever it writes', async () => {
  state(1);
  await run();
  const author = { who: 'a test', why: 'a test' } as unknown as Parameters<typeof setBudget>[5];
  await setBudget(documents, null, uuid(1), 'subscription', { limitUsd: '12.5', window: 'life' }, author);
  await setBudget(documents, null, uuid(1), 'embeddings', { limitUsd: '1', window: 'day' }, author);
  const stated = async () => ((await read(`subscriptions/${uuid(1)}`))['overrides'] as { budgets: object }).budgets;
  const before = await stated();
  state(1, { username: 'renamed', access: sourcegraphAccess({ chatCompletionsRateLimit: sourcegraphLimit(9) }) });
  assert.equal((await run()).changed, 1);
  assert.deepEqual(await stated(), before);
  const budgets = (await identify(1)).budgets?.all(Date.now()) ?? [];
  assert.deepEqual(
    budgets.map(({ scope, limitNanoUsd }) => [scope, limitNanoUsd]),
    [
      ['subscription', 12.5e9],
      ['embeddings', 1e9],
    ],
  );
});

test('a source that goes back to what it said before a look-up wrote something newer is heard', async () => {
  state(1);
  await run();
  state(1, { access: sourcegraphAccess({ chatCompletionsRateLimit: sourcegraphLimit(9) }) });
  // A process whose clock is ahead: the cool-down is over.
  const later = createAuth({
    config: configOf(),
    store,
    documents,
    now: () => Date.now() + 3_600_000,
    warn: () => undefined,
  });
  const caller = { token: slk(1), address: '' };
  await later.refresh(caller, await later.identify(caller, { leftMs: 10_000 }));
  assert.equal(await chatLimit(1), 9);
  state(1);
  assert.equal((await run()).changed, 1);
  assert.equal(await chatLimit(1), 500);
});

test('a Redis that has forgotten what was stated costs a comparison, not a rewrite', async () => {
  for (let n = 1; n <= 20; n++) state(n);
  await run();
  await redis.flushdb();
  state(3, { username: 'renamed' });
  assert.deepEqual(counts(await run()), { listed: 20, changed: 1, pruned: 0, withheld: 0, revoked: 0 });
});
