// An audited change through Firestore's real client: document and record are written together, the version is that of
// the change, and what is refused leaves nothing.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { startFirestore, type LocalFirestore } from '../../../scripts/local/google/firestore.ts';
import { listAudit } from './audit.ts';
import { auditedChange } from './audited-change.ts';
import { openDocuments, versionOf, type Documents } from './firestore.ts';

const origin = { author: { who: 'o@example.com', why: 'a test' }, what: 'things change', subject: null };
let emulator: LocalFirestore;
let documents: Documents;
let path = '';
let number = 0;

before(async () => {
  emulator = await startFirestore();
  documents = openDocuments({ firestoreEmulatorHost: emulator.host, googleCloudProject: 'p' });
});
beforeEach(() => {
  path = `things/${++number}`;
});
after(async () => {
  await documents.close();
  await emulator.close();
});

const records = async (): Promise<string[]> => (await listAudit(documents, null, 100)).map(({ change }) => change);

test('the change and its record are written, and the version is the one that a reader finds', async () => {
  const { decided, after: changed } = await auditedChange(documents, path, origin, (found, transaction) => {
    assert.equal(found.exists, false);
    transaction.set(found.ref, { n: 1 });
    return { text: `${path} made`, more: 7 };
  });
  assert.equal(decided.more, 7);
  assert.deepEqual(changed.data(), { n: 1 });
  const read = await documents.read(path, 5_000);
  assert.deepEqual(read, { data: { n: 1 }, version: versionOf(changed.updateTime) });
  const [record] = await listAudit(documents, null, 1);
  assert.deepEqual(
    { ...record, at: '' },
    { at: '', ...origin.author, what: origin.what, subject: null, change: `${path} made`, outcome: 'done' },
  );
});

test('what is refused leaves neither a change nor a record', async () => {
  const client = await documents.client();
  await client.doc(path).set({ n: 0 });
  const before = await records();
  await assert.rejects(
    auditedChange(documents, path, origin, (found, transaction) => {
      transaction.update(found.ref, { n: 1 });
      throw new Error(`version ${versionOf(found.updateTime)} is not the one that was asked for`);
    }),
    /^Error: version \d{16} is not the one that was asked for$/,
  );
  assert.equal((await client.doc(path).get()).get('n'), 0);
  assert.deepEqual(await records(), before);
});
