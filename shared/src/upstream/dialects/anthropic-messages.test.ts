// What becomes of a request on its way to Anthropic.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Call, CallerFacts, JsonObject } from '../call.ts';
import { cody, readerOf, sentTo } from '../reading.test/reader.ts';

const { read } = readerOf();
const text = (text: string): JsonObject => ({ type: 'text', text });
const user: JsonObject = { role: 'user', content: [text('B')] };
const system = (content: unknown): JsonObject => ({ role: 'system', content });

function call(body: JsonObject, caller: CallerFacts = cody): Call {
  return read('anthropic-messages', { model: 'claude-2', messages: [user], ...body }, caller);
}

function sent(body: JsonObject, caller?: CallerFacts): JsonObject {
  return JSON.parse(String(call(body, caller).body)) as JsonObject;
}

test('vector 14: the prefix goes, the first system message becomes `system`, the user is ours', () => {
  const body = {
    model: 'anthropic/claude-3-haiku-20240307',
    system: 'x',
    metadata: { user_id: 'evil' },
    messages: [system([text('A')]), user],
  };
  const read = call(body);
  assert.equal(read.asked, 'claude-3-haiku-20240307');
  assert.deepEqual(JSON.parse(String(read.body)), { system: 'A', metadata: { user_id: 'sub1:42' }, messages: [user] });
  assert.equal(read.headers['anthropic-version'], '2023-06-01');
});

test('without a user of the instance nothing follows the colon', () => {
  assert.deepEqual(sent({}, { ...cody, actorUid: null })['metadata'], { user_id: 'sub1:' });
});

describe('the first system message', () => {
  const cases: [name: string, messages: unknown[], system: unknown, rest: unknown[]][] = [
    ['as a text', [system('A'), user], 'A', [user]],
    ['of a block without a type', [system([{ text: 'A' }]), user], 'A', [user]],
    ['empty of blocks, which is no crash (wart 9), wins too', [system([]), user], undefined, [user]],
    ['empty of text', [system(''), user], undefined, [user]],
    ['of an empty block', [system([text('')]), user], undefined, [user]],
    ['without content', [{ role: 'system' }, user], undefined, [user]],
    ['of several blocks keeps them', [system([text('A'), text('C')]), user], [text('A'), text('C')], [user]],
    [
      'with a cache mark keeps it',
      [system([{ ...text('A'), cache_control: { type: 'ephemeral' } }]), user],
      [{ ...text('A'), cache_control: { type: 'ephemeral' } }],
      [user],
    ],
    ['leaves later ones where they are', [system('A'), user, system('C')], 'A', [user, system('C')]],
    ['that is not the first stays, and so does the member', [user, system('C')], 'mine', [user, system('C')]],
  ];
  for (const [name, messages, expected, rest] of cases)
    test(name, () => {
      const body = sent({ system: 'mine', messages });
      assert.deepEqual([body['system'], body['messages']], [expected, rest]);
    });
});

describe('a leading system message of an SDK’s caller', () => {
  const sdk: CallerFacts = { ...cody, dialect: 'anthropic', actorUid: null };
  const directive = { role: 'system', content: [], output_config: { effort: 'low' } };
  const brief = [{ ...text('Be brief'), cache_control: { type: 'ephemeral' } }];
  const asItCame: [name: string, body: JsonObject][] = [
    ['a directive beside `system`', { system: brief, messages: [directive, user] }],
    ['a prompt beside `system`', { system: brief, messages: [system('A'), user] }],
    ['a directive without `system`', { messages: [directive, user] }],
    ['a prompt with a directive', { messages: [{ ...system('A'), output_config: {} }, user] }],
    ['an empty one', { messages: [system([]), user] }],
  ];
  for (const [name, body] of asItCame)
    test(`${name} passes as it came`, () => {
      const { system: own, messages } = sent(body, sdk);
      assert.deepEqual([own, messages], [body['system'], body['messages']]);
    });

  test('a prompt and nothing else becomes `system`', () => {
    const body = sent({ messages: [system('A'), user] }, sdk);
    assert.deepEqual([body['system'], body['messages']], ['A', [user]]);
  });
});

test('an SDK’s caller is told what was left out or changed, an instance is not', () => {
  const body = { service_tier: 'auto', store: null, n: 3, metadata: { user_id: 'user-7', trace: 'theirs' } };
  const sdk: CallerFacts = { ...cody, dialect: 'anthropic', actorUid: null };
  const told = call(body, sdk);
  assert.deepEqual(told.warnings, [
    'service_tier: left out, all callers have the tier of the gateway',
    'n: 1 in its place, one request has one answer',
    'metadata.user_id: the name that the gateway has for you in front',
  ]);
  assert.deepEqual(sent(body, sdk)['metadata'], { trace: 'theirs', user_id: 'sub1:user-7' });
  assert.deepEqual(call({}, sdk).warnings, []);
  assert.equal(call(body).warnings, undefined);
});

test('members that the gateway does not know pass, zeros and large numbers included', () => {
  const members = {
    temperature: 0,
    top_k: 0,
    top_p: 0,
    max_tokens: 0,
    tools: [{ name: 'weather', input_schema: { type: 'object' } }],
    thinking: { type: 'enabled', budget_tokens: 1024 },
    stop_sequences: [],
    something_new: null,
    metadata: { trace: 'theirs' },
  };
  const rawNumber = JSON.parse('{"seed":"12345678901234567890"}') as JsonObject;
  const body = sent({ ...members, ...rawNumber });
  assert.deepEqual(body, {
    ...members,
    ...rawNumber,
    messages: [user],
    metadata: { trace: 'theirs', user_id: 'sub1:42' },
  });
});

test('a number beyond a double goes out as it came in', () => {
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  assert.match(String(call({ seed: rawJSON('12345678901234567890') }).body), /"seed":12345678901234567890[,}]/);
});

test('what is not for callers, or means "not set", is dropped', () => {
  const body = sent({
    top_k: -1,
    top_p: -1,
    store: true,
    service_tier: 'priority',
    background: true,
    languageId: 'go',
  });
  assert.deepEqual(body, { messages: [user], metadata: { user_id: 'sub1:42' } });
});

test('vector 10: without `messages`', () => {
  for (const messages of [undefined, null])
    assert.throws(() => call({ messages }), { message: 'request body must contain "messages" field' });
});

test('vector 11: max_tokens has the cap that an operator sets, which itself is allowed, and else the provider’s', () => {
  const capped = readerOf({ CODY_GATEWAY_ANTHROPIC_MAX_TOKENS_TO_SAMPLE: '4000' });
  const asked = (max_tokens: number): Call =>
    capped.read('anthropic-messages', { model: 'claude-2', messages: [user], max_tokens });
  assert.throws(() => asked(4001), {
    kind: 'bad-request',
    message: 'max_tokens exceeds maximum allowed value of 4000: 4001',
  });
  assert.deepEqual(asked(4000).eventExtras, { stream: false, max_tokens: 4000 });
  assert.deepEqual(call({ max_tokens: 128_000, stream: true }).eventExtras, { stream: true, max_tokens: 128_000 });
  assert.deepEqual(call({}).eventExtras, { stream: false, max_tokens: 0 });
});

test('prompt characters are the code points of all text, system and tool results included', () => {
  const toolResult = { type: 'tool_result', tool_use_id: 'x', content: [text('ü'), { type: 'image' }] };
  const image = { type: 'image', source: { type: 'base64', data: 'aGVsbG8=' } };
  const content = [image, text('日本🌍'), toolResult, { type: 'tool_result', content: 'ab' }];
  assert.equal(call({ system: [text('A')], messages: [{ role: 'user', content }] }).promptCharacters, 1 + 3 + 1 + 2);
  assert.equal(call({ system: 'long, but it loses', messages: [system('A'), user] }).promptCharacters, 2);
});

test('what switches the API’s features passes from Anthropic’s own clients alone', async () => {
  const headers = { 'anthropic-beta': 'a,b', 'anthropic-version': '2026-10-21', 'x-api-key': 'theirs' };
  const theirs = (await sentTo(call({}, { ...cody, dialect: 'anthropic', headers }))).headers;
  assert.deepEqual([theirs['anthropic-beta'], theirs['anthropic-version']], ['a,b', '2026-10-21']);
  assert.deepEqual(
    [theirs['x-api-key'], theirs['authorization']],
    [undefined, 'Bearer key'],
    'a later version takes the key as its SDK sends it',
  );
  const codys = (await sentTo(call({}, { ...cody, headers }))).headers;
  assert.deepEqual([codys['anthropic-beta'], codys['anthropic-version']], [undefined, '2023-06-01']);
  assert.deepEqual([codys['x-api-key'], codys['authorization']], ['key', undefined]);
  const odd = { 'anthropic-version': 'x\ny' };
  assert.equal(call({}, { ...cody, dialect: 'anthropic', headers: odd }).headers['anthropic-version'], '2023-06-01');
});

test('content that is nested without end is the caller’s error', () => {
  let content: unknown = 'x';
  for (let i = 0; i < 100_000; i++) content = [{ type: 'tool_result', content }];
  const nested = { kind: 'bad-request', message: 'failed to parse request body: it is nested too deeply' };
  assert.throws(() => call({ messages: [{ role: 'user', content }] }), nested);
  assert.throws(() => call({ messages: [system(content), user], tools: content }), nested);
});

test('a request is not changed, only its copy', () => {
  const body = { model: 'claude-2', system: 'x', top_k: -1, messages: [system('A'), user] };
  const before = structuredClone(body);
  read('anthropic-messages', body);
  assert.deepEqual(body, before);
});
