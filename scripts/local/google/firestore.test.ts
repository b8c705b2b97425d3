// The real client writes, reads and queries documents, create refuses what exists, and nobody but this machine can
// connect.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Firestore } from '@google-cloud/firestore';
import { startFirestore } from './firestore.ts';

test('the real client writes, reads, queries and runs a transaction; create refuses what exists', async () => {
  const local = await startFirestore();
  const client = new Firestore({ projectId: 'p', host: local.host, ssl: false, credentials: {} });
  const document = client.doc('subscriptions/one');
  await document.create({ limit: 5, tags: ['ä'] });
  await assert.rejects(document.create({ limit: 6 }), { code: 6 });
  await client.runTransaction(async (transaction) => {
    const read = await transaction.get(document);
    transaction.update(document, { limit: (read.get('limit') as number) + 1 });
  });
  assert.deepEqual((await document.get()).data(), { limit: 6, tags: ['ä'] });
  assert.equal((await client.collection('subscriptions').where('limit', '==', 6).get()).size, 1);
  assert.equal((await client.doc('subscriptions/none').get()).exists, false);
  await client.terminate();
  await local.close();
});

test('of transactions that change the same at once none is lost: who comes second begins again', async () => {
  const local = await startFirestore();
  const client = new Firestore({ projectId: 'p', host: local.host, ssl: false, credentials: {} });
  const document = client.doc('subscriptions/counted');
  await document.set({ count: 0 });
  let runs = 0;
  const add = (): Promise<void> =>
    client.runTransaction(async (transaction) => {
      runs += 1;
      const read = await transaction.get(document);
      if (runs < 4) await new Promise((resolve) => setTimeout(resolve, 20));
      transaction.update(document, { count: (read.get('count') as number) + 1 });
    });
  await Promise.all([add(), add(), add()]);
  assert.equal((await document.get()).get('count'), 3);
  assert.ok(runs > 3, String(runs));
  await client.terminate();
  await local.close();
});

test('it listens on loopback alone', async (t) => {
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  if (outside === undefined) return t.skip('this machine has no address besides loopback');
  const local = await startFirestore();
  const port = Number(local.host.split(':')[1]);
  const socket = connect(port, outside.address);
  await assert.rejects(once(socket, 'connect'), { code: 'ECONNREFUSED' });
  await local.close();
});

test('no query asks by a field whose index terraform/firestore takes away, nor by two fields at once', () => {
  const root = path.resolve(import.meta.dirname, '../../..');
  const { fieldOverrides } = JSON.parse(
    readFileSync(path.join(root, 'terraform/firestore/firestore.indexes.json'), 'utf8'),
  ) as { fieldOverrides: { fieldPath: string }[] };
  const without = new Set(fieldOverrides.map(({ fieldPath }) => fieldPath));
  const queries = globSync(['shared/src/**/*.ts', 'scripts/operator/**/*.ts'], { cwd: root })
    .filter((file) => !file.endsWith('.test.ts'))
    .flatMap((file) => readFileSync(path.join(root, file), 'utf8').split('\n'))
    .map((line) => [...line.matchAll(/\.(?:where|orderBy)\('(\w+)'/g)].map(([, field = '']) => field))
    .filter((fields) => fields.length > 0);
  assert.ok(queries.length >= 2);
  for (const fields of queries) {
    assert.equal(fields.length, 1, `${fields.join(' and ')}: needs an index of its own`);
    assert.ok(!without.has(fields[0] ?? ''), fields[0]);
  }
});
