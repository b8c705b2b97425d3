// Budgets in dollars on a whole gateway: who leaves every call before its first byte uses the budget up all the same;
// an instance that is killed in the middle of long streams costs one renewal's output each; the hourly job raises what
// was lost, and the letter comes once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setBudget } from '@cody-gateway/shared/directory';
import { openDocuments, type Documents } from '@cody-gateway/shared/documents';
import { letterId } from '@cody-gateway/shared/events';
import { localProject } from '../local/cloud.ts';
import { anthropicBody, eventually, startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
let documents: Documents;
before(async () => {
  gateway = await startGateway({
    pace: { chunks: 1_000, chunkDelayMs: 50 },
    env: { CODY_GATEWAY_BUDGET_WITHOUT_REDIS_USD: '0' },
  });
  documents = openDocuments({ firestoreEmulatorHost: gateway.firestore.host, googleCloudProject: localProject });
});
after(async () => {
  await documents.close();
  await gateway.stop();
});

const path = '/v1/messages';
const author = { who: 'a test', why: 'a test' } as unknown as Parameters<typeof setBudget>[5];

async function budgeted(limitUsd: string): Promise<{ id: string; token: string }> {
  const one = await gateway.subscription({ limit: 100_000 });
  await setBudget(documents, null, one.id, 'subscription', { limitUsd, window: 'month' }, author);
  return one;
}

/** Used and reserved, nano-dollars. */
async function tally(id: string): Promise<readonly [used: number, reserved: number]> {
  const [key = ''] = await gateway.redisClient.keys(`*:budget:subscription:*${id}`);
  const [text = '0 0'] = Object.values(await gateway.redisClient.hgetall(key));
  const [used = 0, reserved = 0] = text.split(' ', 2).map(Number);
  return [used, reserved];
}

const kept = (rows: readonly object[]): number =>
  rows.reduce((sum, row) => sum + Number((row as Record<string, unknown>)['budget_nano_usd'] ?? 0), 0);

test('a caller that leaves every call before its first byte uses its budget up, and no more', async () => {
  const limit = 50_000_000;
  const { id, token } = await budgeted('0.05');
  const messages = [{ role: 'user', content: 'word '.repeat(2_000) }];
  const body = anthropicBody({ model: 'claude-haiku-4-5', stream: true, messages });
  const { anthropic } = gateway;
  assert.ok(anthropic !== null);
  let left = 0;
  for (;;) {
    const before = anthropic.requests.length;
    anthropic.next({ hang: 'headers' });
    const leaving = new AbortController();
    const asked = gateway.call(path, { token, body, signal: leaving.signal }).catch(() => null);
    const sent = eventually(() => anthropic.requests.length > before, Boolean).then(() => 'sent' as const);
    const answered = await Promise.race([asked, sent]);
    if (answered !== 'sent') {
      anthropic.forget();
      sent.catch(() => undefined);
      assert.equal(answered?.status, 429, answered?.text);
      break;
    }
    leaving.abort();
    left += 1;
    await asked;
    await eventually(
      () => tally(id),
      ([, reserved]) => reserved === 0,
    );
    assert.ok(left < 200, 'nothing is charged');
  }
  const [used, reserved] = await tally(id);
  assert.ok(left > 3 && reserved === 0, `${left} calls were left, ${reserved} are held`);
  assert.ok(used <= limit && used > limit / 2, `${used}`);
  assert.equal(kept(await gateway.events(`identifier = '${id}'`)), used);
});

test('SIGKILL in 100 streams of 128,000 tokens: each costs what it had cost and one renewal’s output, the rest comes back', async () => {
  const { id, token } = await budgeted('9000');
  const running = gateway.functions.get('chat-completions');
  const body = JSON.stringify(anthropicBody({ model: 'claude-sonnet-5-5', stream: true, max_tokens: 128_000 }));
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const open = async () => {
    const response = await fetch(`${running?.url}${path}`, { method: 'POST', headers, body });
    assert.equal(response.status, 200);
    await response.body?.getReader().read();
  };
  await Promise.all(Array.from({ length: 100 }, open));
  const [, held] = await tally(id);
  running?.child.kill('SIGKILL');
  await running?.exited;
  // As if the minute were over that a lease stands after its holder's last sign of life.
  const byEvent = new Map<string, number>();
  const [leases = ''] = (await gateway.redisClient.keys(`*:budget:subscription:*${id}`)).map((key) =>
    key.replace(/:budget:.*/, ':leases'),
  );
  for (const lease of await gateway.redisClient.zrange(leases, '0', '-1')) {
    const record = (await gateway.redisClient.get(leases.replace(/leases$/, `lease:${lease}`))) ?? '';
    const [, metered = '', renewal = ''] = /;(\d+);(\d+);\d{4}-\d\d;/.exec(record) ?? [];
    byEvent.set(lease, Number(metered) + Number(renewal));
    await gateway.redisClient.zadd(leases, '1', lease);
  }
  assert.equal(byEvent.size, 100);
  const sweep = gateway.functions.get('sweep-leases')?.url ?? '';
  let orphaned = 0;
  for (let run = 0; run < 10 && orphaned < 100; run++)
    orphaned += ((await (await fetch(sweep, { method: 'POST' })).json()) as { orphaned: number }).orphaned;
  assert.equal(orphaned, 100);
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.equal(rows.length, 100);
  for (const row of rows) {
    assert.equal(row.metadata['orphaned'], true);
    assert.equal(kept([row]), byEvent.get(row.event_id));
  }
  const [used, reserved] = await tally(id);
  assert.deepEqual([used, reserved], [kept(rows), 0]);
  assert.ok(used > 0 && used < held, `${used} of ${held}`);
});

test('close-days raises what another Redis has lost, and says what it did', async () => {
  const [key = ''] = await gateway.redisClient.keys('*:budget:subscription:*');
  const [[window, text] = ['', '']] = Object.entries(await gateway.redisClient.hgetall(key));
  const [used, ...rest] = text.split(' ');
  await gateway.redisClient.hset(key, window, ['0', ...rest].join(' '));
  await gateway.redisClient.del('budgets:reconciled');
  const closeDays = gateway.functions.get('close-days')?.url ?? '';
  // Its second look comes a minute later; nobody else touches these counters.
  const answer = await fetch(closeDays, { method: 'POST' });
  const report = (await answer.json()) as { budgets: Record<string, unknown>; unfinished: readonly string[] };
  assert.deepEqual([answer.status, report.unfinished], [200, []]);
  assert.deepEqual(report.budgets, { why: 'another redis', raised: 1, raised_nano_usd: Number(used) });
  assert.equal((await gateway.redisClient.hget(key, window))?.split(' ', 1)[0], used);
});

test('the month’s letter reaches the webhook once, however often its task comes', async () => {
  const letter = {
    kind: 'month-letter',
    id: letterId('2026-10'),
    month: '2026-10',
    before: '2026-09',
    spent_nano_usd: 5e9,
    before_nano_usd: 4e9,
    unpriced: 0,
    budgets: { count: 0, limit_nano_usd: 0, used_nano_usd: 0, used_up: 0 },
    changes: [],
    console_url: null,
    until_ms: Date.now() + 86_400_000,
  };
  const deliver = gateway.functions.get('deliver-notifications')?.url ?? '';
  gateway.slack.fail(500);
  const send = async () => (await fetch(deliver, { method: 'POST', body: JSON.stringify(letter) })).status;
  assert.equal(await send(), 503, 'the queue tries again');
  gateway.slack.fail(null);
  assert.deepEqual([await send(), await send()], [200, 200]);
  const told = gateway.slack.messages.filter((message) => message.includes('October 2026'));
  assert.equal(told.length, 1, told.join());
  assert.match(told[0] ?? '', /\$5\.00 at the providers' list prices, \$4\.00 in September 2026 \(\+25 %\)/);
});
