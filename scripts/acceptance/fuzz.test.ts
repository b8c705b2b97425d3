// Whatever comes in or back, in whatever pieces: no 500, no hang, no process that dies or complains of a promise
// without an owner, and no word of a prompt in a log.

import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import fc from '../test/draws.ts';
import { anthropicBody, eventually, openAiBody, startGateway, type TestGateway } from '../local/test-gateway.ts';

/** Stands in every prompt and every completion; nowhere else. */
const canary = 'canary5f0c';
/** For a hang, not for slowness. */
const callTimeoutMs = 30_000;
const runs = 400;

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({
    env: {
      // Rules that look at every text, and at some of its words.
      CODY_GATEWAY_ANTHROPIC_ALLOWED_PROMPT_PATTERNS: canary,
      CODY_GATEWAY_ANTHROPIC_BLOCKED_PROMPT_PATTERNS: 'forbidden',
      CODY_GATEWAY_ANTHROPIC_REQUEST_BLOCKING_ENABLED: 'true',
      CODY_GATEWAY_ANTHROPIC_PROMPT_TOKEN_FLAGGING_LIMIT: '50',
      CODY_GATEWAY_BODY_BYTES_MAX: String(256 * 1024),
      CODY_GATEWAY_UPSTREAM_HEADERS_TIMEOUT: '400ms',
      CODY_GATEWAY_UPSTREAM_IDLE_TIMEOUT: '400ms',
      CODY_GATEWAY_UPSTREAM_TOTAL_TIMEOUT: '2s',
    },
  });
});
after(() => gateway.stop());

const paths = [
  '/v1/completions/anthropic-messages',
  '/v1/completions/openai',
  '/v1/messages',
  '/v1/chat/completions',
] as const;

const isOpenAi = (path: string): boolean => path.includes('openai') || path.includes('chat');

/** Text with the canary in it. */
const words = fc
  .tuple(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom('', 'forbidden', 'a'.repeat(3_000), '<|endoftext|>'),
  )
  .map(([text, more]) => `${text}${canary} ${more}`);
const anything = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' });

/** Members that a request may have, right or wrong. */
const content = fc.oneof(
  words,
  fc.array(
    fc.oneof(
      words.map((text) => ({ type: 'text', text })),
      anything,
    ),
    { maxLength: 3 },
  ),
  anything,
);
const message = fc.oneof(
  { weight: 6, arbitrary: fc.record({ role: fc.constantFrom('user', 'assistant', 'system', 'wizard'), content }) },
  anything,
);
const members = fc.record(
  {
    messages: fc.oneof({ weight: 8, arbitrary: fc.array(message, { maxLength: 4 }) }, anything),
    model: fc.oneof({ weight: 8, arbitrary: fc.constantFrom('gpt-4o', 'claude-3-haiku-20240307') }, anything),
    max_tokens: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 5_000 }) }, anything),
    stream: fc.oneof({ weight: 4, arbitrary: fc.boolean() }, anything),
    system: content,
    tools: anything,
    temperature: anything,
    metadata: anything,
    stream_options: anything,
    top_k: anything,
  },
  { requiredKeys: [] },
);

/** A request that would be served, as it is or with some members replaced; or one that is hardly a request. */
const ways = fc.constantFrom('as it is', 'as it is', 'replaced', 'hardly');
const body = fc.tuple(fc.constantFrom(...paths), members, words, ways).chain(([path, replaced, said, how]) => {
  const messages = [{ role: 'user', content: said }];
  const base = isOpenAi(path) ? openAiBody({ messages }) : anthropicBody({ messages });
  const streamed = { ...base, stream: replaced.stream === true };
  const text = JSON.stringify(how === 'as it is' ? streamed : how === 'replaced' ? { ...base, ...replaced } : replaced);
  const bytes = fc.oneof(
    { weight: 8, arbitrary: fc.constant(Buffer.from(text)) },
    { weight: 1, arbitrary: fc.nat(text.length).map((end) => Buffer.from(text.slice(0, end))) },
    {
      weight: 1,
      arbitrary: fc
        .uint8Array({ maxLength: 200 })
        .map((noise) => Buffer.concat([Buffer.from(noise), Buffer.from(text)])),
    },
  );
  return fc.record({ path: fc.constant(path), bytes });
});

const headerText = fc.string({ unit: fc.constantFrom(...' abcXYZ019;,=/"\t~'.split('')), maxLength: 40 });
const headers = fc.record(
  {
    'x-sourcegraph-feature': fc.oneof({ weight: 12, arbitrary: fc.constant('chat_completions') }, headerText),
    'x-timeout-ms': fc.oneof(fc.constantFrom('1', '5', '20000', '-1', '1e3', '99999999999'), headerText),
    'x-sourcegraph-actor-uid': headerText,
    'x-forwarded-for': headerText,
    'user-agent': headerText,
    traceparent: fc.oneof(fc.constant(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`), headerText),
    'anthropic-version': headerText,
    'anthropic-beta': headerText,
    'content-type': headerText,
    'content-encoding': fc.oneof({ weight: 9, arbitrary: fc.constant('identity') }, fc.constantFrom('gzip', '')),
    'x-sourcegraph-interaction-id': headerText,
  },
  { requiredKeys: ['x-sourcegraph-feature'] },
);

/** Where bytes are cut into writes of their own. */
const cuts = fc.array(fc.nat(2_000), { maxLength: 4 }).map((at) => at.toSorted((a, b) => a - b));

const event = fc.oneof(
  {
    weight: 4,
    arbitrary: words.map((text) => `data: ${JSON.stringify({ choices: [{ delta: { content: text } }] })}\n\n`),
  },
  {
    weight: 4,
    arbitrary: words.map(
      (text) =>
        `event: content_block_delta\r\ndata: ${JSON.stringify({ type: 'content_block_delta', delta: { text } })}\r\n\r\n`,
    ),
  },
  anything.map((value) => `data: ${JSON.stringify(value)}\n\n`),
  fc.constantFrom(
    'data: [DONE]\n\n',
    'data: {"type":"message_stop"}\n\n',
    'data: {"choices":[],"usage":{"prompt_tokens":1e99}}\n\n',
    'data: {"usage":null}\n\n',
    ': comment\n\n',
    '\n\n',
    'data: {"error":{}}\n\n',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
);
/** What the provider does: its canned answer, some stream, some status and body, a break, or silence. */
const behaviour = fc.oneof(
  { weight: 4, arbitrary: fc.constant(null) },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.array(event, { maxLength: 6 }), cuts)
      .map(([events, at]) => ({ bytes: Buffer.from(events.join('')), cuts: at })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom(200, 200, 204, 299, 301, 400, 401, 404, 418, 429, 500, 501, 529, 599),
        fc.oneof(words, anything),
      )
      .map(([status, value]) => ({ status, body: status === 204 ? '' : JSON.stringify(value) })),
  },
  { weight: 1, arbitrary: fc.nat(500).map((cutAfterBytes) => ({ cutAfterBytes })) },
  { weight: 1, arbitrary: fc.constantFrom({ hang: 'headers' } as const, { hang: 'body' } as const) },
);

/** Kept connections, as the load balancer's are. */
const agent = new http.Agent({ keepAlive: true });
after(() => agent.destroy());

/**
 * Sends bytes in pieces; gives the status and the bytes of the answer, however it ended.
 * @throws after `callTimeoutMs`
 */
function send(
  path: string,
  bytes: Buffer,
  at: readonly number[],
  given: Record<string, string | undefined>,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no end within ${callTimeoutMs} ms`)), callTimeoutMs);
    const finish = (status: number, text: string): void => {
      clearTimeout(timer);
      resolve({ status, text });
    };
    const url = new URL(path, gateway.functions.get('chat-completions')?.url);
    const defined = Object.fromEntries(
      Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    const request = http.request(
      url,
      { method: 'POST', agent, headers: { authorization: `Bearer ${gateway.token}`, ...defined } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => undefined);
        response.on('close', () => finish(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')));
      },
    );
    // No answer at all.
    request.on('error', () => finish(0, ''));
    const write = async (): Promise<void> => {
      let from = 0;
      for (const to of [...at.filter((cut) => cut < bytes.length), bytes.length]) {
        request.write(bytes.subarray(from, to));
        await new Promise((turn) => setImmediate(turn));
        from = to;
      }
      request.end();
    };
    write().catch(reject);
  });
}

test('bodies, headers and chunkings of both sides', async () => {
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(body, headers, cuts, behaviour, async ({ path, bytes }, given, at, provider) => {
      const standIn = isOpenAi(path) ? gateway.openai : gateway.anthropic;
      const seen = standIn?.requests.length ?? 0;
      if (provider !== null) standIn?.next(provider);
      const { status, text } = await send(path, bytes, at, given);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      assert.notEqual(status, 0, 'the connection broke without an answer');
      // 500 is ours alone when the provider did not say it.
      if (status === 500) assert.ok(provider !== null && 'status' in provider && provider.status === 500, text);
      if (status >= 400 && status < 500 && (standIn?.requests.length ?? 0) === seen)
        assert.doesNotMatch(text, new RegExp(canary), 'a refusal does not quote the prompt');
      // A request that never got as far leaves its behaviour to the next: take it away.
      standIn?.forget();
    }),
    { numRuns: runs },
  );
  for (const { name, url, child } of gateway.functions.values()) {
    assert.equal(child.exitCode ?? child.signalCode, null, name);
    assert.equal((await fetch(`${url}/-/__version`)).status, 200);
  }
  // Each request has its line, and what the gateway had to say of it came before.
  await eventually(
    () => gateway.lines.filter((line) => line['event'] === 'request_completed').length,
    (count) => count >= runs,
  );
  const lines = gateway.lines.map((line) => JSON.stringify(line));
  for (const line of lines) {
    assert.doesNotMatch(line, new RegExp(canary));
    assert.doesNotMatch(line, /unhandled|uncaught/i);
    assert.doesNotMatch(line, /"refusal":"internal"/);
  }
  // The run is worth something only if it got everywhere.
  const some = (from: number, to: number): boolean =>
    [...statuses.keys()].some((status) => status >= from && status < to);
  for (const from of [200, 400, 500])
    assert.ok(some(from, from + 100), `no ${from} among ${[...statuses.keys()].join(', ')}`);
});
