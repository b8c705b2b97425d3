// `events place` against the local BigQuery: says what waits, moves it with --yes and a reason, leaves what is too
// young, and twice is once.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startBigQuery, type Column, type LocalBigQuery } from '../local/google/bigquery/bigquery.ts';
import { startFirestore } from '../local/google/firestore.ts';

const schema = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../../terraform/events/schema.json'), 'utf8'),
) as Column[];
let bigquery: LocalBigQuery;
let firestore: Awaited<ReturnType<typeof startFirestore>>;

before(async () => {
  [bigquery, firestore] = await Promise.all([startBigQuery(), startFirestore()]);
  await bigquery.createTable(
    'events',
    schema.filter(({ name }) => name !== 'gateway_ms'),
  );
});
after(() => Promise.all([bigquery.close(), firestore.close()]));

/** @returns exit code and what was printed */
function place(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const command = [
    path.join(import.meta.dirname, 'operator.ts'),
    'events',
    'place',
    '--bigquery',
    bigquery.url,
    ...args,
  ];
  const env = { ...process.env, FIRESTORE_EMULATOR_HOST: firestore.host };
  return new Promise((resolve) => {
    execFile(process.execPath, [...command, '--project', 'local-cloud'], { env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

test('values that came before their column', async () => {
  const hourMs = 3_600_000;
  const insert = async (id: string, ageHours: number, metadata: object): Promise<void> => {
    const createdAt = new Date(Date.now() - ageHours * hourMs).toISOString();
    const columns =
      'name, source, identifier, created_at, metadata, event_id, rank, function, units, quota_units, count';
    await bigquery.rows(
      `INSERT INTO events (${columns}) VALUES ('n', 's', 'i', '${createdAt}', '${JSON.stringify(metadata)}', '${id}', 1, 'f', 1, 1, 1)`,
    );
  };
  await insert('1', 5, { feature: 'x', unplaced: { gateway_ms: 12, tokens: 3 } });
  await insert('2', 5, { feature: 'x' });
  await insert('3', 1, { unplaced: { gateway_ms: 13 } });
  const missing = await place();
  assert.equal(missing.code, 1);
  assert.match(missing.err, /the column gateway_ms could not be read: apply Terraform/);
  await bigquery.addColumn('events', schema.find(({ name }) => name === 'gateway_ms') as Column);

  const rows = async () =>
    (await bigquery.rows('SELECT event_id, tokens, gateway_ms, metadata FROM events ORDER BY event_id')).map((row) => [
      row['tokens'] === null ? null : Number(row['tokens']),
      row['gateway_ms'] === null ? null : Number(row['gateway_ms']),
      JSON.parse(String(row['metadata'])) as unknown,
    ]);
  const untouched = await rows();
  const asked = await place();
  assert.equal(asked.code, 0, asked.err);
  assert.match(asked.out, /gateway_ms +1 +1\n/);
  assert.match(asked.out, /--yes --reason/);
  assert.deepEqual(await rows(), untouched, 'nothing is done without --yes');
  assert.equal((await place('--yes')).code, 2, 'a change has a reason');

  const moved = await place('--yes', '--reason', 'the column is there', '--json');
  assert.equal(moved.code, 0, moved.err);
  assert.deepEqual((JSON.parse(moved.out) as { columns: unknown }).columns, [
    { column: 'tokens', rows: 1, too_young: 0, moved: 1 },
    { column: 'gateway_ms', rows: 1, too_young: 1, moved: 1 },
  ]);
  assert.deepEqual(await rows(), [
    [3, 12, { feature: 'x', unplaced: {} }],
    [null, null, { feature: 'x' }],
    // Streamed in too recently to be changed.
    [null, null, { unplaced: { gateway_ms: 13 } }],
  ]);
  assert.match((await place()).out, /gateway_ms +0 +1\n/);
  assert.equal((await place('--from', 'yesterday')).code, 2);
});
