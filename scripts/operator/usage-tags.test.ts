// `usage tags` as an operator runs it: both kinds of tags, calls without one, the days of the billing time zone.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startBigQuery } from '../local/google/bigquery/bigquery.ts';
import { createEventsDataset } from '../local/google/bigquery/events-dataset.ts';
import type { TagSpend } from '@cody-gateway/shared/console';

test('calls, tokens and cost by tag; each half of the table has every call', async (t) => {
  const local = await createEventsDataset(await startBigQuery(), 'p', 'America/Los_Angeles');
  t.after(() => local.close());
  const program = path.resolve(import.meta.dirname, 'operator.ts');
  const run = async (...args: string[]) => {
    const all = [program, 'usage', 'tags', '--project', 'p', '--bigquery', local.url, ...args];
    return (await promisify(execFile)(process.execPath, all)).stdout;
  };
  assert.equal(await run('--month', '2026-10'), 'nothing was used in these days\n');
  const insert = (id: string, at: string, tags: string | null, callTags: string | null, nano: number | null) =>
    local.rows(`
      INSERT INTO events (name, source, identifier, created_at, event_id, rank, units, count, tokens, cost_nano_usd, tags, call_tags)
      VALUES ('CompletionsFinished', 's', '${id.slice(0, 1)}', TIMESTAMPTZ '${at}', '${id}', 1, 1, 1, 10, ${nano ?? 'NULL'}, ${quoted(tags)}, ${quoted(callTags)})`);
  const quoted = (list: string | null): string => (list === null ? 'NULL' : `'${list}'`);
  // Midnight in Los Angeles is seven hours after that of UTC.
  await insert('a1', '2026-10-01 06:59:59Z', null, '["team=september"]', 99);
  await insert('a2', '2026-10-01 07:00:00Z', '["gold"]', '["team=search","project=x"]', 1_000_000_007);
  await insert('b1', '2026-10-15 12:00:00Z', null, '["team=search"]', 500_000_000);
  await insert('b2', '2026-10-15 12:00:00Z', null, null, null);
  await insert('b3', '2026-11-01 06:59:59Z', null, null, 1);
  await insert('b4', '2026-11-01 07:00:00Z', null, '["team=november"]', 99);
  const json = JSON.parse(await run('--month', '2026-10', '--json')) as { from: string; to: string; tags: TagSpend[] };
  assert.deepEqual([json.from, json.to], ['2026-10-01', '2026-10-31']);
  assert.deepEqual(
    json.tags.map((one) => [
      one.tagged_by,
      one.tag,
      one.callers,
      one.calls,
      one.tokens,
      one.cost_nano_usd,
      one.unpriced,
    ]),
    [
      ['call', 'team=search', 2, 2, 20, 1_500_000_007, 0],
      ['call', 'project=x', 1, 1, 10, 1_000_000_007, 0],
      ['call', null, 1, 2, 20, 1, 1],
      ['subscription', 'gold', 1, 1, 10, 1_000_000_007, 0],
      ['subscription', null, 1, 3, 30, 500_000_001, 1],
    ],
  );
  const text = await run('--month', '2026-10');
  assert.match(text, /^TAG OF +TAG +CALLERS +CALLS +TOKENS +UNPRICED +COST, \$\n/);
  assert.match(text, /call +team=search +2 +2 +20 +0 +1\.500000007\n/);
  assert.match(text, /subscription +\(no tag\) +1 +3 +30 +1 +0\.500000001\n/);
  for (const [args, said] of [
    [['--month', '2026-13'], /--month 2026-13 is no month such as 2026-11/],
    [['--month', '2026-10', '--days', '3'], /give one of them/],
    [['--days', '0'], /--days "0" is not a whole number/],
  ] as const)
    await assert.rejects(run(...args), (error: { stderr?: string }) => said.test(error.stderr ?? ''));
});
