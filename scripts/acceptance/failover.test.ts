// Two homes of which one fails half of the time, through the whole gateway: no caller sees a failure, and each call
// has one lease, one row, one charge. The number of calls is an argument: FAILOVER_CALLS=10000.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Anthropic } from '@anthropic-ai/sdk';
import { OpenAI } from 'openai';
import { startAnthropic } from '../local/providers/anthropic.ts';
import { failures } from '../local/providers/failures.ts';
import { startOpenAi } from '../local/providers/openai.ts';
import type { LocalProvider } from '../local/providers/provider-server.ts';
import { anthropicBody, chat, eventually, openAiBody, startGateway, type TestGateway } from '../local/test-gateway.ts';

const calls = Number(process.env['FAILOVER_CALLS'] ?? 300);
const atOnce = 20;
const key = 'key-of-the-second-home';

let gateway: TestGateway;
let anthropic: LocalProvider;
let openai: LocalProvider;

before(async () => {
  [anthropic, openai] = await Promise.all([startAnthropic({ apiKey: key }), startOpenAi({ apiKey: key })]);
  const homes = [
    { id: 'anthropic-second', provider: 'anthropic', company: 'anthropic', baseUrl: anthropic.url },
    { id: 'openai-second', provider: 'openai', company: 'openai', baseUrl: openai.url },
  ].map((home) => ({ ...home, kind: 'api-key', secrets: ['SECOND_HOME_KEY'], state: home.id }));
  gateway = await startGateway({
    functions: ['chat-completions', 'deliver-events'],
    env: { CODY_GATEWAY_CATALOGUE: JSON.stringify({ homes }), SECOND_HOME_KEY: key },
  });
});
after(async () => {
  await gateway.stop();
  await Promise.all([anthropic.close(), openai.close()]);
});

test(`${calls} calls, one home answers 529 half of the time: no failure, one lease, one row, one charge each`, async (t) => {
  const { id, token } = await gateway.subscription({ limit: calls + 1 });
  let requests = 0;
  const first = gateway.anthropic as LocalProvider;
  first.unwell = () => (requests++ % 2 === 0 ? failures.anthropic.overloaded : null);
  t.after(() => (first.unwell = null));
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < calls; i = next++) {
      const stream = i % 2 === 0;
      const headers = { ...chat, 'x-sourcegraph-actor-uid': String(i) };
      const { status, text } = await gateway.call('/v1/completions/anthropic-messages', {
        token,
        headers,
        body: anthropicBody({ stream }),
      });
      assert.equal(status, 200, text);
      assert.match(text, stream ? /message_stop/ : /"end_turn"/);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.equal(rows.length, calls);
  assert.equal(new Set(rows.map(({ event_id }) => event_id)).size, calls);
  assert.ok(
    rows.every(
      ({ units, quota_units, metadata }) =>
        units === 1 && quota_units === 1 && metadata['resolved_status_code'] === 200,
    ),
  );
  const [counter = assert.fail('no counter'), ...others] = await gateway.redisClient.keys(`*:limit:*${id}*`);
  assert.deepEqual(
    [others, await gateway.redisClient.hmget(counter, 'used', 'reserved')],
    [[], [String(calls), '0']],
    'what the counter has charged',
  );
  const shares = Map.groupBy(rows, (row) => String((row as unknown as { home: unknown }).home));
  t.diagnostic([...shares].map(([home, own]) => `${home}: ${own.length}`).join(', '));
  assert.deepEqual([...shares.keys()].toSorted(), ['anthropic-api', 'anthropic-second']);
  const moved = rows.filter((row) => Number((row as unknown as { attempts: unknown }).attempts) > 1);
  assert.ok(moved.length > 0);
  for (const { metadata } of moved) {
    const attempts = metadata['attempts'] as { home: string; status: number; failure?: string }[];
    assert.deepEqual(
      [attempts[0]?.home, attempts[0]?.status, attempts[0]?.failure],
      ['anthropic-api', 529, 'overload'],
    );
    assert.equal(attempts.at(-1)?.home, 'anthropic-second');
  }
  assert.deepEqual(await gateway.redisClient.keys('*:in-flight:*'), [], 'no lease is left');
});

test('the official SDKs through a failover: whole and streamed', async () => {
  const apiKey = (await gateway.subscription({ limit: 100 })).token;
  const forAnthropic = new Anthropic({ baseURL: gateway.url, apiKey, maxRetries: 0 });
  const forOpenAi = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 });
  for (const provider of [gateway.anthropic, gateway.openai]) assert.ok(provider !== null && provider !== undefined);
  const ask = { max_tokens: 50, messages: [{ role: 'user' as const, content: 'Hello' }] };
  for (const failure of [failures.anthropic.overloadedIn200, failures.anthropic.badKey, failures.anthropic.noCredit]) {
    const first = gateway.anthropic as LocalProvider;
    first.unwell = () => failure;
    const stream = forAnthropic.messages.stream({ ...ask, model: 'claude-haiku-4-5' });
    assert.match(JSON.stringify((await stream.finalMessage()).content), /Hello/);
    first.unwell = null;
  }
  for (const failure of [failures.openai.serverErrorIn200, failures.openai.noQuota, failures.openai.noModel]) {
    const first = gateway.openai as LocalProvider;
    first.unwell = () => failure;
    const stream = await forOpenAi.chat.completions.create({ ...ask, model: 'gpt-4o', stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    assert.match(text, /Hello/);
    first.unwell = null;
  }
});

test('our account is refused everywhere: 502 in our words, ERROR with the provider’s, and no retry of the SDK', async () => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  const both = [gateway.openai as LocalProvider, openai];
  for (const provider of both) provider.unwell = () => failures.openai.noQuota;
  const before = both.map(({ requests }) => requests.length);
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: token });
  const error = await client.chat.completions
    .create({ model: 'gpt-4o', messages: openAiBody()['messages'] as [] })
    .then(
      () => assert.fail('it was served'),
      (thrown: unknown) => thrown,
    );
  for (const provider of both) provider.unwell = null;
  assert.ok(error instanceof OpenAI.InternalServerError);
  assert.deepEqual([error.status, error.headers?.get('x-should-retry')], [502, 'false']);
  assert.match(error.message, /does not serve the gateway’s account/);
  assert.doesNotMatch(error.message, /quota/);
  assert.ok(both.every(({ requests }, i) => requests.length - (before[i] ?? 0) <= 1));
  const line = await eventually(
    () =>
      gateway.lines.find(
        ({ message, provider }) => String(message).startsWith('provider-account') && provider === 'openai',
      ),
    (found) => found !== undefined,
  );
  assert.deepEqual([line?.['severity'], line?.['blame']], ['ERROR', 'money']);
  assert.match(String(line?.['said']), /^insufficient_quota: insufficient_quota: You exceeded/);
  // What the alert on homes that stay shut counts.
  const shut = gateway.lines.find(
    ({ message, state, kind }) => String(message).startsWith('home-shut') && state === 'shut' && kind === 'key',
  );
  assert.deepEqual([shut?.['severity'], typeof shut?.['home'], typeof shut?.['name']], ['WARNING', 'string', 'string']);
  const [row] = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual([row?.units, row?.metadata['resolved_status_code']], [0, 502]);
});
