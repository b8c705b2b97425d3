// The copy by age at use: who reads what when, what a bad, lost or older document changes, and that a failing source
// stops nobody.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultsLayer } from './defaults.ts';
import { OverlayCopy } from './overlay-copy.ts';
import { overlayText } from './overlay-document.ts';
import type { OverlayBody } from './overlay-redis.ts';
import type { PartialRow } from './row-kind.ts';

/** A source in memory, for its clock and its faults; the real one is the room of documents. */
function rig(patientWaitMs = 1_000) {
  const reads: string[] = [];
  const told: (readonly string[])[] = [];
  const state = {
    version: null as string | null,
    body: {} as Record<string, string>,
    faults: [] as string[],
    lastKnown: null as OverlayBody | null,
    fails: false,
    gate: Promise.resolve(),
  };
  const read = async <T>(what: string, value: () => T): Promise<T> => {
    reads.push(what);
    await state.gate;
    if (state.fails) throw new Error('Redis is away');
    return value();
  };
  const copy = new OverlayCopy({
    parts: { reviewed: [defaultsLayer()], mounted: () => true, defaultPrices: () => Promise.resolve([]) },
    source: {
      readVersion: () => read('version', () => state.version),
      readBody: () => read('body', () => ({ documents: { ...state.body }, faults: state.faults })),
      lastKnown: async () => state.lastKnown,
    },
    patientWaitMs,
    onFaults: (faults) => void told.push(faults),
  });
  let writes = 0;
  const write = (version: number, ...rows: PartialRow[]): void => {
    state.body['models:openai'] = overlayText({ kind: 'models', provider: 'openai', version, rows });
    state.version = String((writes += 1));
  };
  const kindAt = async (nowMs: number, name = 'gpt-4o') => (await copy.use(nowMs)).resolve(name).kind;
  return { copy, state, reads, told, write, kindAt };
}
/** A promise that its test ends. */
const held = (): PromiseWithResolvers<void> => Promise.withResolvers<void>();
const disabled = { id: 'openai/gpt-4o', disabled: 'an incident' };

test('nothing was ever written: the reviewed layers, and one look every ten seconds', async () => {
  const { copy, reads, kindAt } = rig();
  assert.equal(copy.isConfirmed(), false);
  for (const ms of [0, 1, 9_999, 10_000, 19_999, 20_000]) assert.equal(await kindAt(ms), 'served');
  assert.deepEqual(reads, ['version', 'version', 'version']);
  assert.equal(copy.isConfirmed(), true);
});

test('a change is seen by the first call ten seconds later; the body is read only then', async () => {
  const { reads, write, kindAt } = rig();
  await kindAt(0);
  write(1, disabled);
  assert.equal(await kindAt(9_999), 'served');
  assert.equal(await kindAt(10_000), 'disabled');
  assert.equal(await kindAt(20_000), 'disabled');
  assert.deepEqual(reads, ['version', 'version', 'body', 'version']);
});

test('an instance that stood still for an hour looks before it answers', async () => {
  const { write, kindAt } = rig();
  await kindAt(0);
  write(1, disabled);
  assert.equal(await kindAt(3_600_000), 'disabled');
});

test('a clock that is set back makes nothing younger', async () => {
  const { write, kindAt } = rig();
  await kindAt(3_600_000);
  write(1, disabled);
  assert.equal(await kindAt(0), 'disabled');
});

test('calls at the same time share one look', async () => {
  const { state, reads, write, copy } = rig();
  write(1, disabled);
  const gate = Promise.withResolvers<void>();
  state.gate = gate.promise;
  const calls = Array.from({ length: 100 }, () => copy.use(0));
  gate.resolve();
  const catalogues = await Promise.all(calls);
  assert.deepEqual(reads, ['version', 'body']);
  assert.ok(catalogues.every((catalogue) => catalogue.resolve('gpt-4o').kind === 'disabled'));
});

test('a snapshot that a call took stays as it was', async () => {
  const { write, copy, kindAt } = rig();
  const before = await copy.use(0);
  write(1, disabled);
  assert.equal(await kindAt(10_000), 'disabled');
  assert.equal(before.resolve('gpt-4o').kind, 'served');
  assert.notEqual(copy.latest(), before);
});

test('where the source fails the last known catalogue serves, asked again once a second, told once', async () => {
  const { state, reads, told, write, kindAt } = rig();
  write(1, disabled);
  await kindAt(0);
  state.fails = true;
  for (const ms of [10_000, 10_500, 11_000, 12_000]) assert.equal(await kindAt(ms), 'disabled');
  assert.equal(reads.length, 2 + 3);
  assert.deepEqual(told, [["the catalogue's overlay can't be read: Redis is away"]]);
  state.fails = false;
  write(2);
  assert.equal(await kindAt(13_000), 'served');
  state.fails = true;
  await kindAt(23_000);
  assert.equal(told.length, 2);
});

test('a cold instance without a source serves what is reviewed, and takes the overlay when it can', async () => {
  const { copy, state, write, kindAt } = rig();
  write(1, disabled);
  state.fails = true;
  assert.equal(await kindAt(0), 'served');
  assert.equal(copy.isConfirmed(), false);
  state.fails = false;
  assert.equal(await kindAt(1_000), 'disabled');
});

test('of a bad document the last good one stays, and an error says why', async () => {
  const { state, told, write, kindAt } = rig();
  write(1, disabled);
  await kindAt(0);
  write(2, { id: 'openai/gpt-4o', disabled: 7 });
  assert.equal(await kindAt(10_000), 'disabled');
  assert.match(told[0]?.[0] ?? '', /^overlay models:openai: models openai\/gpt-4o: disabled: /);
  state.body['models:openai'] = '{';
  state.version = 'x';
  assert.equal(await kindAt(20_000), 'disabled');
  assert.match(told[1]?.[0] ?? '', /^overlay models:openai: is not JSON/);
  write(3);
  assert.equal(await kindAt(30_000), 'served');
});

test('a document that is gone is not an empty one, nor is a version that is gone', async () => {
  const { state, told, write, kindAt } = rig();
  write(1, disabled);
  await kindAt(0);
  state.body = {};
  state.version = 'lost';
  assert.equal(await kindAt(10_000), 'disabled');
  assert.deepEqual(told[0], ['overlay models:openai: is gone (version lost); its last good copy stays']);
  state.version = null;
  assert.equal(await kindAt(20_000), 'disabled');
  assert.equal(told.length, 2);
});

test('an older document takes nothing back', async () => {
  const { write, kindAt } = rig();
  write(5, disabled);
  await kindAt(0);
  write(4);
  assert.equal(await kindAt(10_000), 'disabled');
  write(6);
  assert.equal(await kindAt(20_000), 'served');
});

test('one bad document keeps no other from being taken; a row of nobody is told and left out', async () => {
  const { state, told, write, kindAt } = rig();
  state.body['homes:openai'] = 'not a document';
  write(1, disabled, { id: 'openai/gpt-7' });
  assert.equal(await kindAt(0), 'disabled');
  assert.deepEqual(
    told.flat().map((fault) => fault.split(':').slice(0, 2).join(':')),
    ['overlay homes:openai', 'models openai/gpt-7: source', 'models openai/gpt-7: asOf'],
  );
});

test('what lasts is told again each minute: a source that fails, a document that is bad', async () => {
  const { state, told, write, kindAt } = rig();
  write(1, disabled);
  state.faults = ['overlay homes:openai: is not JSON'];
  for (let ms = 0; ms < 180_000; ms += 10_000) await kindAt(ms);
  assert.equal(told.length, 3);
  assert.ok(told.every(([fault]) => fault === 'overlay homes:openai: is not JSON'));
  state.fails = true;
  for (let ms = 180_000; ms < 300_000; ms += 1_000) await kindAt(ms);
  assert.equal(told.length, 5);
});

test('a slow source is waited for a moment only, and by those who come in that moment; its answer is for whoever comes then', async () => {
  const { copy, state, reads, write, kindAt } = rig();
  await kindAt(0);
  write(1, disabled);
  const gate = held();
  state.gate = gate.promise;
  // Each of these ends although the source does not answer; the last two without any wait.
  for (const ms of [10_000, 10_049, 10_050, 30_000]) assert.equal(await kindAt(ms), 'served');
  assert.equal(reads.length, 2, 'one look');
  gate.resolve();
  await copy.idle();
  assert.equal(await kindAt(10_060), 'disabled');
});

test('who has just started, or slept long, waits for longer; not when the source has failed just now', async () => {
  for (const asleepMs of [null, 40_000]) {
    const { state, write, kindAt } = rig();
    if (asleepMs !== null) await kindAt(0);
    write(1, disabled);
    const gate = held();
    state.gate = gate.promise;
    const call = kindAt(asleepMs ?? 0);
    // Longer than the wait of a call whose copy is of a moment ago.
    setTimeout(() => gate.resolve(), 100);
    assert.equal(await call, 'disabled');
  }
  // A wait that has no end: whoever waited for it would never come back.
  const { state, kindAt } = rig(2 ** 31 - 1);
  state.fails = true;
  await kindAt(0);
  state.gate = held().promise;
  assert.equal(await kindAt(100_000), 'served');
});

test('a cold instance whose source fails takes what Redis has, however old, and goes on asking', async () => {
  const { copy, state, write, kindAt } = rig();
  write(1, disabled);
  state.lastKnown = { documents: { ...state.body }, faults: [] };
  state.fails = true;
  assert.equal(await kindAt(0), 'disabled');
  assert.equal(copy.isConfirmed(), false);
  write(2);
  state.fails = false;
  assert.equal(await kindAt(1_000), 'served');
  assert.equal(copy.isConfirmed(), true);
});
