// A stand-in for Azure OpenAI's v1 API: OpenAI's own shapes below `/openai/v1`, a key in `api-key`, deployments in
// place of models, and what its content filters say in each answer.

import { answerOpenAi } from './openai.ts';
import {
  readRequest,
  startProvider,
  type Canned,
  type LocalProvider,
  type Pace,
  type Recorded,
} from './provider-server.ts';

/** How a resource is set up. */
export interface AzureResource {
  readonly apiKey: string;
  /** Models by the names of their deployments. */
  readonly deployments: Readonly<Record<string, string>>;
  /** Its streams begin with what the filters found in the prompt, unless that is switched off. */
  readonly annotates?: boolean;
}

export function startAzureOpenAi({
  apiKey,
  deployments,
  annotates = true,
  ...options
}: Pace & { port?: number } & AzureResource): Promise<LocalProvider> {
  return startProvider((request, chunks) => respond(request, chunks, { apiKey, deployments, annotates }), options);
}

function respond({ method, url, headers, body }: Recorded, chunks: number, resource: Required<AzureResource>): Canned {
  if (headers['api-key'] !== resource.apiKey || headers.authorization !== undefined)
    return failure(401, '401', 'Access denied due to invalid subscription key or wrong API endpoint.');
  const path = /^\/openai(\/v1\/(?:chat\/completions|responses|embeddings))$/.exec(url)?.[1];
  if (path === undefined) return failure(404, '404', 'Resource not found');
  const request: { model?: string; stream?: boolean } | null = readRequest(body);
  if (request === null) return failure(400, 'BadRequest', 'The request body is not valid JSON.');
  const model = resource.deployments[request.model ?? ''];
  if (model === undefined)
    return failure(404, 'DeploymentNotFound', 'The API deployment for this resource does not exist.');
  const answer = answerOpenAi(method, path, JSON.stringify({ ...request, model }), chunks);
  const filters = resource.annotates && path === '/v1/chat/completions' && request.stream === true;
  return filters && answer.status === 200 ? { ...answer, pieces: [promptFilters, ...answer.pieces] } : answer;
}

const promptFilters = Buffer.from(
  `data: ${JSON.stringify({
    choices: [],
    created: 0,
    id: '',
    model: '',
    object: '',
    prompt_filter_results: [
      { prompt_index: 0, content_filter_results: { hate: { filtered: false, severity: 'safe' } } },
    ],
  })}\n\n`,
);

function failure(status: number, code: string, message: string): Canned {
  return {
    status,
    headers: { 'content-type': 'application/json', 'apim-request-id': 'local' },
    pieces: [Buffer.from(JSON.stringify({ error: { code, message } }))],
  };
}
