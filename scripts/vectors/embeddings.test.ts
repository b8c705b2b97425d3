// Vectors about embeddings, over HTTP, and the unmodified OpenAI client: both shapes, batches, what is charged, what
// fails.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { eventually, startGateway, type CallInit, type EventRow, type TestGateway } from '../local/test-gateway.ts';
import { startOpenAi } from '../local/providers/openai.ts';
import type { LocalProvider } from '../local/providers/provider-server.ts';

let gateway: TestGateway;
let own: LocalProvider;
before(async () => {
  own = await startOpenAi({ apiKey: 'own-key' });
  gateway = await startGateway({
    functions: ['embeddings', 'limits', 'deliver-events', 'diagnostics'],
    env: {
      CODY_GATEWAY_EMBEDDINGS_ENDPOINTS: `acme/tiny:1536=${own.url}/v1`,
      CODY_GATEWAY_EMBEDDINGS_ENDPOINTS_TOKEN: 'own-key',
      CODY_GATEWAY_EMBEDDINGS_TIMEOUT: '20s',
    },
  });
});
after(async () => {
  await gateway.stop();
  await own.close();
});

const ada = 'openai/text-embedding-ada-002';
const mpnet = 'sourcegraph/st-multi-qa-mpnet-base-dot-v1';
const metadataModel = 'sourcegraph/st-multi-qa-mpnet-metadata';
const J = (text: string): string => `${JSON.stringify({ error: text })}\n`;
const loaded = "we're facing too much load at the moment, please retry later";

async function caller(limit = 6_666_666, allowedModels = ['*']) {
  const { id, token } = await gateway.subscription(null, {
    limits: { embeddings: { limit, intervalSeconds: 86_400, allowedModels } },
  });
  return {
    id,
    token,
    ask: (body: unknown, init: CallInit = {}) => gateway.call('/v1/embeddings', { token, body, ...init }),
    events: (): Promise<EventRow[]> => gateway.events(`identifier = '${id}'`),
    used: async (): Promise<number> => {
      const { text } = await gateway.call('/v1/limits', { token });
      return (JSON.parse(text) as { embeddings: { usage: number } }).embeddings.usage;
    },
  };
}

interface CodyReply {
  readonly embeddings: { index: number; data: number[] }[];
  readonly model: string;
  readonly dimensions: number;
}

test('actors #53: two texts of OpenAI, charged as reported, told in header, counter and event', async () => {
  const { id, ask, events, used } = await caller();
  const answer = await ask({
    model: ada,
    input: ['one two three', 'four five six seven eight nine ten eleven twelve'],
    isQuery: false,
  });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(
    ['content-type', 'x-token-usage', 'x-ratelimit-limit-tokens'].map((name) => answer.headers.get(name)),
    ['application/json; charset=utf-8', '12', '6666666'],
  );
  assert.ok(!answer.text.endsWith('\n'));
  const { embeddings, model, dimensions } = JSON.parse(answer.text) as CodyReply;
  assert.deepEqual([model, dimensions], ['text-embedding-ada-002-v2', 1_536]);
  // The stand-in tells them backwards, each beginning with its text's length.
  assert.deepEqual(
    embeddings.map(({ index, data }) => [index, data.length, data[0]]),
    [
      [0, 1_536, 13],
      [1, 1_536, 48],
    ],
  );
  assert.deepEqual(JSON.parse(gateway.openai?.requests.at(-1)?.body ?? ''), {
    model: 'text-embedding-ada-002',
    input: ['one two three', 'four five six seven eight nine ten eleven twelve'],
    user: id,
  });
  assert.equal(await used(), 12);
  const [event, ...more] = await events();
  assert.deepEqual(more, []);
  assert.deepEqual(
    [
      event?.name,
      event?.units,
      event?.quota_units,
      event?.metadata['tokens_used'],
      event?.metadata['batch_size'],
      event?.metadata['input_character_count'],
    ],
    ['EmbeddingsFinished', 12, 12, 12, 2, 61],
  );
});

test('actors #54: an empty text is refused, with its event and no charge', async () => {
  const { ask, events, used } = await caller();
  const answer = await ask({ model: ada, input: ['a', ''] });
  assert.deepEqual(
    [answer.status, answer.text, answer.headers.get('retry-after')],
    [400, J('cannot generate embeddings for an empty string'), '60'],
  );
  const [event] = await events();
  assert.deepEqual(
    [event?.metadata['resolved_status_code'], event?.metadata['tokens_used'], await used()],
    [400, 0, 0],
  );
});

test('actors #55, #56: a model that is not allowed is refused without an event; its spelling does not matter', async () => {
  const { ask, events } = await caller();
  const refused = await ask({ model: 'openai/x', input: ['a'] });
  assert.deepEqual([refused.status, refused.text], [400, J('model "openai/x" is not allowed')]);
  assert.deepEqual(await events(), []);
  assert.equal((await ask({ model: 'OpenAI/text-embedding-ada-002', input: ['a'] })).status, 200);
  const narrow = await caller(100, [mpnet]);
  assert.equal((await narrow.ask({ model: ada, input: ['a'] })).status, 400);
});

test('actors #57, #58, #59: the provider’s faults in the words that instances know, each with a minute to wait; nothing is charged', async () => {
  const { ask, events, used } = await caller();
  // Twice each: with one home what may pass by itself is asked once more.
  gateway.openai?.next({ status: 429, body: 'secret' }, 2);
  const overloaded = await ask({ model: ada, input: ['a'] });
  gateway.openai?.next({ status: 400, body: 'bad' });
  const bad = await ask({ model: ada, input: ['a'] });
  gateway.openai?.next({ hang: 'headers' });
  const late = await ask({ model: ada, input: ['a'] });
  gateway.openai?.next({ status: 500, body: 'https://secret.example/' }, 2);
  const failed = await ask({ model: ada, input: ['a'] });
  assert.deepEqual(
    [overloaded, bad, late, failed].map(({ status, text, headers }) => [status, text, headers.get('retry-after')]),
    [
      [503, J(loaded), '60'],
      [400, J('bad request: bad'), '60'],
      [504, J('request to upstream provider OpenAI timed out'), '60'],
      [502, J('upstream provider OpenAI failed: unexpected status 500'), '60'],
    ],
  );
  assert.deepEqual(
    (await events()).map(({ metadata, units }) => [metadata['resolved_status_code'], units]),
    [503, 400, 504, 502].map((status) => [status, 0]),
  );
  assert.equal(await used(), 0);
});

test('actors #60: a model that Sourcegraph hosts costs nothing', async () => {
  const { ask, events, used } = await caller();
  const answer = await ask({ model: mpnet, input: ['abc', 'defgh'] });
  assert.deepEqual([answer.status, answer.headers.get('x-token-usage')], [200, '0']);
  const { embeddings, dimensions, model } = JSON.parse(answer.text) as CodyReply;
  assert.deepEqual(
    embeddings.map(({ data }) => [data.length, data[0]]),
    [
      [768, 3],
      [768, 5],
    ],
  );
  assert.deepEqual([dimensions, model], [768, 'st-multi-qa-mpnet-base-dot-v1']);
  assert.equal(await used(), 0);
  assert.deepEqual(
    (await events()).map(({ name, units }) => [name, units]),
    [['EmbeddingsFinished', 0]],
  );
});

test('actors #61: a hosted model is tried three times, then it is a 502; answers of odd lengths are faults too', async () => {
  const { ask } = await caller();
  const asked = gateway.kserve.requests.length;
  gateway.kserve.next({ status: 500, body: '' });
  gateway.kserve.next({ status: 500, body: '' });
  assert.equal((await ask({ model: mpnet, input: ['a'] })).status, 200);
  assert.equal(gateway.kserve.requests.length - asked, 3);
  for (const body of [
    '{"outputs":[{"data":[1,2,3]}]}',
    '{"outputs":[]}',
    'no json',
    `{"outputs":[{"data":[${'"x",'.repeat(767)}1]}]}`,
  ]) {
    for (let i = 0; i < 3; i++) gateway.kserve.next({ status: 200, body });
    const answer = await ask({ model: mpnet, input: ['a'] });
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [502, '60'], body.slice(0, 40));
    assert.match(answer.text, /^\{"error":"upstream provider Sourcegraph failed: /);
  }
});

test('a hosted model that stalls is a 504 in its own name', async () => {
  const { ask } = await caller();
  gateway.kserve.next({ hang: 'headers' });
  const answer = await ask({ model: mpnet, input: ['a'] });
  assert.deepEqual(
    [answer.status, answer.text, answer.headers.get('retry-after')],
    [504, J('request to upstream provider Sourcegraph timed out'), '60'],
  );
});

test('where a provider that charges reports no tokens, the estimate is charged', async () => {
  const { ask, used } = await caller();
  const embedding = Array.from({ length: 1_536 }, () => 0);
  gateway.openai?.next({ status: 200, body: JSON.stringify({ data: [{ index: 0, embedding }], model: 'm' }) });
  const answer = await ask({ model: ada, input: ['x'.repeat(41)] });
  assert.deepEqual([answer.status, answer.headers.get('x-token-usage'), await used()], [200, '11', 11]);
});

test('actors #62: the metadata variant embeds descriptions; one that can’t be written is a 502', async () => {
  const { ask } = await caller();
  const answer = await ask({ model: metadataModel, input: ['code one', 'code two'] });
  assert.equal(answer.status, 200, answer.text);
  const reply = JSON.parse(answer.text) as CodyReply;
  assert.equal(reply.model, 'st-multi-qa-mpnet-base-dot-v1');
  // What the stand-in at Fireworks writes has 29 characters.
  assert.deepEqual(
    reply.embeddings.map(({ data }) => data[0]),
    [29, 29],
  );
  gateway.fireworks?.next({ status: 500, body: '' }, 2);
  const failed = await ask({ model: metadataModel, input: ['code'] });
  assert.deepEqual([failed.status, failed.headers.get('retry-after')], [502, '60']);
});

test('descriptions cost what the model that writes them bills: in header, counter, event and price', async () => {
  const { ask, used, events } = await caller();
  const answer = await ask({ model: metadataModel, input: ['code one', 'code two', 'code three'] });
  const tokens = Number(answer.headers.get('x-token-usage'));
  assert.ok(tokens > 3 * 10, String(tokens));
  assert.equal(await used(), tokens);
  const [event] = await events();
  assert.deepEqual(
    [event?.units, event?.quota_units, event?.tokens, event?.cost_micro_usd],
    [tokens, tokens, tokens, Math.round(tokens * 0.9)],
  );
});

test('descriptions that were written are paid for when the caller asks for what can’t be embedded, or leaves; not when the provider fails', async () => {
  const refused = await caller();
  gateway.kserve.next({ status: 400, body: 'no' });
  assert.equal((await refused.ask({ model: metadataModel, input: ['code'] })).status, 400);
  assert.ok((await refused.used()) > 10);
  const failed = await caller();
  gateway.kserve.next({ status: 500, body: '' }, 6);
  assert.equal((await failed.ask({ model: metadataModel, input: ['code'] })).status, 502);
  assert.equal(await failed.used(), 0);
  const gone = await caller();
  gateway.kserve.next({ hang: 'headers' });
  const before = gateway.kserve.requests.length;
  const leaving = new AbortController();
  const left = gone.ask({ model: metadataModel, input: ['code'] }, { signal: leaving.signal });
  // Described by then, and being embedded.
  await eventually(
    () => gateway.kserve.requests.length,
    (count) => count > before,
  );
  leaving.abort();
  await assert.rejects(left);
  await eventually(gone.used, (tokens) => tokens > 10);
});

test('one request causes no more descriptions than its quota could pay for, nor than 256', async () => {
  const { ask } = await caller(10_000);
  const before = gateway.fireworks?.requests.length;
  const many = await ask({ model: metadataModel, input: Array.from({ length: 257 }, () => 'code') });
  assert.deepEqual(
    [many.status, many.text],
    [400, J(`model ${JSON.stringify(metadataModel)} takes at most 256 texts of one request, got 257`)],
  );
  assert.equal((await ask({ model: metadataModel, input: Array.from({ length: 8 }, () => 'code') })).status, 429);
  assert.equal(gateway.fireworks?.requests.length, before);
});

test('a quota that is used up ends what costs nothing too', async () => {
  const { ask, used, events } = await caller(4);
  assert.equal((await ask({ model: mpnet, input: ['a'] })).status, 200);
  assert.equal((await ask({ model: ada, input: ['a', 'b', 'c', 'd'] })).status, 200);
  assert.equal(await used(), 4);
  const asked = gateway.kserve.requests.length;
  for (const model of [ada, mpnet, metadataModel])
    assert.equal((await ask({ model, input: ['a'] })).status, 429, model);
  assert.equal(gateway.kserve.requests.length, asked);
  const rows = await events();
  assert.equal(
    rows.reduce((sum, { quota_units }) => sum + quota_units, 0),
    4,
  );
});

test('actors #63: what would go over the limit is refused before it is sent, and costs nothing', async () => {
  const { ask, used } = await caller(100);
  assert.equal((await ask({ model: ada, input: ['word '.repeat(60)] })).status, 200);
  const asked = gateway.openai?.requests.length;
  const refused = await ask({ model: ada, input: ['word '.repeat(1_000)] });
  assert.equal(refused.status, 429);
  assert.match(refused.text, /^you have exceeded the rate limit of 100 requests\. Retry after /);
  assert.equal(gateway.openai?.requests.length, asked);
  assert.equal(await used(), 60);
});

test('actors #64, #65: the models in the order of the original’s list, ours after them; no access, no list', async () => {
  const list = async (token: string) => gateway.call('/v1/embeddings/models', { token });
  const { token } = await caller(100, ['*']);
  const models = JSON.parse((await list(token)).text) as {
    name: string;
    dimensions: number;
    enabled: boolean;
    deprecated: boolean;
  }[];
  assert.deepEqual(
    models.slice(0, 3),
    [
      [ada, 1_536],
      [mpnet, 768],
      [metadataModel, 768],
    ].map(([name, dimensions]) => ({ name, dimensions, enabled: true, deprecated: false })),
  );
  assert.deepEqual(
    models.slice(3).map(({ name }) => name),
    ['openai/text-embedding-3-small', 'openai/text-embedding-3-large', 'acme/tiny'],
  );
  const narrow = await caller(100, [mpnet]);
  const enabled = JSON.parse((await list(narrow.token)).text) as typeof models;
  assert.deepEqual(
    enabled.filter((model) => model.enabled).map(({ name }) => name),
    [mpnet],
  );
  await gateway.write(`subscriptions/${narrow.id}`, { accessEnabled: false });
  const disabled = await gateway.subscription(null);
  await gateway.write(`subscriptions/${disabled.id}`, { accessEnabled: false });
  assert.equal((await list(disabled.token)).status, 403);
});

test('many texts go in calls of the provider’s size, in order; one call that fails fails all, and is not charged', async () => {
  const { ask, used } = await caller();
  const texts = Array.from({ length: 5_000 }, (_, i) => 'x'.repeat((i % 50) + 1));
  const before = gateway.openai?.requests.length ?? 0;
  const answer = await ask({ model: ada, input: texts });
  assert.equal(answer.status, 200, answer.text.slice(0, 200));
  const { embeddings } = JSON.parse(answer.text) as CodyReply;
  assert.deepEqual(
    embeddings.map(({ index, data }) => [index, data[0]]),
    texts.map((text, i) => [i, text.length]),
  );
  assert.equal((gateway.openai?.requests.length ?? 0) - before, 3);
  assert.equal(await used(), 5_000);
  // Three calls at once, each asked once more.
  gateway.openai?.next({ status: 500, body: '' }, 6);
  assert.equal((await ask({ model: ada, input: texts })).status, 502);
  gateway.openai?.forget();
  assert.equal(await used(), 5_000);
});

test('vectors that are missing, doubled, too short or no numbers are a fault, never a gap', async () => {
  const { ask } = await caller();
  const vector = Array.from({ length: 1_536 }, () => 0);
  for (const data of [
    [],
    [{ index: 0, embedding: vector }],
    [
      { index: 0, embedding: vector },
      { index: 0, embedding: vector },
    ],
    [
      { index: 0, embedding: vector },
      { index: 7, embedding: vector },
    ],
    [
      { index: 0, embedding: vector },
      { index: 1, embedding: vector.slice(1) },
    ],
    [
      { index: 0, embedding: vector },
      { index: 1, embedding: vector.map(String) },
    ],
    [
      { index: 0, embedding: vector },
      { index: 1, embedding: null },
    ],
  ]) {
    gateway.openai?.next({ status: 200, body: JSON.stringify({ data, model: 'm', usage: { total_tokens: 2 } }) });
    assert.equal((await ask({ model: ada, input: ['a', 'b'] })).status, 502, JSON.stringify(data).slice(0, 60));
  }
});

test('the OpenAI client, unmodified: base64 by default, floats on request, fewer dimensions, errors of its classes', async () => {
  const { token, used } = await caller();
  const client = new OpenAI({ apiKey: token, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  const answer = await client.embeddings.create({ model: 'text-embedding-3-small', input: ['abc', 'defgh'] });
  assert.deepEqual(
    answer.data.map(({ index, embedding }) => [index, embedding.length, embedding[0], embedding[1]]),
    [
      [0, 1_536, 3, 0.25],
      [1, 1_536, 5, 0.25],
    ],
  );
  assert.deepEqual(answer.usage, { prompt_tokens: 2, total_tokens: 2 });
  const floats = await client.embeddings.create({
    model: 'openai/text-embedding-3-large',
    input: 'abc',
    encoding_format: 'float',
    dimensions: 256,
  });
  assert.deepEqual([floats.data[0]?.embedding.length, floats.data[0]?.embedding[0]], [256, 3]);
  const tiny = await client.embeddings.create({ model: 'acme/tiny', input: 'abc' });
  assert.equal(tiny.data[0]?.embedding.length, 1_536);
  assert.equal(own.requests.at(-1)?.headers['authorization'], 'Bearer own-key');
  assert.equal(await used(), 4);
  await assert.rejects(client.embeddings.create({ model: 'no-such', input: 'a' }), OpenAI.NotFoundError);
  await assert.rejects(
    client.embeddings.create({ model: 'text-embedding-ada-002', input: 'a', dimensions: 8 }),
    OpenAI.BadRequestError,
  );
  await assert.rejects(
    client.embeddings.create({ model: 'text-embedding-3-small', input: ['a', 1] as unknown as string[] }),
    OpenAI.BadRequestError,
  );
  const unknownClient = new OpenAI({ apiKey: `slk_${'0'.repeat(64)}`, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  await assert.rejects(
    unknownClient.embeddings.create({ model: 'text-embedding-3-small', input: 'a' }),
    OpenAI.AuthenticationError,
  );
});

test('bad requests say what is wrong and never quote a text; a feature header is not needed', async () => {
  const { ask } = await caller();
  for (const [body, text] of [
    ['', 'failed to parse request body: EOF'],
    ['[]', 'failed to parse request body: expected a JSON object'],
    [{ input: ['secret'] }, 'failed to parse request body: "model" must be a non-empty string'],
    [{ model: ada, input: { secret: 1 } }, 'failed to parse request body: "input" must be a text or a list of texts'],
    [{ model: ada, input: ['a', 1] }, 'failed to parse request body: "input" must be a text or a list of texts'],
  ] as const) {
    const answer = await ask(body);
    assert.deepEqual([answer.status, answer.text], [400, J(text)]);
  }
  const empty = await ask({ model: ada, input: [] });
  assert.deepEqual([empty.status, (JSON.parse(empty.text) as CodyReply).embeddings], [200, []]);
});

test('token ids in place of texts: they pass as they are, and are reserved as exactly as they are counted', async () => {
  const { id, token } = await caller();
  const input = [[9906, 1917], [15339]];
  const before = gateway.openai?.requests.length ?? 0;
  const client = new OpenAI({ apiKey: token, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  const answer = await client.embeddings.create({ model: 'text-embedding-3-small', input });
  assert.equal(answer.data.length, 2);
  const sent = JSON.parse(gateway.openai?.requests[before]?.body ?? '') as { input: unknown };
  assert.deepEqual(sent.input, input);
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['EmbeddingsFinished'],
  );
  // A quota of three tokens is enough for three, and not for four.
  const poor = await caller(3);
  assert.equal((await poor.ask({ model: 'openai/text-embedding-3-small', input: [[1, 2, 3, 4]] })).status, 429);
  assert.notEqual((await poor.ask({ model: 'openai/text-embedding-3-small', input: [[1, 2], [3]] })).status, 429);
});
