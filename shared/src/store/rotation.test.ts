// Redis's password is changed while calls come: standing connections are not refused once, new ones wait for the new
// password, and it stands in no line.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRotatingRedis, type RotatingRedis } from '../../../scripts/local/process/rotating-redis.ts';
import { connectStore, type Store, type StoreChange, type StoreSettings } from './connection.ts';
import { wordsOf } from './refusals.ts';

const [old, fresh] = ['0ld-pa55word', 'n3w-pa55word'];
let dir: string;
let redis: RotatingRedis;
const file = (): string => path.join(dir, 'password');

beforeEach(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'gateway-password-'));
  writeFileSync(file(), `${old}\n`);
  redis = await startRotatingRedis(old);
});
afterEach(async () => {
  await redis.close();
  rmSync(dir, { recursive: true });
});

interface Instance {
  readonly store: Store;
  readonly changes: StoreChange[];
  /** Resolves when its port is open. */
  readonly opened: Promise<void>;
  readonly isOpen: () => boolean;
}

function instance(t: TestContext, more: Partial<StoreSettings> = {}): Instance {
  const changes: StoreChange[] = [];
  const store = connectStore(
    { redisEndpoint: redis.url, redisBudgetMs: 2_000, redisPasswordFile: file(), ...more },
    () => undefined,
    { changed: (change) => void changes.push(change) },
  );
  t.after(() => store.close());
  let isOpen = false;
  const opened = store.opened().then(() => void (isOpen = true));
  return { store, changes, opened, isOpen: () => isOpen };
}

const serves = async ({ store }: Instance): Promise<void> =>
  assert.deepEqual(await store.commands([['ping']], { leftMs: 2_000 }), ['PONG']);

/** Until it has been refused, and some more. */
async function refused({ changes }: Instance): Promise<void> {
  while (changes.length === 0) await sleep(5);
  await sleep(300);
}

test('a rotation: who stands is served throughout, who comes is served at its first command, whenever it came', async (t) => {
  const standing = instance(t);
  await standing.opened;
  await serves(standing);

  await redis.off();
  await serves(standing);
  const meanwhile = instance(t);
  await meanwhile.opened;
  await serves(meanwhile);

  // On again, and the secret has not been told yet.
  await redis.on(fresh);
  await Promise.all([serves(standing), serves(meanwhile)]);
  const early = instance(t);
  await refused(early);
  assert.equal(early.isOpen(), false);
  writeFileSync(file(), fresh);
  await early.opened;
  await Promise.all([standing, meanwhile, early].map(serves));
  assert.deepEqual([...standing.changes, ...meanwhile.changes], []);
  assert.deepEqual(
    early.changes.map(({ state, cause }) => `${state} ${cause}`),
    ['open refusing', 'closed refusing'],
  );

  // The next connections of those that stood.
  redis.dropConnections();
  while (standing.changes.length === 0) await sleep(5);
  assert.deepEqual(await standing.store.commands([['ping']], { leftMs: 20_000, patient: true }), ['PONG']);
});

test('AUTH is refused outright while it is off: who comes waits', async (t) => {
  await redis.off('-WRONGPASS invalid username-password pair or user is disabled.');
  const early = instance(t);
  await refused(early);
  assert.equal(early.isOpen(), false);
  await redis.on(old);
  await early.opened;
  await serves(early);
});

test('a password that stays wrong: the port opens at the bound, Redis’s own words are told, and the password is not', async (t) => {
  await redis.on(fresh);
  const wrong = instance(t, { redisStartMs: 700 });
  await wrong.opened;
  await assert.rejects(wrong.store.commands([['ping']], { leftMs: 2_000 }), /redis is away \(refusing\)/);
  const words = wrong.changes.map(({ error }) => wordsOf(error));
  assert.match(words.join('\n'), /^WRONGPASS /);
  for (const secret of [old, fresh]) assert.ok(!words.join('\n').includes(secret));
});

test('a standing instance that loses its connection to a new password tells the reason, which came after the loss', async (t) => {
  const standing = instance(t);
  await standing.opened;
  await serves(standing);
  await redis.on(fresh);
  redis.dropConnections();
  while (!standing.changes.some(({ state }) => state === 'explained')) await sleep(5);
  const explained = standing.changes.find(({ state }) => state === 'explained');
  assert.match(wordsOf(explained?.error) ?? '', /^WRONGPASS /);
  writeFileSync(file(), fresh);
  assert.deepEqual(await standing.store.commands([['ping']], { leftMs: 20_000, patient: true }), ['PONG']);
});
