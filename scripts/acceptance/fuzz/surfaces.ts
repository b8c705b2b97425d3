// What the fuzz sends and what it is answered with, by surface: requests that are served as they are, answers as their
// provider writes them, and the shape of a refusal.

import type { TestGateway } from '../../local/test-gateway.ts';
import type { LocalProvider } from '../../local/providers/provider-server.ts';
import type { Json } from './changed.ts';

/** Stands in every prompt and answer; nowhere else. */
export const canary = 'canary7d31';

/** One kind of request. */
export interface Surface {
  readonly name: string;
  readonly function: string;
  readonly path: string;
  readonly body: Json;
  /** Null: nobody is asked who could be made to answer badly. */
  readonly provider: ((gateway: TestGateway) => LocalProvider | null) | null;
  /** The answer, or the events of one. */
  readonly answer: readonly Json[];
  readonly stream: boolean;
  readonly refusal: 'openai' | 'google' | 'cody';
}

const said = `Say it ${canary}`;
const schema = { type: 'object', properties: { place: { type: 'string', description: canary } }, required: ['place'] };
const responsesBody: Json = {
  model: 'gpt-4o',
  instructions: said,
  input: [
    { role: 'user', content: [{ type: 'input_text', text: said }] },
    { type: 'function_call', call_id: 'c', name: 'weather', arguments: '{}' },
    { type: 'function_call_output', call_id: 'c', output: said },
  ],
  tools: [{ type: 'function', name: 'weather', parameters: schema, strict: false }],
  text: { format: { type: 'text' } },
  reasoning: { effort: 'low' },
  max_output_tokens: 100,
  metadata: { a: 'b' },
  store: false,
};
const responsesUsage = { input_tokens: 5, output_tokens: 3, output_tokens_details: { reasoning_tokens: 1 } };
const responsesAnswer: Json = {
  id: 'r',
  object: 'response',
  status: 'completed',
  output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: said, annotations: [] }] }],
  usage: responsesUsage,
};
const contents: Json = [
  { role: 'user', parts: [{ text: said }, { inlineData: { mimeType: 'text/plain', data: 'YQ==' } }] },
];
const geminiBody: Json = {
  contents,
  systemInstruction: { parts: [{ text: said }] },
  tools: [{ functionDeclarations: [{ name: 'weather', parameters: schema }] }],
  generationConfig: { candidateCount: 1, maxOutputTokens: 100, temperature: 0, stopSequences: ['x'] },
};
const geminiAnswer: Json = {
  candidates: [{ content: { role: 'model', parts: [{ text: said }] }, finishReason: 'STOP', index: 0 }],
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 3, totalTokenCount: 8 },
  modelVersion: 'gemini-2.5-pro',
};
const vector = Array.from({ length: 1_536 }, () => 0.25);
const numbers = Array.from({ length: 3_072 }, () => 0.25);
const gemini = { function: 'generate-content', provider: (g: TestGateway) => g.google, refusal: 'google' } as const;
const vectors = { function: 'embeddings', path: '/v1/embeddings', stream: false, refusal: 'cody' } as const;
const openAiVectors: Json = {
  object: 'list',
  data: [{ object: 'embedding', index: 0, embedding: vector }],
  model: 'text-embedding-3-small',
  usage: { prompt_tokens: 5, total_tokens: 5 },
};

/** Of a task's event, as the outbox writes it. */
const event: Json = {
  name: 'CompletionsFinished',
  source: 'dotcom-user',
  identifier: 'i',
  created_at: new Date().toISOString(),
  metadata: { model: 'openai/gpt-4o', trace_id: 'a'.repeat(32) },
  event_id: 'fuzz',
  rank: 1,
  feature: 'chat_completions',
  model: 'openai/gpt-4o',
  provider: 'openai',
  units: 1,
  quota_window: null,
  quota_units: 0,
  count: 1,
  tokens: 8,
};
const settlement: Json = {
  actor: 'dotcom-user:fuzz',
  feature: 'chat_completions',
  window: null,
  admitted_at_ms: Date.now(),
  interval_ms: 1_000,
  tried_at_ms: null,
  claim: null,
};
const notice: Json = {
  id: 'w-90',
  source: 'dotcom-user',
  identifier: 'i',
  name: said,
  feature: 'chat_completions',
  percent: 90,
  used: 9,
  limit: 10,
  reset_at_ms: Date.now() + 3_600_000,
};
const task = { path: '/', provider: null, answer: [], stream: false, refusal: 'cody' } as const;

/** All that Anthropic's and OpenAI's chat (fuzz.test.ts) leave over. */
export const surfaces: readonly Surface[] = [
  {
    name: 'responses',
    function: 'responses',
    path: '/v1/responses',
    body: responsesBody,
    provider: (g) => g.openai,
    answer: [responsesAnswer],
    stream: false,
    refusal: 'openai',
  },
  {
    name: 'responses, streamed',
    function: 'responses',
    path: '/v1/responses',
    body: { ...responsesBody, stream: true },
    provider: (g) => g.openai,
    answer: [
      { type: 'response.created', response: { id: 'r', status: 'in_progress' }, sequence_number: 0 },
      { type: 'response.output_text.delta', delta: said, sequence_number: 1 },
      { type: 'response.completed', response: responsesAnswer, sequence_number: 2 },
    ],
    stream: true,
    refusal: 'openai',
  },
  {
    ...gemini,
    name: 'gemini',
    path: '/v1beta/models/gemini-2.5-pro:generateContent',
    body: geminiBody,
    answer: [geminiAnswer],
    stream: false,
  },
  {
    ...gemini,
    name: 'gemini, streamed as events',
    path: '/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse',
    body: geminiBody,
    answer: [geminiAnswer, geminiAnswer],
    stream: true,
  },
  {
    ...gemini,
    name: 'gemini, streamed as an array',
    path: '/v1beta/models/gemini-2.5-pro:streamGenerateContent',
    body: geminiBody,
    answer: [[geminiAnswer, geminiAnswer]],
    stream: false,
  },
  {
    ...gemini,
    name: 'gemini, tokens',
    path: '/v1beta/models/gemini-2.5-pro:countTokens',
    body: { contents },
    answer: [{ totalTokens: 5 }],
    stream: false,
  },
  {
    ...gemini,
    name: 'gemini, a vector',
    path: '/v1beta/models/gemini-embedding-001:embedContent',
    body: { content: { parts: [{ text: said }] }, outputDimensionality: 3_072 },
    answer: [{ embedding: { values: numbers } }],
    stream: false,
  },
  {
    ...gemini,
    name: 'gemini, vectors',
    path: '/v1beta/models/gemini-embedding-001:batchEmbedContents',
    body: { requests: [{ model: 'models/gemini-embedding-001', content: { parts: [{ text: said }] } }] },
    answer: [{ embeddings: [{ values: numbers }] }],
    stream: false,
  },
  {
    ...vectors,
    name: 'embeddings',
    body: { model: 'openai/text-embedding-3-small', input: [said] },
    provider: (g) => g.openai,
    answer: [openAiVectors],
  },
  {
    ...vectors,
    name: 'embeddings in OpenAI’s shape',
    body: { model: 'text-embedding-3-small', input: said, encoding_format: 'base64', dimensions: 1_536 },
    provider: (g) => g.openai,
    answer: [openAiVectors],
  },
  {
    ...vectors,
    name: 'embeddings of Sourcegraph’s own',
    body: { model: 'sourcegraph/st-multi-qa-mpnet-base-dot-v1', input: [said] },
    provider: (g) => g.kserve,
    answer: [
      {
        model_name: 'ensemble_model',
        outputs: [{ name: 'EMBEDDING', shape: [1, 768], datatype: 'FP32', data: vector.slice(0, 768) }],
      },
    ],
  },
  {
    name: 'attribution',
    function: 'attribution',
    path: '/v1/attribution',
    body: { snippet: said, limit: 4 },
    provider: null,
    answer: [],
    stream: false,
    refusal: 'cody',
  },
  { ...task, name: 'a task of events', function: 'deliver-events', body: { events: [event, event] } },
  {
    ...task,
    name: 'a task that settles',
    function: 'deliver-events',
    body: { events: [], late: [{ event, settlement }] },
  },
  { ...task, name: 'a task of notices', function: 'deliver-notifications', body: notice },
];
