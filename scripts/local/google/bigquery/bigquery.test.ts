// The real BigQuery client against the stand-in: rows go in once per insertId, bad ones are named, and queries come
// back typed.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { BigQuery } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';
import { startBigQuery, type Column } from './bigquery.ts';

const events: readonly Column[] = [
  { name: 'name', type: 'STRING', mode: 'REQUIRED' },
  { name: 'created_at', type: 'TIMESTAMP', mode: 'REQUIRED' },
  { name: 'units', type: 'INTEGER' },
  { name: 'cost', type: 'NUMERIC' },
  { name: 'ok', type: 'BOOLEAN' },
  { name: 'metadata', type: 'JSON' },
];

async function start(t: TestContext) {
  const local = await startBigQuery();
  t.after(() => local.close());
  await local.createTable('events', events);
  const authClient = new PassThroughClient();
  const client = new BigQuery({ projectId: 'p', apiEndpoint: local.url, autoRetry: false, authClient });
  const table = client.dataset('d').table('events');
  const insert = (...rows: object[]) => table.insert(rows, { raw: true, partialRetries: 0 });
  return { local, client, insert };
}

function row(insertId: string, more: Record<string, unknown> = {}) {
  const json = { name: 'ä "b" \'c\'', created_at: '2026-11-23T10:00:00.123Z', units: 1, metadata: '{"model":"m"}' };
  return { insertId, json: { ...json, ...more } };
}

test('an insertId goes in once, in one request or in two', async (t) => {
  const { local, insert } = await start(t);
  await insert(row('1'), row('2'), row('2'));
  await insert(row('2'), row('3', { units: null }));
  assert.deepEqual(local.stats, { inserts: 2, inserted: 3, dropped: 2 });
  assert.deepEqual(await local.rows('SELECT COUNT(*) AS n, COUNTIF(units IS NULL) AS without FROM `p.d.events`'), [
    { n: '3', without: '1' },
  ]);
});

test('a row that does not fit is invalid, its neighbours are stopped, and both may come again mended', async (t) => {
  const { local, insert } = await start(t);
  const bad = { units: ['x', 1.5, '', true], cost: ['dear'], ok: ['maybe'], metadata: ['{'], created_at: ['then'] };
  for (const [name, values] of Object.entries({ ...bad, unknown: [1], name: [null] })) {
    for (const value of values) {
      await assert.rejects(
        insert(row('1', { [name]: value }), row('2')),
        (error: { errors?: { errors: { reason: string }[] }[] }) => {
          const reasons = error.errors?.map(({ errors: [first] }) => first?.reason);
          assert.deepEqual(reasons, ['invalid', 'stopped'], `${name}: ${String(value)}`);
          return true;
        },
      );
    }
  }
  await insert(row('1'), row('2'));
  assert.equal(local.stats.inserted, 2);
});

test('a request that fails on request inserts nothing', async (t) => {
  const { local, insert } = await start(t);
  local.failInserts(503, 1);
  await assert.rejects(insert(row('1')), { code: 503 });
  await insert(row('1'));
  assert.equal(local.stats.inserted, 1);
});

test('a table that does not exist is not found', async (t) => {
  const { client } = await start(t);
  await assert.rejects(
    client
      .dataset('d')
      .table('none')
      .insert([row('1')], { raw: true, partialRetries: 0 }),
    {
      code: 404,
    },
  );
});

test('queries: parameters, views, JSON members, and values of the right types', async (t) => {
  const { local, client, insert } = await start(t);
  await insert(row('1', { cost: '0.25', ok: true }), row('2', { units: 2, cost: '0.5', ok: false }));
  await local.createView('twos', "SELECT * FROM `${p}.d.events` WHERE units = 2 -- it's a view");
  const query = `SELECT name, created_at, units, cost, ok, JSON_VALUE(metadata, '$.model') AS model,
    SAFE_DIVIDE(units, units - 2) AS none, TIMESTAMP_TRUNC(created_at, DAY) AS day
    FROM \`p.d.twos\` WHERE units >= @least AND name = @name AND 'a@b' = "a@b" AND "it's" = 'it\\'s'`;
  const [rows] = await client.query({ query, params: { least: 2, name: 'ä "b" \'c\'' } });
  assert.deepEqual(JSON.parse(JSON.stringify(rows)), [
    {
      name: 'ä "b" \'c\'',
      created_at: { value: '2026-11-23T10:00:00.123Z' },
      units: 2,
      cost: '0.5',
      ok: false,
      model: 'm',
      none: null,
      day: { value: '2026-11-23T00:00:00.000Z' },
    },
  ]);
  await assert.rejects(client.query('SELECT nothing FROM `p.d.events`'), { code: 400 });
});

test('a count of what is not known is zero, as it is there', async (t) => {
  const { client, insert } = await start(t);
  await insert(row('1', { units: null }), row('2', { units: null }));
  const query = 'SELECT COUNTIF(units > 1) AS n, COUNTIF(units IS NULL) AS none FROM `p.d.events`';
  assert.deepEqual((await client.query(query))[0], [{ n: 0, none: 2 }]);
});

test('a script: its last answer; one that fails in a transaction changes nothing', async (t) => {
  const { local, client, insert } = await start(t);
  await insert(row('1'), row('2'));
  const all = async () => (await local.rows('SELECT COUNT(*) AS n FROM `p.d.events`'))[0]?.['n'];
  const [rows] = await client.query({
    query: "BEGIN TRANSACTION; DELETE FROM `p.d.events` WHERE name = @name; COMMIT TRANSACTION; SELECT ';' AS mark",
    params: { name: 'nobody' },
  });
  assert.deepEqual(rows, [{ mark: ';' }]);
  const failing =
    'BEGIN TRANSACTION; DELETE FROM `p.d.events` WHERE TRUE; SELECT nothing FROM `p.d.events`; COMMIT TRANSACTION;';
  await assert.rejects(client.query(failing), { code: 400 });
  assert.equal(await all(), '2');
});
