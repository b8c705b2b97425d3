// The ledger's views on the local warehouse: they sum to the same total, equal events count once, bills are explained,
// saved queries answer.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { BigQuery } from '@google-cloud/bigquery';
import { PassThroughClient } from 'google-auth-library';
import { closeDay, createLedger, dueDays } from '@cody-gateway/shared/events';
import { startBigQuery } from './bigquery.ts';
import { billedUsd, drawBill } from './draw-bill.ts';
import { createBillingExport, createEventsDataset, eventsSql } from './events-dataset.ts';

const project = 'local-cloud';
const dayMs = 86_400_000;

async function start(t: TestContext) {
  const local = await startBigQuery();
  t.after(() => local.close());
  await createEventsDataset(local, project);
  const client = new BigQuery({
    projectId: project,
    apiEndpoint: local.url,
    autoRetry: false,
    authClient: new PassThroughClient(),
  });
  const insert = (table: string, ...rows: object[]) =>
    client
      .dataset('cody_gateway')
      .table(table)
      .insert(
        rows.map((json) => ({ json })),
        { raw: true, partialRetries: 0 },
      );
  const query = async (file: string, params: Record<string, string> = {}) => {
    const [rows] = await client.query({ query: eventsSql(file, { project }), params });
    return JSON.parse(JSON.stringify(rows)) as Record<string, unknown>[];
  };
  const ledger = createLedger({
    bigqueryProjectId: project,
    bigqueryDataset: 'cody_gateway',
    bigqueryTable: 'events',
    bigqueryEndpoint: local.url,
  });
  /** As the function close-days does. @returns the days */
  const close = async (): Promise<readonly string[]> => {
    const due = await dueDays(ledger, 40);
    for (const one of due) await closeDay(ledger, one);
    return due.map((one) => one.day);
  };
  return { local, insert, query, close };
}

let serial = 0;
function event(more: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}): object {
  return {
    name: 'CompletionsFinished',
    source: 'dotcom-product-subscriptions',
    identifier: 'acme',
    created_at: new Date().toISOString(),
    metadata: JSON.stringify({ prompt_token_count: 10, completion_token_count: 5, ...metadata }),
    event_id: `e${++serial}`,
    rank: 1,
    function: 'chat-completions',
    feature: 'chat_completions',
    model: 'openai/gpt-4o',
    provider: 'openai',
    units: 1,
    quota_units: 1,
    count: 1,
    tokens: 15,
    cost_micro_usd: 75,
    ...more,
  };
}

const day = (ago: number): string => new Date(Date.now() - ago * dayMs).toISOString().slice(0, 10);

test('a million rows with repeated deliveries: every view sums to the total of the table that has each event once, of final days and others', async (t) => {
  const { local, close } = await start(t);
  for (const [seed, stored] of [
    [0.1, 1_000_000],
    [-0.7, 100_000],
  ] as const) {
    await local.rows('DELETE FROM events');
    await local.rows(`SELECT setseed(${seed})`);
    // One event in ten is delivered twice, up to a day later; one in ten is an orphan with or without its settlement;
    // members are missing at random.
    await local.rows(`
      CREATE OR REPLACE TABLE drawn AS SELECT i, random() AS a, random() AS b, random() AS c, random() AS d, random() AS e
      FROM range(${stored}) r(i)`);
    await local.rows(`
      INSERT INTO events (name, source, identifier, created_at, event_id, rank, function, feature, model, provider, units, quota_units, count, tokens, cost_nano_usd, cost_micro_usd)
      SELECT
        CASE WHEN a < 0.9 THEN 'CompletionsFinished' ELSE 'RateLimited' END,
        CASE WHEN b < 0.8 THEN 'dotcom-product-subscriptions' ELSE 'dotcom-user' END,
        'actor-' || CAST(FLOOR(c * 300) AS INTEGER),
        -- Most on a day a fortnight ago, some on three days of which one is not final yet, some until today; a repetition comes up to a day later.
        date_trunc('day', now()) - to_days(CASE FLOOR(i / 2) % 20 WHEN 0 THEN 4 WHEN 1 THEN 1 ELSE 15 END)
          + to_milliseconds(CAST(FLOOR((CASE FLOOR(i / 2) % 20 WHEN 0 THEN 2 WHEN 1 THEN 0.9 ELSE 0.5 END * (i - i % 2) / ${stored} + CASE FLOOR(i / 2) % 20 WHEN 0 THEN 1 WHEN 1 THEN 1 ELSE 0.5 END * d) * 86400000) AS BIGINT)),
        'id-' || CASE WHEN e < 0.1 THEN i - i % 2 ELSE i END,
        CASE WHEN e BETWEEN 0.05 AND 0.15 THEN 0 ELSE 1 END,
        ['chat-completions', 'code-completions', 'embeddings'][1 + CAST(FLOOR(a * 3) AS INTEGER)],
        CASE WHEN b < 0.1 THEN NULL ELSE ['chat_completions', 'code_completions'][1 + CAST(FLOOR(b * 2) AS INTEGER)] END,
        CASE WHEN c < 0.1 THEN NULL ELSE 'p/m' || CAST(FLOOR(c * 20) AS INTEGER) END,
        CASE WHEN c < 0.1 THEN NULL ELSE 'p' END,
        CASE WHEN a < 0.9 THEN 1 ELSE 0 END,
        1,
        CASE WHEN a < 0.9 THEN 1 ELSE CAST(1 + FLOOR(d * 50) AS INTEGER) END,
        CASE WHEN d < 0.1 THEN NULL ELSE CAST(FLOOR(d * 9000) AS INTEGER) END,
        -- Rows of older functions have millionths of a dollar alone.
        CASE WHEN d < 0.1 OR b < 0.3 THEN NULL ELSE CAST(FLOOR(e * 3000000000) AS BIGINT) END,
        CASE WHEN d < 0.1 THEN NULL ELSE CAST(FLOOR(e * 3000000) AS INTEGER) END
      FROM drawn`);
    // What it is compared with does without the view: the best of each id by sorting.
    const [total] = await local.rows(`
      SELECT SUM(count) AS events, SUM(units) AS units, SUM(tokens) AS tokens, SUM(cost) AS cost
      FROM (SELECT event_id, arg_max((count, units, tokens, COALESCE(cost_nano_usd, 1000 * cost_micro_usd)), (rank, -epoch_us(created_at))) AS best FROM events GROUP BY 1)
      , LATERAL (SELECT best[1] AS count, best[2] AS units, best[3] AS tokens, best[4] AS cost)`);
    const [found] = await local.rows('SELECT COUNT(*) AS stored, COUNT(DISTINCT event_id) AS ids FROM events');
    assert.equal(found?.['stored'], String(stored));
    assert.ok(Number(found['ids']) < 0.97 * stored);
    assert.deepEqual(await close(), [day(3), day(4), day(15)]);
    // Nothing came in since: nothing is due.
    assert.deepEqual(await close(), []);
    const [final] = await local.rows('SELECT COUNT(*) AS n FROM final_events');
    assert.ok(Number(final?.['n']) > 0.8 * stored);
    const [unique] = await local.rows(
      'SELECT SUM(count) AS events, SUM(units) AS units, SUM(tokens) AS tokens, SUM(cost_nano_usd) AS cost FROM events_unique',
    );
    assert.deepEqual(unique, total);
    for (const view of [
      'usage_daily',
      'cost_by_subscription',
      'cost_by_model',
      'cost_by_feature',
      'spend_by_function',
    ]) {
      const [sums] = await local.rows(
        `SELECT SUM(events) AS events, SUM(units) AS units, SUM(tokens) AS tokens, SUM(cost_nano_usd) AS cost FROM ${view}`,
      );
      assert.deepEqual(sums, total, view);
    }
  }
});

test('a settled row wins over an orphaned one, whichever came first, and over partitions', async (t) => {
  const { local, insert } = await start(t);
  const settled = { event_id: 'one', rank: 1, cost_micro_usd: 75 };
  const orphaned = { event_id: 'one', rank: 0, cost_micro_usd: null };
  const yesterday = { created_at: new Date(Date.now() - dayMs).toISOString() };
  await insert('events', event({ ...orphaned, ...yesterday }), event(settled));
  await insert('events', event({ ...settled, event_id: 'two' }), event({ ...orphaned, event_id: 'two', ...yesterday }));
  assert.deepEqual(await local.rows('SELECT event_id, rank, cost_micro_usd FROM events_unique ORDER BY event_id'), [
    { event_id: 'one', rank: '1', cost_micro_usd: '75' },
    { event_id: 'two', rank: '1', cost_micro_usd: '75' },
  ]);
});

test('rows of the original gateway, which have five columns, are an event each', async (t) => {
  const { local, insert } = await start(t);
  const five = {
    name: 'CompletionsFinished',
    source: 'dotcom-product-subscriptions',
    identifier: 'acme',
    created_at: new Date().toISOString(),
    metadata: JSON.stringify({ prompt_token_count: 10 }),
  };
  await insert('events', five, five, event({ event_id: 'one' }), event({ event_id: 'one' }));
  assert.deepEqual(await local.rows('SELECT COUNT(*) AS rows, SUM(count) AS events FROM events_unique'), [
    { rows: '3', events: '3' },
  ]);
});

test('of equal ranks the latest price counts; an orphan that was priced again still gives way to its settlement', async (t) => {
  const { local, insert } = await start(t);
  const priced = (id: string, rank: number, price_rank: number | null, cost_nano_usd: number): object =>
    event({ event_id: id, rank, price_rank, cost_nano_usd, cost_micro_usd: Math.round(cost_nano_usd / 1_000) });
  await insert('events', priced('again', 1, 0, 1_000), priced('again', 1, 7, 2_000), priced('again', 1, 3, 9_000));
  await insert('events', priced('late', 0, 7, 5_000), priced('late', 1, 0, 3_000));
  // Before there were price ranks.
  await insert('events', priced('old', 1, null, 1_000), priced('old', 1, 2, 4_000));
  assert.deepEqual(await local.rows('SELECT event_id, cost_nano_usd FROM events_unique ORDER BY event_id'), [
    { event_id: 'again', cost_nano_usd: '2000' },
    { event_id: 'late', cost_nano_usd: '3000' },
    { event_id: 'old', cost_nano_usd: '4000' },
  ]);
});

test('a thousand embeddings of three tokens sum to what the provider bills, beside rows of older functions', async (t) => {
  const { local, insert } = await start(t);
  const name = 'EmbeddingsFinished';
  // 3 × $0.02 a million: 60 nano-dollars each, which no micro-dollar can say.
  const short = Array.from({ length: 1_000 }, () => event({ name, cost_nano_usd: 60, cost_micro_usd: 0 }));
  await insert('events', ...short, event({ name, cost_micro_usd: 75 }));
  for (const view of ['usage_daily', 'cost_by_model', 'cost_by_subscription', 'cost_by_feature', 'spend_by_function'])
    assert.deepEqual(await local.rows(`SELECT cost_nano_usd, cost_micro_usd, unpriced FROM ${view}`), [
      { cost_nano_usd: '135000', cost_micro_usd: '135', unpriced: '0' },
    ]);
});

test('a day is final two days after its end; what has no price is counted, not forgotten', async (t) => {
  const { local, insert } = await start(t);
  const at = (ago: number) => ({ created_at: new Date(Date.now() - ago * dayMs).toISOString() });
  await insert('events', event(at(3)), event(at(0)), event({ ...at(0), cost_micro_usd: null }));
  await insert('events', event({ ...at(3), price_version: 'genai-prices 0, overrides 2026-01-01, unconfirmed' }));
  assert.deepEqual(
    await local.rows(
      'SELECT day, final, events, unpriced, cost_micro_usd, unconfirmed_micro_usd FROM usage_daily ORDER BY day',
    ),
    [
      { day: day(3), final: true, events: '2', unpriced: '0', cost_micro_usd: '150', unconfirmed_micro_usd: '75' },
      { day: day(0), final: false, events: '2', unpriced: '1', cost_micro_usd: '75', unconfirmed_micro_usd: '0' },
    ],
  );
});

test('cost per function: a sample of the billing export and the usage explain each other to less than one percent', async (t) => {
  const { local, insert } = await start(t);
  await createBillingExport(local, project);
  const bill = (service: string, cost: number, component: string | null = null, more: object = {}): object => ({
    billing_account_id: '0',
    service: { id: service, description: service },
    sku: { id: 's', description: 'sku' },
    usage_start_time: `${day(0)}T00:00:00Z`,
    usage_end_time: `${day(0)}T01:00:00Z`,
    project: { id: project, name: project },
    labels:
      component === null
        ? []
        : [
            { key: 'app', value: 'cody-gateway' },
            { key: 'component', value: component },
          ],
    cost,
    currency: 'USD',
    currency_conversion_rate: 1,
    credits: [],
    ...more,
  });
  await insert(
    'gcp_billing_export',
    bill('Cloud Run', 8, 'chat-completions', { credits: [{ name: 'free', amount: -2, type: 'FREE_TIER' }] }),
    bill('Cloud Run Functions', 1.8, 'deliver-events', { currency: 'EUR', currency_conversion_rate: 0.9 }),
    bill('Cloud Memorystore for Redis', 4),
    bill('Cloud Tasks', 0.4),
    bill('BigQuery', 0.2),
    bill('Cloud DNS', 0.05),
    bill('Cloud Run', 99, 'chat-completions', { project: { id: 'another', name: 'another' } }),
  );
  await insert(
    'events',
    ...Array.from({ length: 3 }, () => event({ cost_micro_usd: 1_000_000 })),
    event({ identifier: 'globex', function: 'code-completions', cost_micro_usd: 500_000 }),
  );
  const rows = (await local.rows('SELECT * FROM cost_by_function')).map((row) => ({
    ...row,
    micro: Number(row['micro_usd']),
  })) as unknown as { function: string | null; identifier: string | null; part: string; micro: number }[];
  const sum = (wanted: Partial<(typeof rows)[0]>): number =>
    rows
      .filter((row) => Object.entries(wanted).every(([name, value]) => row[name as keyof typeof row] === value))
      .reduce((total, { micro }) => total + micro, 0);
  assert.equal(sum({ function: 'chat-completions', part: 'cloud run' }), 6_000_000);
  // It works for all of them.
  assert.equal(sum({ function: 'deliver-events', part: 'cloud run' }), 2_000_000);
  assert.equal(sum({ function: 'deliver-events', identifier: 'acme', part: 'cloud run' }), 1_500_000);
  assert.equal(sum({ identifier: 'acme', part: 'redis' }), 3_000_000);
  assert.equal(sum({ identifier: 'globex', part: 'redis' }), 1_000_000);
  assert.equal(sum({ part: 'llm' }), 3_500_000);
  assert.equal(sum({ function: 'chat-completions' }), 3_000_000 + 6_000_000 + 3_450_000);
  // 8 - 2 + 2 + 4 + 0.4 + 0.2 + 0.05 dollars of Google's, 3.5 of the providers'.
  assert.equal(sum({}), 12_650_000 + 3_500_000);
  const remainder = sum({ part: 'unexplained' });
  assert.equal(remainder, 50_000);
  assert.ok(remainder / sum({}) < 0.01);
});

test('a realistic bill: at most five percent of it are unexplained, tenants pay by time and bytes, and what is nobody’s is shown', async (t) => {
  const { local, insert } = await start(t);
  await createBillingExport(local, project);
  await insert('gcp_billing_export', ...drawBill(day(0), project));
  const served = (identifier: string, ms: number, characters: number, more: object = {}) =>
    event(
      { identifier, gateway_ms: 10, created_at: `${day(0)}T00:00:00Z`, cost_micro_usd: 1_000, ...more },
      { upstream_request_duration_ms: ms - 10, prompt_token_count: 1, prompt_character_count: characters },
    );
  await insert(
    'events',
    served('acme', 30_000, 400_000),
    served('acme', 30_000, 400_000),
    served('globex', 20_000, 100_000, { function: 'code-completions' }),
    // Nine hundred refusals, folded into one row: nine seconds, and next to no bytes.
    event(
      {
        name: 'RateLimited',
        identifier: 'initech',
        units: 0,
        count: 900,
        cost_micro_usd: null,
        created_at: `${day(0)}T00:00:00Z`,
      },
      { prompt_token_count: undefined },
    ),
  );
  const rows = await local.rows('SELECT function, identifier, part, micro_usd FROM cost_by_function');
  const sum = (wanted: Record<string, string | null>): number =>
    rows
      .filter((row) => Object.entries(wanted).every(([name, value]) => row[name] === value))
      .reduce((total, row) => total + Number(row['micro_usd']), 0);
  const near = (actual: number, expected: number): void =>
    assert.ok(Math.abs(actual - expected) <= 50, `${actual} is not ${expected}`);
  // Every line is somewhere, once.
  near(sum({}), (billedUsd.project + billedUsd.noProject) * 1e6 + 3_000);
  near(sum({ part: 'without a project' }), billedUsd.noProject * 1e6);
  assert.ok(sum({ part: 'unexplained' }) / (billedUsd.project * 1e6) <= 0.05);
  // 60 of 69 seconds of the function; not 2 of 902 events.
  near(sum({ function: 'chat-completions', part: 'cloud run', identifier: 'acme' }), (26.5e6 * 60) / 69);
  near(sum({ function: 'code-completions', part: 'cloud run', identifier: 'globex' }), 6.1e6);
  near(sum({ function: 'deliver-events', part: 'cloud run', identifier: 'initech' }), (1.6e6 * 900) / 903);
  near(
    sum({ function: 'chat-completions', part: 'egress', identifier: 'acme' }),
    9.8e6 * (802_000 / 1_702_000) + 2.6e6 * (802_000 / 1_803_000),
  );
  near(sum({ part: 'armor', identifier: 'initech' }), (6.5e6 * 900) / 903);
  for (const part of [
    'load balancer',
    'armor',
    'logs',
    'traces',
    'metrics',
    'secrets',
    'builds',
    'redis',
    'tasks',
    'bigquery',
    'firestore',
    'scheduler',
    'bastion',
  ])
    assert.ok(sum({ part }) > 0, part);
  assert.equal(sum({ identifier: null }), sum({ part: 'without a project' }) + sum({ part: 'unexplained' }));
});

test('events in a project of their own: of its bill, what is labelled as ours', async (t) => {
  const { local, insert } = await start(t);
  await createBillingExport(local, project, 'the-functions');
  const bill = (id: string, service: string, cost: number, labels: Record<string, string> = {}): object => ({
    service: { id: service, description: service },
    usage_start_time: `${day(0)}T00:00:00Z`,
    project: { id, name: id },
    labels: Object.entries(labels).map(([key, value]) => ({ key, value })),
    cost,
    currency_conversion_rate: 1,
    credits: [],
  });
  await insert(
    'gcp_billing_export',
    bill('the-functions', 'Cloud Tasks', 1),
    bill(project, 'BigQuery', 2, { app: 'cody-gateway', component: 'events' }),
    bill(project, 'BigQuery', 50),
    bill(project, 'Cloud Run', 60, { app: 'another' }),
  );
  await insert('events', event({ cost_micro_usd: 5 }));
  assert.deepEqual(await local.rows('SELECT part, micro_usd FROM cost_by_function ORDER BY part'), [
    { part: 'bigquery', micro_usd: '2000000' },
    { part: 'llm', micro_usd: '5' },
    { part: 'tasks', micro_usd: '1000000' },
  ]);
});

test('the licence page: seven days, newest first, zero where nothing was, per model', async (t) => {
  const { insert, query, close } = await start(t);
  const ago = (days: number) => ({ created_at: new Date(Date.now() - days * dayMs).toISOString() });
  const embedding = (tokens: number, days: number) =>
    event(
      { name: 'EmbeddingsFinished', feature: 'embeddings', model: 'openai/e', ...ago(days) },
      { model: 'openai/e', tokens_used: tokens },
    );
  await insert(
    'events',
    event(ago(0)),
    event(ago(0)),
    // A failed call is a row of that event all the same.
    event({ ...ago(2), units: 0 }),
    event({ ...ago(30), model: 'anthropic/old' }),
    event({ identifier: 'globex' }),
    event({ name: 'RateLimited' }),
    embedding(100, 0),
    embedding(20, 0),
    embedding(7, 6),
  );
  // What is older than ten days is known of days that are closed.
  await close();
  const actor = { source: 'dotcom-product-subscriptions', identifier: 'acme' };
  const completions = await query('queries/licence_completions.sql', { ...actor, feature: 'chat_completions' });
  const expected = [0, 1, 2, 3, 4, 5, 6].flatMap((days) => [
    { date: { value: day(days) }, model: 'anthropic/old', count: 0 },
    { date: { value: day(days) }, model: 'openai/gpt-4o', count: { 0: 2, 2: 1 }[days] ?? 0 },
  ]);
  assert.deepEqual(completions, expected);
  assert.deepEqual(
    (await query('queries/licence_embeddings.sql', actor)).map(({ model, count }) => [model, count]),
    [120, 0, 0, 0, 0, 0, 7].map((tokens) => ['openai/e', tokens]),
  );
  assert.deepEqual(
    await query('queries/licence_completions.sql', { ...actor, identifier: 'nobody', feature: 'x' }),
    [],
  );
});

test('the three Redash samples', async (t) => {
  const { insert, query } = await start(t);
  await insert(
    'events',
    event(),
    event({ identifier: 'globex', count: 3 }),
    event({ name: 'EmbeddingsFinished', feature: 'embeddings', model: 'openai/e' }, { tokens_used: 42 }),
  );
  const all = { event: 'all', feature: 'all', identifier: 'all', source: 'all' };
  const sizes = async (params: Record<string, string>) =>
    (await query('queries/redash_events.sql', { ...all, ...params })).map(({ events }) => events);
  assert.deepEqual(await sizes({}), [3, 1, 1]);
  assert.deepEqual(await sizes({ identifier: 'globex', event: 'CompletionsFinished' }), [3]);
  assert.deepEqual(await sizes({ feature: 'code_completions' }), []);
  assert.deepEqual(await query('queries/redash_completions_usage.sql'), [
    {
      day: { value: day(0) },
      feature: 'chat_completions',
      model: 'openai/gpt-4o',
      completions: 4,
      charged: 2,
      prompt_tokens: 20,
      completion_tokens: 10,
      cost_micro_usd: 150,
    },
  ]);
  assert.deepEqual(
    (await query('queries/redash_embeddings_tokens.sql')).map(({ model, requests, tokens }) => [
      model,
      requests,
      tokens,
    ]),
    [['openai/e', 1, 42]],
  );
});

test('the two queries of abuse review: flags by model and reason, and the requests of one user', async (t) => {
  const { insert, query } = await start(t);
  const flagged = (reason: string) => ({ flagged: true, flagging_result: { reason: [reason], should_block: false } });
  const user = { source: 'dotcom-user', identifier: '42' };
  await insert(
    'events',
    event(user),
    event(user, flagged('high_prompt_token_count')),
    event({ ...user, identifier: '43' }, flagged('high_prompt_token_count')),
    event({ ...user, name: 'RequestBlocked', units: 0 }, flagged('blocked_phrase')),
    event({ ...user, created_at: new Date(Date.now() - 9 * 3_600_000).toISOString() }, flagged('blocked_phrase')),
    event(),
  );
  assert.deepEqual(await query('queries/abuse_flags.sql'), [
    {
      source: 'dotcom-user',
      model: 'openai/gpt-4o',
      reason: 'high_prompt_token_count',
      users: 2,
      events: 2,
      blocked: 0,
    },
    { source: 'dotcom-user', model: 'openai/gpt-4o', reason: 'blocked_phrase', users: 1, events: 1, blocked: 1 },
  ]);
  const rows = await query('queries/abuse_requests_of_actor.sql', user);
  assert.deepEqual(
    rows.map(({ name, events, flagged: count }) => `${String(name)} ${String(events)} ${String(count)}`).toSorted(),
    ['CompletionsFinished 1 1', 'CompletionsFinished 2 1', 'RequestBlocked 1 1'],
  );
});
