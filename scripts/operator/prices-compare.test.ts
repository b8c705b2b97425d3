// Providers' exports are read as they are, and the ledger beside them tells by model and day what differs and why.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BigQuery } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';
import { startBigQuery } from '../local/google/bigquery/bigquery.ts';
import { createEventsDataset } from '../local/google/bigquery/events-dataset.ts';
import { compareBill } from './prices-compare.ts';
import { readProviderBill } from './provider-bill.ts';

const anthropic = `usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,cost_type
2026-10-01,claude-opus-4-5-20251101,Default,k,message,≤ 200k,input_no_cache,1.50,token
2026-10-01,claude-opus-4-5-20251101,Default,k,message,≤ 200k,output,0.50,token
2026-10-02,claude-haiku-4-5,Default,"k, the ""second""",message,≤ 200k,output,0.30,token
2026-10-02,Claude Nobody,Default,k,message,≤ 200k,output,4.00,token
2026-10-04,Claude Sonnet 4.6,Default,k,message,≤ 200k,output,1.00,token
2026-10-05,Claude Opus 4.8,Default,k,message,≤ 200k,output,2.00,token
2026-10-05,claude-sonnet-5,Default,k,message,≤ 200k,output,1.00,token
2026-10-06,Claude Opus 4.8,Default,k,message,≤ 200k,output,2.00,token
2026-11-01,claude-haiku-4-5,Default,k,message,≤ 200k,output,9.00,token
`;
const openai = `\uFEFFstart_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id\r
1790812800,1790899200,2026-10-01T00:00:00+00:00,2026-10-02T00:00:00+00:00,0.25,usd,"gpt-4o-2024-08-06, input",p\r
1790812800,1790899200,2026-10-01T00:00:00+00:00,2026-10-02T00:00:00+00:00,1e-05,usd,"gpt-4o-2024-08-06, output",p\r
1790812800,1790899200,2026-10-01T00:00:00+00:00,2026-10-02T00:00:00+00:00,2,usd,,p\r
`;

test('the two exports; another file is told what it lacks', () => {
  assert.deepEqual(readProviderBill(openai), [
    { day: '2026-10-01', model: 'gpt-4o', usd: 0.25 },
    { day: '2026-10-01', model: 'gpt-4o', usd: 0.00001 },
    { day: '2026-10-01', model: null, usd: 2 },
  ]);
  assert.equal(readProviderBill(anthropic).length, 9);
  assert.deepEqual(readProviderBill(anthropic)[3]?.model, 'claude-nobody');
  assert.throws(
    () => readProviderBill('a,b\n1,2\n'),
    /the export has the columns a, b; understood are those with usage_date_utc/,
  );
  assert.throws(() => readProviderBill('usage_date_utc,model,cost_usd\n2026-10-01,m,\n'), /line 2 of the export/);
});

test('by model and day: what agrees, what differs, and what explains it', async (t) => {
  const local = await createEventsDataset(await startBigQuery(), 'p');
  t.after(() => local.close());
  const insert = (id: string, at: string, model: string, nano: number | null, more: Record<string, string> = {}) =>
    local.rows(`
      INSERT INTO events (name, source, identifier, created_at, event_id, rank, function, model, provider, units, quota_units, count, cost_nano_usd, price_version, abandoned_nano_usd)
      VALUES ('CompletionsFinished', 's', 'a', TIMESTAMPTZ '${at}', '${id}', 1, 'f', '${model}', 'anthropic', 1, 1, 1, ${nano ?? 'NULL'}, '${more['version'] ?? ''}', ${more['abandoned'] ?? 'NULL'})`);
  await insert('1', '2026-10-01 00:00:00Z', 'anthropic/claude-opus-4-5', 1_250_000_000);
  await insert('2', '2026-10-01 23:59:59Z', 'anthropic/claude-opus-4-5-20251101', 750_000_000);
  await insert('3', '2026-10-02 12:00:00Z', 'anthropic/claude-haiku-4-5', 100_000_000, {
    version: 'v, estimated tokens',
    abandoned: '70000000',
  });
  await insert('4', '2026-10-02 12:00:00Z', 'anthropic/claude-haiku-4-5', null);
  await insert('5', '2026-10-03 12:00:00Z', 'anthropic/claude-x', 40_000_000);
  // A name for people on the bill; an advisor beside the model that was asked; another that answered in its place.
  await insert('7', '2026-10-04 12:00:00Z', 'anthropic/claude-sonnet-4-6', 1_000_000_000, {
    version: 'anthropic/claude-sonnet-4-6 2026-01-01',
  });
  await insert('8', '2026-10-05 12:00:00Z', 'anthropic/claude-sonnet-5', 3_000_000_000, {
    version: 'anthropic/claude-sonnet-5 2026-06-30 + anthropic/claude-opus-4-8 2020-01-01 × 0.9, unpriced dimensions',
  });
  await insert('9', '2026-10-06 12:00:00Z', 'anthropic/claude-fable-5', 2_000_000_000, {
    version: 'anthropic/claude-opus-4-8 2020-01-01',
  });
  // Of the next month.
  await insert('6', '2026-11-01 00:00:00Z', 'anthropic/claude-x', 40_000_000);
  const client = new BigQuery({ projectId: 'p', apiEndpoint: local.url, authClient: new PassThroughClient() });
  const query = async (sql: string, params: Readonly<Record<string, string | number>>) =>
    (await client.query({ query: sql, params }))[0] as Record<string, unknown>[];
  const all = await compareBill(query, 'p.cody_gateway', 'anthropic', '2026-10', readProviderBill(anthropic));
  assert.deepEqual(
    all.map(({ day, model, ledgerUsd, billedUsd, explained }) => [day, model, ledgerUsd, billedUsd, explained]),
    [
      ['2026-10-01', 'claude-opus-4-5', 2, 2, []],
      ['2026-10-02', 'claude-haiku-4-5', 0.1, 0.3, ['estimated $0.1000', 'abandoned $0.0700', '1 calls unpriced']],
      ['2026-10-02', 'claude-nobody', 0, 4, ['unknown to the ledger']],
      ['2026-10-03', 'claude-x', 0.04, 0, ['not on the bill']],
      ['2026-10-04', 'claude-sonnet-4-6', 1, 1, []],
      ['2026-10-05', 'claude-opus-4-8', 0, 2, ['in calls of several models, $3.0000 altogether']],
      [
        '2026-10-05',
        'claude-sonnet-5',
        3,
        1,
        ['in calls of several models, $3.0000 altogether', '1 calls unpriced in part'],
      ],
      ['2026-10-06', 'claude-opus-4-8', 2, 2, []],
    ],
  );
});
