// The upper bound of a call's cost holds: requests of every dialect as the gateway reads them, answers with every
// dimension at its largest through the real meters and prices, and what was charged is never above the bound. What has
// no bound says so.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../../../scripts/test/draws.ts';
import { priceCall, type Bound } from '../../../catalogue/catalogue.ts';
import type { JsonObject } from '../../call.ts';
import { dialects } from '../../dialects.ts';
import type { SurfaceName } from '../../reading.test/reader.ts';
import { boundOfCall, boundOfTexts } from '../call-bound.ts';
import { asked, book, bytesOf, catalogue, ingredients, read, speakers, taken, truthOf } from './speakers.ts';

const boundFor = (surface: SurfaceName, body: JsonObject): Bound => boundOfCall(read(surface, body), book, asked);

test('every dialect that is billed by its answers is among those that are held to it', () => {
  const named = new Set(Object.keys(speakers));
  const others = Object.keys(dialects).filter((name) => !named.has(name));
  // Counting costs nothing; text completions of 2023 tell no usage, and are counted by us; embeddings are bound by
  // their texts (both below).
  const elsewhere = ['anthropic-text', 'anthropic-count-tokens', 'openai-embeddings', 'kserve-embeddings'];
  assert.deepEqual(others.toSorted(), elsewhere.toSorted());
});

for (const [name, speaker] of Object.entries(speakers))
  for (const model of speaker.models)
    test(`${name}, ${model}: nothing costs more than it was bound to`, () => {
      fc.assert(
        fc.property(ingredients, (all) => {
          const of = taken(all, speaker);
          const call = read(speaker.surface, { model, ...speaker.request(of) });
          const bound = boundOfCall(call, book, asked);
          if (bound.worstNanoUsd === null) assert.fail(bound.why);
          const truth = truthOf(call, speaker, of);
          assert.ok(truth <= bound.worstNanoUsd, `${truth} > ${bound.worstNanoUsd}`);
          assert.ok(bound.expectedNanoUsd <= bound.worstNanoUsd && bound.inputNanoUsd <= bound.worstNanoUsd);
          assert.ok(bound.renewalNanoUsd <= bound.worstNanoUsd);
        }),
        { numRuns: 120 },
      );
    });

test('what the gateway counts itself is bound, too: completions of 2023, and texts that become vectors', () => {
  const prompt = 'ﷺ'.repeat(200);
  const bound = boundFor('anthropic-text', { model: 'claude-2', prompt, max_tokens_to_sample: 1_000 });
  const parts = [{ model: null, counts: { input: bytesOf(prompt), output: 1_000 } }];
  const by = { model: 'anthropic/claude-2', home: null, atMs: asked.atMs };
  assert.ok((priceCall(parts, by, book).nanoUsd ?? Infinity) <= (bound.worstNanoUsd ?? 0));

  const resolution = catalogue.resolve('openai/text-embedding-3-small');
  assert.ok(resolution.kind === 'served');
  const texts = boundOfTexts([prompt, 'b'], resolution.model, ['openai-api'], book, asked);
  const counted = [{ model: null, counts: { input: bytesOf(prompt) + 1 } }];
  const cost = priceCall(counted, { ...by, model: 'openai/text-embedding-3-small' }, book).nanoUsd;
  assert.ok((cost ?? Infinity) <= (texts.worstNanoUsd ?? 0), `${cost} > ${JSON.stringify(texts)}`);
  assert.equal(texts.worstNanoUsd === null ? null : texts.renewalNanoUsd, 0);
});

test('a picture costs what a picture may cost, not its bytes; words that pretend to be one are words', () => {
  const source = (data: string) => ({ type: 'base64', media_type: 'image/png', data });
  const worst = (content: unknown): number => {
    const body = { model: 'claude-opus-4-8', max_tokens: 1, messages: [{ role: 'user', content }] };
    return boundFor('anthropic-messages', body).worstNanoUsd ?? assert.fail();
  };
  const long = 'QUJD'.repeat(100_000);
  const picture = worst([{ type: 'image', source: source(long) }]);
  assert.ok(picture < worst([{ type: 'image', source: source('QUJD') }]) * 1.01);
  // Where a model reads it as it stands.
  const hidden = { type: 'tool_use', id: 'a', name: 'b', input: { type: 'image', source: source(long) } };
  assert.ok(worst([hidden]) > picture * 5);
  assert.ok(worst([{ type: 'image', source: source(`${long} words`) }]) > picture * 5);
  assert.ok(
    worst([{ type: 'document', source: { type: 'text', media_type: 'text/plain', data: long } }]) > picture * 5,
  );
});

test('a length that is asked for in words that the provider does not hear bounds nothing', () => {
  const output = (more: JsonObject, model = 'gpt-4o'): number => {
    const bound = boundFor('openai-chat', { model, messages: [{ role: 'user', content: 'a' }], ...more });
    return bound.worstNanoUsd ?? assert.fail();
  };
  const unbounded = output({});
  assert.ok(output({ max_tokens: 1 }) < unbounded / 10);
  for (const more of [
    { maxTokens: 1 },
    { max_new_tokens: 1 },
    { options: { max_tokens: 1 } },
    { max_tokens: 0 },
    { max_tokens: -1 },
  ])
    assert.ok(output(more) >= unbounded, JSON.stringify(more));
  assert.ok(output({ max_tokens: 1, max_completion_tokens: 1_000_000 }) >= unbounded);
});

test('what has no bound says which and what to do', () => {
  const messages = [{ role: 'user', content: 'a' }];
  const claude = (more: JsonObject) => boundFor('anthropic-messages', { model: 'claude-opus-4-8', messages, ...more });
  const chat = (more: JsonObject) => boundFor('openai-chat', { model: 'gpt-4o', messages, ...more });
  const gemini = (tool: string, model = 'gemini-3.5-flash') =>
    boundFor('google', { model, contents: [{ parts: [{ text: 'a' }] }], tools: [{ [tool]: {} }] });
  const cases: readonly (readonly [Bound, RegExp])[] = [
    [claude({ tools: [{ type: 'web_search_20250305', name: 'web_search' }] }), /web_search_20250305.*give it max_uses/],
    [claude({ tools: [{ type: 'code_execution_20250825', name: 'c' }] }), /code_execution_20250825.*leave it out/],
    [
      claude({ tools: [{ type: 'advisor_20260301', name: 'a', model: 'x' }] }),
      /another model is called beside it, x: leave it out/,
    ],
    [claude({ tools: [{ type: 'advisor_20260301', name: 'a' }] }), /advisor_20260301/],
    [
      claude({
        messages: [
          ...messages,
          { role: 'user', content: [{ type: 'tool_addition', tool: { definition: { type: 'mcp_toolset' } } }] },
        ],
      }),
      /mcp_toolset/,
    ],
    [claude({ mcp_servers: [{ type: 'url', url: 'https://a.example' }] }), /the tool mcp/],
    [chat({ web_search_options: {} }), /"web_search_options" makes the provider search/],
    [chat({ tools: [{ type: 'web_search' }] }), /web_search/],
    [gemini('googleSearch'), /googlesearch/],
    [gemini('code_execution'), /codeexecution/],
    [boundFor('openai-chat', { model: 'nobody-knows-it', messages }), /openai\/nobody-knows-it has no price/],
  ];
  for (const [bound, why] of cases) {
    assert.equal(bound.worstNanoUsd, null, why.source);
    assert.match(bound.worstNanoUsd === null ? bound.why : '', why);
  }
  // Searches of a generation that bills them by the prompt have one.
  assert.notEqual(gemini('google_search', 'gemini-2.5-pro').worstNanoUsd, null);
  assert.notEqual(claude({ tools: [{ type: 'bash_20250124', name: 'bash' }] }).worstNanoUsd, null);
});
