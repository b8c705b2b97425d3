// A stand-in for Google's Gemini API: whole and streamed answers in its shapes, usage growing with each event. Its
// tokens are words.

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

interface Request {
  contents?: unknown[];
  model?: unknown;
  stream?: unknown;
  systemInstruction?: unknown;
}

const headers = { 'server-timing': 'gfet4t7; dur=12', 'x-xss-protection': '0', 'x-frame-options': 'SAMEORIGIN' };
const address = /^\/v1beta\/models\/([^/:]+):(generateContent|streamGenerateContent\?alt=sse)$/;

/** @param apiKey what `x-goog-api-key` must be */
export function startGoogle({ apiKey, ...options }: Pace & { port?: number; apiKey: string }): Promise<LocalProvider> {
  return startProvider((request, chunks) => respond(request, chunks, apiKey), options);
}

function respond({ method, url, headers: sent, body }: Recorded, chunks: number, apiKey: string): Canned {
  if (sent['x-goog-api-key'] !== apiKey)
    return failure(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.');
  const match = address.exec(url);
  if (method !== 'POST' || match === null) return failure(404, 'NOT_FOUND', 'Requested entity was not found.');
  const request: Request | null = readRequest(body);
  if (request === null || !Array.isArray(request.contents))
    return failure(400, 'INVALID_ARGUMENT', 'GenerateContentRequest.contents: contents is not specified');
  // It knows neither of the gateway's own members, nor a system instruction that is a text.
  for (const name of ['stream', 'model'] as const)
    if (request[name] !== undefined)
      return failure(400, 'INVALID_ARGUMENT', `Unknown name "${name}": Cannot find field.`);
  if (typeof request.systemInstruction === 'string')
    return failure(400, 'INVALID_ARGUMENT', 'Invalid value at system_instruction (type.googleapis.com/Content)');
  const input = countWords(JSON.stringify(request.contents));
  const answer = (text: string, output: number, finish: string | null): object => ({
    candidates: [
      { content: { parts: [{ text }], role: 'model' }, ...(finish !== null && { finishReason: finish }), index: 0 },
    ],
    usageMetadata: { promptTokenCount: input, candidatesTokenCount: output, totalTokenCount: input + output },
    modelVersion: match[1],
  });
  const texts = textPieces(chunks);
  if (match[2] === 'generateContent')
    return {
      status: 200,
      headers: { ...headers, 'content-type': 'application/json; charset=UTF-8' },
      pieces: [Buffer.from(JSON.stringify(answer(texts.join(''), chunks, 'STOP'), null, 2))],
    };
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'text/event-stream' },
    pieces: texts.map((text, i) =>
      Buffer.from(`data: ${JSON.stringify(answer(text, i + 1, i === texts.length - 1 ? 'STOP' : null))}\n\n`),
    ),
  };
}

function failure(code: number, status: string, message: string): Canned {
  return {
    status: code,
    headers: { ...headers, 'content-type': 'application/json; charset=UTF-8' },
    pieces: [Buffer.from(JSON.stringify({ error: { code, message, status } }))],
  };
}
