// The list has every text of the project, as Google's tool takes it; and by the text (on Google's engine it is .ci/run
// that looks at the resolved query) every scan of events lies below a constant or parameter range on created_at.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventsSql } from '../local/google/bigquery/events-dataset.ts';
import { sqlList, writeOut } from './sql-list.ts';

const events = 'the-project.cody_gateway.events';

/** Mentions of the table that are not followed at once by the range. */
function unbounded(sql: string): string[] {
  const plain = sql.replaceAll(/--[^\n]*/g, ' ').replaceAll(/\s+/g, ' ');
  const range = /^ ?WHERE created_at >= (.+?) AND created_at < (.+?)( AND | QUALIFY | GROUP BY | LIMIT |\)\)|\) |$)/;
  return plain
    .split(`\`${events}\``)
    .slice(1)
    .filter((rest) => {
      const [, lower = 'created_at', upper = 'created_at'] = range.exec(rest) ?? [];
      return /created_at|SELECT/.test(lower + upper);
    });
}

test('every scan of events has a range, but for those that say why not', async () => {
  const { views, queries } = await sqlList();
  let scans = 0;
  for (const { file, sql, whole } of [...views, ...queries]) {
    if (whole === undefined) assert.deepEqual(unbounded(sql), [], file);
    scans += sql.split(`\`${events}\``).length - 1;
  }
  assert.ok(scans > 15, String(scans));
  assert.deepEqual(
    queries.filter(({ whole }) => whole !== undefined).map(({ file }) => file.replace(/ #\d+$/, '')),
    ['terraform/README.md', 'terraform/README.md', 'terraform/README.md', 'terraform/README.md'],
  );
});

test('every scan of the bill has a range of its partitions, and one of usage within', async () => {
  const { views, queries } = await sqlList();
  const scan = /FROM `billing-project[^`]+`\s+WHERE usage_start_time >= (.+?) AND usage_start_time < (.+?)\n/g;
  const found = [...views, ...queries].flatMap(({ file, sql }) => {
    const scans = sql.split('FROM `billing-project').length - 1;
    const ranges = [...sql.matchAll(scan)];
    assert.equal(ranges.length, scans, file);
    for (const [, lower = '', upper = ''] of ranges)
      assert.doesNotMatch(lower + upper, /SELECT|usage_start_time/, file);
    return scans > 0 ? [file] : [];
  });
  assert.ok(found.length >= 3, found.join());
  // BigQuery bills by partitions, whose pseudo-column the engine beside the repository does not know.
  const text = eventsSql('billing/functions/bill_between.sql', { project: 'p' });
  assert.match(text, /WHERE _PARTITIONTIME >= TIMESTAMP_SUB\(@from, [^)]+\) AND _PARTITIONTIME < TIMESTAMP_ADD\(@to, /);
});

test('the judge: no range, half of one, one that a row decides', () => {
  const where = (text: string): number => unbounded(`SELECT * FROM \`${events}\`${text}`).length;
  assert.equal(where(' WHERE created_at >= @from AND created_at < CURRENT_TIMESTAMP() LIMIT 1'), 0);
  assert.equal(where(''), 1);
  assert.equal(where(' WHERE created_at >= @from'), 1);
  assert.equal(where(' WHERE DATE(created_at) >= @from AND created_at < @to'), 1);
  assert.equal(where(' WHERE created_at >= (SELECT MAX(day) FROM d) AND created_at < @to'), 1);
});

test('calls of table functions are written out, one in another, with their arguments', () => {
  const text = writeOut(
    'SELECT 1 FROM `the-project.cody_gateway.usage_between`(F(@a, 1), CURRENT_TIMESTAMP()) WHERE x',
  );
  assert.match(text, /created_at >= TIMESTAMP_SUB\(F\(@a, 1\), INTERVAL 48 HOUR\)/);
  assert.match(text, /created_at < TIMESTAMP_ADD\(CURRENT_TIMESTAMP\(\), INTERVAL 48 HOUR\)/);
  assert.doesNotMatch(text, /_between|@from|@to/);
  assert.throws(
    () => writeOut('SELECT 1 FROM `the-project.cody_gateway.events_between`(1)'),
    /takes 2 arguments and gets 1/,
  );
});

test('commands, functions, views and pages are all in it', async () => {
  const { views, queries, tables } = await sqlList();
  assert.deepEqual(
    tables.map(({ name }) => name.split('.').at(-1)),
    ['events', 'gcp_billing_export_resource_v1_0'],
  );
  const files = [...views, ...queries].map(({ file }) => file);
  assert.equal(new Set(files).size, files.length);
  for (const part of [
    'events/usage_daily',
    'cost_by_function',
    'redash_events',
    'report quotas',
    'export-sql.ts, corrections',
    'final-days.ts, due',
    'closing #6',
    'usage-cost',
    'reconcile',
    'events-place',
    'cost-anomaly.md #2',
  ])
    assert.ok(
      files.some((file) => file.includes(part)),
      part,
    );
});
