// Streams as gzip, where the operator has it: on each of the SDKs' routes the caller reads the provider's bytes, each
// frame as soon as it is there; whoever does not take gzip, whatever is no stream, and instances get what they always
// got.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as ask, type IncomingMessage } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { createGunzip, gunzipSync } from 'node:zlib';
import { anthropicBody, chat, eventually, openAiBody, startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({
    functions: ['chat-completions', 'code-completions', 'responses', 'generate-content', 'deliver-events'],
    env: { CODY_GATEWAY_STREAM_COMPRESSION: 'gzip', CODY_GATEWAY_CORS_ORIGINS: 'https://app.example.com' },
  });
});
after(() => gateway.stop());

const contents = [{ role: 'user', parts: [{ text: 'Hello there' }] }];
const gemini = '/v1beta/models/gemini-2.5-flash';
const openAi = ['openai', openAiBody({ stream: true })] as const;
/** Path, provider, body of a stream. */
const sdkStreams = {
  '/v1/chat/completions': openAi,
  '/v1/completions': ['openai', { model: 'gpt-3.5-turbo-instruct', prompt: 'Hello', stream: true }],
  '/v1/messages': ['anthropic', anthropicBody({ stream: true })],
  '/v1/responses': ['openai', { model: 'gpt-5', input: 'Hello there', stream: true }],
  [`${gemini}:streamGenerateContent?alt=sse`]: ['google', { contents }],
  [`${gemini}:streamGenerateContent`]: ['google', { contents }],
} as const satisfies Readonly<Record<string, readonly ['openai' | 'anthropic' | 'google', object]>>;
const gzip = { 'accept-encoding': 'gzip, deflate' };

/** Bytes of a stream with which it has said something, where they are more than 300. */
const cutAfter: Readonly<Record<string, number>> = {
  '/v1/chat/completions': 700,
  '/v1/messages': 700,
  '/v1/responses': 1_800,
};

/** One that may do all of it. */
const subscription = (): ReturnType<TestGateway['subscription']> => {
  const limit = { limit: 10, intervalSeconds: 86_400, allowedModels: ['*'] };
  return gateway.subscription(null, { limits: { chat_completions: limit, code_completions: limit } });
};

/** The answer as it is on the wire: nothing here decodes it. */
async function open(path: string, body: object, headers: object, token = gateway.token): Promise<IncomingMessage> {
  const request = ask(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    agent: false,
  });
  request.on('error', () => undefined).end(JSON.stringify(body));
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  return answer;
}

async function whole(
  ...asked: Parameters<typeof open>
): Promise<{ status: number; headers: IncomingMessage['headers']; bytes: Buffer }> {
  const answer = await open(...asked);
  const bytes = Buffer.concat(await answer.toArray());
  return { status: answer.statusCode ?? 0, headers: answer.headers, bytes };
}

for (const [path, [provider, body]] of Object.entries(sdkStreams))
  describe(path, () => {
    test('gzip is what the caller would have got without, and is charged like it', async () => {
      const { id, token } = await subscription();
      const plain = await whole(path, body, {}, token);
      const small = await whole(path, body, gzip, token);
      assert.deepEqual([plain.status, small.status], [200, 200]);
      assert.equal(plain.headers['content-encoding'], undefined);
      assert.equal(small.headers['content-encoding'], 'gzip');
      assert.deepEqual([plain.headers['vary'], small.headers['vary']], Array(2).fill('origin, accept-encoding'));
      assert.equal(small.headers['content-length'], undefined);
      assert.equal(gunzipSync(small.bytes).toString(), plain.bytes.toString());
      assert.ok(small.bytes.length < plain.bytes.length);
      const events = await gateway.events(`identifier = '${id}'`);
      const [one, other] = events.map(({ name, units, tokens, cost_nano_usd, metadata }) => ({
        name,
        units,
        tokens,
        cost_nano_usd,
        characters: metadata['completion_character_count'],
      }));
      assert.equal(events.length, 2);
      assert.ok(one?.tokens !== null);
      assert.deepEqual(one, other);
    });

    test('the first frame can be read while the provider is silent, and who leaves then ends its call', async () => {
      const { id, token } = await subscription();
      const aborted = gateway[provider]?.stats.aborted ?? 0;
      gateway[provider]?.next({ hang: 'body' });
      const answer = await open(path, body, gzip, token);
      const [piece] = (await once(answer.pipe(createGunzip()), 'data')) as [Buffer];
      assert.match(piece.toString(), /^(?:data: |event: |\[)\{?/);
      answer.destroy();
      await eventually(
        () => gateway[provider]?.stats.aborted ?? 0,
        (count) => count > aborted,
      );
      const [event] = await eventually(
        () => gateway.events(`identifier = '${id}'`),
        (rows) => rows.length > 0,
      );
      assert.equal(event?.metadata['cancelled'], true);
    });

    test('who does not take gzip gets none', async () => {
      for (const taken of ['gzip;q=0', 'br', 'identity, gzip;q=0.5']) {
        const { headers, bytes } = await whole(path, body, { 'accept-encoding': taken });
        assert.equal(headers['content-encoding'], undefined, taken);
        assert.doesNotThrow(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes));
      }
    });
  });

describe('a stream that breaks off', () => {
  for (const [path, [provider, body]] of Object.entries(sdkStreams).filter(([name]) => !name.endsWith('Content')))
    test(`${path}: the error event is its last, and the gzip stream is whole`, async () => {
      const { id, token } = await subscription();
      // Behind the first word: what breaks off before it is asked for again.
      const cut = { cutAfterBytes: cutAfter[path] ?? 300 };
      gateway[provider]?.next(cut);
      const { headers, bytes } = await whole(path, body, gzip, token);
      assert.equal(headers['content-encoding'], 'gzip');
      const text = gunzipSync(bytes).toString();
      assert.match(text, /the provider broke off its answer[^\n]*\n\n$/);
      const [event] = await gateway.events(`identifier = '${id}'`);
      assert.deepEqual([event?.metadata['truncated'], event?.units], [true, 1]);
    });

  test('an array of Gemini’s, which has no room for an error, looks as broken as without gzip', async () => {
    gateway.google?.next({ cutAfterBytes: 600 });
    const answer = await open(`${gemini}:streamGenerateContent`, { contents }, gzip);
    const pieces: Buffer[] = [];
    answer.on('data', (piece: Buffer) => pieces.push(piece));
    await assert.rejects(once(answer, 'end'), { code: 'ECONNRESET' });
    assert.throws(() => gunzipSync(Buffer.concat(pieces)), /unexpected end of file/);
  });
});

test('what is no stream is not compressed, nor is a refusal', async () => {
  for (const [path, body] of [
    ['/v1/chat/completions', openAiBody()],
    ['/v1/messages', anthropicBody()],
    ['/v1/responses', { model: 'gpt-5', input: 'Hello there' }],
    [`${gemini}:generateContent`, { contents }],
    ['/v1/chat/completions', openAiBody({ model: 'nobody-has-this', stream: true })],
  ] as const) {
    const { headers, bytes } = await whole(path, body, gzip);
    assert.deepEqual([headers['content-encoding'], headers['vary']], [undefined, 'origin'], path);
    assert.doesNotThrow(() => JSON.parse(bytes.toString()), path);
  }
  gateway.openai?.next({ status: 400, body: '{"error":{"message":"no"}}' });
  const refused = await whole('/v1/chat/completions', openAiBody({ stream: true }), gzip);
  assert.deepEqual([refused.status, refused.headers['content-encoding']], [400, undefined]);
});

test('instances’ streams stay as they are, whatever they say they take', async () => {
  for (const [path, body] of [
    ['/v1/completions/openai', openAiBody({ stream: true })],
    ['/v1/completions/anthropic-messages', anthropicBody({ stream: true })],
    ['/v1/completions/google', { model: 'gemini-2.5-flash', stream: true, contents }],
  ] as const) {
    const plain = await whole(path, body, chat);
    const asked = await whole(path, body, { ...chat, ...gzip });
    assert.deepEqual([plain.status, asked.status], [200, 200]);
    assert.deepEqual(asked.bytes, plain.bytes);
    assert.deepEqual([asked.headers['content-encoding'], asked.headers['vary']], [undefined, 'origin']);
    assert.deepEqual(Object.keys(asked.headers), Object.keys(plain.headers));
  }
});
