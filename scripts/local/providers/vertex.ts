// A stand-in for Vertex AI: Claude behind `rawPredict` and `streamRawPredict`, Gemini behind its own verbs. It lets in
// who has a token of the metadata server, and speaks as Google where a request does not reach a model.

import { answerMessages, failure as anthropicFailure, type Request as MessagesRequest } from './anthropic.ts';
import { answerGemini, failure } from './google.ts';
import {
  readRequest,
  startProvider,
  type Canned,
  type LocalProvider,
  type Pace,
  type Recorded,
} from './provider-server.ts';

const address =
  /^\/v1\/projects\/[a-z0-9-]+\/locations\/[a-z0-9-]+\/publishers\/(anthropic|google)\/models\/([^/:]+):(\w+(?:\?alt=sse)?)$/;
const geminiVerbs = /^(generateContent|streamGenerateContent(\?alt=sse)?|countTokens)$/;

/** @param isToken whether it is one that the metadata server gave */
export function startVertex({
  isToken,
  ...options
}: Pace & { port?: number; isToken: (token: string) => boolean }): Promise<LocalProvider> {
  return startProvider((request, chunks) => respond(request, chunks, isToken), options);
}

function respond(
  { method, url, headers, body }: Recorded,
  chunks: number,
  isToken: (token: string) => boolean,
): Canned {
  const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
  if (token === undefined || !isToken(token))
    return failure(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.');
  if (headers['x-api-key'] !== undefined || headers['x-goog-api-key'] !== undefined)
    return failure(401, 'UNAUTHENTICATED', 'API keys are not supported by this API.');
  const match = address.exec(url);
  const [, publisher, model = '', verb = ''] = match ?? [];
  if (method !== 'POST' || match === null) return failure(404, 'NOT_FOUND', 'Requested entity was not found.');
  const request = readRequest(body);
  if (request === null) return failure(400, 'INVALID_ARGUMENT', 'Invalid JSON payload received.');
  if (publisher === 'anthropic') return answerClaude(request, model, verb, chunks);
  if (!geminiVerbs.test(verb)) return failure(404, 'NOT_FOUND', 'Requested entity was not found.');
  return answerGemini(request, model, verb, chunks);
}

/** The version is a member of the body, and the model none: it stands in the address with its own version. */
function answerClaude(
  request: MessagesRequest & { anthropic_version?: unknown },
  model: string,
  verb: string,
  chunks: number,
): Canned {
  const { anthropic_version: version, ...rest } = request;
  const streams = verb === 'streamRawPredict';
  if (!streams && verb !== 'rawPredict') return failure(404, 'NOT_FOUND', 'Requested entity was not found.');
  if (version !== 'vertex-2023-10-16')
    return anthropicFailure(400, 'invalid_request_error', 'anthropic_version: Field required');
  if (request.model !== undefined)
    return anthropicFailure(400, 'invalid_request_error', 'model: Extra inputs are not permitted');
  if (!/^claude-[a-z]+-\d+(-\d+)?(@\d{8})?$/.test(model))
    return failure(404, 'NOT_FOUND', `Publisher Model \`publishers/anthropic/models/${model}\` was not found.`);
  if ((request.stream === true) !== streams)
    return anthropicFailure(400, 'invalid_request_error', `stream: not allowed with ${verb}`);
  return answerMessages({ ...rest, model: model.replace('@', '-') }, chunks);
}
