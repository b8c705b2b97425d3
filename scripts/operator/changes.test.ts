// What operators change, as they meet it: a process on a real Firestore client and a real Redis; what callers and the
// sync make of it; that every write leaves its record, and that looking writes nothing.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { choiceFrom, createAuth, type Actor, type Auth } from '@cody-gateway/shared/auth';
import { createSubscription, createSync, hashToken, type SyncTrace } from '@cody-gateway/shared/directory';
import { openDocuments, type Documents, type AuditRecord } from '@cody-gateway/shared/documents';
import { loadConfig, type Config } from '@cody-gateway/shared/config';
import { createLimiter } from '@cody-gateway/shared/limiter';
import { connectStore, type Store } from '@cody-gateway/shared/store';
import { startFirestore, type LocalFirestore } from '../local/google/firestore.ts';
import { startRedis, type LocalRedis } from '../local/process/redis.ts';
import { sourcegraphAccess, startSourcegraph, type LocalSourcegraph } from '../local/sourcegraph/sourcegraph.ts';

const project = 'changed';
const program = path.resolve(import.meta.dirname, 'operator.ts');
let emulator: LocalFirestore;
let server: LocalRedis;
let redis: Redis;
let sourcegraph: LocalSourcegraph;
let store: Store;
let directory: Documents;

before(async () => {
  [emulator, server, sourcegraph] = await Promise.all([startFirestore(), startRedis(), startSourcegraph()]);
  redis = new Redis(server.url);
  store = connectStore({ redisEndpoint: server.url }, () => undefined);
  directory = openDocuments({ firestoreEmulatorHost: emulator.host, googleCloudProject: project });
});
after(async () => {
  redis.disconnect();
  await Promise.all([store.close(), directory.close(), sourcegraph.close()]);
  await Promise.all([server.close(), emulator.close()]);
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function run(args: readonly string[], { redisEndpoint = server.url, input = '' } = {}): Promise<Ended> {
  const env = { ...process.env, FIRESTORE_EMULATOR_HOST: emulator.host, REDIS_ENDPOINT: redisEndpoint };
  const child = spawn(process.execPath, [program, ...args, '--project', project], { env });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.on('close', resolve);
  child.stdin.on('error', () => undefined).end(input);
  return { code: await promise, out, err };
}

/** Runs what must succeed, and reads its JSON. */
async function ok<T>(...args: string[]): Promise<T> {
  const { code, out, err } = await run([...args, '--json']);
  assert.deepEqual([code, err], [0, ''], args.join(' '));
  return JSON.parse(out) as T;
}

const why = ['--reason', 'because'];
const limits = {
  chat_completions: { limit: 5, intervalSeconds: 86_400, allowedModels: ['*'] },
  code_completions: { limit: 7, intervalSeconds: 86_400, allowedModels: ['*'] },
};

function create(): Promise<{ id: string; token: string }> {
  return createSubscription(directory, { name: 'acme', limits });
}

const configOf = (): Config =>
  loadConfig({
    REDIS_ENDPOINT: server.url,
    CODY_GATEWAY_DIAGNOSTICS_SECRET: 's',
    GOOGLE_CLOUD_PROJECT: project,
    FIRESTORE_EMULATOR_HOST: emulator.host,
    CODY_GATEWAY_DOTCOM_API_URL: sourcegraph.url,
    CODY_GATEWAY_DOTCOM_ACCESS_TOKEN: sourcegraph.token,
  });
/** The auth of an instance that has just started. */
const instance = (): Auth =>
  createAuth({ config: configOf(), store, documents: directory, now: Date.now, warn: () => undefined });
/** A run of the sync. */
const sync = async (): Promise<void> =>
  void (await createSync({ config: configOf(), store, documents: directory, now: Date.now })?.run(
    quiet,
    AbortSignal.timeout(60_000),
  ));

const meet = (token: string): Promise<Actor> => instance().identify({ token, address: '' }, { leftMs: 10_000 });
const quiet: SyncTrace = { step: (_name, work) => work(), log: () => undefined };
const kind = (wanted: string) => (error: { kind?: string }) => error.kind === wanted;

async function records(id: string): Promise<AuditRecord[]> {
  return (await ok<{ records: AuditRecord[] }>('audit', 'list', '--subscription', id)).records;
}

test('other limits are in force for those whose copy is in Redis, field by field, and can be taken back', async () => {
  const { id, token } = await create();
  // A copy that is believed for a minute: a fresh instance asks nobody else.
  assert.equal((await meet(token)).limits.chat_completions?.limit, 5);
  await ok('subscriptions', 'set-limits', id, '--chat', '800', '--code', '9/1h', ...why);
  const { chat_completions: chat, code_completions: code } = (await meet(token)).limits;
  assert.deepEqual([chat?.limit, chat?.intervalMs], [800, 86_400_000], 'the window stays');
  assert.deepEqual([code?.limit, code?.intervalMs], [9, 3_600_000]);
  await ok('subscriptions', 'set-limits', id, '--models', 'openai/gpt-4o', ...why);
  assert.deepEqual((await meet(token)).limits.chat_completions?.allowedModels, ['openai/gpt-4o']);
  const refused = await run(['subscriptions', 'set-limits', id, '--chat', 'none', ...why]);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /Nothing was done: give --yes/);
  await ok('subscriptions', 'set-limits', id, '--chat', 'none', '--yes', ...why);
  assert.equal((await meet(token)).limits.chat_completions, undefined);
  await ok('subscriptions', 'set-limits', id, '--chat', 'default', ...why);
  const back = (await meet(token)).limits.chat_completions;
  assert.deepEqual([back?.limit, back?.allowedModels], [5, ['*']]);
  const told = await run(['subscriptions', 'show', id]);
  assert.match(told.out, /^chat +5\/24h\ncode +9\/1h$/m);
});

test('where prompts may go: stated member by member, shown, on record, in force at once, and taken back', async () => {
  const { id, token } = await create();
  assert.equal((await meet(token)).places, null);
  const prompts = (...args: string[]) => ok<{ notes: string[] }>('subscriptions', 'prompts', id, ...args, ...why);
  const { notes } = await prompts('--companies', 'Anthropic, google,gogle', '--regions', 'eu');
  assert.match(notes.join(), /No home of this release is run by gogle; there are anthropic, .*google/);
  await prompts('--companies', 'anthropic,google', '--retention', '30-days');
  const stated = { companies: ['anthropic', 'google'], regions: ['eu'], retention: '30-days' };
  assert.deepEqual((await meet(token)).places, stated);
  const told = await run(['subscriptions', 'show', id]);
  assert.match(told.out, /^prompts +to anthropic, google; in eu; kept for 30-days$/m);
  for (const [args, fault] of [
    [[], /nothing is given to change/],
    [['--retention', 'forever'], /"forever" is none of none, 30-days, longer, default/],
    [['--companies', 'a b'], /"a b" is not a name/],
  ] as const) {
    const { code, err } = await run(['subscriptions', 'prompts', id, ...args, ...why]);
    assert.equal(code, 2);
    assert.match(err, fault);
  }
  assert.equal((await run(['subscriptions', 'prompts', id, '--regions', 'us'])).code, 2, 'without a reason');
  await prompts('--companies', 'default', '--regions', 'default', '--retention', 'default');
  assert.equal((await meet(token)).places, null);
  assert.doesNotMatch((await run(['subscriptions', 'show', id])).out, /^prompts/m);
  assert.deepEqual(
    (await records(id)).map(({ what, subject, why: reason }) => [what, subject, reason]),
    Array.from({ length: 3 }, () => ['subscriptions prompts', id, 'because']),
  );
  assert.match(
    (await run(['audit', 'list', '--subscription', id])).out,
    /companies anthropic, google; +retention 30-days/,
  );
});

test('disabled, enabled, archived: in force for a fresh instance at once, with who, when, what and why', async () => {
  const { id, token } = await create();
  await meet(token);
  const bare = await run(['subscriptions', 'disable', id, ...why]);
  assert.equal(bare.code, 2);
  assert.match(bare.err, /refuses every call of that subscription\. Nothing was done: give --yes/);
  assert.equal((await run(['subscriptions', 'disable', id, '--yes'])).code, 2, 'without a reason');
  assert.equal((await meet(token)).accessEnabled, true);
  await ok('subscriptions', 'disable', id, '--yes', ...why);
  await assert.rejects(meet(token), kind('access-disabled'));
  await ok('subscriptions', 'enable', id, ...why);
  assert.equal((await meet(token)).accessEnabled, true);
  await ok('subscriptions', 'archive', id, '--yes', '--reason', 'the contract is over');
  await assert.rejects(meet(token), kind('access-disabled'));
  assert.match((await run(['subscriptions', 'show', id])).out, /^access +archived$/m);
  await ok('subscriptions', 'enable', id, ...why);
  assert.equal((await meet(token)).accessEnabled, true);
  const told = await records(`es_${id}`);
  assert.deepEqual(
    told.map(({ what, subject, outcome, why: reason }) => [what, subject, outcome, reason]),
    [
      ['subscriptions enable', id, 'done', 'because'],
      ['subscriptions archive', id, 'done', 'the contract is over'],
      ['subscriptions enable', id, 'done', 'because'],
      ['subscriptions disable', id, 'done', 'because'],
    ],
  );
  assert.ok(told.every(({ who, at }) => who.includes('@') && Number.isFinite(Date.parse(at))));
});

test('a token is issued, works beside the first, and is revoked at once; no record holds it', async () => {
  const { id, token } = await create();
  const { token: second } = await ok<{ token: string }>('tokens', 'issue', id, ...why);
  assert.deepEqual([(await meet(token)).id, (await meet(second)).id], [id, id]);
  const bare = await run(['tokens', 'revoke', '--token', second, ...why]);
  assert.deepEqual([bare.code, bare.err.includes(second)], [2, false]);
  const { code, out } = await run(['tokens', 'revoke', '--token', '-', '--yes', ...why], { input: `${second}\n` });
  assert.equal(code, 0);
  assert.match(out, new RegExp(`^revoked: a token of ${id}, acme\\. In force everywhere within 10 s\\.`));
  await assert.rejects(meet(second), kind('invalid-token'));
  assert.equal((await meet(token)).id, id, 'the other one stays');
  const again = await run(['tokens', 'revoke', '--hash', hashToken(second), '--yes', ...why]);
  assert.deepEqual([again.code, again.err], [1, `gateway: that token of subscription ${id} is revoked already\n`]);
  const told = await records(id);
  assert.deepEqual(
    told.map(({ what }) => what),
    ['tokens revoke', 'tokens issue'],
  );
  assert.equal(JSON.stringify(told).includes(second), false);
});

test('a token that an operator revoked stays so, though its source lists it, is asked for it and is refreshed', async () => {
  const id = randomUUID();
  const token = `slk_${'ab'.repeat(32)}`;
  const state = (tags: string[]): void => {
    const subscription = { uuid: id, username: 'u', isArchived: false, access: sourcegraphAccess() };
    sourcegraph.subscriptions.set(id, { ...subscription, tags, tokens: [token] });
  };
  state([]);
  await sync();
  const actor = await meet(token);
  assert.equal(actor.id, id);
  assert.equal((await run(['tokens', 'issue', id, ...why])).code, 1, 'its licences are its tokens');
  await ok('tokens', 'revoke', '--hash', hashToken(token), '--yes', ...why);
  await assert.rejects(meet(token), kind('invalid-token'));
  state(['changed']);
  await sync();
  await assert.rejects(meet(token), kind('invalid-token'));
  await assert.rejects(
    instance().refresh({ token, address: '' }, { ...actor, lastUpdatedMs: 0 }),
    kind('invalid-token'),
  );
  await redis.flushdb();
  await assert.rejects(meet(token), kind('invalid-token'));
});

test('limits and consumption; a reset with its reason, of the window that runs and of no other', async () => {
  const { id, token } = await create();
  const choice = choiceFrom(['openai/gpt-4o'], 'openai', 'gpt-4o');
  const permit = instance().permit(await meet(token), 'chat_completions', choice);
  const admission = { leaseId: randomUUID(), estimate: 1, draft: '{}' };
  const lease = await createLimiter(store).admit(permit, admission, { leftMs: 10_000 });
  assert.ok(lease.decision === 'admitted');
  await lease.settle(1, '{}', { leftMs: 10_000 });
  const shown = await run(['limits', 'show', id]);
  assert.match(
    shown.out,
    new RegExp(`^chat_completions +5/24h +1 +0 +0 +\\d{4}-\\d\\d-\\d\\d [\\d:]{8} +${lease.window}$`, 'm'),
  );
  const reset = ['limits', 'reset', id, '--feature', 'chat'];
  assert.equal((await run([...reset, ...why])).code, 2);
  assert.equal((await run([...reset, '--yes'])).code, 2);
  const done = await ok<{ reset: boolean; used: number; window: string }>(...reset, '--yes', ...why);
  assert.deepEqual([done.reset, done.used, done.window], [true, 1, lease.window]);
  assert.match((await run(['limits', 'show', id])).out, /^chat_completions +5\/24h +0 +0 +0 +- +-$/m);
  assert.equal((await ok<{ reset: boolean }>(...reset, '--yes', ...why)).reset, false);
  const [record, ...others] = await records(id);
  assert.deepEqual(
    [record?.what, record?.change, record?.outcome, record?.why, others],
    ['limits reset', `chat_completions: window ${lease.window} closed with 1 used`, 'done', 'because', []],
  );
});

test('a Redis that is away: a write of the directory says that it takes a minute, a reset and a look say what to do', async () => {
  const { id } = await create();
  const away = { redisEndpoint: 'redis://127.0.0.1:1' };
  const disabled = await run(['subscriptions', 'disable', id, '--yes', ...why], away);
  assert.equal(disabled.code, 0);
  assert.match(disabled.out, /In force within a minute: Redis could not be told\.$/m);
  const shown = await run(['limits', 'show', id], away);
  assert.deepEqual([shown.code, shown.out], [1, '']);
  assert.match(shown.err, /is the tunnel open, and REDIS_ENDPOINT right\?/);
  assert.match((await run(['limits', 'show', id], { redisEndpoint: '' })).err, /set REDIS_ENDPOINT/);
});

test('flagged prompts: listed without their text, read one by one, each time on record, and nothing else of Redis', async () => {
  const key = 'prompt:4bf92f3577b34da6a3ce929d0e0e4736:chat_completions:42';
  await redis.set(key, 'the prompt', 'EX', 600);
  const listed = await run(['flagged-requests', 'list']);
  assert.match(listed.out, new RegExp(`^42 +chat_completions +4bf92f\\w+ +${key}$`, 'm'));
  assert.equal(listed.out.includes('the prompt'), false);
  assert.equal((await run(['flagged-requests', 'show', key])).out, 'the prompt\n');
  assert.equal((await run(['flagged-requests', 'show', key, ...why])).out, 'the prompt\n');
  const { docs } = await (await directory.client()).collection('audit').where('change', '==', key).get();
  assert.deepEqual(
    docs.map((document) => ['what', 'outcome', 'why'].map((name) => String(document.get(name))).join(': ')).toSorted(),
    ['flagged-requests show: done: because', 'flagged-requests show: done: none given'],
  );
  assert.equal((await run(['flagged-requests', 'show', 'prompt:none'])).code, 1);
  assert.equal((await run(['flagged-requests', 'show', '{s0000}:leases'])).code, 2);
});

test('looking writes nothing: neither the directory nor Redis changes', async () => {
  const { id } = await create();
  const all = async (): Promise<unknown> => {
    const client = await directory.client();
    const names = ['subscriptions', 'tokens', 'users', 'audit', 'deadLetters'];
    const documents = await Promise.all(names.map((name) => client.collection(name).get()));
    const stamps = documents.flatMap(({ docs }) =>
      docs.map(({ ref, updateTime }) => `${ref.path} ${updateTime.toMillis()}`),
    );
    return [stamps.toSorted(), (await redis.keys('*')).toSorted()];
  };
  const before = await all();
  for (const args of [
    ['subscriptions', 'list'],
    ['subscriptions', 'show', id],
    ['limits', 'show', id],
    ['flagged-requests', 'list'],
    ['audit', 'list'],
    ['dead-letters', 'list'],
  ])
    assert.equal((await run(args)).code, 0, args.join(' '));
  assert.deepEqual(await all(), before);
});

test('what can’t be done is said, with exit code 1 or 2, and leaves no record', async () => {
  const { id } = await create();
  const cases: readonly (readonly [args: readonly string[], code: number, says: RegExp])[] = [
    [['subscriptions', 'disable', randomUUID(), '--yes', ...why], 1, /there is no subscription .*subscriptions list/],
    [
      ['subscriptions', 'enable', 'acme', ...why],
      1,
      /subscriptions are called "acme": give the id[^]*\n {2}[0-9a-f-]{36}/,
    ],
    [['subscriptions', 'enable', 'acmee', ...why], 1, /there is no subscription "acmee" .*did you mean "acme"\?/],
    [['subscriptions', 'set-limits', id, ...why], 2, /nothing is given to change/],
    [['subscriptions', 'set-limits', id, '--chat', '1', ...why], 2, /--chat 1 means that the account is blocked/],
    [['subscriptions', 'set-limits', id, '--chat', '5/day', ...why], 2, /"day" is no window/],
    [['tokens', 'revoke', '--hash', 'abc', '--yes', ...why], 2, /--hash is not the SHA-256/],
    [['tokens', 'revoke', '--hash', '0'.repeat(64), '--yes', ...why], 1, /the directory knows no such token/],
    [['limits', 'reset', id, '--yes', ...why], 2, /--feature is missing: chat, code, embeddings/],
    [['limits', 'reset', id, '--feature', 'chats', '--yes', ...why], 2, /"chats" is none of chat, code, embeddings/],
  ];
  for (const [args, code, says] of cases) {
    const ended = await run(args);
    assert.equal(ended.code, code, args.join(' '));
    assert.match(ended.err, says);
  }
  assert.deepEqual(await records(id), []);
});
