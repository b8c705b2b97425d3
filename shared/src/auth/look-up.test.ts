// The whole way from a token to its actor, on a real Redis, a real Firestore client and sources that speak their
// protocol: who is asked when, and what is served while somebody is away.

import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { Redis } from 'ioredis';
import { startFirestore, type LocalFirestore } from '../../../scripts/local/google/firestore.ts';
import { listen } from '../../../scripts/local/process/port.ts';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import {
  relayId,
  sourcegraphAccess,
  sourcegraphLimit,
  startSourcegraph,
  type LocalSourcegraph,
  type Operation,
} from '../../../scripts/local/sourcegraph/sourcegraph.ts';
import { loadConfig, type Config } from '../config/config.ts';
import { createSubscription, hashToken } from '../directory/directory.ts';
import { openDocuments, type Documents } from '../documents/documents.ts';
import { connectStore, keys, shardOf, type Store } from '../store/store.ts';
import { createAuth, type Auth } from './auth.ts';

let emulator: LocalFirestore;
let server: LocalRedis;
let redis: Redis;
let sourcegraph: LocalSourcegraph;
let documents: Documents;
let config: Config;
const opened: { auth: Auth; store: Store }[] = [];
const minuteMs = 60_000;

before(async () => {
  [emulator, server, sourcegraph] = await Promise.all([startFirestore(), startRedis(), startSourcegraph()]);
  redis = new Redis(server.url);
  config = loadConfig({
    REDIS_ENDPOINT: server.url,
    CODY_GATEWAY_DIAGNOSTICS_SECRET: 's',
    GOOGLE_CLOUD_PROJECT: 'p',
    FIRESTORE_EMULATOR_HOST: emulator.host,
    CODY_GATEWAY_DOTCOM_API_URL: sourcegraph.url,
    CODY_GATEWAY_DOTCOM_ACCESS_TOKEN: sourcegraph.token,
  });
  documents = openDocuments(config);
});
beforeEach(() => {
  sourcegraph.outage = null;
  sourcegraph.asked.length = 0;
});
after(async () => {
  for (const { auth, store } of opened) {
    await auth.close();
    await store.close();
  }
  redis.disconnect();
  await documents.close();
  await Promise.all([sourcegraph.close(), server.close(), emulator.close()]);
});

/** An instance of its own: nothing in its memory. */
function instance(more: Partial<Config> = {}) {
  const clock = { nowMs: Date.now(), warnings: [] as string[] };
  const store = connectStore({ redisEndpoint: more.redisEndpoint ?? server.url }, () => undefined);
  const auth = createAuth({
    config: { ...config, ...more },
    store,
    documents: openDocuments({ ...config, ...more }),
    now: () => clock.nowMs,
    warn: (message) => clock.warnings.push(message),
  });
  opened.push({ auth, store });
  const identify = (token: string) => auth.identify({ token, address: '127.0.0.1' }, { leftMs: 10_000 });
  const outcome = (token: string): Promise<string> =>
    identify(token).then(
      ({ id }) => id,
      (error: Error & { kind?: string }) => error.kind ?? error.message,
    );
  return { auth, clock, identify, outcome };
}

let made = 0;
const fresh = (prefix: string): string => `${prefix}${(++made).toString(16).padStart(64, '0')}`;
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** A subscription at Sourcegraph.com alone. */
function stated(more: object = {}): { id: string; token: string } {
  const token = fresh('slk_');
  const id = uuid(made);
  const subscription = { uuid: id, username: 'u', isArchived: false, access: sourcegraphAccess(), tags: [] };
  sourcegraph.subscriptions.set(id, { ...subscription, tokens: [token], ...more });
  return { id, token };
}

const asked = (operation: Operation): number =>
  sourcegraph.asked.filter((question) => question.operation === operation).length;
const copyOf = (token: string): string => keys.actor(shardOf(hashToken(token)), hashToken(token));
const copied = async (token: string): Promise<void> => {
  while ((await redis.exists(copyOf(token))) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
};

test('actors #9, #10: an unknown token is looked up at its source once, in both spellings, and then known everywhere', async () => {
  const { id, token } = stated();
  const first = instance();
  assert.equal((await first.identify(token)).id, id);
  assert.equal((await first.identify(token.replace('slk_', 'sgs_'))).id, id);
  await copied(token);
  // Another instance, without and with a Redis that knows it.
  assert.equal((await instance().identify(token)).id, id);
  await redis.del(copyOf(token));
  assert.equal((await instance().identify(token)).id, id);
  assert.equal(asked('CheckAccessToken'), 1);
  assert.equal((await (await documents.client()).doc(`subscriptions/${id}`).get()).get('origin'), 'sourcegraph');
});

test('actors #11: a copy that is a day old is asked for anew', async () => {
  const { id, token } = stated();
  await instance().identify(token);
  await copied(token);
  await redis.hset(copyOf(token), 'at', String(Date.now() - 25 * 60 * minuteMs));
  assert.equal((await instance().identify(token)).id, id);
});

test('actors #12: a copy that can’t be read is replaced', async () => {
  const { id, token } = stated();
  await instance().identify(token);
  await copied(token);
  await redis.hset(copyOf(token), 'body', '{bad');
  assert.equal((await instance().identify(token)).id, id);
  for (;;) if ((await redis.hget(copyOf(token), 'body')) !== '{bad') break;
});

test('an older version never replaces a newer one, nor a revoked mark', async () => {
  const { token } = stated();
  await instance().identify(token);
  await copied(token);
  await redis.hset(copyOf(token), 'version', '9007199254740991', 'body', '');
  // Fresh: it is revoked, whatever the directory says.
  assert.equal(await instance().outcome(token), 'invalid-token');
  await redis.hset(copyOf(token), 'at', '0');
  await instance().outcome(token);
  assert.equal(await redis.hget(copyOf(token), 'body'), '');
});

test('actors #13-#15: unknown at the source is unknown for everybody for half a minute, and asked once', async () => {
  const token = fresh('slk_');
  const first = instance();
  assert.deepEqual([await first.outcome(token), await first.outcome(token)], ['invalid-token', 'invalid-token']);
  await copied(token);
  assert.equal(await instance().outcome(token), 'invalid-token');
  assert.equal(asked('CheckAccessToken'), 1);
  assert.ok((await redis.pttl(copyOf(token))) <= 25_000);
  // A token issued meanwhile works when the marks are gone, under a minute later.
  const { id } = stated({ tokens: [token] });
  await redis.del(copyOf(token));
  first.clock.nowMs += 31_000;
  assert.equal((await first.identify(token)).id, id);
});

test('actors #16: a source that fails is a 503 that nothing remembers', async () => {
  const { id, token } = stated();
  const { identify, outcome } = instance();
  sourcegraph.outage = 500;
  assert.equal(await outcome(token), 'directory-unavailable');
  assert.equal(await redis.exists(copyOf(token)), 0);
  sourcegraph.outage = null;
  assert.equal((await identify(token)).id, id);
});

test('actors #18, #20: users are asked for at Sourcegraph.com, and nobody’s where there is no account there', async () => {
  const token = fresh('sgd_');
  assert.equal(await instance().outcome(token), 'invalid-token');
  assert.equal(asked('CheckDotcomUserAccessToken'), 1);
  await assert.rejects(instance({ dotcomAccessToken: null }).identify(token), /no source found for token/);
});

test('actors #19: a user without a readable id has no access and is stored nowhere', async () => {
  const token = fresh('sgd_');
  sourcegraph.users.set(token, { id: 'NOT_A_VALID_GQL_ID', username: 'odd', access: sourcegraphAccess() });
  assert.equal(await instance().outcome(token), 'access-disabled');
  assert.equal((await (await documents.client()).doc(`tokens/${hashToken(token)}`).get()).exists, false);
});

test('a user’s statement is asked for again after 15 minutes; a source that fails then leaves the last one standing', async () => {
  const token = fresh('sgd_');
  const user = { id: relayId(4_711), username: 'alice', access: sourcegraphAccess() };
  sourcegraph.users.set(token, user);
  const { clock, identify } = instance();
  assert.equal((await identify(token)).id, '4711');
  await copied(token);
  const again = async (): Promise<number | undefined> => {
    await redis.del(copyOf(token));
    return (await identify(token)).limits.chat_completions?.limit;
  };
  sourcegraph.users.set(token, {
    ...user,
    access: sourcegraphAccess({ chatCompletionsRateLimit: sourcegraphLimit(7) }),
  });
  clock.nowMs += 14 * minuteMs;
  assert.equal(await again(), 500);
  clock.nowMs += 2 * minuteMs;
  sourcegraph.outage = 503;
  assert.equal(await again(), 500);
  sourcegraph.outage = null;
  clock.nowMs += 2 * minuteMs;
  assert.equal(await again(), 7);
  // A second token of the same user reaches the same account, and its statement the first token.
  const second = fresh('sgd_');
  sourcegraph.users.set(second, user);
  assert.equal((await identify(second)).id, '4711');
  const { tokens } = (await (await documents.client()).doc('users/4711').get()).data() as { tokens: string[] };
  assert.deepEqual(tokens.toSorted(), [hashToken(token), hashToken(second)].toSorted());
});

test('a user whose token Sourcegraph.com knows no longer is refused once it is asked', async () => {
  const token = fresh('sgd_');
  sourcegraph.users.set(token, { id: relayId(4_712), username: 'bob', access: sourcegraphAccess() });
  const { clock, identify, outcome } = instance();
  await identify(token);
  await copied(token);
  sourcegraph.users.delete(token);
  await redis.del(copyOf(token));
  clock.nowMs += 16 * minuteMs;
  assert.equal(await outcome(token), 'invalid-token');
  assert.equal((await (await documents.client()).doc(`tokens/${hashToken(token)}`).get()).get('revoked'), true);
});

test('what a source took away is asked for again a minute later, by whoever comes first; while it is away it stays so', async () => {
  const token = fresh('sgd_');
  const user = { id: relayId(4_714), username: 'dave', access: sourcegraphAccess() };
  sourcegraph.users.set(token, user);
  const { clock, identify, outcome } = instance();
  await identify(token);
  await copied(token);
  sourcegraph.users.delete(token);
  await redis.del(copyOf(token));
  clock.nowMs += 16 * minuteMs;
  assert.equal(await outcome(token), 'invalid-token');
  await copied(token);
  sourcegraph.users.set(token, user);
  sourcegraph.asked.length = 0;
  assert.equal(await instance().outcome(token), 'invalid-token');
  assert.equal(asked('CheckDotcomUserAccessToken'), 0, 'within the minute');
  await redis.hset(copyOf(token), 'at', String(Date.now() - minuteMs - 1));
  sourcegraph.outage = 500;
  assert.equal(await instance().outcome(token), 'invalid-token');
  sourcegraph.outage = null;
  assert.equal((await instance().identify(token)).id, '4714');
});

test('a token that a user revoked dies within a quarter of an hour, however often the user’s others are asked about', async () => {
  const [kept, dead] = [fresh('sgd_'), fresh('sgd_')];
  const user = { id: relayId(4_715), username: 'erin', access: sourcegraphAccess() };
  for (const token of [kept, dead]) sourcegraph.users.set(token, user);
  const { clock, identify } = instance();
  for (const token of [kept, dead]) await identify(token);
  for (const token of [kept, dead]) await copied(token);
  sourcegraph.users.delete(dead);
  clock.nowMs += 16 * minuteMs;
  for (const token of [kept, dead]) await redis.del(copyOf(token));
  const later = instance();
  later.clock.nowMs = clock.nowMs;
  assert.equal((await later.identify(kept)).id, '4715');
  assert.equal(await later.outcome(dead), 'invalid-token');
  const { tokens } = (await (await documents.client()).doc('users/4715').get()).data() as { tokens: string[] };
  assert.deepEqual(tokens, [hashToken(kept)]);
});

test('questions about tokens that a source took away are under the budget of unknown tokens', async () => {
  const dead = Array.from({ length: 40 }, () => fresh('slk_'));
  const firestore = await documents.client();
  for (const token of dead)
    await firestore.doc(`tokens/${hashToken(token)}`).set({ actor: `subscriptions/${uuid(1)}`, revoked: true });
  for (const token of dead)
    await redis.hset(copyOf(token), { version: '1', body: '', at: String(Date.now() - 2 * minuteMs) });
  const { outcome } = instance({ unknownTokensPerSecond: 1 });
  sourcegraph.asked.length = 0;
  const outcomes = await Promise.all(dead.map((token) => outcome(token)));
  assert.deepEqual([...new Set(outcomes)], ['invalid-token']);
  assert.equal(asked('CheckAccessToken'), 5);
});

test('actors #46, #48, #49: a refresh is refused while the last is young, asks the source otherwise, and is nothing for nobody', async () => {
  const { id, token } = stated();
  const { auth, clock, identify } = instance();
  const caller = { token, address: '' };
  const actor = await identify(token);
  clock.nowMs = (actor.lastUpdatedMs ?? 0) + 3 * minuteMs + 5;
  await assert.rejects(auth.refresh(caller, actor), {
    kind: 'recently-updated',
    message: 'actor was recently updated - try again in 6m59s',
  });
  sourcegraph.subscriptions.set(id, {
    ...(sourcegraph.subscriptions.get(id) ?? assert.fail()),
    access: sourcegraphAccess({ chatCompletionsRateLimit: sourcegraphLimit(9) }),
  });
  clock.nowMs += 7 * minuteMs;
  await auth.refresh(caller, actor);
  // This instance knows at once, the copy for the others too.
  assert.equal((await identify(token)).limits.chat_completions?.limit, 9);
  const body = async (): Promise<string> => (await redis.hget(copyOf(token), 'body')) ?? '';
  while (!(await body()).includes('"limit":9')) await new Promise((resolve) => setTimeout(resolve, 5));
  await auth.refresh({ token: '', address: '' }, actor);
});

test('what a clock an hour ahead wrote makes nobody wait for it, once', async () => {
  const { token } = stated();
  const ahead = instance();
  ahead.clock.nowMs += 60 * minuteMs;
  await ahead.identify(token);
  await copied(token);
  const { auth, identify } = instance();
  const caller = { token, address: '' };
  await auth.refresh(caller, await identify(token));
  assert.equal(asked('CheckAccessToken'), 2);
  await assert.rejects(auth.refresh(caller, await identify(token)), { kind: 'recently-updated' });
  assert.equal(asked('CheckAccessToken'), 2);
});

test('a limit that no 64 bits hold is no access to that feature, and an operator is told', async () => {
  const limit = { ...sourcegraphLimit(1), limit: '18446744073709551615' };
  const { token } = stated({ access: sourcegraphAccess({ chatCompletionsRateLimit: limit }) });
  const { clock, identify } = instance();
  assert.deepEqual(Object.keys((await identify(token)).limits).toSorted(), ['code_completions', 'embeddings']);
  assert.deepEqual(clock.warnings, [
    'the source states limits that no quota can be: no access to chat_completions until they are corrected there',
  ]);
});

test('actors #46: a user may be refreshed after five minutes', async () => {
  const token = fresh('sgd_');
  sourcegraph.users.set(token, { id: relayId(4_713), username: 'carol', access: sourcegraphAccess() });
  const { auth, clock, identify } = instance();
  const actor = await identify(token);
  clock.nowMs = (actor.lastUpdatedMs ?? 0) + minuteMs + 5;
  const caller = { token, address: '' };
  await assert.rejects(auth.refresh(caller, actor), /try again in 3m59s/);
  clock.nowMs += 4 * minuteMs;
  await auth.refresh(caller, actor);
  assert.equal(asked('CheckDotcomUserAccessToken'), 2);
});

test('a refused quota asks the source beside the request, once and only when it is time', async () => {
  const { token } = stated();
  const { auth, clock, identify } = instance();
  await identify(token);
  auth.refreshSoon({ token, address: '' });
  assert.equal(asked('CheckAccessToken'), 1);
  clock.nowMs += 11 * minuteMs;
  for (let i = 0; i < 5; i++) auth.refreshSoon({ token, address: '' });
  while (asked('CheckAccessToken') < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(asked('CheckAccessToken'), 2);
});

test('a flood of made-up tokens reaches the directory and the source as often as the budget says, and valid callers not at all', async () => {
  const { id, token } = stated();
  const { identify, outcome, clock } = instance({ unknownTokensPerSecond: 4 });
  await identify(token);
  await copied(token);
  sourcegraph.asked.length = 0;
  const outcomes = await Promise.all(Array.from({ length: 500 }, () => outcome(fresh('slk_'))));
  const counted = Map.groupBy(outcomes, (one) => one);
  assert.ok(asked('CheckAccessToken') <= 20, `${asked('CheckAccessToken')} questions`);
  assert.equal(counted.get('invalid-token')?.length, asked('CheckAccessToken'));
  assert.equal(counted.get('too-many-unknown-tokens')?.length, 500 - asked('CheckAccessToken'));
  // A remembered caller waits behind none of them, although Redis is asked once more.
  clock.nowMs += 11_000;
  const ended: string[] = [];
  const flood = Array.from({ length: 500 }, async () => ended.push(await outcome(fresh('slk_'))));
  ended.push((await identify(token)).id);
  assert.ok(ended.length < 50, `${ended.length} unknown tokens were served first`);
  await Promise.all(flood);
  // Known callers are known here and on an instance that has never met them.
  clock.nowMs += 11_000;
  assert.equal((await identify(token)).id, id);
  const other = instance({ unknownTokensPerSecond: 1 });
  await Promise.all(Array.from({ length: 20 }, () => other.outcome(fresh('slk_'))));
  assert.equal((await other.identify(token)).id, id);
});

test('a flood of made-up tokens refuses no customer whose token is merely not remembered: the directory has a budget of its own', async () => {
  const known = Array.from({ length: 30 }, stated);
  const first = instance();
  for (const { token } of known) await first.identify(token);
  // What Redis knows of them is gone, as after a failover, and this instance has never met them.
  await Promise.all(known.map(({ token }) => copied(token)));
  await redis.flushall();
  const { identify, outcome } = instance({ unknownTokensPerSecond: 1, unknownTokenReadsPerSecond: 1_000 });
  const flood = Promise.all(Array.from({ length: 200 }, () => outcome(fresh('slk_'))));
  const met = await Promise.all(known.map(async ({ id, token }) => (await identify(token)).id === id));
  assert.deepEqual(
    met,
    Array.from({ length: 30 }, () => true),
  );
  const counted = Map.groupBy(await flood, (one) => one);
  assert.equal(
    (counted.get('invalid-token')?.length ?? 0) + (counted.get('too-many-unknown-tokens')?.length ?? 0),
    200,
  );
  assert.ok((counted.get('invalid-token')?.length ?? 0) <= 5);
  for (const { id, token } of known) assert.equal((await identify(token)).id, id);
});

test('reads of the directory have a bound too', async () => {
  const { outcome } = instance({ unknownTokensPerSecond: 100, unknownTokenReadsPerSecond: 1 });
  sourcegraph.asked.length = 0;
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => outcome(fresh('slk_'))));
  assert.ok(asked('CheckAccessToken') <= 5);
  assert.ok(outcomes.filter((one) => one === 'too-many-unknown-tokens').length >= 45);
});

test('callers that nobody can vouch for any more are served as last known: source, directory and both away, warm and cold instances', async () => {
  const { id, token } = stated();
  const warm = instance();
  await warm.identify(token);
  await copied(token);
  // A directory that nobody answers at, until the test is over: its client tries for a minute.
  let open = false;
  const gate = createServer((socket) => {
    if (!open) return void socket.destroy();
    const behind = connect(Number(emulator.host.split(':')[1]), '127.0.0.1');
    for (const end of [socket, behind]) end.on('error', () => undefined);
    socket.pipe(behind).pipe(socket);
  });
  const away = { firestoreEmulatorHost: `127.0.0.1:${await listen(gate)}` };
  sourcegraph.outage = 503;
  warm.clock.nowMs += 11_000;
  assert.equal((await warm.identify(token)).id, id);
  await redis.hset(copyOf(token), 'at', String(Date.now() - 60 * minuteMs));
  const cold = instance(away);
  assert.equal((await cold.identify(token)).id, id);
  assert.match(cold.clock.warnings.join(), /the last known actor is served/);
  // An unknown caller gets a 503, never a 401 that could be a lie.
  assert.equal(await cold.outcome(fresh('slk_')), 'directory-unavailable');
  open = true;
  cold.clock.nowMs += 61_000;
  while ((await cold.outcome(fresh('slk_'))) !== 'invalid-token') sourcegraph.outage = null;
  gate.close();
});

test('a subscription that an operator made is the directory’s own: no source is asked', async () => {
  const { token } = await createSubscription(documents, {
    name: 'own',
    limits: { chat_completions: { limit: 5, intervalSeconds: 60, allowedModels: ['*'] } },
  });
  const { auth, identify } = instance();
  const actor = await identify(token);
  await auth.refresh({ token, address: '' }, actor);
  assert.equal(sourcegraph.asked.length, 0);
});

test('anonymous callers: let in by configuration, each network with a pool of its own', async () => {
  const { auth } = instance({ allowAnonymous: true });
  const at = async (address: string) => auth.identify({ token: '', address }, { leftMs: 50 });
  const [one, two, six, beside, far] = await Promise.all(
    ['192.0.2.1', '192.0.2.2', '2001:db8:1:2::1', '2001:db8:1:2:ffff::9', '2001:db8:1:3::1'].map(at),
  );
  assert.deepEqual([one?.id, one?.source, one?.accessEnabled], ['anonymous', 'anonymous', true]);
  assert.notEqual(one?.pool, two?.pool);
  assert.equal(six?.pool, beside?.pool);
  assert.notEqual(six?.pool, far?.pool);
  assert.equal((await at('::ffff:192.0.2.1')).pool, one?.pool);
  assert.doesNotMatch(one?.pool ?? '', /192/);
  const { chat_completions: chat, code_completions: code, embeddings } = one?.limits ?? {};
  assert.deepEqual([chat?.limit, code?.limit, embeddings?.limit], [50, 1_000, 100_000]);
  assert.equal(embeddings?.burst.limit, 10);
});
