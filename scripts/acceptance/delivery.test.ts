// Every call that returned a byte ends in exactly one settled row, whatever was killed or away; and the sums agree.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { status as grpcStatus } from '@grpc/grpc-js';
import { anthropicBody, chat, eventually, startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway();
});
after(() => gateway.stop());

const route = '/v1/completions/anthropic-messages';
const ask = (token: string, more: Record<string, unknown> = {}) =>
  gateway.call(route, { token, headers: chat, body: anthropicBody(more) });
const sweep = async (): Promise<Record<string, number>> =>
  JSON.parse(
    await (await fetch(gateway.functions.get('sweep-leases')?.url ?? '', { method: 'POST' })).text(),
  ) as Record<string, number>;
const unitsOf = (rows: readonly { units: number }[]): number => rows.reduce((sum, { units }) => sum + units, 0);

/** Counters of an actor's chat window. */
async function counters(id: string): Promise<{ used: number; reserved: number }> {
  const [key = ''] = await gateway.redisClient.keys(`*:limit:chat_completions:*${id}`);
  const [used, reserved] = await gateway.redisClient.hmget(key, 'used', 'reserved');
  return { used: Number(used), reserved: Number(reserved) };
}

test('one row a call; used minus reserved is the sum of quota_units of the window', async () => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  const others = await Promise.all(Array.from({ length: 19 }, () => ask(token, { stream: true })));
  // Both tries of one call, in the window that the others opened.
  gateway.anthropic?.next({ status: 500, body: '{}' }, 2);
  const failed = await ask(token, { stream: true });
  const answers = [failed, ...others];
  assert.equal(answers.filter(({ status }) => status === 200).length, 19);
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.equal(rows.length, 20);
  assert.equal(unitsOf(rows), 19);
  // What the operator's command says of it, as the licence page does: failed calls too.
  const { usage } = (await command('usage', 'show', id, '--bigquery', gateway.bigquery.url)) as {
    usage: { date: string; feature: string; model: string; count: number }[];
  };
  assert.deepEqual(
    usage.map(({ feature, model, count }) => [feature, model, count]),
    [['chat_completions', rows[0]?.model, 20]],
  );
  assert.deepEqual(await counters(id), { used: 19, reserved: 0 });
  assert.equal(
    rows.reduce((sum, { quota_units }) => sum + quota_units, 0),
    19,
  );
  assert.equal(new Set(rows.map(({ quota_window }) => quota_window)).size, 1);
});

test('what arrives is told to the alerts: its price, and calls that have none', async () => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  await ask(token);
  const [settled] = await gateway.events(`identifier = '${id}'`);
  assert.ok(settled !== undefined && (settled.cost_nano_usd ?? 0) > 0);
  // As an older function wrote it.
  const row = { ...settled, cost_nano_usd: null, cost_micro_usd: null, price_version: null };
  const deliver = gateway.functions.get('deliver-events')?.url ?? '';
  const events = [
    { ...row, event_id: `${id}-priced`, created_at: new Date().toISOString() },
    { ...row, event_id: `${id}-unknown`, created_at: new Date().toISOString(), model: 'anthropic/nobody-knows-it' },
    // Not charged, so nobody misses its price.
    { ...row, event_id: `${id}-failed`, created_at: new Date().toISOString(), model: null, units: 0 },
  ];
  const told = (): Record<string, unknown>[] =>
    gateway.lines.filter(({ event, inserted }) => event === 'request_completed' && inserted === events.length);
  const before = told().length;
  assert.equal((await fetch(deliver, { method: 'POST', body: JSON.stringify({ events }) })).status, 200);
  await eventually(told, (lines) => lines.length === before + 1);
  const rows = await gateway.events(`event_id LIKE '${id}-%'`);
  const costs = rows.map(({ cost_nano_usd: cost }) => (cost === null ? null : cost / 1_000));
  assert.equal(costs.filter((cost) => cost === null).length, 2);
  const { cost_micro_usd: cost, unpriced } = told().at(-1) ?? {};
  assert.deepEqual([cost, unpriced], [costs.find((one) => one !== null), 1]);
});

test('a queue that fails for a while costs nobody anything: the sweeper takes over what was left (actors #84)', async () => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  gateway.tasks.failCreate(grpcStatus.UNAVAILABLE, 1_000);
  assert.deepEqual(
    (await Promise.all(Array.from({ length: 7 }, () => ask(token)))).map(({ status }) => status),
    Array.from({ length: 7 }, () => 200),
  );
  const failed = (): number =>
    gateway.lines.reduce(
      (sum, { message }) =>
        sum + Number(/^(\d+) events stay in the outbox for the sweeper/.exec(String(message))?.[1] ?? 0),
      0,
    );
  await eventually(failed, (count) => count === 7);
  gateway.tasks.failCreate(grpcStatus.UNAVAILABLE, 0);
  // As if the grace time were over: younger entries are still their instance's, so the test makes them old by a copy
  // with an old id.
  const filled = await Promise.all(
    (await gateway.redisClient.keys('*:outbox')).map(
      async (key) => [key, await gateway.redisClient.xrange(key, '-', '+')] as const,
    ),
  );
  const [outbox, entries] = filled.find(([, list]) => list.length > 0) ?? ['', []];
  assert.equal(entries.length, 7);
  await gateway.redisClient.del(outbox);
  for (const [i, [, fields]] of entries.entries()) await gateway.redisClient.xadd(outbox, `1-${i + 1}`, ...fields);
  const report = await sweep();
  assert.equal(report['sent'], 7);
  // How far behind the outbox is, is measured and told, for the alert.
  assert.ok(Number(report['oldest_ms']) > 300_000);
  await eventually(
    () => gateway.lines.some(({ message }) => String(message).startsWith('the outbox is behind: ')),
    Boolean,
  );
  assert.equal(unitsOf(await gateway.events(`identifier = '${id}'`)), 7);
});

test('a warehouse that fails is tried again by the queue, and a row that comes twice counts once', async () => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  gateway.bigquery.failInserts(503, 2);
  await Promise.all([ask(token), ask(token)]);
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.equal(unitsOf(rows), 2);
  const deliver = gateway.functions.get('deliver-events')?.url ?? '';
  const again = { ...rows[0], created_at: new Date().toISOString(), source: 's', identifier: id };
  // Twice within the service's own window, and once more under another insertId, as after that window.
  for (const rank of [1, 1, 0])
    assert.equal(
      (await fetch(deliver, { method: 'POST', body: JSON.stringify({ events: [{ ...again, rank }] }) })).status,
      200,
    );
  assert.equal(unitsOf(await gateway.events(`identifier = '${id}'`)), 2);
  // The other order: an orphaned row first, and the settled one within the second in which the warehouse knows
  // insertIds.
  for (const rank of [0, 1, 0])
    await fetch(deliver, {
      method: 'POST',
      body: JSON.stringify({ events: [{ ...again, event_id: `${id}-late`, rank, units: rank === 1 ? 1 : 7 }] }),
    });
  const late = await gateway.events(`event_id = '${id}-late'`);
  assert.deepEqual(
    late.map(({ rank, units }) => [rank, units]),
    [[1, 1]],
  );
});

/** Runs the operator's command on this gateway. */
async function command(...args: string[]): Promise<Record<string, unknown>> {
  const child = spawn(
    process.execPath,
    [
      path.resolve(import.meta.dirname, '../operator/operator.ts'),
      ...args,
      '--project',
      'local-cloud',
      '--json',
      ...(args.includes('list') || args.includes('show')
        ? []
        : ['--target', gateway.env['CODY_GATEWAY_DELIVER_EVENTS_URL'] ?? '']),
    ],
    { env: { ...process.env, ...gateway.env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const [out, err] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  assert.equal(child.exitCode ?? (await once(child, 'exit'))[0], 0, err.join(''));
  return JSON.parse(out.join('')) as Record<string, unknown>;
}
const letters = async () => (await command('dead-letters', 'list')) as unknown as { kind: string; body: string }[];

test('what can’t be delivered is kept as a dead letter and does not stop its neighbours; mended, it is replayed (actors #83)', async () => {
  const deliver = gateway.functions.get('deliver-events')?.url ?? '';
  const post = async (body: string): Promise<void> =>
    assert.equal((await fetch(deliver, { method: 'POST', body })).status, 200);
  await post('nonsense');
  const { id, token } = await gateway.subscription({ limit: 100 });
  await ask(token);
  const [row] = await gateway.events(`identifier = '${id}'`);
  const event = { ...row, created_at: new Date().toISOString() };
  const bad = { ...event, event_id: 'bad' };
  gateway.bigquery.refuseRows(['bad:1:0']);
  const events = [
    bad,
    { ...event, event_id: 'good', identifier: `${id}-good` },
    { ...event, event_id: 'nameless', name: '' },
    { ...event, event_id: 'sourceless', source: '' },
    // The original gateway drops it without a word.
    { ...event, event_id: 'nobody', identifier: '' },
  ];
  await post(JSON.stringify({ events }));
  // As after an answer that was lost: the same again is the same letter.
  await post(JSON.stringify({ events }));
  assert.equal((await gateway.events(`identifier = '${id}-good'`)).length, 1);
  const kept = await letters();
  assert.deepEqual(
    new Set(kept.map(({ kind, body }) => `${kind} ${/"event_id":"(\w+)"/.exec(body)?.[1] ?? body}`)),
    new Set(['event bad', 'event nameless', 'event sourceless', 'task nonsense']),
  );
  assert.equal(kept.length, 4);
  // Firestore's own expiry goes by this member (terraform/firestore), more than a year from now.
  for (const { expiresAt } of await gateway.documents('deadLetters'))
    assert.ok((expiresAt as { toMillis(): number }).toMillis() > Date.now() + 365 * 86_400_000);
  await eventually(
    () => gateway.lines.filter(({ dead_letter }) => dead_letter !== undefined).length,
    (count) => count === 7,
  );
  // The reason of one is mended: the table takes it now; the others come back.
  gateway.bigquery.refuseRows([]);
  // Held back meanwhile: a letter that comes again while it is removed stays by a transaction, which the emulator does
  // not isolate (Google's does).
  gateway.tasks.pause();
  assert.deepEqual(await command('dead-letters', 'replay', '--reason', 'a test'), { replayed: 4 });
  assert.equal((await letters()).length, 0);
  gateway.tasks.resume();
  await eventually(
    async () => (await letters()).length,
    (count) => count === 3,
  );
  assert.equal((await gateway.events("event_id = 'bad'")).length, 1);
});

test('a function that is newer than the events table delivers its rows all the same, and an ERROR names the column once a minute', async () => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  await ask(token);
  const [row] = await gateway.events(`identifier = '${id}'`);
  const before = (await letters()).length;
  for (const n of [1, 2, 3]) {
    const events = ['a', 'b'].map((letter) => ({
      ...row,
      created_at: new Date().toISOString(),
      event_id: `${id}-${n}${letter}`,
      first_byte_ms: n,
    }));
    const deliver = gateway.functions.get('deliver-events')?.url ?? '';
    assert.equal((await fetch(deliver, { method: 'POST', body: JSON.stringify({ events }) })).status, 200);
  }
  const rows = await gateway.events(`event_id LIKE '${id}-%'`);
  assert.deepEqual(
    rows.map(({ metadata }) => JSON.stringify(metadata['unplaced'])).toSorted((a, b) => a.localeCompare(b)),
    [1, 1, 2, 2, 3, 3].map((n) => `{"first_byte_ms":${n}}`),
  );
  assert.equal((await letters()).length, before);
  const told = gateway.lines.filter(({ unplaced_member }) => unplaced_member === 'first_byte_ms');
  assert.deepEqual(
    told.map(({ severity }) => severity),
    ['ERROR'],
  );
});

test('events that went into the log are replayed from it, and one that was delivered all the same counts once', async (t) => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  await ask(token);
  const [row] = await gateway.events(`identifier = '${id}'`);
  const { quota_units: _kept, count: _count, ...logged } = { ...row, created_at: new Date().toISOString() };
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'gateway-log-')), 'log.json');
  t.after(() => rm(path.dirname(file), { recursive: true }));
  const entries = [
    { jsonPayload: { message: 'a lease could not be ended', usage_event: logged } },
    { severity: 'ERROR', usage_event: { ...logged, event_id: 'only-in-the-log' } },
    { severity: 'INFO', message: 'something else' },
  ];
  await writeFile(file, `${entries.map((entry) => JSON.stringify(entry)).join('\n')}\nno json\n`);
  assert.deepEqual(await command('events', 'replay', '--log', file, '--reason', 'a test'), {
    replayed: 2,
    unreadable: 1,
  });
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual(
    rows.map(({ units, quota_units, count }) => [units, quota_units, count]),
    [
      [1, 1, 1],
      [1, 1, 1],
    ],
  );
});

test('a full outbox: the event goes to the queue itself; with the queue away it goes whole into the log, from which it is replayed', async (t) => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  await ask(token);
  await gateway.events(`identifier = '${id}'`);
  const [limit = ''] = await gateway.redisClient.keys(`*:limit:chat_completions:*${id}`);
  const outbox = `${limit.slice(0, limit.indexOf(':'))}:outbox`;
  const fill = gateway.redisClient.pipeline();
  for (let i = 0; i < 200; i++) fill.xadd(outbox, '*', 'k', 'junk');
  await fill.exec();
  // Beyond its own part a shard may use what is free of Redis: as if that were little.
  const used = Number(/\nused_memory:(\d+)/.exec(await gateway.redisClient.info('memory'))?.[1]);
  await gateway.redisClient.config('SET', 'maxmemory', String(Math.ceil(used / 0.8)));
  t.after(() => gateway.redisClient.config('SET', 'maxmemory', '0'));
  t.after(() => gateway.redisClient.del(outbox));
  assert.equal((await ask(token)).status, 200);
  gateway.tasks.failCreate(grpcStatus.UNAVAILABLE, 1);
  assert.equal((await ask(token)).status, 200);
  const logged = (): Record<string, unknown>[] =>
    gateway.lines.filter(({ message }) => String(message).includes('the outbox in Redis is full'));
  await eventually(logged, (found) => found.length > 0);
  await gateway.redisClient.del(outbox);
  const file = path.join(await mkdtemp(path.join(tmpdir(), 'gateway-log-')), 'log.json');
  t.after(() => rm(path.dirname(file), { recursive: true }));
  await writeFile(file, JSON.stringify(logged()));
  // On a slow machine the first one may have waited in vain, too: what is both delivered and logged counts once.
  await command('events', 'replay', '--log', file, '--reason', 'a test');
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.equal(rows.length, 3);
  assert.deepEqual(await counters(id), { used: 3, reserved: 0 });
  assert.equal(
    rows.reduce((sum, { quota_units }) => sum + quota_units, 0),
    3,
  );
});

test('SIGTERM: a running stream is finished, settled and delivered before the process ends (actors #85)', async () => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  const running = gateway.functions.get('chat-completions');
  gateway.anthropic?.pace({ chunks: 30, chunkDelayMs: 20 });
  const response = await fetch(`${running?.url}${route}`, {
    method: 'POST',
    headers: { ...chat, authorization: `Bearer ${token}` },
    body: JSON.stringify(anthropicBody({ stream: true })),
  });
  running?.child.kill('SIGTERM');
  const text = await response.text();
  gateway.anthropic?.pace({ chunks: 4, chunkDelayMs: 0 });
  assert.match(text, /event: message_stop\n/);
  assert.equal(await running?.exited, 0);
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual(
    rows.map(({ units, metadata }) => [units, metadata['truncated']]),
    [[1, undefined]],
  );
});
