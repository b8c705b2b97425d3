// Quota notices reach Slack: at most one a threshold and window, each at least once, whatever was away; none where
// none is wanted.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { status as grpcStatus } from '@grpc/grpc-js';
import { createNoticeQueue, tasksOverRest } from '@cody-gateway/shared/events';
import { startFunction } from '../local/process/function-process.ts';
import { startTasks } from '../local/google/tasks.ts';
import { anthropicBody, chat, eventually, startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway();
});
after(() => gateway.stop());

const path = '/v1/completions/anthropic-messages';
const ask = (token: string) => gateway.call(path, { token, headers: chat, body: anthropicBody() });
const many = async (token: string, count: number): Promise<number[]> =>
  (await Promise.all(Array.from({ length: count }, () => ask(token)))).map(({ status }) => status);

/** Messages about an actor once everything that was on its way has arrived. */
async function messagesAbout(id: string): Promise<string[]> {
  await gateway.events(`identifier = '${id}'`);
  return gateway.slack.messages.filter((message) => message.includes(id));
}

const byNumber = (a: unknown, b: unknown): number => Number(a) - Number(b);

/** The thresholds that messages name, in their order. */
const thresholds = (messages: readonly string[]): number[] =>
  messages.map((message) => Number(/threshold (\d+) %/.exec(message)?.[1]));

test('90, 95 and 100 percent of a subscription’s quota, each once (actors #75, #76, #77, #78, #79)', async () => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  await many(token, 89);
  assert.deepEqual(await messagesAbout(id), []);
  await ask(token);
  assert.deepEqual(thresholds(await messagesAbout(id)), [90]);
  await many(token, 3);
  assert.deepEqual(thresholds(await messagesAbout(id)), [90]);
  await many(token, 3);
  assert.deepEqual(thresholds(await messagesAbout(id)), [90, 95]);
  // The settlement that reaches the limit sends it, not the refusal that follows.
  assert.deepEqual(await many(token, 4), [200, 200, 200, 200]);
  assert.deepEqual(thresholds(await messagesAbout(id)), [90, 95, 100]);
  assert.equal((await ask(token)).status, 429);
  const messages = await messagesAbout(id);
  assert.equal(messages.length, 3);
  const link = `<https://sourcegraph.com/site-admin/dotcom/product/subscriptions/${id}|test>`;
  assert.ok(
    messages[0]?.startsWith(`${link} (dotcom-product-subscriptions) has used 90 % of its chat_completions quota`),
  );
  assert.match(messages[2] ?? '', /: 100 of 100, .* in (24h0m0s|23h\d+m\d+s), at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\.$/);
  // The rows of the calls that crossed say so.
  const rows = await gateway.events(`identifier = '${id}'`);
  const crossed = rows.map(({ metadata }) => metadata['notice_percent']).filter((percent) => percent !== undefined);
  assert.deepEqual(crossed, [90, 95, 100]);
  // So do the spans (promise 37): of the call that crossed, and of the function that sent.
  const { spans } = gateway.observability;
  const told = (service: string, member: string): readonly unknown[] =>
    spans
      .filter((span) => span.kind === 2 && span.service === service && span.attributes[member] !== undefined)
      .map(({ attributes }) => attributes[member]);
  await eventually(
    () => told('deliver-notifications', 'notice_sent'),
    (sent) => sent.length >= 3,
  );
  assert.deepEqual(told('deliver-notifications', 'notice_percent').toSorted(byNumber), [90, 95, 100]);
  assert.deepEqual(told('deliver-notifications', 'notice_sent'), [true, true, true]);
  const calls = await eventually(
    () => told('chat-completions', 'notice_percent'),
    (found) => found.length >= 3,
  );
  assert.deepEqual(calls.toSorted(byNumber), [90, 95, 100]);
});

test('calls that cross at the same time, over several thresholds, send one message a crossing (actors #81)', async () => {
  const { id, token } = await gateway.subscription({ limit: 10 });
  await many(token, 9);
  assert.deepEqual(thresholds(await messagesAbout(id)), [90]);
  const two = await gateway.subscription({ limit: 2 });
  await many(two.token, 2);
  assert.deepEqual(thresholds(await messagesAbout(two.id)), [100]);
});

test('no notice about a Sourcegraph.com user (actors #80)', async () => {
  const token = `sgd_${'7'.repeat(64)}`;
  const id = '4242';
  const limit = { limit: 2, intervalSeconds: 86_400, allowedModels: ['*'] };
  await gateway.write(`users/${id}`, { name: 'somebody', accessEnabled: true, limits: { chat_completions: limit } });
  await gateway.write(`tokens/${createHash('sha256').update(token).digest('hex')}`, { actor: `users/${id}` });
  assert.deepEqual(await many(token, 2), [200, 200]);
  const asked = gateway.slack.stats.asked;
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual(
    rows.map(({ source, metadata }) => [source, metadata['notice_percent']]),
    [
      ['dotcom-user', undefined],
      ['dotcom-user', undefined],
    ],
  );
  assert.equal(gateway.slack.stats.asked, asked);
});

test('a window that is opened anew begins without notices', async () => {
  const { id, token } = await gateway.subscription({ limit: 2 });
  await many(token, 2);
  const [limit = ''] = await gateway.redisClient.keys(`*:limit:chat_completions:*${id}`);
  await gateway.redisClient.hset(limit, 'end', '1');
  await many(token, 2);
  assert.deepEqual(thresholds(await messagesAbout(id)), [100, 100]);
});

test('a webhook that is away: the notice waits in the queue and arrives once', async () => {
  const { id, token } = await gateway.subscription({ limit: 2 });
  gateway.slack.fail(503);
  const asked = gateway.slack.stats.asked;
  await many(token, 2);
  await eventually(
    () => gateway.slack.stats.asked,
    (now) => now >= asked + 4,
  );
  gateway.slack.fail(null);
  assert.deepEqual(thresholds(await messagesAbout(id)), [100]);
});

test('a webhook that is away for ten minutes: the queue’s own retries, in simulated time, bring the notice once', async (t) => {
  const policy = readFileSync(new URL('../../terraform/modules/queues/main.tf', import.meta.url), 'utf8');
  const seconds = (name: string): number => Number(new RegExp(`${name} += "(\\d+)s"`).exec(policy)?.[1]);
  const [minBackoffMs, maxBackoffMs] = [seconds('min_backoff') * 1000, seconds('max_backoff') * 1000];
  assert.match(policy, /max_attempts += -1/);
  const outageMs = 600_000;
  // The clock stands until the queue waits, then jumps to the end of that wait.
  let nowMs = 0;
  const attemptsAt: number[] = [];
  const tasks = await startTasks({
    minBackoffMs,
    maxBackoffMs,
    wait: (delayMs, work) => {
      nowMs += delayMs;
      attemptsAt.push(nowMs);
      if (nowMs >= outageMs) gateway.slack.fail(null);
      const soon = setImmediate(work);
      return () => clearImmediate(soon);
    },
  });
  const settings = {
    googleCloudProject: 'p',
    tasksLocation: 'l',
    tasksServiceAccount: null,
    deliverNotificationsUrl: gateway.functions.get('deliver-notifications')?.url ?? '',
    notificationsQueue: 'notifications',
  };
  const queue = createNoticeQueue(
    settings,
    tasksOverRest(tasks.url, async () => ''),
  );
  t.after(async () => {
    gateway.slack.fail(null);
    await tasks.close();
  });
  const notice = {
    id: 'a-window-that-waits-90',
    source: 'dotcom-product-subscriptions',
    identifier: 'waits-ten-minutes',
    name: 'patient',
    feature: 'chat_completions',
    percent: 90,
    used: 90,
    limit: 100,
    reset_at_ms: Date.now() + 3_600_000,
  };
  gateway.slack.fail(503);
  const asked = gateway.slack.stats.asked;
  // Twice, as by an instance and the sweeper: one name is one task.
  for (const _ of [1, 2]) await queue?.create(JSON.stringify(notice), 'a-window-that-waits-90');
  await tasks.idle();
  assert.equal(tasks.stats.created, 1);
  // The first attempt and each but the last failed within the outage; the last came within one longest wait of its end.
  assert.equal(gateway.slack.stats.asked - asked, attemptsAt.length + 1);
  assert.ok(attemptsAt.length >= 8, attemptsAt.join(' '));
  assert.ok((attemptsAt.at(-2) ?? 0) < outageMs && nowMs < outageMs + maxBackoffMs, attemptsAt.join(' '));
  assert.deepEqual(thresholds(gateway.slack.messages.filter((message) => message.includes(notice.identifier))), [90]);
});

test('a queue that does not take a notice: the sweeper sends it', async () => {
  const { id, token } = await gateway.subscription({ limit: 2 });
  await ask(token);
  await gateway.events(`identifier = '${id}'`);
  // Event and notice of the second call: neither is taken.
  gateway.tasks.failCreate(grpcStatus.UNAVAILABLE, 2);
  await ask(token);
  const failures = (): number =>
    gateway.lines.filter(({ message }) => /stays? in the outbox for the sweeper/.test(String(message))).length;
  await eventually(failures, (count) => count === 2);
  for (const key of await gateway.redisClient.keys('*:outbox')) {
    const entries = await gateway.redisClient.xrange(key, '-', '+');
    if (entries.length === 0) continue;
    await gateway.redisClient.del(key);
    // As if the grace time were over.
    for (const [i, [, fields]] of entries.entries()) await gateway.redisClient.xadd(key, `1-${i + 1}`, ...fields);
  }
  await fetch(gateway.functions.get('sweep-leases')?.url ?? '', { method: 'POST' });
  assert.deepEqual(thresholds(await messagesAbout(id)), [100]);
});

test('a handler that dies between the webhook’s answer and its mark sends a second copy, and nothing sends a third', async (t) => {
  const { id, token } = await gateway.subscription({ limit: 2 });
  gateway.slack.hangAfterTaking();
  const dying = gateway.functions.get('deliver-notifications');
  assert.ok(dying !== undefined);
  await many(token, 2);
  await eventually(
    () => gateway.slack.messages.filter((message) => message.includes(id)).length,
    (count) => count === 1,
  );
  dying.child.kill('SIGKILL');
  await dying.exited;
  const reborn = await startFunction({ ...dying.start, onLine: () => undefined });
  t.after(() => reborn.stop());
  // As if the claim of the dead one had run out.
  const marks = async () => gateway.redisClient.keys('*:notice:*');
  for (const key of await marks())
    if ((await gateway.redisClient.get(key)) === 'sending') await gateway.redisClient.del(key);
  assert.deepEqual(thresholds(await messagesAbout(id)), [100, 100]);
  const values = await Promise.all((await marks()).map((key) => gateway.redisClient.get(key)));
  assert.ok(values.every((mark) => mark === 'sent'));
  const [limit = ''] = await gateway.redisClient.keys(`*:limit:chat_completions:*${id}`);
  const window = await gateway.redisClient.hget(limit, 'id');
  const body = JSON.stringify({
    id: `${window}-100`,
    source: 'dotcom-product-subscriptions',
    identifier: id,
    name: 'test',
    feature: 'chat_completions',
    percent: 100,
    used: 2,
    limit: 2,
    reset_at_ms: Date.now() + 1000,
  });
  assert.equal((await fetch(reborn.url, { method: 'POST', body })).status, 200);
  assert.equal((await messagesAbout(id)).length, 2);
});

test('without a webhook nothing is sent, the crossing is kept and logged (actors #82)', async (t) => {
  const silent = await startGateway({
    functions: ['chat-completions', 'deliver-events', 'deliver-notifications'],
    env: { CODY_GATEWAY_ACTOR_RATE_LIMIT_NOTIFY_SLACK_WEBHOOK_URL: '' },
  });
  t.after(() => silent.stop());
  const { id, token } = await silent.subscription({ limit: 2 });
  for (const _ of [1, 2]) await silent.call(path, { token, headers: chat, body: anthropicBody() });
  await silent.events(`identifier = '${id}'`);
  const told = silent.lines.filter(({ message }) => String(message).includes(`${id} has reached 100 %`));
  assert.equal(told.length, 1);
  assert.equal(silent.slack.stats.asked, 0);
  const [limit = ''] = await silent.redisClient.keys(`*:limit:chat_completions:*${id}`);
  const [window, noticed] = await silent.redisClient.hmget(limit, 'id', 'noticed');
  assert.equal(noticed, `${window} 100`);
});
