// Vectors on flagging, its records and the breaker, against a gateway that has blocking, recording and introspection
// switched on.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { listAudit, openDocuments } from '@cody-gateway/shared/documents';
import { localProject } from '../local/cloud.ts';
import { anthropicBody, chat, eventually, openAiBody, startGateway, type TestGateway } from '../local/test-gateway.ts';
import { startIntrospection, type LocalIntrospection } from '../local/sourcegraph/introspection.ts';

const messages = '/v1/completions/anthropic-messages';
const openai = '/v1/completions/openai';
/** The one subscription whose prompts may be kept. */
const dotcom = 'd3d2b638-d0a2-4539-a099-b36860b09819';
const flagged = '/maintenance/flagged-requests';

let gateway: TestGateway;
let introspection: LocalIntrospection;
let dotcomToken: string;
before(async () => {
  introspection = await startIntrospection();
  gateway = await startGateway({
    env: {
      CODY_GATEWAY_ANTHROPIC_BLOCKED_PROMPT_PATTERNS: 'bad phrase',
      CODY_GATEWAY_ANTHROPIC_REQUEST_BLOCKING_ENABLED: 'true',
      CODY_GATEWAY_OPENAI_REQUEST_BLOCKING_ENABLED: 'false',
      // Those of the original's last public source.
      CODY_GATEWAY_ANTHROPIC_PROMPT_TOKEN_FLAGGING_LIMIT: '18000',
      CODY_GATEWAY_ANTHROPIC_PROMPT_TOKEN_BLOCKING_LIMIT: '20000',
      CODY_GATEWAY_FLAGGED_PROMPT_RECORDING: 'true',
      CODY_GATEWAY_TOKEN_INTROSPECTION_URL: introspection.url,
      SAMS_URL: introspection.accountsUrl,
      SAMS_CLIENT_ID: introspection.clientId,
      SAMS_CLIENT_SECRET: introspection.clientSecret,
    },
  });
  dotcomToken = (await gateway.subscription({ limit: 100 }, { id: dotcom })).token;
});
after(async () => {
  await gateway.stop();
  await introspection.close();
});

const says = (text: string): object[] => [{ role: 'user', content: [{ type: 'text', text }] }];

test('completions #43: a blocked phrase, blocking on: refused in the words that clients know, told in one event, free', async () => {
  const { id, token } = await gateway.subscription({ limit: 10 });
  const seen = gateway.anthropic?.requests.length;
  const headers = { ...chat, 'x-sourcegraph-actor-uid': '42' };
  const answer = await gateway.call(messages, {
    token,
    headers,
    body: anthropicBody({ messages: says('This is a BAD phrase indeed') }),
  });
  assert.equal(answer.status, 400);
  assert.equal(
    answer.text,
    `{"error":"We blocked your request because we detected your prompt to be against our Acceptable Use Policy (https://sourcegraph.com/terms/aup). Try again by removing any phrases that may violate our AUP. If you think this is a mistake, please contact support@sourcegraph.com and reference this ID: ${answer.headers.get('x-trace')}"}\n`,
  );
  assert.equal(answer.headers.get('x-cody-resolved-model'), null);
  assert.equal(gateway.anthropic?.requests.length, seen, 'the provider is not asked');
  const [event, ...more] = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual(more, []);
  assert.deepEqual([event?.name, event?.units, event?.quota_units], ['RequestBlocked', 0, 0]);
  assert.deepEqual(event?.metadata, {
    flagged: true,
    flagging_result: { reason: ['blocked_phrase'], should_block: true, blocked_phrase: 'bad p' },
    feature: 'chat_completions',
    model: 'anthropic/claude-3-haiku-20240307',
    provider: 'anthropic',
    // Human : This is a BAD phrase indeed and the blank line.
    prompt_token_count: 9,
    max_tokens_to_sample: 100,
    sg_actor_id: '42',
    sg_actor_anonymous_uid: '',
    'sg.actor': {},
    trace_id: answer.headers.get('x-trace'),
    span_id: answer.headers.get('x-span'),
  });
});

test('completions #43: blocking off: served, and marked', async () => {
  const { id, token } = await gateway.subscription({ limit: 10 });
  const body = openAiBody({ messages: [{ role: 'user', content: 'a bad phrase' }] });
  assert.equal((await gateway.call(openai, { token, headers: chat, body })).status, 200);
  const [event] = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual(
    [event?.name, event?.units, event?.metadata['flagged'], event?.metadata['flagging_result']],
    ['CompletionsFinished', 1, true, { reason: ['blocked_phrase'], should_block: false, blocked_phrase: 'bad p' }],
  );
});

test('the refusal has the shape of its dialect', async () => {
  const body = anthropicBody({ messages: says('bad phrase') });
  const answer = await gateway.call('/v1/messages', { body });
  const { type, error } = JSON.parse(answer.text) as { type: string; error: { type: string; message: string } };
  assert.deepEqual([answer.status, type, error.type], [400, 'error', 'invalid_request_error']);
  assert.match(error.message, /^We blocked your request/);
});

test('completions #45: a prompt of 20,009 tokens is blocked by its length, counted in the deployed bundle; of who pays it is only marked', async () => {
  const body = anthropicBody({ messages: says('word '.repeat(20_010)) });
  const answer = await gateway.call(messages, { token: dotcomToken, headers: chat, body });
  assert.equal(answer.status, 400);
  assert.match(answer.text, /^\{"error":"We blocked your request/);
  const payer = await gateway.subscription({ limit: 10 });
  assert.equal((await gateway.call(messages, { token: payer.token, headers: chat, body })).status, 200);
  const [marked] = await gateway.events(`identifier = '${payer.id}'`);
  assert.deepEqual(
    [marked?.name, marked?.metadata['flagging_result']],
    ['CompletionsFinished', { reason: ['high_prompt_token_count'], should_block: false }],
  );
  const trace = answer.headers.get('x-trace');
  const rows = await gateway.events(`identifier = '${dotcom}'`);
  const event = rows.find(({ metadata }) => metadata['trace_id'] === trace);
  const count = event?.metadata['prompt_token_count'];
  assert.ok(typeof count === 'number' && count > 20_010 && count < 20_020, String(count));
});

test('completions #49: a flagged chat prompt of Sourcegraph.com is kept for an hour, anybody else’s never', async () => {
  const other = await gateway.subscription({ limit: 10 });
  const headers = { ...chat };
  const body = anthropicBody({ messages: says('bad phrase') });
  const theirs = await gateway.call(messages, { token: other.token, headers, body });
  assert.deepEqual(await gateway.redisClient.keys(`prompt:${theirs.headers.get('x-span')}:*`), []);
  const ours = await gateway.call(messages, { token: dotcomToken, headers, body });
  const key = `prompt:${ours.headers.get('x-span')}:chat_completions:${dotcom}`;
  assert.equal(await gateway.redisClient.get(key), 'Human: bad phrase\n\n');
  const ttl = await gateway.redisClient.ttl(key);
  // The trace id is the caller's to choose: two requests under one are two records.
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  for (const text of ['bad phrase one', 'bad phrase two'])
    await gateway.call(messages, {
      token: dotcomToken,
      headers: { ...headers, traceparent },
      body: anthropicBody({ messages: says(text) }),
    });
  const kept = await gateway.redisClient.mget(await gateway.redisClient.keys('prompt:*'));
  for (const text of ['one', 'two']) assert.ok(kept.includes(`Human: bad phrase ${text}\n\n`));
  assert.deepEqual(await gateway.redisClient.keys(`*${'a'.repeat(32)}*`), []);
  assert.ok(ttl > 3_000 && ttl <= 3_600, String(ttl));
});

test('completions #59: what is kept may be read by who has the scope', async () => {
  const scope = 'cody_gateway::flaggedprompts::read';
  introspection.tokens.set('reader', `openid ${scope}`);
  introspection.tokens.set('without-scope', 'openid profile');
  for (const key of await gateway.redisClient.keys('prompt:*')) await gateway.redisClient.del(key);
  const ask = async (path: string, token: string | null = 'reader') => {
    const { status, text, headers } = await gateway.call(path, { token });
    assert.match(headers.get('x-trace') ?? '', /^[0-9a-f]{32}$/);
    return [status, text] as const;
  };
  assert.deepEqual(await ask(flagged, null), [401, 'Unauthorized\n']);
  assert.deepEqual(await ask(flagged, 'unknown'), [401, 'Unauthorized: Inactive token\n']);
  assert.deepEqual(await ask(flagged, 'without-scope'), [403, 'Forbidden: Missing required scope\n']);
  introspection.failNext(503);
  assert.deepEqual(await ask(flagged), [500, 'Internal Server Error\n']);
  assert.deepEqual(await ask(flagged), [200, '{"prompts":null}\n']);
  introspection.tokens.set('person', scope);
  introspection.users.add('person');
  assert.deepEqual(await ask(flagged, 'person'), [401, 'Unauthorized\n']);
  // Somewhere without the newer service.
  introspection.takes.delete('connect');
  assert.deepEqual(await ask(flagged), [200, '{"prompts":null}\n']);
  assert.equal(introspection.asked.at(-1), 'bearer');

  const body = anthropicBody({ messages: says('bad phrase') });
  const blocked = await gateway.call(messages, { token: dotcomToken, headers: chat, body });
  const spanId = blocked.headers.get('x-span') ?? '';
  const key = `prompt:${spanId}:chat_completions:${dotcom}`;
  // One that is none of ours does not hide the others.
  await gateway.redisClient.set('prompt:a:b:c:d', 'x');
  const [status, text] = await ask(flagged);
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(text), { prompts: [{ key, spanId, feature: 'chat_completions', userId: dotcom }] });
  assert.deepEqual(await ask(`${flagged}/${encodeURIComponent(key)}`), [200, 'Human: bad phrase\n\n']);
  assert.deepEqual(await ask(`${flagged}/${encodeURIComponent(key)}`, 'without-scope'), [
    403,
    'Forbidden: Missing required scope\n',
  ]);
  assert.deepEqual(await ask(`${flagged}/prompt%3Agone`), [404, 'Prompt not found\n']);
  // Who read it is on record, by what finds the token again and does not tell it.
  const directory = openDocuments({ firestoreEmulatorHost: gateway.firestore.host, googleCloudProject: localProject });
  const records = (await listAudit(directory, null, 100)).filter(({ change }) => change === key);
  await directory.close();
  const who = `access token with SHA-256 ${createHash('sha256').update('reader').digest('hex')}`;
  assert.deepEqual(
    records.map((record) => [record.who, record.what, record.outcome]),
    [[who, 'flagged-requests read', 'done']],
  );
  for (const wrong of ['limit%3Ax', '%E0%A4%A', '%7Bs0000%7D%3Aoutbox'])
    assert.deepEqual(await ask(`${flagged}/${wrong}`), [400, 'Invalid prompt key\n']);
});

test('completions #59: without an authorization server the paths do not exist', async (t) => {
  const plain = await startGateway({ functions: ['diagnostics'] });
  t.after(() => plain.stop());
  const answer = await plain.call(flagged, { token: 'reader' });
  assert.deepEqual([answer.status, answer.text], [404, '404 page not found\n']);
});

test('completions #52: a model that keeps failing is refused without asking the provider, and comes back by a probe', async () => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  const body = openAiBody({ model: 'gpt-4-turbo' });
  const ask = (more: object = {}) => gateway.call(openai, { token, headers: chat, body: { ...body, ...more } });
  for (let i = 0; i < 5; i++) {
    gateway.openai?.next({ status: 500, headers: { 'retry-after': '1' }, body: 'broken' });
    assert.equal((await ask()).status, 500);
  }
  const seen = gateway.openai?.requests.length;
  const answer = await ask();
  assert.deepEqual(
    [answer.status, answer.text],
    [503, '{"error":"model openai/gpt-4-turbo is currently unavailable"}\n'],
  );
  assert.equal(answer.headers.get('x-cody-resolved-model'), 'openai/gpt-4-turbo');
  assert.equal(answer.headers.get('retry-after'), '4');
  assert.equal(gateway.openai?.requests.length, seen);
  assert.equal((await ask({ model: 'gpt-4o' })).status, 200, 'other models stay');
  const event = (await gateway.events(`identifier = '${id}' AND model = 'openai/gpt-4-turbo'`)).at(-1);
  assert.deepEqual(
    [
      event?.metadata['upstream_status_code'],
      event?.metadata['resolved_status_code'],
      event?.units,
      event?.quota_units,
    ],
    [-1, 503, 0, 0],
  );
  await eventually(
    () => ask(),
    ({ status }) => status === 200,
  );
});

test('a deadline that the caller chose does not shut a model', async () => {
  for (let i = 0; i < 6; i++) {
    gateway.openai?.next({ hang: 'headers' });
    const answer = await gateway.call(openai, {
      headers: { ...chat, 'x-timeout-ms': '20' },
      body: openAiBody({ model: 'gpt-4' }),
    });
    assert.equal(answer.status, 504);
  }
  assert.equal((await gateway.call(openai, { headers: chat, body: openAiBody({ model: 'gpt-4' }) })).status, 200);
});

test('a request’s line tells where its time went and who called; the answer tells the time too', async () => {
  const headers = {
    ...chat,
    'x-forwarded-for': '203.0.113.9, 10.0.0.1',
    'x-sourcegraph-interaction-id': 'interaction-1',
    'user-agent': 'a-client/1',
  };
  const answer = await gateway.call(openai, { headers, body: openAiBody() });
  assert.match(answer.headers.get('server-timing') ?? '', /^gateway;dur=\d+\.\d, upstream;dur=\d+\.\d$/);
  const refused = await gateway.call(openai, { headers: {}, body: openAiBody() });
  assert.match(refused.headers.get('server-timing') ?? '', /^gateway;dur=\d+\.\d$/);
  const line = await eventually(
    () =>
      gateway.lines.find((one) => one['interaction_id'] === 'interaction-1' && one['event'] === 'request_completed'),
    (found) => found !== undefined,
  );
  assert.ok(line !== undefined);
  const { httpRequest, own_ms, upstream_ms, in_flight, model, feature, actor, source } = line as {
    httpRequest: Record<string, unknown>;
  } & Record<string, unknown>;
  assert.ok(typeof own_ms === 'number' && own_ms >= 0 && typeof upstream_ms === 'number' && upstream_ms > 0);
  assert.equal(in_flight, 1);
  assert.deepEqual(
    [model, feature, actor, source],
    ['openai/gpt-4o', 'chat_completions', gateway.subscriptionId, 'dotcom-product-subscriptions'],
  );
  assert.equal(httpRequest['userAgent'], 'a-client/1');
});

test('a stream’s line tells when it began, and what tells it from a whole answer, an error and a call that got none', async () => {
  const ask = async (id: string, body: Record<string, unknown>) => {
    const headers = { ...chat, 'x-sourcegraph-interaction-id': id };
    await gateway.call(messages, { headers, body: anthropicBody(body) });
    const line = await eventually(
      () => gateway.lines.find((one) => one['interaction_id'] === id && one['event'] === 'request_completed'),
      (found) => found !== undefined,
    );
    assert.ok(line !== undefined);
    return line;
  };
  // The members that the metric of the alert `first-byte` goes by (terraform/modules/monitoring/main.tf).
  const { first_byte_ms, upstream_headers_ms, stream, upstream_status } = await ask('began', { stream: true });
  assert.deepEqual([stream, upstream_status], [true, 200]);
  assert.ok(typeof first_byte_ms === 'number' && typeof upstream_headers_ms === 'number');
  assert.ok(first_byte_ms >= upstream_headers_ms, 'it counts from the arrival');
  assert.equal((await ask('whole', { stream: false }))['stream'], false);
  gateway.anthropic?.next({ status: 529, body: 'theirs' }, 2);
  const error = await ask('error', { stream: true });
  assert.deepEqual([error['stream'], error['upstream_status'], typeof error['first_byte_ms']], [true, 529, 'number']);
  const refused = await ask('refused', { stream: true, messages: says('This is a BAD phrase indeed') });
  assert.deepEqual([refused['first_byte_ms'], refused['upstream_status']], [undefined, undefined]);
});
