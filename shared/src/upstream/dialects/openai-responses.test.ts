// What becomes of a Responses request on its way to its provider: it stands alone, and nothing that is kept or billed
// by the call is left in it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Call, JsonObject } from '../call.ts';
import { createResponsesMeter } from './responses-meter.ts';
import { SseSplitter } from '../../http/http.ts';
import { cody, readerOf, sentTo } from '../reading.test/reader.ts';

const { read } = readerOf();
const encrypted = 'reasoning.encrypted_content';

function call(body: JsonObject, reader = read): Call {
  return reader('openai-responses', { model: 'gpt-5', input: 'Hi', ...body }, { ...cody, dialect: 'openai-responses' });
}

function sent(body: JsonObject): JsonObject {
  return JSON.parse(String(call(body).body)) as JsonObject;
}

test('it goes to the provider’s own path with the caller’s members, and is never stored', async () => {
  const members = {
    instructions: 'Be brief.',
    temperature: 0,
    text: { format: { type: 'json_schema', name: 'x', schema: {} } },
    reasoning: { effort: 'high' },
    prompt_cache_key: 'k',
    client_metadata: { a: '1' },
    metadata: { a: '1' },
    truncation: 'auto',
    stream: true,
    stream_options: { include_obfuscation: false },
  };
  for (const store of [undefined, null, false, true]) {
    const asked = call({ ...members, ...(store !== undefined && { store }), service_tier: 'flex', background: false });
    assert.deepEqual(JSON.parse(String(asked.body)), {
      input: 'Hi',
      ...members,
      user: 'sub1:42',
      store: false,
      include: [encrypted],
    });
    assert.equal((await sentTo(asked)).url, 'https://api.openai.com/v1/responses');
    assert.deepEqual(asked.warnings, [
      'service_tier: left out, all callers have the tier of the gateway',
      ...(store === true ? ['store: nothing is kept, so false was sent'] : []),
    ]);
    assert.deepEqual([asked.stream, asked.promptCharacters, asked.hidesUsage], [true, 11, false]);
  }
});

test('encrypted thinking is asked for of a model that thinks, and of no other', () => {
  const include = 'message.output_text.logprobs';
  const cases: [body: JsonObject, include: unknown][] = [
    [{}, [encrypted]],
    [{ include: null }, [encrypted]],
    [{ include: [] }, [encrypted]],
    [{ include: [include] }, [include, encrypted]],
    [{ include: [encrypted] }, [encrypted]],
    [{ include: 'all' }, 'all'],
    [{ model: 'gpt-4o' }, undefined],
    [{ model: 'gpt-4o', include: [include] }, [include]],
  ];
  for (const [body, expected] of cases) assert.deepEqual(sent(body)['include'], expected, JSON.stringify(body));
});

test('a provider that does not know `include` is not sent it', () => {
  const rows = {
    providers: [{ id: 'vllm', drops: ['include'] }],
    homes: [{ id: 'vllm', baseUrl: 'http://10.0.0.7:8000' }],
  };
  const other = readerOf({ CODY_GATEWAY_CATALOGUE: JSON.stringify(rows) });
  const asked = call({ model: 'vllm/gpt-oss', reasoning: { effort: 'low' } }, other.read);
  assert.equal(asked.model?.id, 'vllm/gpt-oss');
  assert.ok(!('include' in (JSON.parse(String(asked.body)) as JsonObject)));
});

describe('input', () => {
  const user = { role: 'user', content: [{ type: 'input_text', text: 'ü🌍' }] };
  const called = { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'f', arguments: '{}' };
  const output = { type: 'function_call_output', id: 'fco_1', call_id: 'call_1', output: 'done' };
  const sealed = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAA' };
  const open = { type: 'reasoning', id: 'rs_2', summary: [], content: [{ type: 'reasoning_text', text: 'hm' }] };

  test('that stands alone passes as it is, whatever its items are', () => {
    const input = [user, sealed, called, output, open, { type: 'compaction', encrypted_content: 'x' }];
    const asked = call({ input });
    assert.deepEqual((JSON.parse(String(asked.body)) as JsonObject)['input'], input);
    assert.deepEqual([asked.warnings, asked.promptCharacters], [[], 8]);
  });

  for (const [name, thinking] of Object.entries({
    'thinking without its content': { type: 'reasoning', id: 'rs_1', summary: [] },
    'thinking with an empty content': {
      type: 'reasoning',
      id: 'rs_1',
      summary: [],
      encrypted_content: null,
      content: [],
    },
    'a reference to thinking': { type: 'item_reference', id: 'rs_1' },
    'a reference without a type': { id: 'rs_1' },
  }))
    test(`${name} is left out, and what followed it goes without the identifier that would have it looked for`, () => {
      const asked = call({ input: [user, thinking, called, output] });
      const { id: _, ...nameless } = called;
      assert.deepEqual((JSON.parse(String(asked.body)) as JsonObject)['input'], [user, nameless, output]);
      assert.match(asked.warnings?.join() ?? '', /1 item of thinking .* store set to false/);
    });

  test('that refers to what was said or called, or holds nothing else, is refused with what to set', () => {
    for (const input of [
      [user, { type: 'item_reference', id: 'msg_1' }],
      [user, { id: 'fc_1' }, output],
      [{ type: 'item_reference' }],
      [{ type: 'item_reference', id: 'rs_1' }],
    ])
      assert.throws(() => call({ input }), { kind: 'bad-request', message: /store set to false/ });
  });

  test('of another shape is refused', () => {
    for (const [input, message] of [
      [undefined, 'request body must contain "input" field'],
      [null, 'request body must contain "input" field'],
      [7, /"input" must be a string or an array, got a number/],
      [[], '"input" must contain at least one item'],
      [['Hi'], /"input\[0\]" must be an object, got a string/],
    ] as const)
      assert.throws(() => call({ input }), { kind: 'bad-request', message });
  });
});

describe('tools', () => {
  const f = { type: 'function', name: 'f', parameters: {} };
  const own = [
    f,
    { type: 'custom', name: 'apply_patch' },
    { type: 'tool_search' },
    { type: 'local_shell' },
    { type: 'shell' },
    { type: 'shell', environment: { type: 'local' } },
    { type: 'namespace', name: 'n', tools: [f] },
  ];
  const theirs = [
    { type: 'web_search' },
    { type: 'web_search_preview_2025_03_11' },
    { type: 'mcp', server_url: 'https://a' },
    { type: 'shell', environment: { type: 'container_auto' } },
    { type: 'a_tool_of_tomorrow' },
  ];

  test('of the caller stay, those of the provider go, with a word', () => {
    const asked = call({ tools: [...own, ...theirs] });
    assert.deepEqual((JSON.parse(String(asked.body)) as JsonObject)['tools'], own);
    assert.match(
      asked.warnings?.join() ?? '',
      /^tools: web_search, web_search_preview_2025_03_11, mcp, shell, a_tool_of_tomorrow left out: .*CODY_GATEWAY_RESPONSES_SERVER_TOOLS$/,
    );
  });

  test('that the operator allows stay, their versions too', () => {
    const { read } = readerOf({ CODY_GATEWAY_RESPONSES_SERVER_TOOLS: 'web_search' });
    const asked = call({ tools: theirs, tool_choice: { type: 'web_search' } }, read);
    const left = JSON.parse(String(asked.body)) as JsonObject;
    assert.deepEqual([left['tools'], left['tool_choice']], [theirs.slice(0, 2), { type: 'web_search' }]);
  });

  test('are found in every list of them', () => {
    const more = { type: 'additional_tools', role: 'developer', tools: [f, theirs[0]] };
    const body = sent({ input: [more], tools: [{ type: 'namespace', name: 'n', tools: [f, theirs[2]] }] });
    assert.deepEqual(body['tools'], [{ type: 'namespace', name: 'n', tools: [f] }]);
    assert.deepEqual(body['input'], [{ ...more, tools: [f] }]);
  });

  test('a choice of one that went goes with it', () => {
    const cases: [tools: JsonObject[], choice: unknown, expected: unknown][] = [
      [[f, ...theirs], { type: 'web_search' }, undefined],
      [[f, ...theirs], { type: 'shell' }, undefined],
      [[f, ...theirs], 'required', 'required'],
      [theirs, 'required', undefined],
      [[f, ...theirs], { type: 'function', name: 'f' }, { type: 'function', name: 'f' }],
      [
        [f, ...theirs],
        { type: 'allowed_tools', mode: 'auto', tools: [f, theirs[0]] },
        { type: 'allowed_tools', mode: 'auto', tools: [f] },
      ],
      [[f, ...theirs], { type: 'allowed_tools', mode: 'auto', tools: [theirs[0]] }, undefined],
    ];
    for (const [tools, choice, expected] of cases) {
      const body = sent({ tools, tool_choice: choice });
      assert.deepEqual(body['tool_choice'], expected, JSON.stringify(choice));
      assert.deepEqual(body['tools'], tools.includes(f) ? [f] : undefined);
    }
  });

  test('the caller’s own request stays as it was', () => {
    const body = { input: [{ type: 'additional_tools', tools: [...theirs] }], tools: [...own, ...theirs] };
    const before = structuredClone(body);
    call(body);
    assert.deepEqual(body, before);
  });
});

test('an event of ours takes the number behind the last one', () => {
  const meter = createResponsesMeter(false, {});
  assert.equal(meter.nextNumber?.(), 0);
  for (const event of new SseSplitter(1_000).push(Buffer.from('data: {"type":"x","sequence_number":6}\n\n')))
    meter.event(event);
  assert.equal(meter.nextNumber?.(), 7);
});
