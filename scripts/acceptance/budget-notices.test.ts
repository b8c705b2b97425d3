// Notices of budgets in dollars reach Slack: 50, 80 and 100 percent once a window and limit each, of soft budgets and
// hard ones; the first refusal of a window once; a grant in between begins the percents of the new limit.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setBudget } from '@cody-gateway/shared/directory';
import { openDocuments, type Documents } from '@cody-gateway/shared/documents';
import { localProject } from '../local/cloud.ts';
import { anthropicBody, eventually, startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
let documents: Documents;
/** What one of these calls costs, nano-dollars. */
let price = 0;
before(async () => {
  gateway = await startGateway();
  documents = openDocuments({ firestoreEmulatorHost: gateway.firestore.host, googleCloudProject: localProject });
  const { id, token } = await budgeted('1000', 'month', false);
  await ask(token);
  price = (await spent(id))[0] ?? 0;
  assert.ok(price > 0);
});
after(async () => {
  await documents.close();
  await gateway.stop();
});

const author = { who: 'a test', why: 'a test' } as unknown as Parameters<typeof setBudget>[5];
// Nine digits behind the point: a limit is so many calls, to the nano-dollar.
const usd = (nano: number): string => `${Math.floor(nano / 1e9)}.${String(nano % 1e9).padStart(9, '0')}`;

async function budgeted(limitUsd: string, window: 'month' | 'day' | 'life', hard: boolean) {
  const one = await gateway.subscription({ limit: 100_000 });
  await setBudget(documents, null, one.id, 'subscription', { limitUsd, window, hard }, author);
  return one;
}

const body = anthropicBody({ model: 'claude-haiku-4-5', max_tokens: 100 });

async function ask(token: string): Promise<number> {
  return (await gateway.call('/v1/messages', { token, body })).status;
}

/** Of each window of the subscription's budget. */
async function spent(id: string): Promise<number[]> {
  const [key = ''] = await gateway.redisClient.keys(`*:budget:subscription:*${id}`);
  return Object.values(await gateway.redisClient.hgetall(key)).map((text) => Number(text.split(' ', 1)[0]));
}

async function many(token: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) assert.equal(await ask(token), 200);
}

/** Thresholds and refusals that messages name, once everything that was on its way has arrived. */
async function told(id: string): Promise<(number | string)[]> {
  await gateway.events(`identifier = '${id}'`);
  return gateway.slack.messages
    .filter((message) => message.includes(id))
    .map((message) => {
      const percent = /threshold (\d+) %/.exec(message)?.[1];
      return percent === undefined ? (/\): ([^.]*)\./.exec(message)?.[1] ?? message) : Number(percent);
    });
}

async function operate(...args: string[]): Promise<void> {
  const program = path.resolve(import.meta.dirname, '../operator/operator.ts');
  const env = { ...process.env, FIRESTORE_EMULATOR_HOST: gateway.firestore.host, REDIS_ENDPOINT: gateway.redis.url };
  const child = spawn(process.execPath, [program, ...args, '--project', localProject], { env });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, said);
  // Its row waits for the sweeper: as if the grace time were over that instances have for theirs.
  for (const key of await gateway.redisClient.keys('*:outbox'))
    for (const [i, [entry, fields]] of (await gateway.redisClient.xrange(key, '-', '+')).entries()) {
      await gateway.redisClient.xadd(key.replace(/:outbox$/, ':outbox-aged'), `1-${i + 1}`, ...fields);
      await gateway.redisClient.xdel(key, entry);
    }
  for (const key of await gateway.redisClient.keys('*:outbox-aged'))
    await gateway.redisClient.rename(key, key.replace(/-aged$/, ''));
  await fetch(gateway.functions.get('sweep-leases')?.url ?? '', { method: 'POST' });
}

test('a soft budget tells of 50, 80 and 100 percent once each, refuses nothing, and tells no more; its next window is its own', async () => {
  const { id, token } = await budgeted(usd(10 * price), 'month', false);
  await many(token, 4);
  assert.deepEqual(await told(id), []);
  await many(token, 1);
  assert.deepEqual(await told(id), [50]);
  await many(token, 2);
  assert.deepEqual(await told(id), [50]);
  await many(token, 1);
  assert.deepEqual(await told(id), [50, 80]);
  await many(token, 5);
  assert.deepEqual(await told(id), [50, 80, 100]);
  const message = gateway.slack.messages.find((one) => one.includes(id)) ?? '';
  assert.match(
    message,
    /has spent 50 % of its budget for \d{4}-\d\d: \$[\d.]+ of \$[\d.]+, threshold 50 %\. It starts anew in /,
  );
  await operate('budgets', 'reset', id, '--reason', 'a new beginning', '--yes');
  await eventually(
    async () => (await many(token, 1), await spent(id)),
    (windows) => windows.length === 2 && windows.some((used) => used >= 5 * price && used < 10 * price),
  );
  assert.deepEqual(await told(id), [50, 80, 100, 50]);
  const rows = await gateway.events(`identifier = '${id}' AND name = 'CompletionsFinished'`);
  const crossed = rows.flatMap(({ metadata }) => metadata['budget_notice_percent'] ?? []);
  assert.deepEqual(
    crossed.map(Number).toSorted((a, b) => a - b),
    [50, 50, 80, 100],
    'the rows of the calls that crossed',
  );
});

/** Until the budget refuses one. */
async function spendAll(token: string): Promise<void> {
  while ((await ask(token)) === 200);
}

test('a hard budget: the first refusal of a window is a notice, the others are not; after a grant all is told of the new limit', async () => {
  const least = await budgeted('0.000000001', 'day', true);
  const refusal = await gateway.call('/v1/messages', { token: least.token, body });
  const [, dollars = ''] = /may cost \$(\d+\.\d+)/.exec(refusal.text) ?? assert.fail(refusal.text);
  // Twice what a call may cost: half of it is spent, and then no other call is sure to have room.
  const limit = Math.round(Number(dollars) * 2e9);
  const { id, token } = await budgeted(usd(limit), 'life', true);
  await spendAll(token);
  for (const _ of [1, 2, 3]) assert.equal(await ask(token), 429);
  const reachedOf = async (most: number): Promise<number[]> => {
    const [used = 0] = await spent(id);
    assert.ok(used > 0 && used <= most, `${used} of ${most}`);
    return [50, 80, 100].filter((percent) => used * 100 >= percent * most);
  };
  const first = await reachedOf(limit);
  const about = async () => {
    const all = await told(id);
    const refusals = all.filter((one) => typeof one === 'string');
    for (const one of refusals)
      assert.match(one, /it may cost more than is left of the budget|calls are refused, the budget is used up/);
    return [all.filter((one) => typeof one === 'number'), refusals.length];
  };
  assert.deepEqual(await about(), [first, 1]);
  const rows = await gateway.events(`identifier = '${id}' AND name = 'RateLimited'`);
  const refused = rows.reduce((sum, { count }) => sum + (count ?? 1), 0);
  assert.equal(refused, 4, 'each refusal has its row');
  await operate('budgets', 'grant', id, '--usd', usd(limit), '--reason', 'a demo');
  // Until the instance that answers has it; who is refused meanwhile is not told of again.
  await eventually(
    () => ask(token),
    (status) => status === 200,
  );
  assert.deepEqual(await about(), [first, 1]);
  await spendAll(token);
  assert.deepEqual(await about(), [[...first, ...(await reachedOf(2 * limit))], 2]);
});

test('calls that cross together, over several thresholds: one message for the highest', async () => {
  const { id, token } = await budgeted(usd(2 * price), 'month', false);
  await Promise.all([ask(token), ask(token)]);
  const all = await told(id);
  assert.equal(all.at(-1), 100);
  assert.deepEqual([...new Set(all)], all, 'none twice');
});
