// Address, headers and body of a call at every kind of home: whose key goes where, and how each home is told the model
// and the version.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Call, CallerFacts, JsonObject } from './call.ts';
import { dialectNamed } from './dialects.ts';
import { homeAccess } from './home-access.ts';
import { cody, readerOf, sentTo, type SurfaceName } from './reading.test/reader.ts';

const sdk: CallerFacts = { ...cody, dialect: 'openai' };
const messages = [{ role: 'user', content: 'Hi' }];
const vertex = 'https://aiplatform.googleapis.com/v1/projects/p/locations/global';
const rows = {
  homes: [
    { id: 'claude-vertex', baseUrl: vertex },
    { id: 'gemini-vertex', baseUrl: vertex },
    {
      id: 'azure-openai',
      baseUrl: 'https://acme.openai.azure.com',
      spellings: { 'openai/gpt-4o': 'our deployment/4o' },
    },
    { id: 'vllm', baseUrl: 'http://10.0.0.7:8000/llm' },
  ],
};
/** A reader without the default homes, so that these are the first. */
const reader = readerOf({
  CODY_GATEWAY_CATALOGUE: JSON.stringify({
    homes: [
      ...rows.homes,
      ...['anthropic-api', 'openai-api', 'gemini-api'].map((id) => ({ id, draining: 'not in this test' })),
    ],
  }),
  AZURE_OPENAI_API_KEY: 'azure key',
});
/** What a subscription states whose prompts may go to other companies than their model's own. */
const places = { companies: ['anthropic', 'openai', 'google', 'microsoft'], regions: null, retention: null };
const ask = (surface: SurfaceName, body: JsonObject, caller = cody): Call =>
  reader.read(surface, { messages, ...body }, { ...caller, places });

/** What is sent, parsed. */
function bodyOf(call: Call): JsonObject {
  const [home] = call.homes;
  assert.ok(home !== undefined && call.model !== null);
  const { name, id } = call.model;
  return JSON.parse(dialectNamed(call.dialect).body(call, home.spelling(name, id), home).join('')) as JsonObject;
}

describe('Claude on Vertex AI', () => {
  const call = (more: JsonObject = {}, caller = cody): Call =>
    ask('anthropic-messages', { model: 'claude-haiku-4-5', max_tokens: 5, ...more }, caller);

  test('the address has the model as it is spelt there and says whether it is a stream', async () => {
    const at = `${vertex}/publishers/anthropic/models/claude-haiku-4-5@20251001`;
    assert.equal((await sentTo(call())).url, `${at}:rawPredict`);
    assert.equal((await sentTo(call({ stream: true }))).url, `${at}:streamRawPredict`);
  });

  test('a token of our own account, the betas of the caller, and no key and version of the API itself', async () => {
    const headers = { 'anthropic-beta': 'a,b', 'anthropic-version': '2026-10-21' };
    const { headers: sent } = await sentTo(call({}, { ...cody, dialect: 'anthropic', headers }));
    assert.equal(sent['authorization'], 'Bearer token');
    assert.equal(sent['anthropic-beta'], 'a,b');
    assert.ok(!('anthropic-version' in sent) && !('x-api-key' in sent));
  });

  test('the body has the version and not the model', () => {
    const { metadata, ...rest } = bodyOf(call({ stream: true }));
    assert.deepEqual(rest, { messages, max_tokens: 5, stream: true, anthropic_version: 'vertex-2023-10-16' });
    assert.deepEqual(metadata, { user_id: 'sub1:42' });
  });

  test('without a token of our account it is our fault', async () => {
    const none = homeAccess({ secretNamed: () => 'key', googleTokens: () => Promise.reject(new Error('no account')) });
    const reading = call();
    const [home] = reading.homes;
    assert.ok(home);
    const dialect = dialectNamed('anthropic-messages');
    await assert.rejects(none({ home, dialectName: 'anthropic-messages', dialect, reading, model: 'm' }), {
      kind: 'upstream-credentials',
      message: 'the gateway has no credentials for upstream provider anthropic',
    });
  });
});

test('Gemini on Vertex AI: the same body as at its API, another address, our own account', async () => {
  const body = { model: 'gemini-2.5-pro', contents: [{ role: 'user', parts: [{ text: 'Hi' }] }], stream: true };
  const call = reader.read('google', body);
  const { url, headers } = await sentTo(call);
  assert.equal(url, `${vertex}/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse`);
  assert.deepEqual([headers['authorization'], headers['x-goog-api-key']], ['Bearer token', undefined]);
  assert.deepEqual(bodyOf(call), { contents: body.contents });
});

test('Azure OpenAI: its own header for the key, the deployment in place of the model', async () => {
  const call = ask('openai', { model: 'gpt-4o' });
  const { url, headers } = await sentTo(call);
  assert.equal(url, 'https://acme.openai.azure.com/openai/v1/chat/completions');
  assert.deepEqual(
    [headers['api-key'], headers['authorization'], headers['openai-organization']],
    ['key', undefined, undefined],
  );
  assert.equal(bodyOf(call)['model'], 'our deployment/4o');
  // It serves what it has a deployment of, and nothing else.
  assert.deepEqual(ask('openai', { model: 'gpt-4.1' }).homes, []);
});

test('a home that asks for no key gets none, below whatever path it is', async () => {
  const { url, headers } = await sentTo(reader.read('openai-chat', { messages, model: 'vllm/llama' }, sdk));
  assert.equal(url, 'http://10.0.0.7/llm/v1/chat/completions');
  assert.deepEqual(
    [headers['host'], headers['authorization'], headers['api-key']],
    ['10.0.0.7:8000', undefined, undefined],
  );
});

test('the organization of an account goes to its own home alone', async () => {
  const both = readerOf({ CODY_GATEWAY_OPENAI_ORG_ID: 'org' });
  const at = async (surface: SurfaceName, model: string) =>
    (await sentTo(both.read(surface, { model, messages }))).headers['openai-organization'];
  assert.equal(await at('openai', 'gpt-4o'), 'org');
  assert.equal(await at('fireworks', 'accounts/fireworks/models/mixtral-8x7b-instruct'), undefined);
});

test('a name that a pattern allows cannot leave its place in the address', async () => {
  const open = readerOf({ CODY_GATEWAY_GOOGLE_ALLOWED_MODELS: '*' });
  const to = async (model: string) => (await sentTo(open.read('google', { model, contents: [] }))).url;
  assert.match(await to('a:b@c'), /\/v1beta\/models\/a%3Ab@c:generateContent$/);
  assert.match(await to('a/b'), /\/v1beta\/models\/a%2Fb:generateContent$/);
  for (const model of ['a?key=1', 'a/../b', '../b', 'a#b', 'a b'])
    assert.equal(open.read('google', { model, contents: [] }).model, null, model);
});
