// A stand-in for Fireworks: OpenAI's dialect below /inference, the usage in the last chunk of a stream unasked. Its
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
  model?: string;
  stream?: boolean;
  messages?: unknown[];
  prompt?: string;
}

const headers = {
  'x-request-id': 'req_local',
  'fireworks-prompt-tokens': '7',
  'fireworks-cached-prompt-tokens': '0',
  'fireworks-server-processing-time': '0.012',
  'x-envoy-upstream-service-time': '13',
  'set-cookie': ['a=1', 'b=2'],
};

/** @param apiKey what the bearer token must be */
export function startFireworks({
  apiKey,
  ...options
}: Pace & { port?: number; apiKey: string }): Promise<LocalProvider> {
  return startProvider((request, chunks) => respond(request, chunks, apiKey), options);
}

function respond({ method, url, headers: sent, body }: Recorded, chunks: number, apiKey: string): Canned {
  if (sent.authorization !== `Bearer ${apiKey}`)
    return failure(401, 'UNAUTHORIZED', 'The API key you provided is invalid.');
  const chat = url === '/inference/v1/chat/completions';
  if (method !== 'POST' || !(chat || url === '/inference/v1/completions'))
    return failure(404, 'NOT_FOUND', 'Path not found');
  const request: Request | null = readRequest(body);
  if (request === null) return failure(400, 'invalid_request_error', 'JSON parse error');
  if (chat ? !Array.isArray(request.messages) : typeof request.prompt !== 'string')
    return failure(400, 'invalid_request_error', `missing field ${chat ? 'messages' : 'prompt'}`);
  const input = countWords(JSON.stringify(request.messages ?? request.prompt));
  const usage = { prompt_tokens: input, total_tokens: input + chunks, completion_tokens: chunks };
  const base = { id: 'fw-local', created: 1_700_000_000, model: request.model };
  const choice = (text: string, finish: string | null, streamed: boolean): object => ({
    index: 0,
    ...(chat ? { [streamed ? 'delta' : 'message']: { role: 'assistant', content: text } } : { text, logprobs: null }),
    finish_reason: finish,
  });
  if (request.stream !== true) {
    const object = chat ? 'chat.completion' : 'text_completion';
    const whole = { ...base, object, choices: [choice(textPieces(chunks).join(''), 'stop', false)], usage };
    return {
      status: 200,
      headers: { ...headers, 'content-type': 'application/json' },
      pieces: [Buffer.from(JSON.stringify(whole))],
    };
  }
  const object = chat ? 'chat.completion.chunk' : 'text_completion';
  const pieces = textPieces(chunks).map((text) =>
    data({ ...base, object, choices: [choice(text, null, true)], usage: null }),
  );
  const last = data({ ...base, object, choices: [choice('', 'stop', true)], usage });
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8' },
    pieces: [...pieces, Buffer.concat([last, Buffer.from('data: [DONE]\n\n')])],
  };
}

function data(value: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(value)}\n\n`);
}

function failure(status: number, code: string, message: string): Canned {
  return {
    status,
    headers: { ...headers, 'content-type': 'application/json' },
    pieces: [Buffer.from(JSON.stringify({ error: { object: 'error', type: code, code, message } }))],
  };
}
