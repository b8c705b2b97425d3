// A request with an Idempotency-Key is carried out and charged once, whatever its caller repeats, and is refused where
// nobody can tell.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { anthropicBody, chat, eventually, openAiBody, startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({
    functions: ['chat-completions', 'embeddings', 'limits', 'deliver-events', 'diagnostics'],
  });
});
after(() => gateway.stop());

type Answer = Awaited<ReturnType<TestGateway['call']>>;

async function caller(): Promise<{
  id: string;
  token: string;
  ask: (key: string, body?: unknown, path?: string) => Promise<Answer>;
}> {
  const limits = { embeddings: { limit: 1_000_000, intervalSeconds: 86_400, allowedModels: ['*'] } };
  const chatLimit = { chat_completions: { limit: 100, intervalSeconds: 86_400, allowedModels: ['*'] } };
  const { id, token } = await gateway.subscription(null, { limits: { ...limits, ...chatLimit } });
  return {
    id,
    token,
    ask: (key, body = openAiBody(), path = '/v1/chat/completions') =>
      gateway.call(path, { token, headers: { ...(path !== '/v1/embeddings' && chat), 'idempotency-key': key }, body }),
  };
}

const used = async (token: string, feature = 'chat_completions'): Promise<number | undefined> =>
  (JSON.parse((await gateway.call('/v1/limits', { token })).text) as Record<string, { usage: number }>)[feature]?.usage;

test('the same request again is a 409 with the first call’s id, charged once and sent once', async () => {
  const { id, token, ask } = await caller();
  const key = randomUUID();
  assert.equal((await ask(key)).status, 200);
  const sent = gateway.openai?.requests.length;
  const again = await ask(key);
  assert.equal(again.status, 409);
  const [event] = await gateway.events(`identifier = '${id}'`);
  assert.equal(again.headers.get('x-first-call-id'), event?.event_id);
  assert.equal(again.headers.get('x-should-retry'), 'false');
  assert.equal(again.headers.get('retry-after'), null);
  const { error } = JSON.parse(again.text) as { error: { message: string; type: string; code: string } };
  assert.deepEqual([error.type, error.code], ['invalid_request_error', 'idempotency_request_completed']);
  assert.ok(error.message.includes(event?.event_id ?? '-'), error.message);
  assert.equal(gateway.openai?.requests.length, sent);
  assert.equal(await used(token), 1);
});

test('another body, path or feature under the same key is a 422, in the shape of each dialect', async () => {
  const { ask } = await caller();
  const key = randomUUID();
  assert.equal((await ask(key)).status, 200);
  const other = await ask(key, openAiBody({ temperature: 0.5 }));
  assert.equal(other.status, 422);
  assert.equal((JSON.parse(other.text) as { error: { code: string } }).error.code, 'idempotency_key_reused');
  const anthropic = await ask(key, anthropicBody(), '/v1/messages');
  assert.equal(anthropic.status, 422);
  assert.equal((JSON.parse(anthropic.text) as { error: { type: string } }).error.type, 'invalid_request_error');
  const cody = await ask(key, openAiBody(), '/v1/completions/openai');
  assert.equal(cody.status, 422);
  assert.deepEqual(JSON.parse(cody.text), {
    error: 'this Idempotency-Key was used with another request, use a new one',
  });
});

test('keys are each subscription’s own, and a request without one is never a repetition', async () => {
  const [one, two] = [await caller(), await caller()];
  const key = randomUUID();
  assert.equal((await one.ask(key)).status, 200);
  assert.equal((await two.ask(key)).status, 200);
  for (let i = 0; i < 2; i++)
    assert.equal((await gateway.call('/v1/chat/completions', { token: one.token, body: openAiBody() })).status, 200);
});

test('a call that still runs is a 409 with a retry-after; one that its caller left is charged and stays taken', async () => {
  const { token, ask } = await caller();
  gateway.openai?.pace({ chunks: 10_000, chunkDelayMs: 20 });
  const key = randomUUID();
  const body = openAiBody({ stream: true });
  const abort = new AbortController();
  const first = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'idempotency-key': key },
    body: JSON.stringify(body),
    signal: abort.signal,
  });
  await first.body?.getReader().read();
  gateway.openai?.pace({ chunks: 3, chunkDelayMs: 0 });
  const meanwhile = await ask(key, body);
  assert.equal(meanwhile.status, 409);
  assert.ok(Number(meanwhile.headers.get('retry-after')) > 3);
  assert.notEqual(meanwhile.headers.get('x-should-retry'), 'false');
  abort.abort();
  const after = await eventually(
    () => ask(key, body),
    ({ headers }) => headers.get('x-should-retry') === 'false',
  );
  assert.equal(after.status, 409);
  assert.equal(after.headers.get('x-first-call-id'), meanwhile.headers.get('x-first-call-id'));
  assert.equal(await used(token), 1);
});

test('of twenty at once one is carried out', async () => {
  const { token, ask } = await caller();
  const key = randomUUID();
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(key)));
  const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
  assert.deepEqual(statuses, [200, ...Array.from({ length: 19 }, () => 409)]);
  assert.equal(await used(token), 1);
});

test('a call that was given back is admitted anew', async () => {
  const { token, ask } = await caller();
  const key = randomUUID();
  gateway.openai?.next({ status: 500, body: '{}' }, 2);
  assert.ok((await ask(key)).status >= 500);
  assert.equal(await used(token), 0);
  assert.equal((await ask(key)).status, 200);
  assert.equal((await ask(key)).status, 409);
});

test('embeddings are held to it too', async () => {
  const { token, ask } = await caller();
  const key = randomUUID();
  const body = { model: 'openai/text-embedding-ada-002', input: ['two words'] };
  assert.equal((await ask(key, body, '/v1/embeddings')).status, 200);
  const tokens = await used(token, 'embeddings');
  assert.equal((await ask(key, body, '/v1/embeddings')).status, 409);
  assert.equal((await ask(key, { ...body, input: ['other'] }, '/v1/embeddings')).status, 422);
  assert.equal(await used(token, 'embeddings'), tokens);
});

test('the OpenAI client is told a repetition once, and does not try it again', async () => {
  const { token } = await caller();
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: token, maxRetries: 5 });
  const options = { headers: { 'Idempotency-Key': randomUUID() } };
  const create = () =>
    client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] }, options);
  await create();
  const lines = gateway.lines.length;
  await assert.rejects(create(), OpenAI.ConflictError);
  const requests = await eventually(
    () => gateway.lines.slice(lines).filter((line) => line['idempotency'] !== undefined),
    (found) => found.length > 0,
  );
  assert.equal(requests.length, 1);
});

test('a key of another form is a 400 and costs nothing', async () => {
  const { token, ask } = await caller();
  for (const key of ['k'.repeat(256), 'two words', 'é'])
    assert.equal((await ask(key).catch((error: unknown) => assert.fail(`${key}: ${String(error)}`))).status, 400);
  assert.equal((await ask('k'.repeat(255))).status, 200);
  assert.equal((await ask('"8e03978e-40d5-43dd-bc93-6894a57f9324"')).status, 200);
  assert.equal(await used(token), 2);
});

test('Redis learns neither the key nor the request', async () => {
  const { ask } = await caller();
  const key = `key-${randomUUID()}`;
  const secret = `secret-${randomUUID()}`;
  assert.equal((await ask(key, openAiBody({ messages: [{ role: 'user', content: secret }] }))).status, 200);
  const claims = await gateway.redisClient.keys('*:claim:*');
  const kept = JSON.stringify([claims, await gateway.redisClient.mget(claims)]);
  assert.ok(claims.length > 0 && !kept.includes(key) && !kept.includes(secret));
  assert.ok((await Promise.all(claims.map((claim) => gateway.redisClient.pttl(claim)))).every((ms) => ms > 86_000_000));
});

test('without Redis it is a 503: nobody can tell whether the call was made before', async () => {
  const { ask } = await caller();
  const key = randomUUID();
  assert.equal((await ask(key)).status, 200);
  await gateway.redis.close();
  const answer = await ask(key);
  assert.equal(answer.status, 503);
  assert.notEqual(answer.headers.get('retry-after'), null);
});
