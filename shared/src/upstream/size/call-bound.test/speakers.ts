// Each dialect in its own words: requests drawn from ingredients, answers that report every dimension at its largest.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { priceCall, type PriceBook } from '../../../catalogue/catalogue.ts';
import type { Call, JsonObject } from '../../call.ts';
import { dialectNamed } from '../../dialects.ts';
import { readerOf, type SurfaceName } from '../../reading.test/reader.ts';

const providers = ['anthropic', 'openai', 'fireworks', 'google'].map((id) => ({ id, allow: ['*'] }));
export const { catalogue, read } = readerOf({ CODY_GATEWAY_CATALOGUE: JSON.stringify({ providers }) });
export const book: PriceBook = await catalogue.prices();
export const asked = { atMs: Date.parse('2026-11-28'), unseenMs: 20_000 };

/** What a request is made of, whatever its dialect. */
export interface Ingredients {
  readonly texts: readonly string[];
  readonly images: readonly ('inline' | 'url')[];
  readonly files: number;
  readonly sounds: number;
  readonly cache: 'none' | '5m' | '1h';
  readonly tools: readonly string[];
  readonly searches: number | null;
  readonly most: number | null;
}

/** Of everybody's tokenizer the worst: a token for each byte, of the longest form of each letter. */
const text = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  { weight: 2, arbitrary: fc.constantFrom('\u{fdfa}'.repeat(50), '"\\\n\u0001', '😀'.repeat(9), 'ﷺﷻ½ﬃ') },
  { weight: 1, arbitrary: fc.constantFrom('x'.repeat(150_000), 'ﷺ'.repeat(20_000)) },
);
export const ingredients: fc.Arbitrary<Ingredients> = fc.record({
  texts: fc.array(text, { minLength: 1, maxLength: 4 }),
  images: fc.array(fc.constantFrom('inline' as const, 'url' as const), { maxLength: 3 }),
  files: fc.constantFrom(0, 0, 0, 1),
  sounds: fc.constantFrom(0, 0, 0, 1),
  cache: fc.constantFrom('none' as const, '5m' as const, '1h' as const),
  tools: fc.array(
    text.filter((words) => words.length < 1_000),
    { maxLength: 2 },
  ),
  searches: fc.constantFrom(null, null, 0, 3),
  most: fc.constantFrom(null, 1, 500, 10_000_000),
});
/** What a real picture or film has, and far more bytes than it counts tokens. */
const base64 = Buffer.alloc(60_000, 7).toString('base64');
export const bytesOf = (words: string): number =>
  Math.max(Buffer.byteLength(words), Buffer.byteLength(words.normalize('NFKC')));

/** A dialect in its own words: how a request is made of ingredients, and the usage that its provider can report. */
export interface Speaker {
  readonly surface: SurfaceName;
  readonly models: readonly string[];
  readonly takes?: readonly ('parts' | 'sounds' | 'searches' | 'tools')[];
  readonly request: (of: Ingredients) => JsonObject;
  readonly answer: (told: {
    input: number;
    output: number;
    context: number;
    of: Ingredients;
    model: string;
  }) => JsonObject;
}

const openAiUsage = (
  { input, output, of, model }: Parameters<Speaker['answer']>[0],
  names: readonly [string, string],
) => {
  const [inName, outName] = names;
  const spoken = model.includes('audio');
  return {
    [inName]: input,
    [`${inName}_details`]: of.sounds > 0 ? { audio_tokens: input } : { cache_write_tokens: input },
    [outName]: output,
    [`${outName}_details`]: spoken ? { audio_tokens: output } : { reasoning_tokens: Math.floor(output / 2) },
  };
};

export const speakers: Readonly<Record<string, Speaker>> = {
  'anthropic-messages': {
    surface: 'anthropic-messages',
    models: ['claude-opus-4-6', 'claude-haiku-5-5', 'claude-opus-4-8'],
    takes: ['parts', 'searches', 'tools'],
    request: ({ texts, images, files, cache, tools, searches, most }) => ({
      ...(most !== null && { max_tokens: most }),
      system: texts[0],
      messages: [
        {
          role: 'user',
          content: [
            ...texts.slice(1).map((words) => ({ type: 'text', text: words })),
            ...images.map((how) => ({
              type: 'image',
              source:
                how === 'url'
                  ? { type: 'url', url: 'https://a.example/b.png' }
                  : { type: 'base64', media_type: 'image/png', data: base64 },
            })),
            ...Array.from({ length: files }, () => ({
              type: 'tool_result',
              tool_use_id: 't',
              content: [{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: base64 } }],
            })),
            {
              type: 'text',
              text: 'end',
              ...(cache !== 'none' && { cache_control: { type: 'ephemeral', ...(cache === '1h' && { ttl: '1h' }) } }),
            },
          ],
        },
      ],
      tools: [
        ...tools.map((description, i) => ({ name: `t${i}`, description, input_schema: { type: 'object' } })),
        ...(searches === null ? [] : [{ type: 'web_search_20250305', name: 'web_search', max_uses: searches }]),
      ],
    }),
    answer: ({ input, output, context, of }) => {
      const one = (tokens: number) => ({
        input_tokens: of.cache === 'none' ? tokens : 0,
        cache_creation_input_tokens: of.cache === 'none' ? 0 : tokens,
        cache_creation: { ephemeral_1h_input_tokens: of.cache === '1h' ? tokens : 0 },
        output_tokens: output,
      });
      const again = Array.from({ length: of.searches ?? 0 }, () => ({ type: 'message', ...one(context) }));
      return {
        usage: {
          ...one(input),
          iterations: [{ type: 'message', ...one(input) }, ...again],
          server_tool_use: { web_search_requests: of.searches ?? 0 },
          service_tier: 'priority',
          speed: 'fast',
          inference_geo: 'us',
        },
      };
    },
  },
  'openai-chat': {
    surface: 'openai-chat',
    models: ['gpt-6.1-sol', 'gpt-5.6-sol', 'gpt-4o'],
    takes: ['parts', 'sounds', 'tools'],
    request: chatRequest,
    answer: (told) => ({ service_tier: 'priority', usage: openAiUsage(told, ['prompt_tokens', 'completion_tokens']) }),
  },
  'openai-chat at another provider': {
    surface: 'fireworks',
    models: ['accounts/fireworks/models/mixtral-8x7b-instruct'],
    takes: ['tools'],
    request: chatRequest,
    answer: (told) => ({ usage: openAiUsage(told, ['prompt_tokens', 'completion_tokens']) }),
  },
  'openai-text': {
    surface: 'openai-text',
    models: ['gpt-3.5-turbo-instruct'],
    request: ({ texts, most }) => ({
      prompt: texts.slice(0, -1).join(''),
      suffix: texts.at(-1) ?? '',
      ...(most !== null && { max_tokens: most }),
    }),
    answer: (told) => ({ usage: openAiUsage(told, ['prompt_tokens', 'completion_tokens']) }),
  },
  'openai-responses': {
    surface: 'openai-responses',
    models: ['gpt-6.1-sol', 'gpt-5.5'],
    takes: ['parts', 'tools'],
    request: ({ texts, images, files, tools, most }) => ({
      ...(most !== null && { max_output_tokens: most }),
      instructions: texts[0],
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: texts.slice(1).join('') },
            ...images.map((how) => ({
              type: 'input_image',
              image_url: how === 'url' ? 'https://a.example/b.png' : `data:image/png;base64,${base64}`,
            })),
            ...Array.from({ length: files }, () => ({ type: 'input_file', file_id: 'file-1' })),
          ],
        },
      ],
      tools: tools.map((description, i) => ({ type: 'function', name: `t${i}`, description, parameters: {} })),
    }),
    answer: (told) => ({
      status: 'completed',
      service_tier: 'priority',
      usage: openAiUsage(told, ['input_tokens', 'output_tokens']),
    }),
  },
  'gemini-generate': {
    surface: 'google',
    models: ['gemini-2.5-pro', 'gemini-3.5-flash', 'gemini-2.5-flash', 'gemini-2.5-flash-image'],
    takes: ['parts', 'sounds', 'searches', 'tools'],
    request: ({ texts, images, files, sounds, tools, searches, most }) => ({
      ...(most !== null && { generationConfig: { maxOutputTokens: most } }),
      systemInstruction: texts[0],
      contents: [
        {
          parts: [
            ...texts.slice(1).map((words) => ({ text: words })),
            ...images.map((how) =>
              how === 'url'
                ? { fileData: { fileUri: 'gs://a/b.png', mimeType: 'image/png' } }
                : { inlineData: { mimeType: 'image/png', data: base64 } },
            ),
            ...Array.from({ length: files }, () => ({ file_data: { file_uri: 'https://youtu.be/a' } })),
            ...Array.from({ length: sounds }, () => ({ inline_data: { mime_type: 'audio/mp3', data: base64 } })),
          ],
        },
      ],
      tools: [
        { functionDeclarations: tools.map((description, i) => ({ name: `t${i}`, description })) },
        ...(searches === null ? [] : [{ googleMaps: {} }]),
      ],
    }),
    answer: ({ input, output, context, of, model }) => ({
      candidates: [
        {
          finishReason: 'STOP',
          ...(of.searches !== null && { groundingMetadata: { groundingChunks: [{ maps: {} }] } }),
        },
      ],
      usageMetadata: {
        promptTokenCount: input,
        ...(of.searches !== null && { toolUsePromptTokenCount: context }),
        ...(of.sounds > 0 && { promptTokensDetails: [{ modality: 'AUDIO', tokenCount: input }] }),
        candidatesTokenCount: output,
        ...(model.endsWith('-image') && { candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: output }] }),
        serviceTier: 'PRIORITY',
      },
    }),
  },
  'gemini-embeddings': {
    surface: 'gemini-embeddings',
    models: ['gemini-embedding-001'],
    request: ({ texts }) => ({ requests: texts.map((words) => ({ content: { parts: [{ text: words }] } })) }),
    answer: ({ input }) => ({ embeddings: [], usageMetadata: { promptTokenCount: input } }),
  },
};

function chatRequest({ texts, images, files, sounds, tools, most }: Ingredients): JsonObject {
  return {
    ...(most !== null && { max_completion_tokens: most }),
    messages: [
      { role: 'system', content: texts[0] },
      {
        role: 'user',
        content: [
          ...texts.slice(1).map((words) => ({ type: 'text', text: words })),
          ...images.map((how) => ({
            type: 'image_url',
            image_url: { url: how === 'url' ? 'https://a.example/b.png' : `data:image/png;base64,${base64}` },
          })),
          ...Array.from({ length: files }, () => ({ type: 'file', file: { file_id: 'file-1' } })),
          ...Array.from({ length: sounds }, () => ({
            type: 'input_audio',
            input_audio: { data: base64, format: 'mp3' },
          })),
        ],
      },
    ],
    tools: tools.map((description, i) => ({ type: 'function', function: { name: `t${i}`, description } })),
  };
}

/** What a provider can report at the worst of a call that was made of these. */
export function truthOf(call: Call, speaker: Speaker, of: Ingredients): number {
  const { model } = call;
  assert.ok(model !== null);
  const { contextTokens, outputTokens, mostTokens } = model.row;
  const context = contextTokens ?? 1e8;
  const image = mostTokens?.image ?? model.provider.mostTokens?.image ?? context;
  const words = [...of.texts, ...of.tools].reduce((sum, one) => sum + bytesOf(one), 0);
  const input = Math.min(context, words + of.images.length * image + (of.files + of.sounds) * context);
  const limit = outputTokens ?? context;
  // What is drawn is not held to the length that was asked for.
  const output = model.name.endsWith('-image') ? limit : Math.min(of.most ?? limit, limit);
  const body = speaker.answer({ input, output, context, of, model: model.name });
  const meter = dialectNamed(call.dialect).meter(call, call.provider, model.name);
  meter.body(Buffer.from(JSON.stringify(body)));
  const { parts } = meter.report();
  const dearest = call.homes.map(({ row }) => {
    const { nanoUsd } = priceCall(parts, { model: model.id, home: row.id, atMs: asked.atMs }, book);
    assert.ok(nanoUsd !== null && parts.length > 0);
    return nanoUsd;
  });
  assert.ok(dearest.length > 0);
  return Math.max(...dearest);
}

/** @returns of the ingredients those that a dialect knows */
export function taken(all: Ingredients, { takes = [] }: Speaker): Ingredients {
  return {
    ...all,
    ...(!takes.includes('parts') && { images: [], files: 0 }),
    ...(!takes.includes('sounds') && { sounds: 0 }),
    ...(!takes.includes('tools') && { tools: [] }),
    ...(!takes.includes('searches') && { searches: null }),
  };
}
