// Whose a token is after statements come and go, on Firestore's real client: what somebody loses is revoked only where
// it is still theirs, and what an operator revoked is given to nobody.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Firestore } from '@google-cloud/firestore';
import { startFirestore, type LocalFirestore } from '../../../scripts/local/google/firestore.ts';
import { openDocuments, type Documents } from '../documents/documents.ts';
import { listedTokens, type ListedTokens } from './listed-tokens.ts';
import type { Statement } from './sources/access-source.ts';
import { saveStatement, saveStatements } from './statements.ts';
import { pruneSubscriptions, takeToken } from './withdrawals.ts';

let emulator: LocalFirestore;
let documents: Documents;
let firestore: Firestore;
before(async () => {
  emulator = await startFirestore();
  documents = openDocuments({ firestoreEmulatorHost: emulator.host, googleCloudProject: 'p' });
  firestore = await documents.client();
});
beforeEach(async () => {
  for (const collection of ['tokens', 'subscriptions'])
    for (const { ref } of (await firestore.collection(collection).get()).docs) await ref.delete();
});
after(async () => {
  await documents.close();
  await emulator.close();
});

const nowMs = Date.parse('2026-01-01');
const statement = (id: string, tokenHashes: string[] | null, archived = false): Statement => ({
  source: 'dotcom-product-subscriptions',
  id,
  name: id,
  accessEnabled: true,
  archived,
  tags: [],
  limits: { chat_completions: null, code_completions: null, embeddings: null },
  unreadableLimits: [],
  tokenHashes,
});
const save = (list: ListedTokens, ...statements: Statement[]) =>
  saveStatements(firestore, statements, 'portal', nowMs, list);
const listOf = (...statements: Statement[]): ListedTokens => listedTokens(statements, true).listed;
const owner = async (hash: string): Promise<[string, boolean]> => {
  const found = await firestore.doc(`tokens/${hash}`).get();
  return [String(found.get('actor')), found.get('revoked') === true];
};
const tokensOf = async (id: string): Promise<unknown> =>
  (await firestore.doc(`subscriptions/${id}`).get()).get('tokens');
const noHandOver = async (): Promise<void> => undefined;

/** `t` was a's, and a look-up found out that it is b's now: a's document still lists it. */
async function movedByLookUp(): Promise<void> {
  const [a, b] = [statement('a', ['t', 'x']), statement('b', ['y'])];
  await save(listOf(a, b), a, b);
  await saveStatement(firestore, statement('b', ['y', 't']), 'portal', 't', nowMs);
  assert.deepEqual(await tokensOf('a'), ['t', 'x']);
}

test('a token that is another’s by now is not revoked by a list that can’t read the other', async () => {
  await movedByLookUp();
  const [saved] = await save(listOf(statement('a', ['x'])), statement('a', ['x']));
  assert.deepEqual([...(saved?.revoked ?? [])], []);
  assert.deepEqual(await owner('t'), ['subscriptions/b', false]);
});

test('nor when its old owner is pruned, nor when the old owner’s source does not know it', async () => {
  await movedByLookUp();
  assert.equal(await takeToken(firestore, 't', 'subscriptions/a', nowMs), null);
  const revoked = await pruneSubscriptions(firestore, ['a'], nowMs, listOf(), noHandOver);
  assert.deepEqual([...revoked.keys()], ['x']);
  assert.deepEqual(await owner('t'), ['subscriptions/b', false]);
});

test('a token that is taken away leaves its owner’s document, with the version of its own; a second time is none', async () => {
  const a = statement('a', ['t', 'x']);
  await save(listOf(a), a);
  const version = await takeToken(firestore, 't', 'subscriptions/a', nowMs);
  assert.ok(version !== null && version > 0);
  assert.deepEqual([await owner('t'), await tokensOf('a')], [['subscriptions/a', true], ['x']]);
  assert.equal(await takeToken(firestore, 't', 'subscriptions/a', nowMs), null);
  // A statement that lists the token gives it back, although nothing else in the statement is new.
  await save(listOf(a), a);
  assert.deepEqual(
    [await owner('t'), await tokensOf('a')],
    [
      ['subscriptions/a', false],
      ['t', 'x'],
    ],
  );
});

test('a statement without a list of tokens keeps those that are its own, and gives none back that was taken away', async () => {
  await movedByLookUp();
  await firestore.doc('tokens/x').update({ revoked: true });
  const saved = await saveStatement(firestore, statement('a', null), 'sourcegraph', 'new', nowMs);
  assert.deepEqual(
    [saved.tokens, await owner('x'), (await owner('t'))[0]],
    [['new'], ['subscriptions/a', true], 'subscriptions/b'],
  );
});

test('a list that broke off takes nothing from anybody: who loses a token waits for a whole one', async () => {
  const [a, b] = [statement('a', ['t', 'x']), statement('b', ['y'])];
  await save(listOf(a, b), a, b);
  const part = listedTokens([statement('a', ['x']), statement('b', ['y', 'z'])], false).listed;
  const saved = await save(part, statement('a', ['x']), statement('b', ['y', 'z']));
  assert.deepEqual(
    saved.map(({ account }) => account.id),
    ['b'],
  );
  assert.deepEqual(
    [await owner('t'), await owner('z')],
    [
      ['subscriptions/a', false],
      ['subscriptions/b', false],
    ],
  );
});

test('two that list a token: it is the later one’s, and both are named; an archived one claims nothing', () => {
  const [a, b] = [statement('a', ['t']), statement('b', ['t'])];
  const both = listedTokens([a, b], true);
  assert.deepEqual([both.listed.holderOf('t'), both.shared], ['b', [{ holder: 'b', other: 'a' }]]);
  for (const order of [
    [a, statement('b', ['t'], true)],
    [statement('b', ['t'], true), a],
  ]) {
    const { listed, shared } = listedTokens(order, true);
    assert.deepEqual([listed.holderOf('t'), shared], ['a', []]);
  }
  assert.equal(both.listed.holderOf('nobody’s'), null);
});

test('what an operator revoked is given to nobody, on whichever subscription it stood', async () => {
  const a = statement('a', ['t']);
  await save(listOf(a), a);
  await firestore.doc('tokens/t').update({ revoked: true, revokedByOperator: true });
  const [saved] = await save(listOf(statement('b', ['t'])), statement('b', ['t']));
  assert.deepEqual([saved?.tokens, await tokensOf('b'), await owner('t')], [[], [], ['subscriptions/a', true]]);
});
