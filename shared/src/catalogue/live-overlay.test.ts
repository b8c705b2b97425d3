// The overlay on a real Redis and Firestore's emulator: what is written is in force everywhere, whoever is away the
// last known catalogue serves, a bad document takes nothing away, and writers at once lose nothing.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, beforeEach, test } from 'node:test';
import { Redis } from 'ioredis';
import { startFirestore, type LocalFirestore } from '../../../scripts/local/google/firestore.ts';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import { listAudit, openDocuments, type DocumentReader, type Documents } from '../documents/documents.ts';
import { connectStore, keys, type Store } from '../store/store.ts';
import { changeOverlay, OverlayRefused, type ChangedOverlay, type RowEdit } from './change-overlay.ts';
import { defaultPrices, defaultsLayer } from './defaults.ts';
import { openOverlay } from './open-overlay.ts';
import type { OverlayCopy } from './overlay-copy.ts';
import { markerPath, overlayPath } from './overlay-firestore.ts';
import { readReviewed } from './reviewed-state.ts';

const parts = { reviewed: [defaultsLayer()], mounted: () => true, defaultPrices };
const author = { who: 'o@example.com', why: 'a test' };
const model = 'openai/gpt-4o';
let emulator: LocalFirestore;
let server: LocalRedis;
let redis: Redis;
let store: Store;
let documents: Documents;
let project = 'p0';

before(async () => {
  [emulator, server] = await Promise.all([startFirestore(), startRedis()]);
  redis = new Redis(server.url);
  store = connectStore({ redisEndpoint: server.url }, () => undefined);
});
let number = 0;
beforeEach(async () => {
  await redis.flushall();
  await documents?.close();
  project = `p${(number += 1)}`;
  documents = openDocuments({ firestoreEmulatorHost: emulator.host, googleCloudProject: project });
});
after(async () => {
  redis.disconnect();
  await Promise.all([store.close(), documents.close()]);
  await Promise.all([server.close(), emulator.close()]);
});

interface Instance {
  readonly copy: OverlayCopy;
  /** Paths that were asked of Firestore. */
  readonly asked: string[];
  readonly told: string[];
  /** What the model is to a call at this moment of the instance's clock. */
  kindAt(nowMs: number, name?: string): Promise<string>;
}

function instance({ on = store, from = documents }: { on?: Store; from?: DocumentReader } = {}): Instance {
  const [asked, told]: [string[], string[]] = [[], []];
  const reader: DocumentReader = {
    read: (one, timeoutMs) => (asked.push(one), from.read(one, timeoutMs)),
    readAll: (many, timeoutMs) => (asked.push(...many), from.readAll(many, timeoutMs)),
  };
  // Long enough for a busy machine: that nobody waits for longer is shown beside overlay-copy.ts.
  const config = { functionName: 'f', redisBudgetMs: 10_000, billingTimeZone: 'Europe/Berlin' };
  const copy = openOverlay({
    config,
    store: on,
    documents: reader,
    parts,
    now: () => 0,
    onFaults: (faults) => void told.push(...faults),
  });
  const kindAt = async (nowMs: number, name = model): Promise<string> => (await copy.use(nowMs)).resolve(name).kind;
  return { copy, asked, told, kindAt };
}

const write = (edits: readonly RowEdit[], to: Store | null = store): Promise<ChangedOverlay> =>
  changeOverlay({ documents, store: to, parts }, { author, what: 'models change' }, Date.now(), () => ({
    edits,
    text: JSON.stringify(edits),
  }));
const edit = (set: Record<string, unknown>, id = model): RowEdit => ({
  kind: 'models',
  provider: 'openai',
  key: { id },
  set,
});
const disable = (to?: Store | null): Promise<ChangedOverlay> => write([edit({ disabled: 'an incident' })], to);
const enable = (to?: Store | null): Promise<ChangedOverlay> => write([{ ...edit({}), unset: ['disabled'] }], to);
/** Redis's copy was confirmed so long ago. */
const age = async (ms: number): Promise<void> => void (await redis.hincrby(keys.catalogue(), 'at', -ms));
const away = (): Store => connectStore({ redisEndpoint: 'redis://127.0.0.1:1' }, () => undefined);
const noFirestore = (): Documents =>
  openDocuments({ firestoreEmulatorHost: '127.0.0.1:1', googleCloudProject: project });

test('nobody ever wrote: Firestore is asked once for everybody', async () => {
  const [first, second] = [instance(), instance()];
  assert.equal(await first.kindAt(0), 'served');
  assert.equal(await second.kindAt(0), 'served');
  assert.deepEqual([first.asked, second.asked], [[markerPath], []]);
  assert.deepEqual([...first.told, ...second.told], []);
});

test('a change is in force for the call ten seconds later, and Firestore is not asked where Redis was told', async () => {
  const one = instance();
  assert.equal(await one.kindAt(0), 'served');
  const changed = await disable();
  assert.equal(changed.published, true);
  assert.equal(changed.catalogue.resolve(model).kind, 'disabled');
  assert.equal(await one.kindAt(4_999), 'served', 'its copy is young');
  assert.equal(await one.kindAt(10_000), 'disabled');
  assert.deepEqual(one.asked, [markerPath]);
  assert.equal((await enable()).published, true);
  assert.equal(await one.kindAt(20_000), 'served');
  const [latest] = await listAudit(documents, null, 1);
  assert.deepEqual(
    [latest?.who, latest?.why, latest?.what, latest?.subject],
    [author.who, author.why, 'models change', null],
  );
});

test('also where nobody told Redis: its copy is asked about when it is five seconds old, by one for all', async () => {
  const [one, other] = [instance(), instance()];
  await disable();
  await Promise.all([one.kindAt(0), other.kindAt(0)]);
  assert.deepEqual(one.asked, []);
  assert.equal((await enable(null)).published, false);
  assert.equal(await one.kindAt(5_000), 'disabled', 'Redis answers for Firestore as long as it is young');
  await age(5_000);
  assert.equal(await one.kindAt(10_000), 'served');
  assert.deepEqual(one.asked, [markerPath, overlayPath('models:openai')]);
  assert.equal(await other.kindAt(10_000), 'served');
  assert.deepEqual(other.asked, []);
  await age(5_000);
  await one.kindAt(15_000);
  assert.deepEqual(one.asked.slice(2), [markerPath], 'the version alone, which makes the copy young');
  await other.kindAt(15_000);
  assert.deepEqual(other.asked, []);
});

test('writers at once lose nothing, whatever document they write', async () => {
  const names = Array.from({ length: 6 }, (_, n) => `gpt-at-once-${n}`);
  await Promise.all([
    ...names.slice(0, 3).map((name) => write([edit({ title: name }, `openai/${name}`)])),
    ...names
      .slice(3)
      .map((name) =>
        write([
          { kind: 'homes', provider: 'openai', key: { id: 'openai-api' }, set: { callsMax: Number(name.at(-1)) } },
        ]),
      ),
  ]);
  const one = instance();
  const catalogue = await one.copy.use(0);
  for (const name of names.slice(0, 3)) assert.equal(catalogue.resolve(name).kind, 'served', name);
  assert.ok([3, 4, 5].includes(catalogue.homes.find(({ row }) => row.id === 'openai-api')?.row.callsMax ?? 0));
  const marker = (await documents.read(markerPath, 5_000))?.data;
  assert.deepEqual(marker, { writes: 6, documents: ['homes:openai', 'models:openai'] });
  assert.equal((await listAudit(documents, null, 100)).length, 6);
});

test('Redis away: Firestore is asked; Firestore away: Redis answers, however old; both away: the last known serves', async () => {
  await disable();
  const noRedis = away();
  const one = instance({ on: noRedis });
  assert.equal(await one.kindAt(0), 'disabled');
  await enable(null);
  assert.equal(await one.kindAt(10_000), 'served');
  assert.deepEqual(one.told, []);

  const without = noFirestore();
  const [warm, cold] = [instance({ from: without }), instance({ from: without })];
  assert.equal(await warm.kindAt(0), 'disabled');
  await age(3_600_000);
  assert.equal(await warm.kindAt(10_000), 'disabled');
  assert.equal(await cold.kindAt(0), 'disabled', 'what Redis had an hour ago');
  assert.deepEqual([warm.copy.isConfirmed(), cold.copy.isConfirmed()], [true, false]);
  for (const { told } of [warm, cold]) assert.match(told.join(), /^the catalogue's overlay can't be read: /);

  const neither = instance({ on: noRedis, from: without });
  assert.equal(await neither.kindAt(0), 'served', 'what is reviewed');
  await noRedis.close();
});

test('a bad document found anyway, or none: the last good one stays, for instances that start now too, and the next write mends it', async () => {
  const warm = instance();
  await disable();
  await warm.kindAt(0);
  const firestore = await documents.client();
  const spoil = async (change: () => Promise<unknown>): Promise<void> => {
    await change();
    const writes = Date.now();
    await firestore.doc(markerPath).update({ writes });
    await age(5_000);
  };
  const document = firestore.doc(overlayPath('models:openai'));
  await spoil(() => document.set({ text: '{' }));
  const filler = instance();
  assert.equal(await filler.kindAt(0), 'disabled');
  assert.equal(await warm.kindAt(10_000), 'disabled');
  const cold = instance();
  assert.equal(await cold.kindAt(0), 'disabled');
  for (const { told } of [filler, warm, cold])
    assert.match(told.join(), /^overlay models:openai: is not JSON: .*stays$/);

  await spoil(() => document.delete());
  assert.equal(await warm.kindAt(20_000), 'disabled');
  assert.match(warm.told.at(-1) ?? '', /^overlay models:openai: is gone/);
  assert.equal(await instance().kindAt(0), 'disabled');

  await write([edit({ title: 'mended' })]);
  const mended = instance();
  assert.equal(await mended.kindAt(0), 'disabled', 'the row that was there before');
  assert.deepEqual(mended.told, []);
});

test('without a copy in Redis a bad document is not written over, and the operator is told what to do', async () => {
  await disable();
  const firestore = await documents.client();
  await firestore.doc(overlayPath('models:openai')).set({ text: '{' });
  await redis.flushall();
  await assert.rejects(
    enable(),
    /catalogue\/models:openai can't be read.*\n.*\nMend it by hand, or take models:openai out/,
  );
});

test('a document that was begun anew, as the operator is told to, is in force too', async () => {
  const warm = instance();
  await disable();
  await disable();
  await warm.kindAt(0);
  const firestore = await documents.client();
  await firestore.doc(overlayPath('models:openai')).delete();
  await firestore.doc(markerPath).set({ writes: 9, documents: [] });
  await redis.flushall();
  await write([edit({ title: 'anew' })]);
  assert.equal(await warm.kindAt(10_000), 'served');
});

test('a version that is gone or malformed is no empty catalogue', async () => {
  await disable();
  const warm = instance();
  await warm.kindAt(0);
  const firestore = await documents.client();
  for (const spoil of [
    () => firestore.doc(markerPath).set({ documents: 7 }),
    () => firestore.doc(markerPath).delete(),
  ]) {
    await spoil();
    await age(5_000);
    assert.equal(await warm.kindAt(100_000), 'disabled');
    const cold = instance();
    assert.equal(await cold.kindAt(0), 'disabled');
    for (const { told } of [warm, cold]) assert.match(told.at(-1) ?? '', /catalogue\/version is (gone|malformed)/);
  }
});

test('what may not stand is refused with its reason, and leaves neither a document nor a record', async () => {
  const title = 'x'.repeat(90);
  const many = Array.from({ length: 3_000 }, (_, n) => edit({ title }, `openai/many-${n}`));
  const cases: readonly (readonly [readonly RowEdit[], RegExp])[] = [
    [[edit({ contextTokens: 'many' })], /models openai\/gpt-4o: contextTokens: is not a number/],
    [[edit({ homes: ['nowhere'] })], /models openai\/gpt-4o: homes: there is no home nowhere/],
    [[{ ...edit({}), provider: 'google' }], /belongs to openai, and the document is google's/],
    [
      [{ kind: 'homes', provider: 'openai', key: { id: 'openai-api' }, set: { baseUrl: 'https://evil.example' } }],
      /CODY_GATEWAY_OPENAI_ACCESS_TOKEN may not be sent to https:\/\/evil\.example/,
    ],
    [many, /has \d{6} bytes, at most 524288 are taken/],
  ];
  for (const [edits, says] of cases) {
    await assert.rejects(write(edits), (error) => error instanceof OverlayRefused && says.test(error.message));
  }
  assert.equal(await documents.read(markerPath, 5_000), null);
  assert.deepEqual(await listAudit(documents, null, 10), []);
});

test('a fault that stands keeps nobody from another change: a kill switch works beside it', async () => {
  const firestore = await documents.client();
  const text = JSON.stringify({
    kind: 'models',
    provider: 'google',
    version: 1,
    rows: [{ id: 'google/x', homes: ['gone-with-a-release'], source: 's', asOf: '2026-11-28' }],
  });
  await firestore.doc(overlayPath('models:google')).set({ text });
  await firestore.doc(markerPath).set({ writes: 1, documents: ['models:google'] });
  assert.equal((await disable()).catalogue.resolve(model).kind, 'disabled');
});

test('what the gateway has below the overlay is known to the operator’s command', async () => {
  await instance().kindAt(0);
  const state = await readReviewed(store, { leftMs: 10_000 });
  assert.ok(state?.mounted.includes('CODY_GATEWAY_OPENAI_ACCESS_TOKEN'));
  assert.deepEqual(state?.environment, []);
  assert.equal(state?.timeZone, 'Europe/Berlin');
});

test('an instance whose process stood still during the change sees it in its first call', async () => {
  await instance().kindAt(0);
  const child = spawn(process.execPath, ['--input-type=module', '-e', instanceProgram], {
    env: { ...process.env, REDIS_ENDPOINT: server.url, FIRESTORE_EMULATOR_HOST: emulator.host, PROJECT: project },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (sleptMs: number): Promise<unknown> => {
    child.stdin.write(`${sleptMs}\n`);
    return (await lines.next()).value;
  };
  assert.equal(await ask(0), 'served');
  child.kill('SIGSTOP');
  await disable();
  child.kill('SIGCONT');
  assert.equal(await ask(10_000), 'disabled');
  await end(child);
});

/** An instance that answers each line, how far its clock has gone, with what the model is to a call then. */
const instanceProgram = `
import { createInterface } from 'node:readline';
import { defaultPrices, defaultsLayer, openOverlay } from '${import.meta.dirname}/catalogue.ts';
import { openDocuments } from '${import.meta.dirname}/../documents/documents.ts';
import { connectStore } from '${import.meta.dirname}/../store/store.ts';
const { REDIS_ENDPOINT, FIRESTORE_EMULATOR_HOST, PROJECT } = process.env;
const copy = openOverlay({
  config: { functionName: 'f', redisBudgetMs: 10_000 },
  store: connectStore({ redisEndpoint: REDIS_ENDPOINT }, () => undefined),
  documents: openDocuments({ firestoreEmulatorHost: FIRESTORE_EMULATOR_HOST, googleCloudProject: PROJECT }),
  parts: { reviewed: [defaultsLayer()], mounted: () => true, defaultPrices },
  now: Date.now,
  onFaults: console.error,
});
for await (const line of createInterface({ input: process.stdin }))
  console.log((await copy.use(Number(line))).resolve('${model}').kind);
process.exit(0);
`;

async function end(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  await once(child, 'close');
}
