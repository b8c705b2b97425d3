// Budgets by an operator's hand, as an operator meets them: the command's own process against a real Redis, a Firestore
// emulator and the gateway's own auth and limiter.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { actorBudgets } from '@cody-gateway/shared/auth';
import { createSubscription, findSubscription } from '@cody-gateway/shared/directory';
import { listAudit, openDocuments, type Documents } from '@cody-gateway/shared/documents';
import type { UsageEvent } from '@cody-gateway/shared/events';
import { correctBudget, readBudgets } from '@cody-gateway/shared/limiter';
import { connectStore, keys, shardName, type Store } from '@cody-gateway/shared/store';
import { startFirestore, type LocalFirestore } from '../local/google/firestore.ts';
import { startRedis, type LocalRedis } from '../local/process/redis.ts';
import { budgetCommands } from './budgets.ts';
import { UsageError } from './command.ts';

let emulator: LocalFirestore;
let redis: LocalRedis;
let directory: Documents;
let store: Store;
const project = 'budgeted';
const budget = () => ({ leftMs: 10_000 });
const program = path.resolve(import.meta.dirname, 'operator.ts');

before(async () => {
  [emulator, redis] = await Promise.all([startFirestore(), startRedis()]);
  directory = openDocuments({ firestoreEmulatorHost: emulator.host, googleCloudProject: project });
  store = connectStore({ redisEndpoint: redis.url }, () => undefined);
});
after(async () => {
  await directory.close();
  await store.close();
  await Promise.all([emulator.close(), redis.close()]);
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function on(...args: string[]): Promise<Ended> {
  const env = { ...process.env, FIRESTORE_EMULATOR_HOST: emulator.host, REDIS_ENDPOINT: redis.url };
  const child = spawn(process.execPath, [program, 'budgets', ...args, '--project', project], { env });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  child.on('close', resolve);
  child.stdin.end();
  return { code: await promise, out, err };
}

/** Its answer for programs. */
async function done(...args: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await on(...args, '--json');
  assert.deepEqual([code, err], [0, ''], `${args.join(' ')}: ${err}`);
  return JSON.parse(out) as Record<string, unknown>;
}

async function subscription(name: string): Promise<{ id: string; source: 'dotcom-product-subscriptions' }> {
  const limits = { chat_completions: { limit: 5, intervalSeconds: 3600, allowedModels: ['*'] } };
  const { id } = await createSubscription(directory, { name, limits });
  return { id, source: 'dotcom-product-subscriptions' };
}

/** What the gateway goes by. */
async function budgetsOf(id: string) {
  const entry = await findSubscription(directory, id);
  assert.ok(entry !== null && 'record' in entry);
  return actorBudgets(entry.record.overrides.budgets, 'UTC')?.of('chat_completions', Date.now()) ?? [];
}

/** Rows on their way to the ledger. */
async function rows(identifier: string) {
  const found: UsageEvent[] = [];
  for (let n = 0; n < 4096; n += 256) {
    const shards = Array.from({ length: 256 }, (_, i) => shardName(n + i));
    const replies = await store.commands(
      shards.map((shard) => ['xrange', keys.outbox(shard), '-', '+'] as const),
      budget(),
    );
    for (const [, fields] of replies.flat() as [string, string[]][]) {
      const pairs = Array.from({ length: fields.length / 2 }, (_, i) => [fields[2 * i], fields[2 * i + 1]]);
      found.push(JSON.parse(String(Object.fromEntries(pairs)['e'])) as UsageEvent);
    }
  }
  return found.filter((row) => row.identifier === identifier);
}

test('a budget that is set is the gateway’s, field by field, and goes again', async () => {
  const { id } = await subscription('set');
  await done('set', id, '--limit', '250', '--reason', 'contract');
  await done('set', id, '--feature', 'chat', '--limit', '1.5', '--window', 'day', '--soft', '--reason', 'watched');
  await done('set', id, '--overshoot', '5', '--reason', 'long answers');
  const [whole, chat] = await budgetsOf(id);
  assert.deepEqual(
    [whole?.scope, whole?.limitNanoUsd, whole?.overshootNanoUsd, whole?.isHard],
    ['subscription', 250e9, 5e9, true],
  );
  assert.deepEqual([chat?.scope, chat?.limitNanoUsd, chat?.isHard], ['chat_completions', 1.5e9, false]);
  assert.match(chat?.windows[0]?.name ?? '', /^\d{4}-\d{2}-\d{2}$/);
  await done('set', id, '--feature', 'chat', '--limit', 'none', '--reason', 'over', '--yes');
  assert.equal((await budgetsOf(id)).length, 1);
  const trail = await listAudit(directory, id, 10);
  assert.deepEqual(
    trail.map(({ what, why, outcome }) => `${what} ${why} ${outcome}`).toSorted(),
    ['contract', 'long answers', 'over', 'watched'].map((why) => `budgets set ${why} done`),
  );
});

test('use, grants, refunds and resets are shown, and each move is one audit record and one row', async () => {
  const owner = await subscription('moved');
  await done('set', owner.id, '--limit', '10', '--reason', 'r');
  const [first] = await budgetsOf(owner.id);
  const window = first?.windows[0];
  assert.ok(window !== undefined);
  // As calls leave it: used up.
  const spent = {
    eventId: 'spent',
    scope: 'subscription',
    window,
    byNanoUsd: 10e9,
    event: '{"identifier":"calls"}',
  } as const;
  assert.equal((await correctBudget(store, owner, spent, budget())).outcome, 'corrected');

  const refund = await done('refund', owner.id, '--usd', '2.5', '--reason', 'incident 12');
  assert.deepEqual([refund['refunded_nano_usd'], refund['used_nano_usd']], [2.5e9, 7.5e9]);
  await done('grant', owner.id, '--usd', '50', '--reason', 'demo');
  const { out } = await on('show', owner.id);
  assert.match(out, /all features +\$60\.00 +\$7\.50 +\$0\.00 +\$52\.50 +\d{4}-\d{2} .* hard/);
  assert.match(out, /with a grant of \$50 until .*demo/);

  const reset = await done('reset', owner.id, '--reason', 'a loop', '--yes');
  assert.deepEqual(
    [reset['closed'], reset['opened'], reset['closed_nano_usd']],
    [window.name, `${window.name}.2`, 7.5e9],
  );
  const after = await budgetsOf(owner.id);
  const [reading] = await readBudgets(store, owner, after, budget());
  assert.deepEqual([reading?.window.name, reading?.settledNanoUsd], [`${window.name}.2`, 0]);

  const all = await rows(owner.id);
  assert.deepEqual(
    all.map(({ name, cost_nano_usd: cost, units, rank }) => `${name} ${cost} ${units} ${rank}`).toSorted(),
    ['BudgetGranted', 'BudgetRefunded', 'BudgetReset'].map((name) => `${name} null 0 1`),
  );
  const trail = await listAudit(directory, owner.id, 10);
  assert.deepEqual(trail.map(({ what }) => what).toSorted(), [
    'budgets grant',
    'budgets refund',
    'budgets reset',
    'budgets set',
  ]);
});

test('a user of Sourcegraph.com has budgets, too', async () => {
  const firestore = await directory.client();
  await firestore.doc('users/77').set({ name: 'u', accessEnabled: true, limits: {}, origin: 'sourcegraph' });
  await done('set', 'users/77', '--limit', '3', '--window', 'life', '--reason', 'trial');
  const { budgets } = await done('show', 'users/77');
  assert.deepEqual(
    (budgets as Record<string, unknown>[]).map((row) => [row['window'], row['limit_nano_usd'], row['resets_at']]),
    [['life', 3e9, null]],
  );
});

test('nonsense is refused where it is written, with what to write, before anybody is asked', async () => {
  const faults: readonly (readonly [args: readonly string[], said: RegExp])[] = [
    [['set', 'a', '--limit', '9000001'], /--limit "9000001" is above 9000000 dollars/],
    [['set', 'a', '--limit', '$5'], /--limit "\$5" is no amount of dollars: write dollars such as 250/],
    [['set', 'a', '--limit', '5', '--overshoot', '-1'], /--overshoot "-1" is no amount/],
    [['set', 'a', '--limit', '5', '--window', 'week'], /"week" is none of month, day, life/],
    [['set', 'a', '--limit', '5', '--hard', '--soft'], /exclude each other/],
    [['set', 'a', '--limit', 'none', '--soft'], /give nothing else with it/],
    [['set', 'a'], /nothing is given to change/],
    [['set', 'a', '--limit', '0', '--reason', 'r'], /refuses every call.*give --yes/],
    [['set', 'a', '--limit', 'none', '--reason', 'r'], /takes the budget.*give --yes/],
    [['set', 'a', '--limit', '5', '--feature', 'video'], /"video" is none of chat, code, embeddings/],
    [['grant', 'a'], /--usd is missing/],
    [['grant', 'a', '--usd', '0'], /is nothing: write dollars/],
    [['grant', 'a', '--usd', '5', '--until', '2020-01-01'], /is over: give a time/],
    [['grant', 'a', '--usd', '5', '--until', '2030-02-30'], /is no time such as/],
    [['refund', 'a', '--usd', 'all'], /"all" is no amount/],
    [['reset', 'a', '--reason', 'r'], /give --yes/],
  ];
  for (const [[verb, ...args], said] of faults) {
    const command = budgetCommands.find(({ name }) => name === `budgets ${verb}`);
    assert.ok(command !== undefined);
    await assert.rejects(
      async () => command.run(args),
      (error) => error instanceof UsageError && said.test(error.message),
      said.source,
    );
  }
});

test('what does not fit what stands is refused, and nothing is done', async () => {
  const { id } = await subscription('refused');
  const faults: readonly (readonly [args: readonly string[], said: RegExp])[] = [
    [['set', id, '--soft', '--reason', 'r'], /there is no budget for subscription yet: give its limit/],
    [['set', id, '--limit', 'none', '--reason', 'r', '--yes'], /nothing was to be done/],
    [['grant', id, '--usd', '5', '--reason', 'r'], /there is no budget for subscription: budgets set makes one/],
    [['set', 'users/404', '--limit', '5', '--reason', 'r'], /there is no user 404/],
  ];
  for (const [args, said] of faults) {
    const { code, out, err } = await on(...args);
    assert.notEqual(code, 0, args.join(' '));
    assert.match(err.replaceAll(/\s+/g, ' '), said);
    assert.equal(out, '');
  }
  assert.deepEqual(await budgetsOf(id), []);
  assert.deepEqual(await listAudit(directory, id, 10), []);
});
