// `counters reconcile` on budgets, and the calendar that commands about them go by, as an operator meets them: the
// command's own process against a real Redis, a Firestore emulator and the deployed SQL.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { publishReviewed } from '@cody-gateway/shared/catalogue';
import { calendarWindows, createSubscription, setBudget } from '@cody-gateway/shared/directory';
import { listAudit, openDocuments, type Documents } from '@cody-gateway/shared/documents';
import { raiseBudget, readBudgetCounters } from '@cody-gateway/shared/limiter';
import { connectStore, type Store } from '@cody-gateway/shared/store';
import { startBigQuery, type LocalBigQuery } from '../local/google/bigquery/bigquery.ts';
import { createEventsDataset } from '../local/google/bigquery/events-dataset.ts';
import { startFirestore, type LocalFirestore } from '../local/google/firestore.ts';
import { startRedis, type LocalRedis } from '../local/process/redis.ts';

const project = 'reconciled';
const source = 'dotcom-product-subscriptions';
const budget = () => ({ leftMs: 10_000 });
const month = calendarWindows('month', Date.now(), 'UTC')[0]?.name ?? '';
const program = path.resolve(import.meta.dirname, 'operator.ts');
const limits = { chat_completions: { limit: 5, intervalSeconds: 3600, allowedModels: ['*'] } };
const author = { who: 'a test', why: 'a test' } as unknown as Parameters<typeof setBudget>[5];

let emulator: LocalFirestore;
let redis: LocalRedis;
let local: LocalBigQuery;
let directory: Documents;
let store: Store;

before(async () => {
  [emulator, redis] = await Promise.all([startFirestore(), startRedis()]);
  directory = openDocuments({ firestoreEmulatorHost: emulator.host, googleCloudProject: project });
  store = connectStore({ redisEndpoint: redis.url }, () => undefined);
  local = await createEventsDataset(await startBigQuery(), project, 'UTC');
});
after(async () => {
  await directory.close();
  await store.close();
  await Promise.all([emulator.close(), redis.close(), local.close()]);
});

async function run(args: readonly string[], zone = ''): Promise<{ out: string; err: string; code: number | null }> {
  const env = {
    ...process.env,
    FIRESTORE_EMULATOR_HOST: emulator.host,
    REDIS_ENDPOINT: redis.url,
    CODY_GATEWAY_BILLING_TIME_ZONE: zone,
  };
  const child = spawn(process.execPath, [program, ...args, '--project', project], { env });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.on('close', resolve);
  child.stdin.end();
  return { code: await promise, out, err };
}

async function settled(identifier: string): Promise<number | null> {
  for await (const page of readBudgetCounters(store, budget))
    for (const one of page) if (one.actor === `${source}:${identifier}`) return one.settledNanoUsd;
  return null;
}

test('a counter that Redis lost is printed, raised when told to, with an audit record; one ahead stays', async () => {
  for (const [identifier, nano] of [
    ['lost', 5e9],
    ['ahead', 1e9],
  ] as const)
    await local.rows(`INSERT INTO events (name, source, identifier, created_at, event_id, rank, price_rank, function, units, quota_units, count, budget_window, budget_nano_usd)
      VALUES ('CompletionsFinished', '${source}', '${identifier}', now(), gen_random_uuid(), 1, 0, 'f', 1, 1, 1, '${month}', ${nano})`);
  const counter = { actor: `${source}:ahead`, scope: 'subscription', window: month, endMs: Date.now() + 1e9 };
  await raiseBudget(store, counter, 3e9, budget());
  const reconcile = async (...more: string[]) => {
    const { out, err, code } = await run(['counters', 'reconcile', '--bigquery', local.url, ...more]);
    assert.equal(code, 0, err);
    return out;
  };
  const printed = await reconcile();
  assert.match(printed, /lost\s+subscription\s+\S+\s+\$0\.00\s+\$5\.00\s+below/);
  assert.match(printed, /ahead\s+subscription\s+\S+\s+\$3\.00\s+\$1\.00\s+ahead/);
  assert.match(printed, /1 below the ledger: --yes --reason <text> raises them/);
  assert.equal(await settled('lost'), null);
  const raised = JSON.parse(await reconcile('--yes', '--reason', 'a new instance', '--json')) as {
    readonly budgets: readonly Record<string, unknown>[];
  };
  assert.deepEqual(
    raised.budgets.map((one) => [
      one['actor'],
      one['counter_nano_usd'],
      one['ledger_nano_usd'],
      one['raised_nano_usd'],
    ]),
    [
      [`${source}:lost`, 0, 5e9, 5e9],
      [`${source}:ahead`, 3e9, 1e9, null],
    ],
  );
  assert.deepEqual([await settled('lost'), await settled('ahead')], [5e9, 3e9]);
  const records = await listAudit(directory, null, 10);
  assert.ok(JSON.stringify(records).includes('1 counters raised to what the ledger says'), JSON.stringify(records));
});

test('windows go by the zone that the gateway tells; this shell’s counts only where it has not, and that is said', async () => {
  const { id } = await createSubscription(directory, { name: 'zoned', limits });
  await setBudget(directory, null, id, 'subscription', { limitUsd: '5', window: 'day' }, author);
  const show = async (zone?: string) => {
    const { out, err, code } = await run(['budgets', 'show', id, '--json'], zone);
    assert.equal(code, 0, err);
    const { budgets, ...rest } = JSON.parse(out) as Record<string, unknown>;
    const [first] = budgets as Record<string, unknown>[];
    return { zone: rest['time_zone'], note: rest['time_zone_note'], resets: first?.['resets_at'] };
  };
  const endIn = (zone: string) => new Date(calendarWindows('day', Date.now(), zone)[0]?.endMs ?? 0).toISOString();
  const alone = await show();
  assert.deepEqual([alone.zone, alone.resets], ['UTC', endIn('UTC')]);
  assert.match(String(alone.note), /since CODY_GATEWAY_BILLING_TIME_ZONE is not set: the gateway has not told/);
  assert.match(String((await show('Asia/Tokyo')).note), /windows by Asia\/Tokyo, as this shell says/);
  const state = { environment: [], mounted: [], timeZone: 'Asia/Kathmandu' };
  await publishReviewed(store, 'chat-completions', state, Date.now(), budget());
  assert.deepEqual(await show(), { zone: 'Asia/Kathmandu', note: null, resets: endIn('Asia/Kathmandu') });
  const other = await show('Asia/Tokyo');
  assert.deepEqual([other.zone, other.resets], ['Asia/Kathmandu', endIn('Asia/Kathmandu')]);
  assert.match(String(other.note), /CODY_GATEWAY_BILLING_TIME_ZONE=Asia\/Tokyo of this shell is another one/);
  const { code, err } = await run(['budgets', 'show', id], 'Mars/Olympus');
  assert.notEqual(code, 0);
  assert.match(err, /CODY_GATEWAY_BILLING_TIME_ZONE/);
});
