// Proves that errors reach Sentry with their details, that an exporter which hangs harms nobody, and that no token,
// key, prompt or completion is in any line, span, metric or envelope.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { anthropicBody, chat, eventually, startGateway, type TestGateway } from '../local/test-gateway.ts';

const providerKey = 'MARKED-provider-key-5d1c';
let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({
    functions: [
      'chat-completions',
      'code-completions',
      'embeddings',
      'attribution',
      'deliver-events',
      'deliver-notifications',
    ],
  });
});
after(() => gateway.stop());

const unlimited = { limit: 1_000_000, intervalSeconds: 86_400, allowedModels: ['*'] };
const twice = { ...unlimited, limit: 2 };
const path = '/v1/completions/anthropic-messages';
const prompt = 'MARKED-prompt-3f7a';
const completion = 'MARKED-completion-9e2b';
const body = (more: Record<string, unknown> = {}) =>
  anthropicBody({ messages: [{ role: 'user', content: [{ type: 'text', text: prompt }] }], ...more });

test('promises 15-19: a 5xx is told to Sentry with trace, actor, feature, model and the provider’s status, never with its body', async () => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  gateway.anthropic?.next({ status: 500, headers: { 'request-id': 'req_1' }, body: `{"error":"${completion}"}` }, 2);
  const answer = await gateway.call(path, { token, headers: chat, body: body() });
  assert.ok(answer.status >= 500);
  const traceId = answer.headers.get('x-trace');
  const report = await eventually(
    () =>
      gateway.observability.errors.find(
        ({ tags }) => (tags as Record<string, unknown> | undefined)?.['trace_id'] === traceId,
      ),
    (found) => found !== undefined,
  );
  assert.ok(report !== undefined);
  const details = (report['contexts'] as Record<string, Record<string, unknown>>)['request details'] ?? {};
  assert.deepEqual(
    [details['status'], details['path'], details['actor'], details['feature'], details['upstream_status']],
    [answer.status, path, id, 'chat_completions', 500],
  );
  assert.equal(details['model'], 'anthropic/claude-3-haiku-20240307');
  assert.equal((report['tags'] as Record<string, unknown>)['span_id'], answer.headers.get('x-span'));
});

test('marked secrets through every path: none is in a log line, a span, a metric or an envelope', async () => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  const tokens = [token, `slk_${'ab'.repeat(32)}`, 'sgd_MARKED-malformed-token'];
  for (const bearer of tokens) {
    gateway.anthropic?.next({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: `{"content":[{"type":"text","text":"${completion}"}]}`,
    });
    gateway.anthropic?.next({ status: 401, body: `{"error":"${completion} ${providerKey}"}` });
    gateway.anthropic?.next({ status: 429, body: completion }, 2);
    gateway.anthropic?.next({ cutAfterBytes: 200 });
    for (const stream of [false, false, false, true])
      await gateway.call(path, { token: bearer, headers: chat, body: body({ stream }) }).catch(() => undefined);
    await gateway
      .call(`${path}?token=MARKED-query`, { token: bearer, headers: chat, body: `{"prompt": ${prompt}` as never })
      .catch(() => undefined);
  }
  // Texts to be embedded and attributed, code to be completed, a prompt that is refused, a notice, tasks that are none
  // of ours.
  const features = { code_completions: unlimited, embeddings: unlimited, attribution: unlimited };
  const { token: everything } = await gateway.subscription(
    { limit: 1 + 1 },
    { limits: { chat_completions: twice, ...features } },
  );
  tokens.push(everything);
  const send = (path: string, headers: Record<string, string>, sent: unknown) =>
    gateway.call(path, { token: everything, headers, body: sent }).catch(() => undefined);
  await send('/v1/embeddings', {}, { model: 'openai/text-embedding-ada-002', input: [prompt] });
  await send('/v1/embeddings', {}, { model: 'openai/nothing', input: [prompt] });
  await send('/v1/attribution', {}, { snippet: prompt, limit: 4 });
  await send('/v1/completions', {}, { model: 'starcoder', prompt, suffix: prompt });
  await send(
    '/v1/chat/completions',
    {},
    { model: 'gpt-4o', messages: [{ role: 'user', content: prompt }], stream: true },
  );
  await send('/v1/messages', {}, { model: 'claude-3-haiku-20240307', max_tokens: 'MARKED', messages: prompt });
  for (let n = 0; n < 3; n++) await send(path, { ...chat, 'x-sourcegraph-actor-uid': '7' }, body());
  for (const name of ['deliver-events', 'deliver-notifications'])
    await fetch(gateway.functions.get(name)?.url ?? '', { method: 'POST', body: `{"events": ${prompt}` });
  for (const running of gateway.functions.values()) await running.stop();
  const { bodies, spans, errors } = gateway.observability;
  assert.ok(spans.length > 20 && errors.length > 0 && gateway.lines.length > 5);
  const all = [...bodies, JSON.stringify(gateway.lines)].join('\n');
  // The search can find: what may be told is there, in the spans and in the lines.
  assert.ok(bodies.some((text) => text.includes(id)) && JSON.stringify(gateway.lines).includes(id));
  for (const secret of [prompt, completion, providerKey, 'MARKED', 'stand-in-key', ...tokens])
    assert.ok(
      !all.includes(secret),
      `${secret.slice(0, 12)}… was told: ${all.slice(Math.max(0, all.indexOf(secret) - 200), all.indexOf(secret))}`,
    );
});

test('promise 26: an exporter and a Sentry that hang delay neither an answer nor the end of the process', async () => {
  const hung = await startGateway({ functions: ['chat-completions'] });
  try {
    hung.observability.hang(true);
    const { token } = await hung.subscription({ limit: 100 });
    for (let n = 0; n < 5; n++)
      assert.equal((await hung.call(path, { token, headers: chat, body: body() })).status, 200);
    hung.anthropic?.next({ status: 401, body: '{}' });
    assert.equal((await hung.call(path, { token, headers: chat, body: body() })).status, 502);
    const running = hung.functions.get('chat-completions');
    await running?.stop();
    assert.equal(await running?.exited, 0);
    assert.equal(hung.lines.filter(({ event }) => event === 'request_completed').length >= 6, true);
  } finally {
    await hung.stop();
  }
});
