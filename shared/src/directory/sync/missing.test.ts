// What a list lacks is believed up to a handful or a share; beyond that each is asked for by itself, so many in one
// run, and only what is definitely gone is taken off.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SourceUnavailable, type AccessSource, type Statement } from '../sources/access-source.ts';
import { goneOf, type MissingFromList } from './missing.ts';
import type { SourceList } from './source-list.ts';

const never = new AbortController().signal;
const lines: { severity: string; fields: Readonly<Record<string, unknown>> }[] = [];
const trace = {
  log: (severity: string, _message: string, fields: Readonly<Record<string, unknown>>) =>
    void lines.push({ severity, fields }),
};
const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `id-${i}`);
const list = (listed: number, unreadable: string[] = []): SourceList => ({
  statements: new Map(),
  unreadable: new Set(unreadable),
  unreadableRecords: unreadable.length,
  listed,
  tokens: { holderOf: () => null, whole: true },
  shared: [],
  fault: null,
});

/** A source of which these are gone, and that can't answer about those. */
function sourceOf(gone: readonly string[], mute: readonly string[] = []) {
  const asked: string[] = [];
  const findById: AccessSource['findById'] = async (id) => {
    asked.push(id);
    if (mute.includes(id)) throw new SourceUnavailable('away');
    return gone.includes(id) ? null : ({ id } as Statement);
  };
  return { asked, findById };
}

async function judge(more: Partial<MissingFromList> & Pick<MissingFromList, 'missing' | 'source'>) {
  lines.length = 0;
  return goneOf({ known: 100, list: list(50), percentMax: 10, nowMs: 0, ...more }, trace, never);
}

test('a handful and a share are believed without a question', async () => {
  const source = sourceOf([]);
  assert.deepEqual(await judge({ missing: ids(5), known: 6, source }), ids(5));
  assert.deepEqual(await judge({ missing: ids(10), source }), ids(10));
  assert.deepEqual([source.asked, lines], [[], []]);
});

test('beyond that each is asked for: what is gone is taken off, what is not or does not answer stays, and an error tells', async () => {
  const source = sourceOf(ids(8), ['id-9', 'id-10']);
  assert.deepEqual((await judge({ missing: ids(12), source })).toSorted(), ids(8).toSorted());
  assert.equal(source.asked.length, 12);
  const [line] = lines;
  assert.deepEqual(
    [line?.severity, line?.fields['gone'], line?.fields['kept'], line?.fields['failed']],
    ['ERROR', 8, 4, 2],
  );
  const all = sourceOf(ids(12));
  assert.equal((await judge({ missing: ids(12), source: all })).length, 12);
  assert.equal(lines[0]?.severity, 'WARNING');
});

test('one run asks so many, the next asks about others, and in the end all are asked', async () => {
  const source = sourceOf([]);
  const runs = [0, 1, 2];
  for (const run of runs) {
    await judge({ missing: ids(500), known: 1_000, source, nowMs: run * 120_000 });
    assert.ok(source.asked.length <= (run + 1) * 200);
  }
  assert.equal(new Set(source.asked).size, 500);
});

test('a source that does not answer is left alone soon', async () => {
  const source = sourceOf([], ids(100));
  assert.deepEqual(await judge({ missing: ids(100), known: 200, source }), []);
  assert.ok(source.asked.length <= 8, `${source.asked.length} questions`);
});

test('an empty list is no farewell, whatever the source says of each; a record without a name makes each a question', async () => {
  const source = sourceOf(ids(3));
  assert.deepEqual(await judge({ missing: ids(3), source, list: list(0) }), []);
  assert.deepEqual([source.asked, lines[0]?.severity], [[], 'ERROR']);
  assert.deepEqual((await judge({ missing: ids(4), source, list: list(9, ['']) })).toSorted(), ids(3));
  assert.equal(source.asked.length, 4);
});

test('a source that can’t be asked so keeps all of them', async () => {
  assert.deepEqual(await judge({ missing: ids(11), source: { findById: null } }), []);
  assert.equal(lines[0]?.severity, 'ERROR');
});
