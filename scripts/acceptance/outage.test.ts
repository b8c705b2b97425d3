// What a caller sees when a piece behind the gateway is away: a clear refusal with a retry-after, never a wrong 401 or
// 403, nothing hung.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { diagnosticsSecret } from '../local/cloud.ts';
import { anthropicBody, chat, openAiBody, startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({
    functions: ['chat-completions', 'limits', 'diagnostics'],
    env: { CODY_GATEWAY_ACTOR_CONCURRENCY_LIMIT_PERCENTAGE: '50', CODY_GATEWAY_REDIS_BUDGET: '5s' },
  });
});
after(() => gateway.stop());

const ask = (token: string) =>
  gateway.call('/v1/completions/anthropic-messages', { token, headers: chat, body: anthropicBody() });

test('completions #54: the burst window answers with the concurrency text and its own limit', async () => {
  const { token } = await gateway.subscription({ limit: 4 });
  const answers = [await ask(token), await ask(token), await ask(token)];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 429],
  );
  const last = answers[2];
  assert.match(
    last?.text ?? '',
    /^you have exceeded the concurrency limit of 2 requests for "chat_completions"\. Retry after \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC\n$/,
  );
  assert.equal(last?.headers.get('x-ratelimit-limit'), '2');
  const waitMs = Date.parse(last?.headers.get('retry-after') ?? '') - Date.now();
  assert.ok(waitMs > -5_000 && waitMs <= 11_000, `${waitMs} ms`);
});

test('completions #31: a provider that can’t be reached is a 502, and costs nothing', async () => {
  await gateway.openai?.close();
  const { token } = await gateway.subscription({ limit: 10 });
  const answer = await gateway.call('/v1/completions/openai', { token, headers: chat, body: openAiBody() });
  assert.equal(answer.status, 502);
  assert.equal(answer.text, '{"error":"failed to make request to upstream provider openai: connection refused"}\n');
  assert.notEqual(answer.headers.get('retry-after'), null);
  const { chat_completions } = JSON.parse((await gateway.call('/v1/limits', { token })).text) as {
    chat_completions: { usage: number };
  };
  assert.equal(chat_completions.usage, 0);
});

test('completions #8, actors #16: while the directory is away unknown callers get 503, which is not remembered, and known callers are served', async () => {
  const { token } = await gateway.subscription({ limit: 100 });
  assert.equal((await ask(token)).status, 200);
  await gateway.firestore.close();
  const unknownToken = `slk_${'a'.repeat(64)}`;
  for (const answer of [await ask(unknownToken), await ask(unknownToken)]) {
    assert.equal(answer.status, 503);
    assert.notEqual(answer.headers.get('retry-after'), null);
    assert.equal(answer.text, '{"error":"access cannot be checked at the moment, please retry"}\n');
  }
  assert.equal((await ask(token)).status, 200);
});

test('completions #57, actors #37, #73: without Redis calls are refused with 503, health says so, the version still answers', async () => {
  await gateway.redis.close();
  const answer = await ask(gateway.token);
  assert.equal(answer.status, 503);
  assert.ok(Number(answer.headers.get('retry-after')) > 3);
  const health = await gateway.call('/-/healthz', { token: diagnosticsSecret });
  assert.equal(health.status, 500);
  assert.match(health.text, /^healthz: /);
  assert.equal((await gateway.call('/-/__version', { token: null })).status, 200);
});
