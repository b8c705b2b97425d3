// Every status of a provider, in every SDK and on every route of it: the class that the SDK has for what its caller is
// told, the request's id, and the provider's own wait or none.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { ApiError, GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { startGateway, type TestGateway } from '../local/test-gateway.ts';
import { sdkCaller, sdkFunctions } from './sdk-routes.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({ functions: sdkFunctions });
});
after(() => gateway.stop());

/** Of a provider: what its caller is told, and the name of what both SDKs throw for that. */
const statuses = [
  [400, 400, 'BadRequestError'],
  // Our key, our money, our access: nothing that the caller could mend.
  [401, 502, 'InternalServerError'],
  [402, 502, 'InternalServerError'],
  [403, 502, 'InternalServerError'],
  // Of a model that the catalogue has there.
  [404, 502, 'InternalServerError'],
  [408, 408, 'APIError'],
  [409, 409, 'ConflictError'],
  [413, 413, 'APIError'],
  [422, 422, 'UnprocessableEntityError'],
  [429, 429, 'RateLimitError'],
  [500, 500, 'InternalServerError'],
  [502, 502, 'InternalServerError'],
  [503, 503, 'InternalServerError'],
  [504, 504, 'InternalServerError'],
  [529, 529, 'InternalServerError'],
] as const;

const hello = [{ role: 'user' as const, content: 'Hello there' }];
type Provider = 'openai' | 'anthropic' | 'google';
interface Way {
  readonly name: string;
  readonly provider: Provider;
  readonly ask: (token: string) => Promise<unknown>;
}
const openai = (apiKey: string): OpenAI => new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
const anthropic = (apiKey: string): Anthropic =>
  new Anthropic({ apiKey, authToken: null, baseURL: gateway.url, maxRetries: 0 });
const google = (apiKey: string): GoogleGenAI =>
  new GoogleGenAI({ apiKey, vertexai: false, httpOptions: { baseUrl: gateway.url } });

const ways: readonly Way[] = [false, true].flatMap((stream): Way[] =>
  [
    {
      name: 'openai, chat',
      provider: 'openai' as const,
      ask: (token: string) => openai(token).chat.completions.create({ model: 'gpt-4o', messages: hello, stream }),
    },
    {
      name: 'openai, responses',
      provider: 'openai' as const,
      ask: (token: string) => openai(token).responses.create({ model: 'gpt-4o', input: 'Hello there', stream }),
    },
    {
      name: 'openai, completions',
      provider: 'openai' as const,
      ask: (token: string) =>
        openai(token).completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'fn ', stream }),
    },
    {
      name: 'anthropic',
      provider: 'anthropic' as const,
      ask: (token: string) =>
        anthropic(token).messages.create({ model: 'claude-haiku-4-5', max_tokens: 9, messages: hello, stream }),
    },
    {
      name: 'google',
      provider: 'google' as const,
      ask: (token: string) => {
        const asked = { model: 'gemini-2.5-pro', contents: 'Hello there' };
        const { models } = google(token);
        return stream ? models.generateContentStream(asked) : models.generateContent(asked);
      },
    },
  ].map((way): Way => ({ ...way, name: `${way.name}${stream ? ', streamed' : ''}` })),
);

const words = {
  openai: { error: { message: 'their words', type: 'x_error', param: null, code: null } },
  anthropic: { type: 'error', error: { type: 'x_error', message: 'their words' } },
  google: { error: { code: 400, message: 'their words', status: 'X' } },
} as const;

/** A provider refuses, again where another try may mend it. @returns what the SDK threw */
async function refused({ provider, ask }: Way, token: string, status: number, wait: string | null): Promise<unknown> {
  const body = JSON.stringify(words[provider]);
  const headers: Record<string, string> = wait === null ? {} : { 'retry-after': wait, 'x-should-retry': 'false' };
  gateway[provider]?.next({ status, headers, body }, 2);
  const error: unknown = await ask(token).then(
    () => assert.fail('it succeeded'),
    (thrown: unknown) => thrown,
  );
  gateway[provider]?.forget();
  // What fails half of the time is called again.
  for (let i = 0; i < 2; i++) await drain(await ask(token));
  return error;
}

/** A stream that nobody reads would stand. */
async function drain(answer: unknown): Promise<void> {
  if (typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer)
    for await (const _ of answer as AsyncIterable<unknown>);
}

for (const way of ways)
  test(`${way.name}: every status has its class, its id, and the provider’s own wait or none`, async () => {
    const { token } = await sdkCaller(gateway);
    for (const [status, told, name] of statuses)
      for (const wait of [null, '7']) {
        const error = await refused(way, token, status, wait);
        const where = `${way.name} ${status} ${wait}: ${String(error)}`;
        if (way.provider === 'google') {
          assert.ok(error instanceof ApiError, where);
          assert.equal(error.status, told, where);
          continue;
        }
        const sdk = way.provider === 'openai' ? OpenAI : Anthropic;
        assert.ok(error instanceof sdk[name] && error instanceof sdk.APIError, where);
        assert.equal(error.status, told, where);
        assert.match(error.requestID ?? '', /^[0-9a-f]{32}$/, 'ours, where the provider names none');
        const isOurs = told === 502 && status !== 502;
        if (isOurs) {
          assert.doesNotMatch(error.message, /their words/, where);
          assert.equal(error.headers?.get('x-should-retry'), 'false', 'nobody mends it by asking again');
        } else {
          assert.match(error.message, /their words/, where);
          assert.equal(error.headers?.get('retry-after'), wait, where);
          assert.equal(error.headers?.get('x-should-retry'), wait === null ? null : 'false', where);
        }
      }
  });

test('openai, embeddings: in the words that this path has for each, with the provider’s own wait or none', async () => {
  const { token } = await sdkCaller(gateway);
  const ask = (key: string) => openai(key).embeddings.create({ model: 'text-embedding-3-small', input: 'a text' });
  const way: Way = { name: 'openai, embeddings', provider: 'openai', ask };
  for (const [status, told, name] of [
    [400, 400, 'BadRequestError'],
    [401, 502, 'InternalServerError'],
    [429, 429, 'RateLimitError'],
    [500, 502, 'InternalServerError'],
    [503, 502, 'InternalServerError'],
  ] as const)
    for (const wait of [null, '7']) {
      const error = await refused(way, token, status, wait);
      assert.ok(error instanceof OpenAI[name] && error instanceof OpenAI.APIError, `${status}: ${String(error)}`);
      assert.equal(error.status, told);
      assert.match(error.requestID ?? '', /^[0-9a-f]{32}$/);
      if (status >= 429) assert.equal(error.headers?.get('retry-after'), wait, String(status));
      if (status === 400) assert.equal(error.headers?.get('retry-after'), null);
    }
});

test('openai, embeddings: a misspelt model is told what may be meant, of what this caller may use, and where all stand', async () => {
  const every = ['openai/text-embedding-3-small', 'openai/text-embedding-3-large'];
  for (const allowedModels of [every, every.slice(1)]) {
    const limit = { limit: 1_000, intervalSeconds: 3_600, allowedModels };
    const { token } = await gateway.subscription(null, { limits: { embeddings: limit } });
    const error = await openai(token)
      .embeddings.create({ model: 'text-embedding-3-smal', input: 'a text' })
      .then(
        () => assert.fail('it succeeded'),
        (thrown: unknown) => thrown,
      );
    assert.ok(error instanceof OpenAI.NotFoundError, String(error));
    assert.equal(
      error.message,
      `404 model "openai/text-embedding-3-smal" is not allowed, nearest: [${allowedModels.join(', ')}]; GET /v1/embeddings/models lists what may be used`,
    );
  }
});

test('embeddings: Vercel’s SDK is told in OpenAI’s shape, too, an instance in its own', async () => {
  const { token } = await sdkCaller(gateway);
  const body = { model: 'nobody/knows', input: ['a text'] };
  const ask = (agent: string) => gateway.call('/v1/embeddings', { body, token, headers: { 'user-agent': agent } });
  const [vercel, instance] = [
    await ask('ai/7.0.173 ai-sdk-provider-utils/5.0.81 node.js/24'),
    await ask('Go-http-client/1.1'),
  ];
  const { error } = JSON.parse(vercel.text) as { error: Record<string, unknown> };
  assert.deepEqual([vercel.status, error['code']], [404, 'model_not_found']);
  assert.deepEqual([instance.status, instance.text], [400, '{"error":"model \\"nobody/knows\\" is not allowed"}\n']);
});
