import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BigQuery } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';
import { startBigQuery } from './bigquery.ts';

test('the real client inserts once per insertId, is told of bad rows, and queries with types', async () => {
  const local = await startBigQuery();
  await local.createTable('events', [
    { name: 'name', type: 'STRING', mode: 'REQUIRED' },
    { name: 'created_at', type: 'TIMESTAMP', mode: 'REQUIRED' },
    { name: 'units', type: 'INTEGER' },
    { name: 'metadata', type: 'JSON' },
  ]);
  const client = new BigQuery({
    projectId: 'p',
    apiEndpoint: local.url,
    autoRetry: false,
    authClient: new PassThroughClient(),
  });
  const table = client.dataset('d').table('events');
  const row = (id: string, units: unknown) => ({
    insertId: id,
    json: { name: 'ä "b"', created_at: '2026-11-23T10:00:00.123Z', units, metadata: '{"model":"m"}' },
  });
  const insert = (rows: object[]) => table.insert(rows, { raw: true, partialRetries: 0 });
  await insert([row('1', 1), row('2', 2)]);
  await insert([row('2', 2), row('3', null)]);
  assert.deepEqual(local.stats, { inserts: 2, inserted: 3, dropped: 1 });
  await assert.rejects(
    insert([row('4', 'x'), row('5', 5)]),
    (error: { errors?: { errors: { reason: string }[] }[] }) => {
      assert.deepEqual(
        error.errors?.map(({ errors }) => errors[0]?.reason),
        ['invalid', 'stopped'],
      );
      return true;
    },
  );
  const [rows] = await client.query({
    query:
      "SELECT name, created_at, SUM(units) AS units, JSON_VALUE(metadata, '$.model') AS model FROM `p.d.events` WHERE units >= @least GROUP BY 1, 2, 4",
    params: { least: 2 },
  });
  assert.deepEqual(JSON.parse(JSON.stringify(rows)), [
    { name: 'ä "b"', created_at: { value: '2026-11-23T10:00:00.123Z' }, units: 2, model: 'm' },
  ]);
  local.failInserts(503, 1);
  await assert.rejects(insert([row('6', 6)]));
  await local.close();
});
