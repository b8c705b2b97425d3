// A phrase is found wherever it stands in a request, for every API: at every member of full requests, and at their
// names. What is not read is the closed list of unread-places.ts, at exactly its places and only while it is what it
// claims to be.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject } from './call.ts';
import type { Api } from './guarded-members.ts';
import { promptText } from './prompt-text.ts';
import { unreadTables } from './unread-places.ts';

const phrase = 'bad phrase';

function isFound(body: JsonObject, api: Api, what = phrase): boolean {
  const prompt = promptText(body, api);
  return prompt.text().includes(what) || prompt.asides().includes(what);
}

/** Requests that use everything we know of an API, with nothing that is left unread. */
const full: Readonly<Record<Api, JsonObject>> = {
  anthropic: {
    model: 'm',
    max_tokens: 5,
    system: [{ type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '5m' } }],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'document', title: 'a', context: 'a', source: { type: 'text', media_type: 'text/plain', data: 'a' } },
          { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'a' }] } },
          { type: 'image', source: { type: 'url', url: 'a' } },
          { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'a' }] },
          { type: 'search_result', source: 'a', title: 'a', content: [{ type: 'text', text: 'a' }] },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'a', signature: '' },
          { type: 'tool_use', id: 'a', name: 'a', input: { url: 'a', id: 'a', data: 'a', type: 'a', signature: 'a' } },
        ],
      },
    ],
    metadata: { user_id: 'a', more: 'a' },
    stop_sequences: ['a'],
    tools: [{ name: 'a', description: 'a', input_schema: { properties: { url: { description: 'a', enum: ['a'] } } } }],
    tool_choice: { type: 'tool', name: 'a' },
    output_config: { format: { type: 'json_schema', schema: { title: 'a' } } },
    mcp_servers: [{ url: 'a', name: 'a' }],
  },
  openai: {
    model: 'm',
    messages: [
      { role: 'developer', name: 'a', content: 'a' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'image_url', image_url: { url: 'a', detail: 'a' } },
          { type: 'file', file: { filename: 'a', file_id: 'a' } },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [{ id: 'a', function: { name: 'a', arguments: '{"q":"a"}' } }] },
      { role: 'tool', tool_call_id: 'a', content: 'a' },
    ],
    prompt: 'a',
    suffix: 'a',
    tools: [{ type: 'function', function: { name: 'a', parameters: { properties: { data: { description: 'a' } } } } }],
    functions: [{ name: 'a', description: 'a' }],
    response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { description: 'a' } } },
    prediction: { type: 'content', content: 'a' },
    stop: ['a'],
    user: 'a',
    metadata: { a: 'a' },
    web_search_options: { user_location: { approximate: { city: 'a' } } },
    // Of a provider that speaks this dialect.
    speculation: 'a',
    images: ['a'],
    grammar: 'a',
  },
  'openai-responses': {
    model: 'm',
    instructions: 'a',
    input: [
      { role: 'developer', content: 'a' },
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'a' },
          { type: 'input_image', image_url: 'a', detail: 'a' },
          { type: 'input_file', filename: 'a', file_url: 'a' },
        ],
      },
      { type: 'reasoning', id: 'a', summary: [{ type: 'summary_text', text: 'a' }], encrypted_content: '' },
      { type: 'function_call', call_id: 'a', name: 'a', arguments: 'a' },
      { type: 'function_call_output', call_id: 'a', output: 'a' },
      { type: 'custom_tool_call', call_id: 'a', name: 'a', input: 'a' },
      { type: 'custom_tool_call_output', call_id: 'a', output: [{ type: 'input_text', text: 'a' }] },
      { type: 'local_shell_call', action: { type: 'exec', command: ['a'], env: { a: 'a' } } },
    ],
    tools: [{ type: 'function', name: 'a', description: 'a', parameters: { properties: { url: { enum: ['a'] } } } }],
    text: { format: { type: 'json_schema', name: 'a', schema: { title: 'a' } } },
    client_metadata: { a: 'a' },
  },
  google: {
    model: 'm',
    contents: [
      { role: 'user', parts: [{ text: 'a' }, { fileData: { mimeType: 'a', fileUri: 'a' } }] },
      {
        role: 'model',
        parts: [
          { functionCall: { name: 'a', args: { url: 'a', data: 'a' } } },
          { functionResponse: { name: 'a', response: { id: 'a' } } },
          { executableCode: { language: 'a', code: 'a' } },
        ],
      },
    ],
    systemInstruction: { parts: [{ text: 'a' }] },
    tools: [
      { functionDeclarations: [{ name: 'a', description: 'a', parameters: { properties: { a: { enum: ['a'] } } } }] },
    ],
    generationConfig: {
      stopSequences: ['a'],
      responseSchema: { description: 'a' },
      response_json_schema: { title: 'a' },
    },
    safetySettings: [{ category: 'a', threshold: 'a' }],
    labels: { a: 'a' },
  },
};

/** Copies of a value: in each, one text is replaced, or one member renamed. */
function variants(value: unknown, path = ''): [where: string, copy: unknown][] {
  if (typeof value === 'string') return [[path, phrase]];
  if (Array.isArray(value))
    return value.flatMap((item, i) =>
      variants(item, `${path}[${i}]`).map(([where, copy]): [string, unknown] => [where, value.with(i, copy)]),
    );
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]): [string, unknown][] => [
    [`${path}.${name} (name)`, { ...value, [phrase]: member }],
    ...variants(member, `${path}.${name}`).map(([where, copy]): [string, unknown] => [
      where,
      { ...value, [name]: copy },
    ]),
  ]);
}

for (const [api, body] of Object.entries(full) as [Api, JsonObject][])
  describe(`${api}: every text and every name`, () => {
    const all = variants(body);
    assert.ok(all.length > 15);
    for (const [where, copy] of all) test(where, () => assert.ok(isFound(copy as JsonObject, api)));
  });

describe('whatever the shape', () => {
  const shapes: Readonly<Record<string, [Api, JsonObject]>> = {
    'contents as one object': ['google', { contents: { role: 'user', parts: [{ text: phrase }] } }],
    'contents as one object, its parts too': ['google', { contents: { parts: { text: phrase } } }],
    'contents as texts': ['google', { contents: [phrase] }],
    'contents as a text': ['google', { contents: phrase }],
    'messages as a text': ['openai', { messages: phrase }],
    'another spelling of messages': ['openai', { Messages: [{ role: 'user', content: phrase }] }],
    'a phrase over two blocks': [
      'openai',
      { messages: [{ role: 'user', content: [{ text: 'bad ' }, { text: 'phrase' }] }] },
    ],
  };
  for (const [name, [api, body]] of Object.entries(shapes)) test(name, () => assert.ok(isFound(body, api)));
});

const hidden = Buffer.from(phrase).toString('base64');
const user = (...content: JsonObject[]): JsonObject => ({ messages: [{ role: 'user', content }] });
const source = (media_type: string, data: string): JsonObject => ({ type: 'base64', media_type, data });

const item = (...items: JsonObject[]): JsonObject => ({ input: items });

const openaiMedia: readonly [at: string, body: (text: string) => JsonObject][] = [
  ['image_url.url', (text) => user({ type: 'image_url', image_url: { url: `data:image/png;base64,${text}` } })],
  ['image_url', (text) => user({ type: 'image_url', image_url: `data:image/png;base64,${text}` })],
  ['video_url.url', (text) => user({ type: 'video_url', video_url: { url: `data:video/mp4;base64,${text}` } })],
  ['input_audio.data', (text) => user({ type: 'input_audio', input_audio: { format: 'wav', data: text } })],
  ['file.file_data', (text) => user({ type: 'file', file: { file_data: `data:application/pdf;base64,${text}` } })],
];

/** For each row of the list: a request with a text at that place. */
const unread: Readonly<Record<Api, readonly [at: string, body: (text: string) => JsonObject][]>> = {
  anthropic: [
    ['source.data', (text) => user({ type: 'image', source: source('image/png', text) })],
    ['source.data', (text) => user({ type: 'document', source: source('application/pdf', text) })],
    [
      'source.data',
      (text) => user({ type: 'tool_result', content: [{ type: 'image', source: source('image/png', text) }] }),
    ],
    ['source.data', (text) => user({ type: 'document', source: { content: [{ source: source('image/png', text) }] } })],
    ['signature', (text) => user({ type: 'thinking', thinking: '', signature: text })],
    ['data', (text) => user({ type: 'redacted_thinking', data: text })],
    ['encrypted_content', (text) => user({ type: 'compaction', content: '', encrypted_content: text })],
    ['encrypted_content', (text) => user({ content: [{ type: 'web_search_result', encrypted_content: text }] })],
    ['encrypted_content', (text) => user({ content: { type: 'advisor_redacted_result', encrypted_content: text } })],
    [
      'encrypted_stdout',
      (text) => user({ content: { type: 'encrypted_code_execution_result', encrypted_stdout: text } }),
    ],
    [
      'citations.encrypted_index',
      (text) => user({ citations: [{ type: 'web_search_result_location', encrypted_index: text }] }),
    ],
  ],
  openai: openaiMedia,
  'openai-responses': [
    ['image_url', (text) => item({ content: [{ type: 'input_image', image_url: `data:image/png;base64,${text}` }] })],
    ['image_url', (text) => item({ output: [{ type: 'input_image', image_url: `data:image/png;base64,${text}` }] })],
    ['file_data', (text) => item({ content: [{ file_data: `data:application/pdf;base64,${text}` }] })],
    ['input_audio.data', (text) => item({ content: [{ input_audio: { format: 'mp3', data: text } }] })],
    ['encrypted_content', (text) => item({ type: 'reasoning', summary: [], encrypted_content: text })],
    ['encrypted_content', (text) => item({ type: 'compaction', encrypted_content: text })],
  ],
  google: [
    ['inlineData.data', (text) => ({ contents: [{ parts: [{ inlineData: { mimeType: 'image/png', data: text } }] }] })],
    ['inline_data.data', (text) => ({ contents: { parts: { inline_data: { mime_type: 'image/png', data: text } } } })],
    ['thoughtSignature', (text) => ({ contents: [{ parts: [{ text: '', thoughtSignature: text }] }] })],
    ['thought_signature', (text) => ({ system_instruction: { parts: [{ thought_signature: text }] } })],
    [
      'inlineData.data',
      (text) => ({
        contents: [
          { parts: [{ functionResponse: { parts: [{ inlineData: { mimeType: 'audio/wav', data: text } }] } }] },
        ],
      }),
    ],
  ],
};

for (const [api, cases] of Object.entries(unread) as [Api, (typeof unread)[Api]][])
  describe(`${api}: what is not read`, () => {
    test('is the whole list', () => {
      const places = new Set(unreadTables[api].unread.map(({ at }) => at));
      assert.deepEqual(new Set(cases.map(([at]) => at)), places);
      for (const { why } of unreadTables[api].unread) assert.notEqual(why, '');
    });
    for (const [at, body] of cases)
      test(`${at}: ${JSON.stringify(body('…'))}`, () => {
        assert.ok(!isFound(body('badphrase0'), api, 'badphrase0'));
        const row = unreadTables[api].unread.find((one) => one.at === at);
        if (row?.holds === 'sealed') assert.ok(isFound(body(phrase), api), 'words that stand there are read');
      });
  });

test('a document of text is read, whether it is sent as text or as base64', () => {
  for (const kind of ['text/plain', 'text/html', 'application/json', 'image/svg+xml', ''])
    assert.ok(isFound(user({ type: 'document', source: source(kind, hidden) }), 'anthropic'), kind);
  assert.ok(isFound(user({ file: { file_data: `data:text/plain;base64,${hidden}` } }), 'openai'));
  assert.ok(isFound({ contents: [{ parts: [{ inlineData: { mimeType: 'text/csv', data: hidden } }] }] }, 'google'));
});

test('the same members elsewhere are read: arguments, schemas, blocks of another kind', () => {
  const text = 'badphrase0';
  for (const [api, body] of [
    ['anthropic', user({ type: 'tool_use', input: { source: source('image/png', text) } })],
    ['anthropic', user({ type: 'text', text: '', signature: text })],
    ['anthropic', { tools: [{ input_schema: { source: source('image/png', text) } }] }],
    ['openai-responses', { tools: [{ parameters: { image_url: `data:image/png;base64,${text}` } }] }],
    ['openai-responses', item({ type: 'function_call', arguments: text, encrypted_content: text })],
    ['openai', { response_format: { json_schema: { image_url: `data:image/png;base64,${text}` } } }],
    [
      'google',
      { contents: [{ parts: [{ functionCall: { args: { inlineData: { mimeType: 'image/png', data: text } } } }] }] },
    ],
  ] as [Api, JsonObject][])
    assert.ok(isFound(body, api, text), JSON.stringify(body));
});

test('what is counted and recorded are the words, not the names around them', () => {
  const body = {
    model: 'm',
    metadata: { user_id: 'u' },
    ...user({ type: 'text', text: 'Hi' }),
    stop_sequences: ['END'],
  };
  assert.equal(promptText(body, 'anthropic').text(), 'Human: Hi\n\n');
  assert.equal(promptText(body, 'openai').text(), 'Hi\n');
});

test('a text too long for a name counts as words, whatever its member is called', () => {
  const long = 'word '.repeat(100);
  assert.equal(promptText(user({ type: long, id: long }), 'anthropic').text(), `Human: ${long}${long}\n\n`);
});

test('the work grows with the size of a request alone: twice the size is visited in twice the steps', () => {
  let reads = 0;
  const counted = (blocks: number): number => {
    reads = 0;
    const block = new Proxy(
      { type: 'text', text: 'a' },
      { get: (of, name) => (reads++, Reflect.get(of, name) as unknown) },
    );
    const body = { messages: [{ role: 'user', content: Array.from({ length: blocks }, () => block) }] };
    const prompt = promptText(body, 'anthropic');
    prompt.text();
    prompt.asides();
    return reads;
  };
  assert.equal(counted(20_000), 2 * counted(10_000));
});

test('base64 that is none takes no longer to tell than its length', () => {
  // Each of these makes a backtracking expression try every split of a million characters.
  for (const tail of ['\r\n'.repeat(1_000_000), '='.repeat(1_000_000), ' '.repeat(1_000_000)])
    assert.ok(isFound(user({ type: 'redacted_thinking', data: `a${tail}!${phrase}` }), 'anthropic'));
});
