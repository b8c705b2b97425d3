// Redis hangs under a running gateway: who may be served on trust is, nobody else, health tells, and when it is back
// every call is charged in its window.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { status as grpcStatus } from '@grpc/grpc-js';
import { diagnosticsSecret, localProject } from '../local/cloud.ts';
import { anthropicBody, chat, startGateway, type TestGateway } from '../local/test-gateway.ts';

const onTrust = 2;
let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({
    functions: ['chat-completions', 'diagnostics', 'deliver-events'],
    env: { CODY_GATEWAY_REDIS_BUDGET: '1s', CODY_GATEWAY_CHAT_COMPLETIONS_WITHOUT_REDIS: String(onTrust) },
  });
});
after(async () => {
  process.kill(gateway.redis.pid, 'SIGCONT');
  await gateway.stop();
});

const ask = (token: string, headers: Readonly<Record<string, string>> = {}) =>
  gateway.call('/v1/completions/anthropic-messages', {
    token,
    headers: { ...chat, ...headers },
    body: anthropicBody(),
  });
const statuses = async (calls: number, token: string): Promise<number[]> => {
  const seen: number[] = [];
  for (let i = 0; i < calls; i++) seen.push((await ask(token)).status);
  return seen;
};
const health = async (): Promise<[number, string]> => {
  const { status, text } = await gateway.call('/-/healthz', { token: diagnosticsSecret });
  return [status, text];
};

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (!(await check())) {
    assert.ok(performance.now() < deadlineMs, what);
    await sleep(50);
  }
}

test('a Redis that hangs: so many calls on trust, 503 beyond, none for who had nothing left; charged when it is back', async () => {
  const [busy, spent] = [await gateway.subscription({ limit: 100 }), await gateway.subscription({ limit: 2 })];
  assert.deepEqual(await statuses(1, busy.token), [200]);
  assert.deepEqual(await statuses(2, spent.token), [200, 200]);
  assert.deepEqual(await health(), [200, 'healthz: ok']);

  process.kill(gateway.redis.pid, 'SIGSTOP');
  const trusted = await ask(busy.token);
  assert.equal(trusted.status, 200);
  assert.equal(trusted.headers.get('ratelimit'), null, 'nobody knows what is left');
  assert.equal((await ask(busy.token, { 'idempotency-key': 'k' })).status, 503);
  assert.deepEqual(await statuses(3, busy.token), [200, 503, 503]);
  const refused = await ask(spent.token);
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers.get('retry-after')) > 3);
  const [status, text] = await health();
  assert.equal(status, 500);
  assert.match(text, /^healthz: redis (?:is away \(\S+\)|did not answer)/);
  assert.equal((await gateway.call('/-/__version', { token: null })).status, 200);

  process.kill(gateway.redis.pid, 'SIGCONT');
  await until('served again', async () => (await ask(busy.token)).status === 200);
  await until('healthy again', async () => (await health())[0] === 200);
  const rows = await gateway.events(`identifier = '${busy.id}' AND name = 'CompletionsFinished'`);
  assert.equal(rows.length, 1 + onTrust + 1);
  assert.deepEqual(
    rows.map(({ units, quota_units, quota_window }) => [units, quota_units, quota_window]),
    rows.map(() => [1, 1, rows[0]?.quota_window ?? '']),
  );
  const [limit = ''] = await gateway.redisClient.keys(`*:limit:*${busy.id}`);
  await until('nothing is reserved', async () => (await gateway.redisClient.hget(limit, 'reserved')) === '0');
  assert.equal(await gateway.redisClient.hget(limit, 'used'), String(rows.length));
  const breaker = gateway.lines.filter(
    ({ message, process: name }) => String(message).startsWith('redis-breaker ') && name === 'chat-completions',
  );
  assert.deepEqual(
    breaker.map(({ state }) => state),
    ['open', 'closed'],
  );
  assert.ok(gateway.lines.some(({ settled_late }) => settled_late === 1));
});

/** Lines about Redis that a function has written since. */
const linesOf = (message: string, from: number): unknown[] =>
  gateway.lines
    .slice(from)
    .flatMap((line) =>
      String(line['message']).startsWith(message) && line['process'] === 'chat-completions' ? line['state'] : [],
    );

test('a Redis that refuses writes looks ill: health says so as calls do, and the line names its words', async () => {
  const { token } = await gateway.subscription({ limit: 100 });
  await until('served', async () => (await ask(token)).status === 200);
  // Calls on trust are for outages; none is left for who was seen without Redis before.
  const from = gateway.lines.length;
  await gateway.redisClient.config('SET', 'min-replicas-to-write', '1');
  assert.equal((await ask(token, { 'idempotency-key': 'refused' })).status, 503);
  const [status, text] = await health();
  assert.equal(status, 500);
  assert.match(text, /^healthz: redis (?:refuses \(NOREPLICAS\)|is away \(refusing\))/);
  await gateway.redisClient.config('SET', 'min-replicas-to-write', '0');
  await until('healthy again', async () => (await health())[0] === 200);
  await until('told', async () => linesOf('redis-breaker', from).length === 2);
  assert.deepEqual(linesOf('redis-breaker', from), ['open', 'closed']);
  const opened = gateway.lines.slice(from).find(({ message }) => String(message).startsWith('redis-breaker '));
  assert.match(String(opened?.['said']), /^NOREPLICAS /);
});

test('a full Redis: calls are refused and health says so, the breaker stays shut, what has been counted is still read', async () => {
  const { token } = await gateway.subscription({ limit: 100 });
  await until('served', async () => (await ask(token)).status === 200);
  const from = gateway.lines.length;
  await gateway.redisClient.config('SET', 'maxmemory', '1mb');
  assert.equal((await ask(token, { 'idempotency-key': 'full' })).status, 503);
  const [status, text] = await health();
  assert.equal(status, 500);
  assert.match(text, /^healthz: redis refuses \(OOM\)/);
  await gateway.redisClient.config('SET', 'maxmemory', '0');
  await until('served again', async () => (await ask(token)).status === 200);
  await until('told', async () => linesOf('redis-full', from).length === 2);
  assert.deepEqual(linesOf('redis-full', from), ['full', 'relieved']);
  assert.deepEqual(linesOf('redis-breaker', from), []);
});

test('Redis hangs between admission and settlement: the answer is whole, and the call is charged later, by its task (actors #38)', async () => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  await until('served', async () => (await ask(token)).status === 200);
  const rowsOf = () =>
    gateway.bigquery.rows(
      `SELECT rank, units FROM \`p.d.events_unique\` WHERE identifier = '${id}' AND name = 'CompletionsFinished'`,
    );
  await until('the first row', async () => (await rowsOf()).length === 1);
  gateway.anthropic?.pace({ delayMs: 1_500 });
  const answer = ask(token);
  const [limit = ''] = await gateway.redisClient.keys(`*:limit:*${id}`);
  await until('admitted', async () => (await gateway.redisClient.hget(limit, 'reserved')) === '1');
  process.kill(gateway.redis.pid, 'SIGSTOP');
  assert.equal((await answer).status, 200);
  gateway.anthropic?.pace({ delayMs: 0 });
  process.kill(gateway.redis.pid, 'SIGCONT');
  await until('charged', async () => {
    const [used, reserved] = await gateway.redisClient.hmget(limit, 'used', 'reserved');
    return used === '2' && reserved === '0' && (await rowsOf()).length === 2;
  });
  assert.ok((await rowsOf()).every(({ rank, units }) => Number(rank) === 1 && Number(units) === 1));
});

/** The operator's command, as a process. @returns what it printed */
async function command(...args: string[]): Promise<unknown> {
  const program = path.resolve(import.meta.dirname, '../operator/operator.ts');
  const env = { ...process.env, ...gateway.env };
  const all = [program, ...args, '--json', '--project', localProject];
  return JSON.parse((await promisify(execFile)(process.execPath, all, { env })).stdout);
}

test('neither Redis nor the queue: the call is served, its settlement stands whole in the log, and a replay charges it once', async (t) => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  assert.deepEqual(await statuses(1, token), [200]);
  const rowsOf = () =>
    gateway.bigquery.rows(
      `SELECT units, quota_units, quota_window FROM \`p.d.events_unique\` WHERE identifier = '${id}' AND name = 'CompletionsFinished'`,
    );
  await until('the first row', async () => (await rowsOf()).length === 1);
  process.kill(gateway.redis.pid, 'SIGSTOP');
  gateway.tasks.failCreate(grpcStatus.UNAVAILABLE, 1_000);
  assert.deepEqual(await statuses(1, token), [200]);
  gateway.tasks.failCreate(grpcStatus.UNAVAILABLE, 0);
  process.kill(gateway.redis.pid, 'SIGCONT');
  const logged = () =>
    gateway.lines.filter(
      ({ usage_event: event, settlement }) =>
        (event as { identifier?: string } | undefined)?.identifier === id && settlement !== undefined,
    );
  await until('it is logged', async () => logged().length > 0);
  await until('served again', async () => (await ask(token)).status === 200);
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'gateway-log-')), 'log.json');
  t.after(() => rm(path.dirname(file), { recursive: true }));
  await writeFile(file, JSON.stringify(logged()));
  const target = gateway.env['CODY_GATEWAY_DELIVER_EVENTS_URL'] ?? '';
  for (const _twice of [1, 2])
    assert.deepEqual(await command('events', 'replay', '--log', file, '--target', target, '--reason', 'a test'), {
      replayed: logged().length,
      unreadable: 0,
    });
  await until('charged', async () => {
    const [limit = ''] = await gateway.redisClient.keys(`*:limit:*${id}`);
    const [used, reserved] = await gateway.redisClient.hmget(limit, 'used', 'reserved');
    return reserved === '0' && used === '3';
  });
  // Without a sweeper an entry that was sent, and not deleted for the outage, stays in the outbox: only the rows are
  // waited for.
  await until('three rows', async () => (await rowsOf()).length === 3);
  const rows = await rowsOf();
  assert.deepEqual(
    rows.map(({ units, quota_units: kept, quota_window: window }) => [Number(units), Number(kept), window]),
    rows.map(() => [1, 1, rows[0]?.['quota_window']]),
  );
});

interface Reconciled {
  readonly differences: readonly {
    readonly actor: string;
    readonly counter_units: number;
    readonly ledger_units: number;
    readonly raised_units: number | null;
  }[];
}

test('a failover forgot acknowledged calls: reconcile prints it, and raises the counter to the ledger when told to', async () => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  await until('served', async () => (await ask(token)).status === 200);
  assert.deepEqual(await statuses(2, token), [200, 200]);
  // Without a sweeper an entry that was sent, and not deleted for the outage, stays in the outbox: only the rows are
  // waited for.
  const calls = 3;
  await until('rows', async () => {
    const found = await gateway.bigquery.rows(`SELECT event_id FROM \`p.d.events_unique\` WHERE identifier = '${id}'`);
    return found.length === calls;
  });
  const [limit = ''] = await gateway.redisClient.keys(`*:limit:*${id}`);
  await until('settled', async () => (await gateway.redisClient.hget(limit, 'reserved')) === '0');
  await gateway.redisClient.hincrby(limit, 'used', -2);
  const reconcile = async (...more: string[]) => {
    const { differences } = (await command(
      'counters',
      'reconcile',
      '--bigquery',
      gateway.bigquery.url,
      ...more,
    )) as Reconciled;
    return differences.filter(({ actor }) => actor === `dotcom-product-subscriptions:${id}`);
  };
  const below = { counter_units: calls - 2, ledger_units: calls, raised_units: null };
  const [printed] = await reconcile();
  assert.partialDeepStrictEqual(printed, below);
  await assert.rejects(reconcile('--yes'), /--reason is missing/);
  assert.equal(await gateway.redisClient.hget(limit, 'used'), String(calls - 2));
  const [raised] = await reconcile('--yes', '--reason', 'failover of tonight');
  assert.partialDeepStrictEqual(raised, { ...below, raised_units: 2 });
  assert.equal(await gateway.redisClient.hget(limit, 'used'), String(calls));
  assert.deepEqual(await reconcile(), []);
});
