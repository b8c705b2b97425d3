// The Responses API through a running gateway: OpenAI's own client, a conversation as Codex holds it, what nothing is
// kept for, and a stream that breaks.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { startGateway, type TestGateway } from '../local/test-gateway.ts';
import { codex, codexTurn, firstInput } from './codex-turn.ts';

let gateway: TestGateway;
let openai: OpenAI;
const hello = 'Hello wörld 1 wörld 2 wörld 3';
const weather = { type: 'function' as const, name: 'weather', parameters: { type: 'object' }, strict: false };

before(async () => {
  gateway = await startGateway({ functions: ['responses', 'chat-completions', 'deliver-events', 'diagnostics'] });
  openai = new OpenAI({ apiKey: gateway.token, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
});
after(() => gateway.stop());

const sent = (): Record<string, unknown> =>
  JSON.parse(gateway.openai?.requests.at(-1)?.body ?? '') as Record<string, unknown>;

test('openai: an answer, whole, and what it used in its event', async () => {
  const answer = await openai.responses.create({ model: 'gpt-5', input: 'Hello there', instructions: 'Be brief.' });
  assert.equal(answer.output_text, hello);
  assert.deepEqual([sent()['store'], sent()['include']], [false, ['reasoning.encrypted_content']]);
  const [event] = await gateway.events("model = 'openai/gpt-5'");
  assert.deepEqual([event?.name, event?.feature, event?.units], ['CompletionsFinished', 'chat_completions', 1]);
  assert.equal(event?.metadata['completion_token_count'], 9);
  assert.equal(event?.metadata['reasoning_token_count'], 5);
  assert.equal(event?.metadata['completion_character_count'], hello.length);
});

test('openai: a stream, every event of it as the provider sent it', async () => {
  const types: string[] = [];
  const numbers: number[] = [];
  let text = '';
  for await (const event of await openai.responses.create({ model: 'gpt-4o', input: 'Hello there', stream: true })) {
    types.push(event.type);
    numbers.push(event.sequence_number);
    if (event.type === 'response.output_text.delta') text += event.delta;
  }
  assert.equal(text, hello);
  assert.deepEqual(numbers, [...numbers.keys()]);
  assert.deepEqual([types[0], types.at(-1)], ['response.created', 'response.completed']);
  const body = { model: 'gpt-4o', input: 'Hello there', stream: true };
  const relayed = await gateway.call('/v1/responses', { body });
  const direct = await fetch(`${gateway.openai?.url ?? ''}/v1/responses`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.env['CODY_GATEWAY_OPENAI_ACCESS_TOKEN'] ?? ''}` },
    body: JSON.stringify({ ...body, store: false }),
  });
  assert.equal(relayed.text, await direct.text());
  assert.equal(relayed.headers.get('content-type'), 'text/event-stream; charset=utf-8');
});

test('openai: the helper for streams, tools and structured output', async () => {
  const stream = openai.responses.stream({ model: 'gpt-5', input: 'Hello there' });
  assert.equal((await stream.finalResponse()).output_text, hello);
  const called = await openai.responses.create({ model: 'gpt-5', input: 'Weather?', tools: [weather] });
  assert.deepEqual(
    called.output.map(({ type }) => type),
    ['reasoning', 'function_call'],
  );
  const schema = { type: 'object', properties: { city: { type: 'string' } } };
  const parsed = await openai.responses.parse({
    model: 'gpt-5',
    input: 'Where?',
    text: { format: { type: 'json_schema', name: 'place', schema } },
  });
  assert.deepEqual(parsed.output_parsed, { city: 'Zürich' });
});

test('a conversation of five turns as Codex holds it: its thinking and calls go back whole', async () => {
  const input = firstInput();
  const said: string[] = [];
  for (let turn = 0; turn < 5; turn++) {
    const { items, headers } = await codexTurn(openai, input);
    assert.match(headers.get('warning') ?? '', /^299 cody-gateway "tools: web_search left out/);
    said.push(items.map(({ type }) => type).join());
    const body = sent();
    assert.deepEqual(body['input'], input.slice(0, (body['input'] as unknown[]).length));
    assert.deepEqual(body['tools'], codex.tools.slice(0, 3));
    for (const member of ['prompt_cache_key', 'reasoning', 'text', 'client_metadata', 'include'] as const)
      assert.deepEqual(body[member], codex[member]);
  }
  const call = 'reasoning,function_call';
  assert.deepEqual(said, [call, 'reasoning,message', call, 'reasoning,message', call]);
});

test('a client that leaves store unset goes on without its thinking, and is told', async () => {
  const { data, response } = await openai.responses
    .create({
      model: 'gpt-5',
      input: [
        { role: 'user', content: 'Weather?' },
        { type: 'item_reference', id: 'rs_local' },
        { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'weather', arguments: '{}' },
        { type: 'function_call_output', call_id: 'call_1', output: 'rain' },
      ],
      tools: [weather],
    })
    .withResponse();
  assert.equal(data.output_text, hello);
  assert.match(response.headers.get('warning') ?? '', /1 item of thinking .*providerOptions\.openai\.store: false/);
});

test('what would have to be kept is refused, in OpenAI’s shape and with what to do', async () => {
  const base = { model: 'gpt-5', input: 'Hi' };
  for (const body of [
    { ...base, previous_response_id: 'resp_1' },
    { ...base, conversation: 'conv_1' },
    { ...base, prompt: { id: 'pmpt_1' } },
    { ...base, background: true },
    { ...base, input: [{ type: 'item_reference', id: 'msg_1' }] },
    { model: 'gpt-5' },
  ]) {
    const { status, text } = await gateway.call('/v1/responses', { body });
    const { error } = JSON.parse(text) as { error: Record<string, unknown> };
    assert.deepEqual([status, error['type'], error['param']], [400, 'invalid_request_error', null], text);
  }
  for (const [method, path] of [
    ['GET', '/resp_1'],
    ['DELETE', '/resp_1'],
    ['POST', '/resp_1/cancel'],
    ['GET', '/resp_1/input_items?limit=2'],
  ] as const) {
    const { status, text } = await gateway.call(`/v1/responses${path}`, { method });
    assert.equal(status, 404);
    assert.match(text, /is not served: the gateway keeps no responses/);
  }
  // These keep nothing, so that is not the reason.
  for (const path of ['/compact', '/input_tokens']) {
    const { status, text } = await gateway.call(`/v1/responses${path}`, { method: 'POST' });
    assert.equal(status, 404);
    assert.match(text, /is not served: of this API the gateway serves POST \/v1\/responses,/);
  }
  await assert.rejects(openai.responses.retrieve('resp_1'), OpenAI.NotFoundError);
  await assert.rejects(openai.responses.delete('resp_1'), OpenAI.NotFoundError);
});

test('models that only answer here are listed, and answer nowhere else', async () => {
  const ids = (await openai.models.list()).data.map(({ id }) => id);
  assert.ok(ids.includes('gpt-5.3-codex') && ids.includes('gpt-4o'));
  const messages = [{ role: 'user' as const, content: 'Hi' }];
  await assert.rejects(openai.chat.completions.create({ model: 'gpt-5.3-codex', messages }), OpenAI.NotFoundError);
});

test('a stream that breaks off ends with an event of the API’s own, numbered on, and no end mark', async () => {
  gateway.openai?.next({ cutAfterBytes: 1_500 });
  const { status, text } = await gateway.call('/v1/responses', {
    body: { model: 'gpt-4o', input: 'Hello there', stream: true },
  });
  assert.equal(status, 200);
  const events = text
    .trim()
    .split('\n\n')
    .map((event) => JSON.parse(event.split('\ndata: ')[1] ?? '') as Record<string, unknown>);
  const last = events.at(-1);
  assert.ok(events.length > 2);
  assert.deepEqual(
    [last?.['type'], last?.['sequence_number'], last?.['message']],
    ['error', events.length - 1, 'the provider broke off its answer'],
  );
  gateway.openai?.next({ cutAfterBytes: 1_500 });
  const read = async (): Promise<void> => {
    for await (const _ of await openai.responses.create({ model: 'gpt-4o', input: 'Hi', stream: true }));
  };
  await assert.rejects(read(), (error) => error instanceof OpenAI.APIError && error.code === 'server_error');
});

test('a failure that the provider tells in its stream is relayed, and stands in the event', async () => {
  const word = { type: 'response.output_text.delta', sequence_number: 0, delta: 'Hello' };
  const failure = { type: 'response.failed', sequence_number: 1, response: { status: 'failed', error: { code: 'x' } } };
  const bytes = Buffer.from(
    [word, failure].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
  );
  gateway.openai?.next({ bytes, cuts: [7], headers: { 'content-type': 'text/event-stream' } });
  const { text } = await gateway.call('/v1/responses', { body: { model: 'gpt-4o-mini', input: 'Hi', stream: true } });
  assert.equal(text, bytes.toString());
  const [event] = await gateway.events("model = 'openai/gpt-4o-mini'");
  assert.equal(event?.metadata['truncated'], true);
});
