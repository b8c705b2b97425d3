// Each saved query, called as the table function that Terraform deploys, says what its text says, in the text's order;
// the command asks for its parameters.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BigQuery } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';
import { startBigQuery } from '../local/google/bigquery/bigquery.ts';
import { createEventsDataset, eventsFiles, eventsSql, parametersOf } from '../local/google/bigquery/events-dataset.ts';
import { savedQuery, savedQueryCommands } from './saved-queries.ts';

test('called and as text', async (t) => {
  const local = await createEventsDataset(await startBigQuery(), 'p');
  t.after(() => local.close());
  await local.rows(`
    INSERT INTO events (name, source, identifier, created_at, metadata, event_id, rank, function, feature, model, provider, units, quota_units, count, tokens, cost_nano_usd, tags, call_tags)
    SELECT CASE WHEN i % 3 = 0 THEN 'EmbeddingsFinished' ELSE 'CompletionsFinished' END, 's', 'acme', now() - to_hours(CAST(i AS INTEGER)),
      CASE WHEN i % 2 = 0 THEN '{"flagged":true,"flagging_result":{"reason":["r"]},"tokens_used":5,"model":"m"}' ELSE '{"tokens_used":7,"model":"m"}' END,
      'e' || i, 1, 'f', 'chat_completions', 'm' || (i % 4), 'p', 1, 1, 1 + i, 10, i, '["gold"]', CASE WHEN i % 2 = 0 THEN '["team=search","project=a"]' END FROM range(60) r(i)`);
  const client = new BigQuery({ projectId: 'p', apiEndpoint: local.url, authClient: new PassThroughClient() });
  for (const file of eventsFiles('queries')) {
    const sql = eventsSql(file, { project: 'p' });
    const values: Record<string, string> = {
      source: 's',
      identifier: 'acme',
      feature: 'chat_completions',
      event: 'all',
      from: '2020-01-01',
      to: new Date(Date.now() + 86_400_000).toISOString(),
    };
    const params = Object.fromEntries(parametersOf(sql).map(({ name }) => [name, values[name] ?? '']));
    const name = /(\w+)\.sql$/.exec(file)?.[1] ?? '';
    const [text] = await client.query({ query: sql, params });
    const [called] = await client.query({ query: savedQuery('p.cody_gateway', name), params });
    assert.ok(text.length > 0, file);
    assert.deepEqual(JSON.parse(JSON.stringify(called)), JSON.parse(JSON.stringify(text)), file);
  }
});

test('usage by tag: a call is in the sums of each of its tags, and of its subscription’s, or under none', async (t) => {
  const local = await createEventsDataset(await startBigQuery(), 'p');
  t.after(() => local.close());
  await local.rows(`
    INSERT INTO events (name, source, identifier, created_at, event_id, rank, units, count, tokens, cost_nano_usd, tags, call_tags)
    SELECT 'CompletionsFinished', 's', 'acme', '2026-11-0' || i || 'T12:00:00Z', 'e' || i, 1, 1, 1, 10, i,
      CASE WHEN i < 3 THEN '["gold"]' END, CASE i WHEN 1 THEN '["team=search","project=a"]' WHEN 2 THEN '["team=search"]' WHEN 4 THEN '["team=search"]' END
    FROM range(1, 5) r(i)`);
  const client = new BigQuery({ projectId: 'p', apiEndpoint: local.url, authClient: new PassThroughClient() });
  const params = { from: '2026-11-01', to: '2026-11-04' };
  const [rows] = await client.query({ query: savedQuery('p.cody_gateway', 'usage_by_tag'), params });
  assert.deepEqual(
    (rows as Record<string, unknown>[]).map((row) => [
      row['tagged_by'],
      row['tag'],
      row['events'],
      row['cost_nano_usd'],
    ]),
    [
      ['call', 'team=search', 2, 3],
      ['call', null, 1, 3],
      ['subscription', 'gold', 2, 3],
      ['subscription', null, 1, 3],
      ['call', 'project=a', 1, 1],
    ],
  );
});

test('what is missing or too much is said before anything is asked', async () => {
  const run = savedQueryCommands.find(({ name }) => name === 'queries run');
  await assert.rejects(async () => run?.run(['none']), /there is no saved query "none"; there are abuse_flags, /);
  await assert.rejects(
    async () => run?.run(['licence_embeddings', '--source', 's']),
    /takes --identifier, which is missing/,
  );
  await assert.rejects(
    async () => run?.run(['usage_by_tag', '--from', 'yesterday', '--to', '2026-11-02']),
    /--from yesterday is no time such as 2026-11-01/,
  );
  await assert.rejects(async () => run?.run(['abuse_flags', '--source', 's']), /abuse_flags takes no --source/);
});
