// What finance has of a call beside its price: its tags and its bytes in the row, on each surface, whole and streamed;
// and a second model that a request has called is held against the same list as the first.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  anthropicBody,
  chat,
  openAiBody,
  startGateway,
  type CallInit,
  type TestGateway,
} from '../local/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({
    functions: ['chat-completions', 'embeddings', 'generate-content', 'responses', 'deliver-events'],
    env: { CODY_GATEWAY_RESPONSES_SERVER_TOOLS: 'image_generation' },
  });
});
after(() => gateway.stop());

const tagged = { 'x-cody-tags': 'team=search, about=a whole sentence' };
const contents = [{ role: 'user', parts: [{ text: 'hi' }] }];
const calls: readonly (readonly [path: string, body: object, headers: Record<string, string>, tags: string[]])[] = [
  [
    '/v1/chat/completions',
    { ...openAiBody(), metadata: { project: 'alpha', team: 'ads' } },
    tagged,
    ['team=search', 'project=alpha'],
  ],
  ['/v1/chat/completions', { ...openAiBody(), stream: true }, tagged, ['team=search']],
  ['/v1/messages', anthropicBody(), tagged, ['team=search']],
  ['/v1/completions/anthropic-messages', anthropicBody(), { ...chat, ...tagged }, ['team=search']],
  ['/v1/embeddings', { model: 'openai/text-embedding-3-small', input: 'hi' }, tagged, ['team=search']],
  ['/v1beta/models/gemini-2.5-flash:generateContent', { contents, labels: { team: 'maps' } }, {}, ['team=maps']],
  ['/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse', { contents }, tagged, ['team=search']],
];

for (const [path, body, headers, tags] of calls)
  test(`${path}${'stream' in body ? ', streamed' : ''}: tags and bytes`, async () => {
    const { id, token } = await gateway.subscription({ limit: 10 }, { limits: limits(['*']) });
    const text = JSON.stringify({ ...body, note: 'ü' });
    const answer = await gateway.call(path, {
      token,
      headers,
      body: path.includes('embeddings') ? JSON.stringify(body) : text,
    });
    assert.equal(answer.status, 200, answer.text);
    const said = answer.headers.get('warning') ?? '';
    if (path.startsWith('/v1/completions/')) assert.equal(said, '', 'instances have no such header');
    else if (!path.includes('embeddings') && headers === tagged)
      assert.match(said, /tags: 1 of this call are not in its record/);
    const [row] = await rowsOf(id);
    assert.deepEqual(JSON.parse(row?.call_tags ?? 'null'), tags);
    const sent = path.includes('embeddings') ? JSON.stringify(body) : text;
    assert.deepEqual(
      [Number(row?.request_bytes), Number(row?.response_bytes)],
      [Buffer.byteLength(sent), Buffer.byteLength(answer.text)],
    );
    assert.doesNotMatch(JSON.stringify(row), /sentence/);
  });

test('a second model that the subscription may not use is refused by its name, and so is one that nobody knows', async () => {
  const { id, token } = await gateway.subscription({ limit: 10, allowedModels: ['anthropic/claude-sonnet-5'] });
  const ask = (model: string, more: CallInit = {}) =>
    gateway.call('/v1/messages', {
      token,
      body: {
        ...anthropicBody(),
        model: 'claude-sonnet-5',
        tools: [{ type: 'advisor_20260301', name: 'advisor', model }],
      },
      ...more,
    });
  const refused = await ask('claude-opus-4-8');
  assert.equal(refused.status, 403, refused.text);
  assert.match(refused.text, /claude-opus-4-8\\" is not allowed/);
  const unknown = await ask('claude-of-nobody');
  assert.equal(unknown.status, 404, unknown.text);
  assert.equal((await ask('claude-sonnet-5')).status, 200);
  assert.equal(
    (await rowsOf(id)).filter(({ units }) => Number(units) > 0).length,
    1,
    'only what was served is charged',
  );
});

test('a model for pictures that the request does not name is held to the same list', async () => {
  const ask = async (allowedModels: string[]) => {
    const { token } = await gateway.subscription({ limit: 10, allowedModels });
    const tools = [{ type: 'image_generation' }];
    return gateway.call('/v1/responses', { token, body: { model: 'gpt-4o', input: 'hi', tools } });
  };
  const refused = await ask(['openai/gpt-4o']);
  assert.equal(refused.status, 403, refused.text);
  const [, drawing = ''] = /openai\/(gpt-image-[\w.-]+)\\" is not allowed/.exec(refused.text) ?? [];
  assert.notEqual(drawing, '', refused.text);
  for (const list of [['*'], ['openai/gpt-4o', `openai/${drawing}`]]) {
    const served = await ask(list);
    assert.equal(served.status, 200, served.text);
  }
  const { token } = await gateway.subscription({ limit: 10 });
  const direct = await gateway.call('/v1/responses', { token, body: { model: drawing, input: 'hi' } });
  assert.equal(direct.status, 404, 'it answers nobody itself');
});

interface Row {
  readonly call_tags: string | null;
  readonly request_bytes: string | null;
  readonly response_bytes: string | null;
  readonly units: string;
}

const rowsOf = async (id: string): Promise<Row[]> => (await gateway.events(`identifier = '${id}'`)) as unknown as Row[];

function limits(allowedModels: string[]) {
  const limit = { limit: 1_000, intervalSeconds: 86_400, allowedModels };
  return { chat_completions: limit, embeddings: limit };
}
