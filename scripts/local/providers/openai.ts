// A stand-in for OpenAI's API (its Responses API: openai-responses.ts): streams, usage, tools and errors in its
// shapes. Its tokens are words; its answers are canned.

import { respondToResponses } from './openai-responses.ts';
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
  stream_options?: { include_usage?: boolean };
  tools?: { function: { name: string } }[];
  messages?: unknown[];
  prompt?: unknown;
  suffix?: string;
}

const headers = {
  'x-request-id': 'req_local',
  'openai-organization': 'org-of-the-gateway',
  'openai-processing-ms': '12',
  'openai-version': '2020-10-01',
  'x-ratelimit-remaining-requests': '9999',
  'set-cookie': ['a=1', 'b=2'],
};

/**
 * @param apiKey what the bearer token must be
 * @param maker of the thinking that it can read, and makes: two of one maker are one organisation
 */
export function startOpenAi({
  apiKey,
  maker,
  ...options
}: Pace & { port?: number; apiKey: string; maker?: string }): Promise<LocalProvider> {
  return startProvider((request, chunks) => respond(request, chunks, apiKey, maker), options);
}

function respond(
  { method, url, headers: sent, body }: Recorded,
  chunks: number,
  apiKey: string,
  maker: string | undefined,
): Canned {
  if (sent.authorization !== `Bearer ${apiKey}`)
    return failure(401, 'invalid_request_error', 'invalid_api_key', 'Incorrect API key provided.');
  return answerOpenAi(method, url, body, chunks, maker);
}

/** The answer to a request that is let in, whoever runs the model. */
export function answerOpenAi(method: string, url: string, body: string, chunks: number, maker?: string): Canned {
  if (method === 'POST' && url === '/v1/embeddings') return embed(body);
  if (method === 'POST' && url === '/v1/responses') return respondToResponses(body, chunks, headers, maker);
  const text = url === '/v1/completions';
  if (method !== 'POST' || !(text || url === '/v1/chat/completions'))
    return failure(404, 'invalid_request_error', null, `Invalid URL (${method} ${url})`);
  return complete(body, chunks, text);
}

/** Chat completions as other providers answer them too, under a path of their own. */
export function completeChat(body: string, chunks: number): Canned {
  return complete(body, chunks, false);
}

function complete(body: string, chunks: number, text: boolean): Canned {
  const request: Request | null = readRequest(body);
  if (request === null)
    return failure(400, 'invalid_request_error', null, 'We could not parse the JSON body of your request.');
  if (request.model === 'gpt-missing')
    return failure(404, 'invalid_request_error', 'model_not_found', `The model ${request.model} does not exist`);
  if (text && request.prompt === undefined)
    return failure(400, 'invalid_request_error', null, 'you must provide a prompt parameter');
  const prompt = countWords(JSON.stringify(request.messages ?? request.prompt ?? ''));
  const usage = {
    prompt_tokens: prompt,
    completion_tokens: chunks,
    total_tokens: prompt + chunks,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
  if (text) return textAnswer(request, chunks, usage);
  return request.stream === true ? stream(request, chunks, usage) : whole(request, chunks, usage);
}

/** Each text's vector begins with its length, and the list is told backwards: callers must go by the index. */
function embed(body: string): Canned {
  const request: { model?: string; input?: (string | number[])[]; dimensions?: number } | null = readRequest(body);
  if (!Array.isArray(request?.input))
    return failure(400, 'invalid_request_error', null, "'input' is a required property");
  const own = request.model === 'text-embedding-3-large' ? 3_072 : 1_536;
  const length = request.dimensions ?? own;
  const list = request.input.map((text, index) => ({
    object: 'embedding',
    index,
    embedding: [text.length, ...Array.from({ length: length - 1 }, () => 0.25)],
  }));
  const tokens = request.input.reduce(
    (sum, text) => sum + (typeof text === 'string' ? countWords(text) : text.length),
    0,
  );
  const answer = {
    object: 'list',
    data: list.toReversed(),
    model: `${request.model}-v2`,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'application/json' },
    pieces: [Buffer.from(JSON.stringify(answer))],
  };
}

const base = { id: 'chatcmpl-local', created: 1_700_000_000, system_fingerprint: 'fp_local' } as const;

function whole(request: Request, chunks: number, usage: object): Canned {
  const tool = request.tools?.[0]?.function.name;
  const message =
    tool === undefined
      ? { role: 'assistant', content: textPieces(chunks).join(''), refusal: null }
      : {
          role: 'assistant',
          content: null,
          refusal: null,
          tool_calls: [
            { id: 'call_local', type: 'function', function: { name: tool, arguments: '{"city":"Zürich"}' } },
          ],
        };
  const choice = { index: 0, message, logprobs: null, finish_reason: tool === undefined ? 'stop' : 'tool_calls' };
  const body = JSON.stringify({ ...base, object: 'chat.completion', model: request.model, choices: [choice], usage });
  return { status: 200, headers: { ...headers, 'content-type': 'application/json' }, pieces: [Buffer.from(body)] };
}

function stream(request: Request, chunks: number, usage: object): Canned {
  const withUsage = request.stream_options?.include_usage === true;
  const tool = request.tools?.[0]?.function.name;
  const chunk = (delta: object, finish: string | null): Buffer =>
    data({
      ...base,
      object: 'chat.completion.chunk',
      model: request.model,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...(withUsage && { usage: null }),
    });
  const deltas =
    tool === undefined
      ? textPieces(chunks).map((content) => ({ content }))
      : [
          { tool_calls: [{ index: 0, id: 'call_local', type: 'function', function: { name: tool, arguments: '' } }] },
          { tool_calls: [{ index: 0, function: { arguments: '{"city":"Zürich"}' } }] },
        ];
  const last = [chunk({}, tool === undefined ? 'stop' : 'tool_calls')];
  // The usage chunk: no choices, and only for those who asked.
  if (withUsage)
    last.push(data({ ...base, object: 'chat.completion.chunk', model: request.model, choices: [], usage }));
  last.push(Buffer.from('data: [DONE]\n\n'));
  const pieces = [
    chunk({ role: 'assistant', content: tool === undefined ? '' : null }, null),
    ...deltas.map((delta) => chunk(delta, null)),
    Buffer.concat(last),
  ];
  return { status: 200, headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8' }, pieces };
}

function textAnswer(request: Request, chunks: number, usage: object): Canned {
  const withUsage = request.stream_options?.include_usage === true;
  const answer = (text: string, finish: string | null, more: object): object => ({
    ...base,
    object: 'text_completion',
    model: request.model,
    choices: [{ text, index: 0, logprobs: null, finish_reason: finish }],
    ...more,
  });
  const pieces = textPieces(chunks);
  if (request.stream !== true)
    return {
      status: 200,
      headers: { ...headers, 'content-type': 'application/json' },
      pieces: [Buffer.from(JSON.stringify(answer(pieces.join(''), 'stop', { usage })))],
    };
  const last = [data(answer('', 'stop', withUsage ? { usage: null } : {}))];
  if (withUsage) last.push(data({ ...base, object: 'text_completion', model: request.model, choices: [], usage }));
  last.push(Buffer.from('data: [DONE]\n\n'));
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8' },
    pieces: [...pieces.map((text) => data(answer(text, null, withUsage ? { usage: null } : {}))), Buffer.concat(last)],
  };
}

function data(value: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(value)}\n\n`);
}

function failure(status: number, type: string, code: string | null, message: string): Canned {
  return {
    status,
    headers: { ...headers, 'content-type': 'application/json' },
    pieces: [Buffer.from(JSON.stringify({ error: { message, type, param: null, code } }))],
  };
}
