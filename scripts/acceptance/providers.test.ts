// A provider is a row: what the catalogue's README says of adding one, run with the official OpenAI SDK; and what an
// operator is told who writes a row or a variable wrong.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { startOpenAi } from '../local/providers/openai.ts';
import type { LocalProvider } from '../local/providers/provider-server.ts';
import { startGateway, type TestGateway } from '../local/test-gateway.ts';

const key = 'key-of-the-other';
const section =
  /^## Add a provider\n(.*?)^## /ms.exec(
    readFileSync(path.resolve(import.meta.dirname, '../../shared/src/catalogue/README.md'), 'utf8'),
  )?.[1] ?? '';
const [vllmRows = '', acmeRows = ''] = [...section.matchAll(/^```json\n(.*?)^```/gms)].map(([, text]) => text ?? '');

let gateway: TestGateway;
/** Speaks OpenAI's API, as the others of the rows do. */
let other: LocalProvider;
let client: OpenAI;
let completions: OpenAI;
const hello = [{ role: 'user' as const, content: 'Hello there' }];
const said = 'Hello wörld 1 wörld 2 wörld 3';

before(async () => {
  other = await startOpenAi({ apiKey: key });
  // README's rows with the address of the stand-in: one of loopback, without TLS, which only reviewed rows may name.
  const acme = JSON.parse(acmeRows.replace('https://api.acme.example', other.url)) as Record<string, object[]>;
  const vllm = JSON.parse(vllmRows.replace('http://10.0.0.7:8000', other.url)) as Record<string, object[]>;
  const model = { id: 'acme/their-model', aliases: ['theirs'], contextTokens: 32_768, released: '2026-11-01' };
  const rows = {
    ...acme,
    homes: [
      ...(acme['homes'] ?? []),
      // The stand-in wants a key, which a server of one's own would not.
      ...(vllm['homes'] ?? []).map((home) => ({ ...home, kind: 'api-key', secrets: ['VLLM_KEY'] })),
      { id: 'mistral-api', baseUrl: other.url },
    ],
    models: [model, { id: 'openai/gpt-4', disabled: 'GPT-4 has been turned off by your operator.' }],
  };
  gateway = await startGateway({
    functions: ['chat-completions', 'code-completions', 'deliver-events'],
    env: {
      CODY_GATEWAY_CATALOGUE: JSON.stringify(rows),
      ACME_API_KEY: key,
      VLLM_KEY: key,
      MISTRAL_API_KEY: key,
      CODY_GATEWAY_OPENAI_ALOWED_MODELS: 'gpt-4o',
      CODY_GATEWAY_SOURCES_CACHE_TTL: '24h',
    },
  });
  client = new OpenAI({ apiKey: gateway.token, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  completions = client;
});
after(async () => {
  await gateway.stop();
  await other.close();
});

const lastSent = (): { url: string; body: Record<string, unknown>; authorization: string | undefined } => {
  const { url, body, headers } = other.requests.at(-1) ?? assert.fail('nothing was sent');
  return { url, body: JSON.parse(body) as Record<string, unknown>, authorization: headers.authorization };
};

test('README has both rows', () => assert.ok(vllmRows !== '' && acmeRows !== ''));

test('a provider of two rows answers, whole and streamed; its usage is asked for and not shown', async () => {
  const whole = await client.chat.completions.create({ model: 'acme/their-model', messages: hello });
  assert.equal(whole.choices[0]?.message.content, said);
  const { url, body, authorization } = lastSent();
  assert.deepEqual([url, body['model'], authorization], ['/v1/chat/completions', 'their-model', `Bearer ${key}`]);
  assert.match(String(body['user']), /^[\w-]+:$/);
  let text = '';
  for await (const chunk of await client.chat.completions.create({ model: 'theirs', messages: hello, stream: true })) {
    text += chunk.choices[0]?.delta.content ?? '';
    assert.equal(chunk.choices.length, 1);
  }
  assert.equal(text, said);
  assert.equal(lastSent().body['model'], 'their-model', 'an alias is resolved');
});

test('a model of it that nobody knows is served too, and text completions are', async () => {
  const answer = await completions.completions.create({ model: 'acme/of-tomorrow', prompt: 'fn ' });
  assert.equal(answer.choices[0]?.text, said);
  assert.deepEqual([lastSent().url, lastSent().body['model']], ['/v1/completions', 'of-tomorrow']);
});

test('its calls are metered: units, tokens and the model in the events table', async () => {
  const { id, token } = await gateway.subscription({ limit: 10, allowedModels: ['acme/theirs'] });
  const own = new OpenAI({ apiKey: token, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  await own.chat.completions.create({ model: 'acme/their-model', messages: hello });
  const [row] = await gateway.events(`identifier = '${id}'`);
  assert.ok(row);
  assert.deepEqual(
    [row.name, row.model, row.units, row.metadata['provider'], row.metadata['completion_token_count']],
    ['CompletionsFinished', 'acme/their-model', 1, 'acme', 4],
  );
  await assert.rejects(
    own.chat.completions.create({ model: 'acme/of-tomorrow', messages: hello }),
    OpenAI.PermissionDeniedError,
  );
});

test('its models are listed by their ids, with what the row knows', async () => {
  const list = await client.models.list();
  const row = list.data.find(({ id }) => id === 'acme/their-model');
  assert.deepEqual(row, {
    id: 'acme/their-model',
    object: 'model',
    created: Date.parse('2026-11-01') / 1000,
    owned_by: 'acme',
    context_window: 32_768,
  });
  assert.ok(list.data.some(({ id }) => id === 'gpt-4o') && !list.data.some(({ id }) => id === 'gpt-4'));
  assert.ok(!list.data.some(({ id }) => id.startsWith('xai/')), 'no key, no models');
});

test('a server of one’s own, and a provider of the defaults: what Mistral would refuse is left out', async () => {
  assert.equal(
    (await client.chat.completions.create({ model: 'vllm/llama', messages: hello })).choices[0]?.message.content,
    said,
  );
  await client.chat.completions.create({
    model: 'mistral/codestral-latest',
    messages: hello,
    max_completion_tokens: 7,
    metadata: { a: 'b' },
    user: 'me',
    stream: false,
  });
  assert.deepEqual(lastSent().body, { model: 'codestral-latest', messages: hello, max_tokens: 7, stream: false });
});

test('what an operator turned off is told in his words, in the caller’s dialect', async () => {
  await assert.rejects(client.chat.completions.create({ model: 'gpt-4', messages: hello }), (error) => {
    assert.ok(error instanceof OpenAI.InternalServerError);
    assert.deepEqual([error.status, error.message], [503, '503 GPT-4 has been turned off by your operator.']);
    return true;
  });
  const cody = await gateway.call('/v1/completions/openai', {
    headers: { 'x-sourcegraph-feature': 'chat_completions' },
    body: { model: 'gpt-4', messages: hello },
  });
  assert.deepEqual([cody.status, cody.text], [503, '{"error":"GPT-4 has been turned off by your operator."}\n']);
  assert.ok(Number(cody.headers.get('retry-after')) > 3, 'an instance does not hammer');
});

test('a name that is nearly one is told which', async () => {
  await assert.rejects(
    client.chat.completions.create({ model: 'gpt-5-mni', messages: hello }),
    /nearest: \[openai\/gpt-5-mini[,\]]/,
  );
});

test('variables that nobody reads are told once by each function, with what was meant', () => {
  const warnings = gateway.lines.filter(
    ({ process: name, message }) =>
      name === 'chat-completions' && String(message).startsWith('variables that nobody reads: '),
  );
  assert.equal(warnings.length, 1);
  const [{ severity, message } = assert.fail()] = warnings;
  assert.equal(severity, 'WARNING');
  assert.match(
    String(message),
    /CODY_GATEWAY_OPENAI_ALOWED_MODELS: no such variable; CODY_GATEWAY_OPENAI_ALLOWED_MODELS is meant\?/,
  );
  assert.match(String(message), /CODY_GATEWAY_SOURCES_CACHE_TTL: not read here: /);
});
