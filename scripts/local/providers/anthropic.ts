// A stand-in for Anthropic's Messages API, its text completions and its endpoint in OpenAI's dialect: streams,
// tools and errors in its shapes. Its tokens are words; its answers are canned.

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
  model?: string;
  max_tokens?: number;
  stream?: boolean;
  tools?: { name: string }[];
  messages?: { content: unknown }[];
  system?: unknown;
}

const headers = {
  'request-id': 'req_local',
  'anthropic-organization-id': 'org-of-the-gateway',
  'anthropic-ratelimit-requests-remaining': '99',
  'set-cookie': ['a=1', 'b=2'],
};

/** @param apiKey what `x-api-key` must be */
export function startAnthropic({
  apiKey,
  ...options
}: Pace & { port?: number; apiKey: string }): Promise<LocalProvider> {
  return startProvider((request, chunks) => respond(request, chunks, apiKey), options);
}

function respond({ method, url, headers: sent, body }: Recorded, chunks: number, apiKey: string): Canned {
  // API versions from 2026-10-21 on take the key as a bearer token, as the SDK of that time sends it.
  if (sent['x-api-key'] !== apiKey && sent.authorization !== `Bearer ${apiKey}`)
    return failure(401, 'authentication_error', 'invalid x-api-key');
  if (method === 'POST' && url === '/v1/chat/completions') return completeChat(body, chunks);
  if (method === 'POST' && url === '/v1/complete') return completeText(body, chunks);
  if (method !== 'POST' || !url.startsWith('/v1/messages')) return failure(404, 'not_found_error', 'Not found');
  const request: Request | null = readRequest(body);
  if (request === null) return failure(400, 'invalid_request_error', 'The request body is not valid JSON.');
  return url === '/v1/messages/count_tokens' ? countTokens(request) : answerMessages(request, chunks);
}

/** The answer to a request that is let in, whoever runs the model. */
export function answerMessages(request: Request, chunks: number): Canned {
  if (request.max_tokens === undefined) return failure(400, 'invalid_request_error', 'max_tokens: Field required');
  if (request.model === 'claude-missing') return failure(404, 'not_found_error', `model: ${request.model}`);
  const input = countWords(JSON.stringify([request.system ?? '', request.messages ?? []]));
  return request.stream === true ? stream(request, chunks, input) : whole(request, chunks, input);
}

/** As the real one, it takes no more members than it needs. */
function countTokens(request: Request): Canned {
  const extra = Object.keys(request).find((name) => ['metadata', 'stream', 'max_tokens'].includes(name));
  if (extra !== undefined) return failure(400, 'invalid_request_error', `${extra}: Extra inputs are not permitted`);
  const input_tokens = countWords(JSON.stringify([request.system ?? '', request.messages ?? []]));
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'application/json' },
    pieces: [Buffer.from(JSON.stringify({ input_tokens }))],
  };
}

function whole(request: Request, chunks: number, input: number): Canned {
  const content =
    request.tools?.[0] === undefined
      ? [{ type: 'text', text: textPieces(chunks).join('') }]
      : [{ type: 'tool_use', id: 'toolu_local', name: request.tools[0].name, input: { city: 'Zürich' } }];
  const stop = request.tools?.[0] === undefined ? 'end_turn' : 'tool_use';
  const usage = {
    input_tokens: input,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: chunks,
  };
  const message = {
    id: 'msg_local',
    type: 'message',
    role: 'assistant',
    model: request.model,
    content,
    stop_reason: stop,
    stop_sequence: null,
    usage,
  };
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'application/json' },
    pieces: [Buffer.from(JSON.stringify(message))],
  };
}

function stream(request: Request, chunks: number, input: number): Canned {
  const tool = request.tools?.[0];
  const start = {
    id: 'msg_local',
    type: 'message',
    role: 'assistant',
    model: request.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: input, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 },
  };
  const block =
    tool === undefined
      ? { type: 'text', text: '' }
      : { type: 'tool_use', id: 'toolu_local', name: tool.name, input: {} };
  const deltas =
    tool === undefined
      ? textPieces(chunks).map((text) => ({ type: 'text_delta', text }))
      : ['', '{"city": ', '"Zürich"}'].map((partial_json) => ({ type: 'input_json_delta', partial_json }));
  const first = [
    event('message_start', { message: start }),
    event('content_block_start', { index: 0, content_block: block }),
    event('ping', {}),
  ];
  const last = [
    event('content_block_stop', { index: 0 }),
    event('message_delta', {
      delta: { stop_reason: tool === undefined ? 'end_turn' : 'tool_use', stop_sequence: null },
      usage: { output_tokens: chunks },
    }),
    event('message_stop', {}),
  ];
  const pieces = [
    Buffer.concat(first),
    ...deltas.map((delta) => event('content_block_delta', { index: 0, delta })),
    Buffer.concat(last),
  ];
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' },
    pieces,
  };
}

/** Each event of a stream holds the whole text so far, as in API version 2023-01-01. */
function completeText(body: string, chunks: number): Canned {
  const request: { prompt?: unknown; stream?: boolean; model?: string } | null = readRequest(body);
  if (typeof request?.prompt !== 'string') return failure(400, 'invalid_request_error', 'prompt: Field required');
  const texts = textPieces(chunks).map((_, i, all) => all.slice(0, i + 1).join(''));
  const answer = (completion: string, stop: string | null): object => ({
    type: 'completion',
    id: 'compl_local',
    completion,
    stop_reason: stop,
    model: request.model,
    stop: null,
    log_id: 'compl_local',
  });
  if (request.stream !== true)
    return {
      status: 200,
      headers: { ...headers, 'content-type': 'application/json' },
      pieces: [Buffer.from(JSON.stringify(answer(texts.at(-1) ?? '', 'stop_sequence')))],
    };
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8' },
    pieces: texts.map((text, i) =>
      Buffer.from(
        `event: completion\r\ndata: ${JSON.stringify(answer(text, i === texts.length - 1 ? 'stop_sequence' : null))}\r\n\r\n`,
      ),
    ),
  };
}

/** The real one pads some events with blanks before the closing brace. */
function event(type: string, data: object): Buffer {
  return Buffer.from(
    `event: ${type}\ndata: ${JSON.stringify({ type, ...data }).slice(0, -1)}${type === 'ping' ? '' : '   '}}\n\n`,
  );
}

/** An error in the API's shape. */
export function failure(status: number, type: string, message: string): Canned {
  return {
    status,
    headers: { ...headers, 'content-type': 'application/json' },
    pieces: [Buffer.from(JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_local' }))],
  };
}
