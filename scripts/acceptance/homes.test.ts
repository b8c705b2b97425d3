// Vertex AI and Azure OpenAI as second homes, through the built functions: whoever serves a call, the caller gets the
// same bytes, and its row says where it was. Embeddings too: their homes, their keys, their kill switch.

import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { startMetadataServer, type LocalMetadataServer } from '../local/google/metadata-server.ts';
import { startAzureOpenAi } from '../local/providers/azure-openai.ts';
import { failures } from '../local/providers/failures.ts';
import type { Behaviour, LocalProvider } from '../local/providers/provider-server.ts';
import { startVertex } from '../local/providers/vertex.ts';
import {
  anthropicBody,
  chat,
  openAiBody,
  startGateway,
  type EventRow,
  type TestGateway,
} from '../local/test-gateway.ts';

const key = 'stand-in-key';
let gateway: TestGateway;
let metadata: LocalMetadataServer;
let vertex: LocalProvider;
let azure: LocalProvider;
const closers: (() => Promise<void>)[] = [];

before(async () => {
  metadata = await startMetadataServer();
  closers.push(() => metadata.close());
  vertex = await startVertex({ isToken: metadata.isToken });
  closers.push(() => vertex.close());
  const deployments = { four: 'gpt-4o', vectors: 'text-embedding-3-small' };
  azure = await startAzureOpenAi({ apiKey: 'azure key', deployments, annotates: false });
  closers.push(() => azure.close());
  const baseUrl = `${vertex.url}/v1/projects/our-project/locations/global`;
  const homes = [
    { id: 'claude-vertex', baseUrl },
    { id: 'gemini-vertex', baseUrl },
    {
      id: 'azure-openai',
      baseUrl: azure.url,
      spellings: { 'openai/gpt-4o': 'four', 'openai/text-embedding-3-small': 'vectors' },
    },
    { id: 'openai-api', secrets: ['CODY_GATEWAY_OPENAI_ACCESS_TOKEN', 'SECOND_OPENAI_KEY'] },
  ];
  gateway = await startGateway({
    functions: ['chat-completions', 'generate-content', 'embeddings', 'deliver-events'],
    env: {
      ...metadata.env,
      // On Cloud Run the metadata server has one name; elsewhere Google's library looks for it.
      K_SERVICE: 'local',
      CODY_GATEWAY_CATALOGUE: JSON.stringify({
        homes,
        models: [{ id: 'openai/text-embedding-3-large', disabled: 'off for the night' }],
      }),
      AZURE_OPENAI_API_KEY: 'azure key',
      SECOND_OPENAI_KEY: key,
    },
  });
  closers.unshift(() => gateway.stop());
});
after(async () => {
  for (const close of closers) await close();
});

/** A subscription whose prompts may go to the clouds. */
async function caller(): Promise<{ token: string; rows: () => Promise<readonly (EventRow & Homed)[]> }> {
  const { id, token } = await gateway.subscription(
    { limit: 100 },
    {
      limits: {
        chat_completions: { limit: 100, intervalSeconds: 86_400, allowedModels: ['*'] },
        embeddings: { limit: 100_000, intervalSeconds: 86_400, allowedModels: ['*'] },
      },
    },
  );
  const companies = ['anthropic', 'google', 'openai', 'microsoft'];
  await gateway.write(`subscriptions/${id}`, { overrides: { prompts: { companies } } });
  return {
    token,
    rows: async () =>
      ((await gateway.events(`identifier = '${id}'`)) as (EventRow & Homed)[]).map((row) => ({
        ...row,
        attempts: Number(row.attempts),
      })),
  };
}

interface Homed {
  readonly home: string | null;
  readonly attempts: number | string;
}

const claude = (more: object = {}): object => anthropicBody({ model: 'claude-haiku-4-5-20251001', ...more });
const contents = [{ role: 'user', parts: [{ text: 'Hello there' }] }];
const gemini = (verb: string): string => `/v1beta/models/gemini-2.5-flash:${verb}`;
const small = 'openai/text-embedding-3-small';

const asked: readonly [path: string, body: object, headers: Record<string, string>, homes: [string, string]][] = [
  ['/v1/completions/anthropic-messages', claude(), chat, ['anthropic-api', 'claude-vertex']],
  ['/v1/completions/anthropic-messages', claude({ stream: true }), chat, ['anthropic-api', 'claude-vertex']],
  ['/v1/messages', claude({ stream: true }), {}, ['anthropic-api', 'claude-vertex']],
  [
    '/v1/completions/google',
    { model: 'gemini-2.5-flash', contents, stream: true },
    chat,
    ['gemini-api', 'gemini-vertex'],
  ],
  [gemini('generateContent'), { contents }, {}, ['gemini-api', 'gemini-vertex']],
  [gemini('streamGenerateContent'), { contents }, {}, ['gemini-api', 'gemini-vertex']],
  [gemini('streamGenerateContent?alt=sse'), { contents }, {}, ['gemini-api', 'gemini-vertex']],
  ['/v1/completions/openai', openAiBody({ stream: true }), chat, ['openai-api', 'azure-openai']],
  ['/v1/chat/completions', openAiBody({ stream: true }), {}, ['openai-api', 'azure-openai']],
  ['/v1/chat/completions', openAiBody(), {}, ['openai-api', 'azure-openai']],
  ['/v1/embeddings', { model: small, input: ['a text', 'and another'] }, {}, ['openai-api', 'azure-openai']],
  ['/v1/embeddings', { model: small, input: 'a text', encoding_format: 'base64' }, {}, ['openai-api', 'azure-openai']],
];

function unwell(t: TestContext, home: string, behaviour: Behaviour): void {
  const provider = { 'anthropic-api': gateway.anthropic, 'gemini-api': gateway.google }[home] ?? gateway.openai;
  assert.ok(provider);
  provider.unwell = () => behaviour;
  t.after(() => (provider.unwell = null));
}

for (const [path, body, headers, [first, second]] of asked)
  test(`${path}${'stream' in body ? ', streamed' : ''}: the same bytes at ${first} and ${second}`, async (t) => {
    const { token, rows } = await caller();
    const one = await gateway.call(path, { token, headers, body });
    assert.equal(one.status, 200, one.text);
    unwell(t, first, first === 'gemini-api' ? failures.google.overloaded : failures.anthropic.overloaded);
    const other = await gateway.call(path, { token, headers, body });
    assert.deepEqual([other.status, other.text], [200, one.text]);
    assert.equal(other.headers.get('content-type')?.split(';')[0], one.headers.get('content-type')?.split(';')[0]);
    assert.match(other.headers.get('server-timing') ?? '', /attempts;desc="2"/);
    const [row, moved] = await rows();
    assert.deepEqual([row?.home, row?.attempts, moved?.home, moved?.attempts], [first, 1, second, 2]);
    assert.deepEqual(
      [moved?.units, moved?.tokens, moved?.cost_nano_usd],
      [row?.units, row?.tokens, row?.cost_nano_usd],
    );
  });

test('embeddings: a key that is refused gives way to the next of its home, and is not asked again', async (t) => {
  const { token, rows } = await caller();
  let refused = 0;
  const openai = gateway.openai as LocalProvider;
  openai.unwell = () => (refused++ === 0 ? failures.openai.badKey : null);
  t.after(() => (openai.unwell = null));
  for (let i = 0; i < 3; i++) {
    const { status, text } = await gateway.call('/v1/embeddings', { token, body: { model: small, input: ['a'] } });
    assert.equal(status, 200, text);
  }
  assert.deepEqual(
    (await rows()).map(({ home, attempts }) => [home, attempts]),
    [
      ['openai-api', 2],
      ['openai-api', 1],
      ['openai-api', 1],
    ],
  );
  const line = gateway.lines.find(
    ({ message, process }) => String(message).startsWith('provider-account') && process === 'embeddings',
  );
  assert.deepEqual([line?.['severity'], line?.['blame'], line?.['model']], ['ERROR', 'key', small]);
});

test('embeddings: our account without credit is our fault, in our words, with the wait that instances know', async (t) => {
  const { token, rows } = await caller();
  unwell(t, 'openai-api', failures.openai.noQuota);
  // Azure has no deployment of it.
  const body = { model: 'openai/text-embedding-ada-002', input: ['a'] };
  const { status, text, headers } = await gateway.call('/v1/embeddings', { token, body });
  assert.deepEqual([status, headers.get('retry-after')], [502, '60']);
  assert.match(text, /does not serve the gateway’s account/);
  const [row] = await rows();
  assert.deepEqual([row?.units, row?.metadata['tokens_used']], [0, 0]);
});

test('embeddings: without a statement prompts go to no other company, and a model that is off says so', async () => {
  const { token } = await gateway.subscription(null, {
    limits: { embeddings: { limit: 1_000, intervalSeconds: 86_400, allowedModels: ['*'] } },
  });
  const before = azure.requests.length;
  gateway.openai?.next(failures.openai.serverError, 2);
  const failed = await gateway.call('/v1/embeddings', { token, body: { model: small, input: ['a'] } });
  gateway.openai?.forget();
  assert.deepEqual([failed.status, azure.requests.length], [502, before]);
  const off = await gateway.call('/v1/embeddings', {
    token,
    body: { model: 'openai/text-embedding-3-large', input: ['a'] },
  });
  assert.equal(off.status, 503);
  assert.match(off.text, /off for the night/);
});
