// The dialects as their SDKs speak them here: what each is asked, and how each says what went wrong. What all of them
// must do is tested over this table (every-request.test.ts, every-answer.test.ts).

import assert from 'node:assert/strict';
import type { TestGateway } from '../local/test-gateway.ts';

export interface SdkRoute {
  readonly name: string;
  readonly path: string;
  /** Where a stream is asked for, if that is told by the address. */
  readonly streamPath?: string;
  readonly provider: 'openai' | 'anthropic' | 'google';
  /** Headers by which its SDK is known. */
  readonly headers: Readonly<Record<string, string>>;
  /** A request without its closing brace: members may follow. */
  readonly ask: string;
  /** The model that it names, or that stands in its address. */
  readonly model: string;
  /** The header that its SDK reads the id of a request from. */
  readonly idHeader: string;
  /** Null: it has no streams. */
  readonly stream: StreamFacts | null;
  readonly feature: 'chat_completions' | 'code_completions' | 'embeddings';
}

/** A stream as its provider sends it, by its parts. */
export interface StreamFacts {
  /** Members that ask for it; empty where the address does. */
  readonly asks: string;
  readonly said: readonly string[];
  /** Why it stopped, with what it used: seven tokens of input. */
  readonly stopped: readonly string[];
  /** What stands behind that. */
  readonly mark: string;
  /** Usage that was asked for on the gateway's own account: not for the caller. */
  readonly hidden: string;
}

const event = (data: object, name?: string): string =>
  `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;
const typed = (data: { type: string } & Record<string, unknown>): string => event(data, data.type);
const messages = '"messages":[{"role":"user","content":"Hello there"}]';
const done = 'data: [DONE]\n\n';
const chunk = (choice: object | null, more: object = {}): string =>
  event({
    id: 'c',
    object: 'chat.completion.chunk',
    choices: choice === null ? [] : [{ index: 0, ...choice }],
    ...more,
  });
const openAiUsage = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 };
const gemini = (text: string, more: object = {}): object => ({
  candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0, ...more }],
  usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 2, totalTokenCount: 9 },
});
const response = { id: 'resp_1', object: 'response', output: [] };
const responseUsage = { input_tokens: 7, output_tokens: 2, total_tokens: 9 };

const openai = { provider: 'openai', headers: { 'x-stainless-lang': 'js' }, idHeader: 'x-request-id' } as const;
const google = {
  provider: 'google',
  headers: { 'x-goog-api-client': 'google-genai-sdk/1.0' },
  idHeader: 'x-request-id',
  ask: '{"contents":[{"role":"user","parts":[{"text":"Hello there"}]}]',
  model: 'gemini-2.5-pro',
  feature: 'chat_completions',
} as const;

export const sdkRoutes: readonly SdkRoute[] = [
  {
    ...openai,
    name: 'OpenAI chat',
    path: '/v1/chat/completions',
    ask: `{"model":"gpt-4o",${messages}`,
    model: 'gpt-4o',
    feature: 'chat_completions',
    stream: {
      asks: ',"stream":true',
      said: [chunk({ delta: { role: 'assistant', content: '' } }), chunk({ delta: { content: 'Hi' } })],
      stopped: [chunk({ delta: {}, finish_reason: 'stop' })],
      hidden: chunk(null, { usage: openAiUsage }),
      mark: done,
    },
  },
  {
    ...openai,
    name: 'OpenAI text completions',
    path: '/v1/completions',
    ask: '{"model":"gpt-3.5-turbo-instruct","prompt":"fn "',
    model: 'gpt-3.5-turbo-instruct',
    feature: 'code_completions',
    stream: {
      asks: ',"stream":true',
      said: [chunk({ text: 'Hi', finish_reason: null })],
      stopped: [chunk({ text: '', finish_reason: 'stop' })],
      hidden: chunk(null, { usage: openAiUsage }),
      mark: done,
    },
  },
  {
    ...openai,
    name: 'Responses',
    path: '/v1/responses',
    ask: '{"model":"gpt-4o","input":"Hello there"',
    model: 'gpt-4o',
    feature: 'chat_completions',
    stream: {
      asks: ',"stream":true',
      said: [
        typed({ type: 'response.created', sequence_number: 0, response }),
        typed({ type: 'response.output_text.delta', sequence_number: 1, output_index: 0, delta: 'Hi' }),
      ],
      stopped: [],
      hidden: '',
      mark: typed({
        type: 'response.completed',
        sequence_number: 2,
        response: { ...response, status: 'completed', usage: responseUsage },
      }),
    },
  },
  {
    name: 'Anthropic messages',
    path: '/v1/messages',
    provider: 'anthropic',
    headers: { 'anthropic-version': '2023-06-01' },
    idHeader: 'request-id',
    ask: `{"model":"claude-haiku-4-5","max_tokens":100,${messages}`,
    model: 'claude-haiku-4-5',
    feature: 'chat_completions',
    stream: {
      asks: ',"stream":true',
      said: [
        typed({ type: 'message_start', message: { id: 'm', usage: { input_tokens: 7, output_tokens: 1 } } }),
        typed({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
        typed({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } }),
        typed({ type: 'content_block_stop', index: 0 }),
      ],
      stopped: [typed({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } })],
      hidden: '',
      mark: typed({ type: 'message_stop' }),
    },
  },
  {
    ...google,
    name: 'Gemini',
    path: '/v1beta/models/gemini-2.5-pro:generateContent',
    streamPath: '/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
    stream: {
      asks: '',
      said: [event(gemini('Hi'))],
      stopped: [event(gemini('', { finishReason: 'STOP' }))],
      hidden: '',
      mark: '',
    },
  },
  {
    ...google,
    name: 'Gemini, in one array',
    path: '/v1beta/models/gemini-2.5-pro:generateContent',
    streamPath: '/v1beta/models/gemini-2.5-pro:streamGenerateContent',
    stream: {
      asks: '',
      said: [`[${JSON.stringify(gemini('Hi'))}`],
      stopped: [`,\n${JSON.stringify(gemini('', { finishReason: 'STOP' }))}`],
      hidden: '',
      mark: '\n]\n',
    },
  },
  {
    ...openai,
    name: 'embeddings',
    path: '/v1/embeddings',
    ask: '{"model":"openai/text-embedding-3-small","input":["a text"]',
    model: 'openai/text-embedding-3-small',
    feature: 'embeddings',
    stream: null,
  },
];

/** Those that are asked the same when nothing is streamed, once each. */
export const wholeRoutes = sdkRoutes.filter(({ name }) => name !== 'Gemini, in one array');
/** Whose events are events. */
export const eventRoutes = sdkRoutes.filter(
  (route): route is SdkRoute & { stream: StreamFacts } =>
    route.stream !== null && route.name !== 'Gemini, in one array',
);
export const streamRoutes = sdkRoutes.filter(
  (route): route is SdkRoute & { stream: StreamFacts } => route.stream !== null,
);

/** The functions that serve them. */
export const sdkFunctions = [
  'chat-completions',
  'code-completions',
  'responses',
  'generate-content',
  'embeddings',
  'deliver-events',
] as const;

/** An error in the shape that the route's SDK reads. @returns its message */
export function messageIn({ provider }: SdkRoute, text: string): string {
  const { error, type } = JSON.parse(text) as { type?: string; error: Record<string, unknown> };
  if (provider === 'anthropic') assert.deepEqual([type, typeof error['type']], ['error', 'string'], text);
  if (provider === 'openai')
    assert.deepEqual([typeof error['type'], 'param' in error, 'code' in error], ['string', true, true], text);
  if (provider === 'google')
    assert.deepEqual([typeof error['code'], typeof error['status']], ['number', 'string'], text);
  assert.equal(typeof error['message'], 'string', text);
  return error['message'] as string;
}

/** A caller who may use all of them. */
export async function sdkCaller(gateway: TestGateway): Promise<{ id: string; token: string }> {
  const limit = { limit: 1_000_000, intervalSeconds: 86_400, allowedModels: ['*'] };
  return gateway.subscription(null, {
    limits: { chat_completions: limit, code_completions: limit, embeddings: limit },
  });
}
