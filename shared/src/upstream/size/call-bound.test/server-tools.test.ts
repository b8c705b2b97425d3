// Tools that a provider runs itself, in every dialect: what is set aside for them is their fee as often as they may be
// used and the whole context read anew each time, to the nano-dollar; what nothing bounds is refused with what to do;
// and what the operator does not allow is taken out before, so that it costs nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bound, PriceRow } from '../../../catalogue/catalogue.ts';
import type { Call, JsonObject } from '../../call.ts';
import { readerOf, type SurfaceName } from '../../reading.test/reader.ts';
import { boundOfCall } from '../call-bound.ts';
import { asked, book } from './speakers.ts';

const providers = ['anthropic', 'openai', 'google'].map((id) => ({ id, allow: ['*'] }));
const tools = ['web_search', 'file_search', 'code_interpreter', 'mcp', 'image_generation', 'shell'];
const { read } = readerOf({
  CODY_GATEWAY_CATALOGUE: JSON.stringify({ providers }),
  CODY_GATEWAY_RESPONSES_SERVER_TOOLS: tools.join(),
});
const strict = readerOf({ CODY_GATEWAY_CATALOGUE: JSON.stringify({ providers }) });

/** A dialect's request without tools. */
const plain = {
  'anthropic-messages': { model: 'claude-haiku-4-5', max_tokens: 100, messages: [{ role: 'user', content: 'a' }] },
  'openai-chat': { model: 'gpt-4o', max_tokens: 100, messages: [{ role: 'user', content: 'a' }] },
  'openai-text': { model: 'gpt-3.5-turbo-instruct', max_tokens: 100, prompt: 'a' },
  'openai-responses': { model: 'gpt-5.5', max_output_tokens: 100, input: 'a' },
  google: {
    model: 'gemini-2.5-flash',
    generationConfig: { maxOutputTokens: 100 },
    contents: [{ role: 'user', parts: [{ text: 'a' }] }],
  },
} as const satisfies Partial<Record<SurfaceName, JsonObject>>;
type Dialect = keyof typeof plain;

const callOf = (dialect: Dialect, more: JsonObject): Call => read(dialect, { ...plain[dialect], ...more });
const boundFor = (call: Call): Bound => boundOfCall(call, book, asked);
const server = (type: string, more: JsonObject = {}): JsonObject => ({ type, name: 'a_tool', ...more });
const custom = { type: 'function', name: 'f', parameters: {} };

/** Runs of the model, and uses of tools by what they are billed as. */
type Held = { readonly runs: number } & Readonly<Record<string, number>>;
const held: readonly (readonly [dialect: Dialect, more: JsonObject, held: Held])[] = [
  ['anthropic-messages', { tools: [server('web_search_20250305', { max_uses: 3 })] }, { runs: 4, web_search: 3 }],
  ['anthropic-messages', { tools: [server('web_search_20250305', { max_uses: 0 })] }, { runs: 1 }],
  [
    'anthropic-messages',
    { tools: [server('web_search_20260209', { max_uses: 1 }), server('web_fetch_20250910', { max_uses: 2 })] },
    { runs: 4, web_search: 1, web_fetch: 2 },
  ],
  [
    'anthropic-messages',
    {
      tools: [server('web_search_20250305', { max_uses: 1 })],
      context_management: { edits: [{ type: 'compact_20260112' }] },
    },
    { runs: 4, web_search: 1 },
  ],
  ['openai-responses', { max_tool_calls: 2, tools: [{ type: 'web_search' }] }, { runs: 3, web_search: 2 }],
  ['openai-responses', { max_tool_calls: 0, tools: [{ type: 'web_search' }] }, { runs: 1 }],
  [
    'openai-responses',
    { max_tool_calls: 2, tools: [{ type: 'web_search_preview_2025_03_11' }, { type: 'file_search' }] },
    { runs: 3, web_search: 2, file_search: 2 },
  ],
  [
    'openai-responses',
    { max_tool_calls: 1, tools: [{ type: 'code_interpreter', container: { type: 'auto', memory_limit: '1g' } }] },
    { runs: 2, code_execution: 1 },
  ],
  [
    'openai-responses',
    { max_tool_calls: 1, input: [{ role: 'user', content: 'a', tools: [{ type: 'web_search' }] }] },
    { runs: 2, web_search: 1 },
  ],
  ['google', { tools: [{ googleSearch: {} }] }, { runs: 2, web_search: 1 }],
  ['google', { tools: [{ google_search_retrieval: {} }] }, { runs: 2, web_search: 1 }],
  ['google', { tools: [{ googleMaps: {} }, { google_search: {} }] }, { runs: 2, web_search: 1, maps_grounding: 1 }],
  ['google', { tools: [{ urlContext: {} }] }, { runs: 2 }],
];

const worstOf = (call: Call): number => {
  const bound = boundFor(call);
  return bound.worstNanoUsd ?? assert.fail(bound.worstNanoUsd === null ? bound.why : '');
};

for (const [dialect, more, { runs, ...uses }] of held)
  test(`${dialect}: ${JSON.stringify(more)} sets aside ${runs} runs and ${JSON.stringify(uses)}`, () => {
    const call = callOf(dialect, more);
    const beyond = worstOf(call) - worstOf(callOf(dialect, {}));
    const price = book.priceOf(call.model?.id ?? '', asked.atMs);
    const amount = (name: string): number =>
      Number(price?.dimensions[name as keyof PriceRow['dimensions']] ?? assert.fail(`${name} has no price`));
    const fees = Object.entries(uses).reduce((sum, [name, count]) => sum + amount(name) * count * 1e9, 0);
    const context = call.model?.row.contextTokens ?? assert.fail('no context');
    const again = context * (runs - 1) * amount('input') * 1e3;
    assert.ok(beyond >= fees + again, `${beyond} for ${fees} and ${again}`);
    // What may not run holds what is read of its description.
    if (runs === 1) assert.ok(beyond < 100_000_000, String(beyond));
  });

const advice: readonly (readonly [dialect: Dialect, more: JsonObject, why: RegExp])[] = [
  ['anthropic-messages', { tools: [server('web_search_20250305')] }, /web_search_20250305 runs .*give it max_uses$/],
  ['anthropic-messages', { tools: [server('web_search_20250305', { max_uses: -1 })] }, /give it max_uses$/],
  ['anthropic-messages', { tools: [server('web_fetch_20250910', { max_uses: '3' })] }, /give it max_uses$/],
  ['anthropic-messages', { tools: [server('code_execution_20250825')] }, /code_execution_20250825 .*leave it out$/],
  ['anthropic-messages', { tools: [server('a_tool_of_tomorrow')] }, /a_tool_of_tomorrow .*leave it out$/],
  ['openai-chat', { web_search_options: {} }, /"web_search_options" makes the provider search/],
  ['openai-chat', { model: 'gpt-4o-search-preview' }, /gpt-4o-search-preview searches of its own .*another model$/],
  ['openai-chat', { model: 'gpt-4o-mini-search-preview-2025-03-11' }, /searches of its own accord/],
  ['openai-chat', { tools: [custom, { type: 'web_search' }] }, /the tool web_search runs .*leave it out$/],
  ['openai-chat', { tools: [{ type: 'google_search' }] }, /the tool google_search/],
  ['openai-responses', { tools: [{ type: 'web_search' }] }, /web_search .*give max_tool_calls$/],
  ['openai-responses', { max_tool_calls: 1.5, tools: [{ type: 'web_search' }] }, /give max_tool_calls$/],
  ['openai-responses', { max_tool_calls: 1, tools: [{ type: 'mcp' }] }, /the tool mcp .*leave it out$/],
  [
    'openai-responses',
    { max_tool_calls: 1, tools: [{ type: 'shell', environment: { type: 'container_auto' } }] },
    /shell/,
  ],
  [
    'openai-responses',
    { max_tool_calls: 1, tools: [{ type: 'code_interpreter', container: { type: 'auto', memory_limit: '64g' } }] },
    /code_interpreter .*leave its memory_limit out$/,
  ],
  [
    'openai-responses',
    { model: 'gpt-4o-audio-preview', max_tool_calls: 1, tools: [{ type: 'file_search' }] },
    /nobody has looked up what file_search costs with openai\/gpt-4o-audio-preview: leave its tool out$/,
  ],
  ['google', { tools: [{ codeExecution: {} }] }, /codeexecution .*leave it out$/],
  ['google', { tools: [{ file_search: {} }] }, /filesearch .*leave it out$/],
  ['google', { model: 'gemini-3.5-flash', tools: [{ googleSearch: {} }] }, /googlesearch .*leave it out$/],
  ['google', { tools: [{ a_tool_of_tomorrow: {} }] }, /atooloftomorrow .*leave it out$/],
];

for (const [dialect, more, why] of advice)
  test(`${dialect}: ${JSON.stringify(more)} has no bound, and the words say what to do`, () => {
    const bound = boundFor(callOf(dialect, more));
    assert.equal(bound.worstNanoUsd, null);
    assert.match(bound.worstNanoUsd === null ? bound.why : '', why);
  });

test('what the operator does not allow is taken out with a warning, and holds what a request without it holds', () => {
  const body = { ...plain['openai-responses'], tools: [custom, { type: 'web_search' }, { type: 'mcp' }] };
  const call = strict.read('openai-responses', body);
  assert.match(call.warnings?.join() ?? '', /^tools: web_search, mcp left out/);
  const without = strict.read('openai-responses', { ...body, tools: [custom] });
  assert.equal(worstOf(call), worstOf(without));
  assert.doesNotMatch(String(call.body), /web_search|mcp/);
});

test('tools that the caller runs hold what is read of them', () => {
  for (const [dialect, own] of [
    ['anthropic-messages', [{ name: 'f', input_schema: {} }, server('bash_20250124'), server('text_editor_20250728')]],
    ['openai-chat', [custom]],
    ['openai-responses', [custom, { type: 'custom', name: 'c' }, { type: 'local_shell' }]],
    ['google', [{ functionDeclarations: [{ name: 'f' }] }]],
  ] as const)
    assert.ok(worstOf(callOf(dialect, { tools: own })) - worstOf(callOf(dialect, {})) < 100_000_000, dialect);
});
