// What a provider or Redis says at a call's end, however strange, ends as one row that the table takes, or as a dead
// letter with its reason; and no outage comes of it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { localProject } from '../local/cloud.ts';
import type { LocalProvider } from '../local/providers/provider-server.ts';
import {
  anthropicBody,
  chat,
  eventually,
  openAiBody,
  startGateway,
  type EventRow,
  type TestGateway,
} from '../local/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({
    functions: ['chat-completions', 'responses', 'generate-content', 'embeddings', 'deliver-events'],
  });
});
after(() => gateway.stop());

/** Everything but a number that a column could hold: BigQuery's largest of each kind. */
const largest = { INT64: 2 ** 63, NUMERIC: 1e29 } as const;

interface Surface {
  readonly path: string;
  readonly body: Record<string, unknown>;
  readonly provider: () => LocalProvider | null;
  /** An answer whose usage is `n`, wherever it is a number. */
  readonly answer: (n: string) => string;
  /** The same as a stream. */
  readonly events: (n: string) => string;
}

const contents = [{ role: 'user', parts: [{ text: 'Hello there' }] }];
const openAiUsage = (n: string): string =>
  `{"prompt_tokens":${n},"completion_tokens":${n},"total_tokens":${n},"cost":${n},"prompt_tokens_details":{"cached_tokens":${n},"audio_tokens":${n}},"completion_tokens_details":{"reasoning_tokens":${n}},"more":{"new_tokens":${n}}}`;
const anthropicUsage = (n: string): string =>
  `{"input_tokens":${n},"output_tokens":${n},"cache_read_input_tokens":${n},"cache_creation_input_tokens":${n},"server_tool_use":{"web_search_requests":${n}}}`;
const googleUsage = (n: string): string =>
  `{"promptTokenCount":${n},"candidatesTokenCount":${n},"thoughtsTokenCount":${n},"cachedContentTokenCount":${n},"totalTokenCount":${n}}`;
const responsesUsage = (n: string): string =>
  `{"input_tokens":${n},"output_tokens":${n},"total_tokens":${n},"input_tokens_details":{"cached_tokens":${n}},"output_tokens_details":{"reasoning_tokens":${n}}}`;

const surfaces: Readonly<Record<string, Surface>> = {
  anthropic: {
    path: '/v1/messages',
    body: anthropicBody(),
    provider: () => gateway.anthropic,
    answer: (n) => `{"content":[{"type":"text","text":"hi"}],"usage":${anthropicUsage(n)}}`,
    events: (n) =>
      `event: message_start\ndata: {"type":"message_start","message":{"usage":${anthropicUsage(n)}}}\n\n` +
      'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"type":"text_delta","text":"hi"}}\n\n' +
      `event: message_delta\ndata: {"type":"message_delta","usage":${anthropicUsage(n)}}\n\n` +
      'event: message_stop\ndata: {"type":"message_stop"}\n\n',
  },
  openai: {
    path: '/v1/chat/completions',
    body: openAiBody(),
    provider: () => gateway.openai,
    answer: (n) => `{"choices":[{"message":{"content":"hi"}}],"usage":${openAiUsage(n)}}`,
    events: (n) =>
      `data: {"choices":[{"delta":{"content":"hi"}}]}\n\ndata: {"choices":[],"usage":${openAiUsage(n)}}\n\ndata: [DONE]\n\n`,
  },
  responses: {
    path: '/v1/responses',
    body: { model: 'gpt-4o', input: 'Hello there' },
    provider: () => gateway.openai,
    answer: (n) =>
      `{"object":"response","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"hi"}]}],"usage":${responsesUsage(n)}}`,
    events: (n) =>
      'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"hi"}\n\n' +
      `event: response.completed\ndata: {"type":"response.completed","response":{"status":"completed","output":[],"usage":${responsesUsage(n)}}}\n\n`,
  },
  google: {
    path: '/v1beta/models/gemini-2.5-pro:generateContent',
    body: { contents },
    provider: () => gateway.google,
    answer: (n) => `{"candidates":[{"content":{"parts":[{"text":"hi"}]}}],"usageMetadata":${googleUsage(n)}}`,
    events: (n) => `data: {"candidates":[{"content":{"parts":[{"text":"hi"}]}}],"usageMetadata":${googleUsage(n)}}\n\n`,
  },
};

/** What no column takes, or only just: as JSON, so that no double comes first. */
const figures = ['9007199254740991', '9223372036854775807', '1e30', '1e308', '-5', '0.5', '"7"', '[9]'];

/** Each number of a row within its column. */
function assertBounded(row: EventRow): void {
  for (const [name, value] of Object.entries(row)) {
    if (typeof value !== 'number') continue;
    assert.ok(Number.isFinite(value) && Math.abs(value) < largest.NUMERIC, `${name} is ${value}`);
    if (name !== 'cost_nano_usd') assert.ok(Math.abs(value) < largest.INT64, `${name} is ${value}`);
  }
}

for (const [name, { path: route, body, provider, answer, events }] of Object.entries(surfaces))
  test(`${name}: whatever its usage says, streamed or whole, the table has one row a call`, async () => {
    const { id, token } = await gateway.subscription({ limit: 1_000 });
    for (const n of figures)
      for (const stream of [false, true]) {
        const headers = { 'content-type': stream ? 'text/event-stream' : 'application/json' };
        provider()?.next({ status: 200, headers, body: stream ? events(n) : answer(n) });
        const isGoogle = name === 'google';
        const at = isGoogle && stream ? route.replace(':generateContent', ':streamGenerateContent?alt=sse') : route;
        const asked = isGoogle ? body : { ...body, stream };
        assert.equal((await gateway.call(at, { token, body: asked })).status, 200, n);
      }
    const rows = await gateway.events(`identifier = '${id}' AND name = 'CompletionsFinished'`);
    assert.equal(rows.length, figures.length * 2);
    for (const row of rows) assertBounded(row);
    assert.deepEqual(await gateway.documents('deadLetters'), []);
  });

test('embeddings: whatever their usage says', async () => {
  const limits = { embeddings: { limit: 1e15, intervalSeconds: 86_400, allowedModels: ['*'] } };
  const { id, token } = await gateway.subscription(null, { limits });
  const vector = `[${Array(1_536).fill('0.5').join(',')}]`;
  let served = 0;
  for (const n of figures) {
    const text = `{"data":[{"index":0,"embedding":${vector}}],"usage":{"prompt_tokens":${n},"total_tokens":${n}}}`;
    gateway.openai?.next({ status: 200, body: text });
    const { status } = await gateway.call('/v1/embeddings', {
      token,
      body: { model: 'openai/text-embedding-3-small', input: ['a'] },
    });
    // A figure beyond the quota uses it up: what was programmed then is asked for by nobody.
    gateway.openai?.forget();
    if (status === 200) served++;
    else assert.ok([429, 502, 503].includes(status), `${n}: ${status}`);
  }
  assert.ok(served > 0);
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.ok(rows.length >= served);
  for (const row of rows) assertBounded(row);
  assert.deepEqual(await gateway.documents('deadLetters'), []);
});

test('a status that is none reaches the caller as a refusal, and the row says what the caller saw', async () => {
  for (const status of [0, 42, 99, 600, 777, 999]) {
    const { id, token } = await gateway.subscription({ limit: 10 });
    const line = `HTTP/1.1 ${String(status).padStart(3, '0')} Odd\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`;
    gateway.openai?.next({ raw: line, endless: false }, 6);
    const answered = await gateway.call('/v1/chat/completions', { token, headers: chat, body: openAiBody() });
    gateway.openai?.forget();
    assert.ok(answered.status >= 500 && answered.status < 600, `${status}: ${answered.status}`);
    const rows = await gateway.events(`identifier = '${id}'`);
    assert.deepEqual(
      rows.map(({ units, metadata }) => [units, metadata['resolved_status_code']]),
      [[0, answered.status]],
      String(status),
    );
    const upstream = Number(rows[0]?.metadata['upstream_status_code']);
    assert.equal(upstream, status > 599 ? answered.status : -1, `${status} is written as ${upstream}`);
  }
});

/** The operator's command, as a process. */
async function command(...args: string[]): Promise<Record<string, unknown>> {
  const program = path.resolve(import.meta.dirname, '../operator/operator.ts');
  const child = spawn(process.execPath, [program, ...args, '--json', '--project', localProject], {
    env: { ...process.env, ...gateway.env },
  });
  const [out, err] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  assert.equal(child.exitCode ?? (await once(child, 'exit'))[0], 0, err.join(''));
  return JSON.parse(out.join('')) as Record<string, unknown>;
}

test('a lease that Redis will not end is a dead letter with Redis’s words, nobody else notices, and a replay charges it once', async () => {
  const { id, token } = await gateway.subscription({ limit: 10 });
  const other = await gateway.subscription({ limit: 10 });
  const ask = (by: string) => gateway.call('/v1/messages', { token: by, body: anthropicBody() });
  assert.equal((await ask(token)).status, 200);
  await gateway.events(`identifier = '${id}'`);
  const [key = ''] = await gateway.redisClient.keys(`*:limit:chat_completions:*${id}`);
  gateway.anthropic?.pace({ delayMs: 1_000 });
  const asked = gateway.anthropic?.requests.length ?? 0;
  const answer = ask(token);
  await eventually(
    () => gateway.anthropic?.requests.length ?? 0,
    (count) => count > asked,
  );
  gateway.anthropic?.pace({ delayMs: 0 });
  // Somebody's hand in Redis: the counter is a text from now on.
  await gateway.redisClient.rename(key, `${key}:aside`);
  await gateway.redisClient.set(key, 'x');
  assert.equal((await answer).status, 200);
  const [letter] = await eventually(
    () => gateway.documents('deadLetters'),
    (letters) => letters.length === 1,
  );
  assert.equal(letter?.['kind'], 'task');
  assert.match(String(letter['reason']), /^its lease can’t be ended: .*WRONGTYPE/);
  for (let i = 0; i < 5; i++) assert.equal((await ask(other.token)).status, 200);
  assert.ok(!gateway.lines.some(({ message }) => /^redis is away|breaker/i.test(String(message))));
  await gateway.redisClient.rename(`${key}:aside`, key);
  assert.deepEqual(
    await command(
      'dead-letters',
      'replay',
      '--reason',
      'a test',
      '--target',
      gateway.env['CODY_GATEWAY_DELIVER_EVENTS_URL'] ?? '',
    ),
    { replayed: 1 },
  );
  await eventually(
    async () => (await gateway.events(`identifier = '${id}'`)).length,
    (count) => count === 2,
  );
  assert.deepEqual(await gateway.redisClient.hmget(key, 'used', 'reserved'), ['2', '0']);
  assert.deepEqual(await gateway.documents('deadLetters'), []);
});
