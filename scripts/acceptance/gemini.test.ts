// Gemini's dialect through a running gateway: Google's own client, streams in both forms, counts, vectors, and errors
// in Google's shape.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ApiError, GoogleGenAI } from '@google/genai';
import { startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
let google: GoogleGenAI;
const hello = 'Hello wörld 1 wörld 2 wörld 3';
const model = 'gemini-2.5-pro';
const contents = [{ role: 'user', parts: [{ text: 'Hello there' }] }];

const clientOf = (apiKey: string, apiVersion = 'v1beta'): GoogleGenAI =>
  new GoogleGenAI({ apiKey, vertexai: false, httpOptions: { baseUrl: gateway.url, apiVersion } });

before(async () => {
  gateway = await startGateway({
    functions: ['generate-content', 'chat-completions', 'deliver-events', 'diagnostics'],
  });
  google = clientOf(gateway.token);
});
after(() => gateway.stop());

async function refused(work: Promise<unknown>): Promise<{ status: number; error: Record<string, unknown> }> {
  const thrown: unknown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof ApiError, String(thrown));
  const { error } = JSON.parse(thrown.message) as { error: Record<string, unknown> };
  return { status: thrown.status, error };
}

test('content, whole and streamed, and what it used in its event', async () => {
  const whole = await google.models.generateContent({ model, contents: 'Hello there' });
  assert.equal(whole.text, hello);
  assert.equal(whole.usageMetadata?.candidatesTokenCount, 4);
  let text = '';
  for await (const chunk of await google.models.generateContentStream({ model: `google/${model}`, contents: 'Hi' }))
    text += chunk.text ?? '';
  assert.equal(text, hello);
  assert.match(gateway.google?.requests.at(-1)?.url ?? '', /models\/gemini-2\.5-pro:streamGenerateContent\?alt=sse$/);
  assert.equal(gateway.google?.requests.at(-1)?.headers['authorization'], undefined);
  const events = await gateway.events(`model = 'google/${model}'`);
  assert.deepEqual(
    events.map(({ name, units, metadata }) => [name, units, metadata['stream'], metadata['completion_token_count']]),
    [
      ['CompletionsFinished', 1, false, 4],
      ['CompletionsFinished', 1, true, 4],
    ],
  );
});

test('the same below /v1, which Google’s newest clients ask by themselves, and its list of models', async () => {
  const newest = clientOf(gateway.token, 'v1');
  assert.equal((await newest.models.generateContent({ model, contents: 'Hello there' })).text, hello);
  let text = '';
  for await (const chunk of await newest.models.generateContentStream({ model, contents: 'Hi' }))
    text += chunk.text ?? '';
  assert.equal(text, hello);
  assert.ok(((await newest.models.countTokens({ model, contents: 'one two' })).totalTokens ?? 0) > 0);
  const { embeddings } = await newest.models.embedContent({ model: 'gemini-embedding-001', contents: ['a'.repeat(9)] });
  assert.equal(embeddings?.[0]?.values?.[0], 9);
  const listed: (string | undefined)[] = [];
  for await (const { name } of await newest.models.list()) listed.push(name);
  assert.ok(listed.includes(`models/${model}`));
  assert.equal((await newest.models.get({ model })).name, `models/${model}`);
  // With a token of another kind than a key Google's SDKs say who they are all the same.
  const bearer = await gateway.call(`/v1/models/${model}`, { headers: { 'x-goog-api-client': 'gl-python/3.13' } });
  assert.match(bearer.text, /"name":"models\//);
  const none = await refused(newest.models.generateContent({ model: 'gemini-0', contents: 'Hi' }));
  assert.deepEqual([none.status, none.error['status']], [404, 'NOT_FOUND']);
  const headers = { 'x-goog-api-key': gateway.token };
  const verb = await gateway.call(`/v1/models/${model}:tune`, { token: null, headers, body: {} });
  assert.deepEqual([verb.status, (JSON.parse(verb.text) as { error: { code: number } }).error.code], [404, 404]);
  const openAis = await gateway.call(`/v1/models`);
  assert.equal((JSON.parse(openAis.text) as { object: string }).object, 'list');
});

test('a chat, with a system instruction and settings of its own', async () => {
  const chat = google.chats.create({
    model,
    config: { systemInstruction: 'Be brief.', candidateCount: 4, temperature: 0 },
  });
  await chat.sendMessage({ message: 'Hello' });
  assert.equal((await chat.sendMessage({ message: 'And?' })).text, hello);
  const body = JSON.parse(gateway.google?.requests.at(-1)?.body ?? '') as Record<string, unknown>;
  assert.equal((body['contents'] as unknown[]).length, 3);
  assert.deepEqual(body['generationConfig'], { candidateCount: 1, temperature: 0 });
  assert.ok(!('stream' in body) && !('model' in body));
});

test('without alt=sse a stream is one array, relayed as it comes and metered', async () => {
  const path = `/v1beta/models/gemini-2.5-flash:streamGenerateContent`;
  const { status, headers, text } = await gateway.call(path, { body: { contents } });
  assert.deepEqual([status, headers.get('content-type')], [200, 'application/json; charset=UTF-8']);
  const parts = JSON.parse(text) as { candidates: { content: { parts: { text: string }[] } }[] }[];
  assert.equal(parts.map(({ candidates }) => candidates[0]?.content.parts[0]?.text).join(''), hello);
  gateway.google?.pace({ chunkDelayMs: 300 });
  const response = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.token}` },
    body: JSON.stringify({ contents }),
  });
  const reader = response.body?.getReader();
  const first = await reader?.read();
  assert.match(Buffer.from(first?.value ?? []).toString(), /^\[\{[\s\S]*Hello/, 'the first piece is not held back');
  await reader?.cancel();
  gateway.google?.pace({ chunkDelayMs: 0 });
  gateway.google?.next({ cutAfterBytes: 600 });
  await assert.rejects(gateway.call(path, { body: { contents } }), 'what broke off is no whole answer');
  const events = await gateway.events(`model = 'google/gemini-2.5-flash'`);
  assert.deepEqual([events[0]?.metadata['completion_token_count'], events.length], [4, 3]);
});

test('a stream that breaks off ends in an error that the client throws', async () => {
  gateway.google?.next({ cutAfterBytes: 300 });
  const stream = await google.models.generateContentStream({ model, contents: 'Hi' });
  const read = async (): Promise<void> => {
    for await (const _ of stream);
  };
  await assert.rejects(read(), (error) => error instanceof ApiError && error.status === 502);
});

test('tokens are counted without a unit, and the count has its row', async () => {
  const { id, token } = await gateway.subscription({ limit: 5 });
  const { totalTokens } = await clientOf(token).models.countTokens({ model, contents: 'one two three' });
  assert.ok((totalTokens ?? 0) > 0);
  const [event] = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual(
    [event?.name, event?.units, event?.quota_units, event?.tokens, event?.model],
    ['TokensCounted', 0, 0, null, `google/${model}`],
  );
  assert.deepEqual([event?.metadata['usage'], event?.metadata['completion_token_count']], [undefined, undefined]);
});

test('vectors, one and several, are charged by the token to their own quota', async () => {
  const limits = { limit: 100_000, intervalSeconds: 86_400, allowedModels: ['*'] };
  const { id, token } = await gateway.subscription(null, { limits: { embeddings: limits } });
  const client = clientOf(token);
  const texts = ['a'.repeat(40), 'b'.repeat(80)];
  const { embeddings } = await client.models.embedContent({ model: 'gemini-embedding-001', contents: texts });
  assert.deepEqual(
    embeddings?.map(({ values }) => values?.[0]),
    [40, 80],
  );
  const one = await gateway.call('/v1beta/models/gemini-embedding-001:embedContent', {
    token: null,
    headers: { 'x-goog-api-key': token },
    body: { content: { parts: [{ text: 'abcd' }] } },
  });
  assert.deepEqual((JSON.parse(one.text) as { embedding: { values: number[] } }).embedding.values[0], 4);
  const events = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual(
    events.map(({ name, feature, units, quota_units, metadata }) => [
      name,
      feature,
      units,
      quota_units,
      metadata['batch_size'],
    ]),
    [
      ['EmbeddingsFinished', 'embeddings', 30, 30, 2],
      ['EmbeddingsFinished', 'embeddings', 1, 1, 1],
    ],
  );
  const { error } = await refused(client.models.generateContent({ model, contents: 'Hi' }));
  assert.equal(error['status'], 'PERMISSION_DENIED');
});

test('models are listed in pages and shown', async () => {
  const names: string[] = [];
  for await (const one of await google.models.list({ config: { pageSize: 2 } })) names.push(one.name ?? '');
  assert.ok(names.length > 4 && names.includes(`models/${model}`) && new Set(names).size === names.length);
  const shown = await google.models.get({ model });
  assert.equal(shown.name, `models/${model}`);
  assert.ok((shown.inputTokenLimit ?? 0) > 100_000);
  const { status, error } = await refused(google.models.get({ model: 'gemini-0' }));
  assert.deepEqual([status, error['status']], [404, 'NOT_FOUND']);
});

test('errors have Google’s shape, and a class in its client', async () => {
  const unauthorized = await refused(
    clientOf(`slk_${'0'.repeat(64)}`).models.generateContent({ model, contents: 'Hi' }),
  );
  assert.deepEqual([unauthorized.status, unauthorized.error['status']], [401, 'UNAUTHENTICATED']);
  const unknown = await refused(google.models.generateContent({ model: 'gemini-0', contents: 'Hi' }));
  assert.deepEqual([unknown.status, unknown.error['code'], unknown.error['status']], [404, 404, 'NOT_FOUND']);
  const kept = await refused(
    google.models.generateContent({ model, contents: 'Hi', config: { cachedContent: 'c/1' } }),
  );
  assert.deepEqual([kept.status, kept.error['status']], [400, 'INVALID_ARGUMENT']);
  const { token } = await gateway.subscription({ limit: 2 });
  const poor = clientOf(token);
  for (let i = 0; i < 2; i++) await poor.models.generateContent({ model, contents: 'Hi' });
  for (const work of [
    () => poor.models.generateContent({ model, contents: 'Hi' }),
    () => poor.models.countTokens({ model, contents: 'Hi' }),
  ]) {
    const { status, error } = await refused(work());
    assert.deepEqual([status, error['status']], [429, 'RESOURCE_EXHAUSTED']);
  }
  await refused(google.caches.list().then((pager) => pager.page));
  for (const [method, path] of [
    ['POST', '/files'],
    ['DELETE', '/files/1'],
    ['POST', `/models/${model}:batchGenerateContent`],
    ['GET', '/cachedContents'],
  ] as const) {
    const { status, text } = await gateway.call(`/v1beta${path}`, { method });
    assert.equal(status, 404);
    assert.match(text, /"status":"NOT_FOUND".*|is not served by this gateway/);
  }
});

test('which methods there are is told to browsers and everybody, a verb’s and a model’s apart', async () => {
  for (const [path, allow] of [
    [`/v1/models/${model}:generateContent`, 'POST, OPTIONS'],
    [`/v1/models/${model}`, 'GET, HEAD, OPTIONS'],
    [`/v1beta/models/${model}:generateContent`, 'POST, OPTIONS'],
    [`/v1beta/models/${model}`, 'GET, HEAD, OPTIONS'],
  ] as const) {
    const { status, headers, text } = await gateway.call(path, { method: 'OPTIONS', token: null });
    assert.deepEqual([status, headers.get('allow'), text], [204, allow, ''], path);
  }
  const elsewhere = await gateway.call(`/v1/models/${model}:generateContent`, { method: 'DELETE' });
  assert.deepEqual([elsewhere.status, elsewhere.headers.get('allow')], [405, 'POST']);
});

test('a key in the URL is refused with what to do, and is in no line of the log', async () => {
  const path = `/v1beta/models/${model}:generateContent?key=${gateway.token}`;
  const { status, text } = await gateway.call(path, { token: null, body: { contents } });
  assert.equal(status, 400);
  assert.match(text, /a key in the URL is not accepted.*x-goog-api-key/);
  assert.ok(!JSON.stringify(gateway.lines).includes(gateway.token));
});
