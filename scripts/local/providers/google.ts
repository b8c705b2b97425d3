// A stand-in for Google's Gemini API: whole and streamed answers in its shapes, usage growing with each event. Its
// tokens are words.

import { completeChat } from './openai.ts';
import {
  countWords,
  readRequest,
  startProvider,
  textPieces,
  type Canned,
  type LocalProvider,
  type Pace,
  type Recorded,
} from './provider-server.ts';

/** What is read of a request. */
export interface Request {
  requests?: Request[];
  content?: { parts?: { text?: string }[] };
  outputDimensionality?: number;
  generateContentRequest?: { contents?: unknown };
  contents?: unknown[];
  model?: unknown;
  stream?: unknown;
  systemInstruction?: unknown;
}

const headers = { 'server-timing': 'gfet4t7; dur=12', 'x-xss-protection': '0', 'x-frame-options': 'SAMEORIGIN' };
/** Numbers of a vector of its largest model. */
const dimensionsMax = 3_072;
const address =
  /^\/v1beta\/models\/([^/:]+):(generateContent|streamGenerateContent(?:\?alt=sse)?|countTokens|embedContent|batchEmbedContents)$/;

/** @param apiKey what `x-goog-api-key` must be */
export function startGoogle({ apiKey, ...options }: Pace & { port?: number; apiKey: string }): Promise<LocalProvider> {
  return startProvider((request, chunks) => respond(request, chunks, apiKey), options);
}

function respond({ method, url, headers: sent, body }: Recorded, chunks: number, apiKey: string): Canned {
  if (method === 'POST' && url === '/v1beta/openai/chat/completions' && sent.authorization === `Bearer ${apiKey}`)
    return completeChat(body, chunks);
  if (sent['x-goog-api-key'] !== apiKey)
    return failure(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.');
  const match = address.exec(url);
  if (method !== 'POST' || match === null) return failure(404, 'NOT_FOUND', 'Requested entity was not found.');
  const request: Request | null = readRequest(body);
  const [, model = '', verb = ''] = match;
  return answerGemini(request, model, verb, chunks);
}

/** The answer to a request that is let in, whoever runs the model. @param verb with its query */
export function answerGemini(request: Request | null, model: string, verb: string, chunks: number): Canned {
  if (verb.endsWith('mbedContent') || verb.endsWith('mbedContents')) return embed(request, model, verb);
  if (verb === 'countTokens' && request?.generateContentRequest !== undefined)
    return json(counted(request.generateContentRequest.contents));
  if (request === null || !Array.isArray(request.contents))
    return failure(400, 'INVALID_ARGUMENT', 'GenerateContentRequest.contents: contents is not specified');
  // It knows neither of the gateway's own members, nor a system instruction that is a text.
  for (const name of ['stream', 'model'] as const)
    if (request[name] !== undefined)
      return failure(400, 'INVALID_ARGUMENT', `Unknown name "${name}": Cannot find field.`);
  if (typeof request.systemInstruction === 'string')
    return failure(400, 'INVALID_ARGUMENT', 'Invalid value at system_instruction (type.googleapis.com/Content)');
  if (verb === 'countTokens') return json(counted(request.contents));
  const input = countWords(JSON.stringify(request.contents));
  const answer = (text: string, output: number, finish: string | null): object => ({
    candidates: [
      { content: { parts: [{ text }], role: 'model' }, ...(finish !== null && { finishReason: finish }), index: 0 },
    ],
    usageMetadata: { promptTokenCount: input, candidatesTokenCount: output, totalTokenCount: input + output },
    modelVersion: model,
  });
  const texts = textPieces(chunks);
  if (verb === 'generateContent') return json(answer(texts.join(''), chunks, 'STOP'));
  const answers = texts.map((text, i) => answer(text, i + 1, i === texts.length - 1 ? 'STOP' : null));
  if (verb === 'streamGenerateContent')
    return json(null, [...answers.map((one, i) => `${i === 0 ? '[' : ',\n'}${JSON.stringify(one, null, 2)}`), '\n]\n']);
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'text/event-stream' },
    pieces: answers.map((one) => Buffer.from(`data: ${JSON.stringify(one)}\n\n`)),
  };
}

function json(value: object | null, texts: readonly string[] = [JSON.stringify(value, null, 2)]): Canned {
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'application/json; charset=UTF-8' },
    pieces: texts.map((text) => Buffer.from(text)),
  };
}

function counted(contents: unknown): object {
  const totalTokens = countWords(JSON.stringify(contents));
  return { totalTokens, promptTokensDetails: [{ modality: 'TEXT', tokenCount: totalTokens }] };
}

/** Each vector begins with the length of its text. Each request of a batch names the model again, and the same one. */
function embed(request: Request | null, model: string, verb: string): Canned {
  const asked = verb === 'embedContent' ? [request] : (request?.requests ?? []);
  const vectors: object[] = [];
  for (const one of asked) {
    if (verb !== 'embedContent' && one?.model !== `models/${model}`)
      return failure(
        400,
        'INVALID_ARGUMENT',
        'BatchEmbedContentsRequest.requests.model must match the model in the URL',
      );
    const text = one?.content?.parts?.map((part) => part.text ?? '').join('');
    if (text === undefined) return failure(400, 'INVALID_ARGUMENT', 'EmbedContentRequest.content is not specified');
    const { outputDimensionality: numbers = 8 } = one ?? {};
    if (!(numbers >= 1 && numbers <= dimensionsMax))
      return failure(400, 'INVALID_ARGUMENT', `output_dimensionality must be between 1 and ${dimensionsMax}`);
    vectors.push({ values: [text.length, ...Array.from({ length: numbers - 1 }, () => 0.25)] });
  }
  return json(verb === 'embedContent' ? { embedding: vectors[0] } : { embeddings: vectors });
}

/** An error in Google's shape. */
export function failure(code: number, status: string, message: string): Canned {
  return {
    status: code,
    headers: { ...headers, 'content-type': 'application/json; charset=UTF-8' },
    pieces: [Buffer.from(JSON.stringify({ error: { code, message, status } }))],
  };
}
