// How each provider says that it does not serve, as its documentation and its users have it: what a stand-in can be
// told to answer.

import type { Behaviour } from './provider-server.ts';

const json = (status: number, body: object, headers: Record<string, string> = {}): Behaviour => ({
  status,
  headers,
  body: JSON.stringify(body),
});
const anthropic = (type: string, message: string): object => ({ type: 'error', error: { type, message } });
const openai = (type: string, code: string | null, message: string): object => ({
  error: { message, type, param: null, code },
});
const google = (code: number, status: string, message: string): object => ({ error: { code, message, status } });
const listed = (code: number, status: string, message: string): Behaviour =>
  json(code, [google(code, status, message)]);
const quota =
  'aiplatform.googleapis.com/online_prediction_requests_per_base_model with base model: anthropic-claude-haiku-4-5';
const streamed = (text: string): Behaviour => ({ bytes: Buffer.from(text), cuts: [] });

export const failures = {
  anthropic: {
    overloaded: json(529, anthropic('overloaded_error', 'Overloaded')),
    /** Told as the first event of a stream. */
    overloadedIn200: streamed(`event: error\ndata: ${JSON.stringify(anthropic('overloaded_error', 'Overloaded'))}\n\n`),
    rateLimited: json(429, anthropic('rate_limit_error', 'This request would exceed your rate limit'), {
      'retry-after': '17',
    }),
    noCredit: json(
      400,
      anthropic(
        'invalid_request_error',
        'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
      ),
    ),
    badKey: json(401, anthropic('authentication_error', 'invalid x-api-key')),
    noModel: json(404, anthropic('not_found_error', 'model: claude-haiku-4-5')),
    foreignState: json(
      400,
      anthropic('invalid_request_error', 'messages.1.content.0: Invalid `signature` in `thinking` block'),
    ),
  },
  openai: {
    serverError: json(500, openai('server_error', null, 'The server had an error while processing your request')),
    serverErrorIn200: streamed(`data: ${JSON.stringify(openai('server_error', null, 'The server had an error'))}\n\n`),
    rateLimited: json(429, openai('requests', 'rate_limit_exceeded', 'Rate limit reached for gpt-4o')),
    noQuota: json(
      429,
      openai(
        'insufficient_quota',
        'insufficient_quota',
        'You exceeded your current quota, please check your plan and billing details.',
      ),
      { 'x-should-retry': 'false' },
    ),
    badKey: json(401, openai('invalid_request_error', 'invalid_api_key', 'Incorrect API key provided.')),
    noModel: json(404, openai('invalid_request_error', 'model_not_found', 'The model `gpt-4o` does not exist')),
    foreignState: json(
      400,
      openai('invalid_request_error', 'invalid_encrypted_content', 'The encrypted content could not be verified.'),
    ),
  },
  google: {
    overloaded: json(503, google(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.')),
    badKey: json(400, google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.')),
    noCredit: json(429, google(429, 'RESOURCE_EXHAUSTED', 'Your prepayment credits are depleted.')),
    foreignState: json(400, google(400, 'INVALID_ARGUMENT', 'Corrupted thought signature.')),
  },
  /** Google's front end answers for every model on Vertex AI, in Google's shape; on the URL of a stream, in a list. */
  vertex: {
    noQuota: listed(429, 'RESOURCE_EXHAUSTED', `Quota exceeded for ${quota}. Please submit a quota increase request.`),
    badToken: listed(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.'),
    noBilling: listed(403, 'PERMISSION_DENIED', 'This API method requires billing to be enabled.'),
    noRole: listed(403, 'PERMISSION_DENIED', "Permission 'aiplatform.endpoints.predict' denied on resource."),
    noModel: listed(404, 'NOT_FOUND', 'Publisher Model `projects/p/locations/global/publishers/m` was not found.'),
    notEnabled: listed(400, 'FAILED_PRECONDITION', 'Project `p` is not allowed to use Publisher Model `m`'),
    unavailable: listed(503, 'UNAVAILABLE', 'The service is currently unavailable.'),
  },
  azure: {
    rateLimited: json(
      429,
      { error: { code: '429', message: 'Requests have exceeded token rate limit. Please retry after 17 seconds.' } },
      { 'retry-after': '17', 'retry-after-ms': '17000' },
    ),
    badKey: json(401, {
      error: { code: '401', message: 'Access denied due to invalid subscription key or wrong API endpoint.' },
    }),
    noDeployment: json(404, {
      error: { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' },
    }),
    serverError: json(500, openai('server_error', null, 'The server had an error processing your request.')),
    foreignState: json(
      400,
      openai('invalid_request_error', 'invalid_encrypted_content', 'The encrypted content could not be verified.'),
    ),
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Behaviour>>>>;

/** The same with a wait that it asks for, in seconds or as a date. */
export function withRetryAfter(behaviour: Behaviour, retryAfter: string): Behaviour {
  return 'status' in behaviour
    ? { ...behaviour, headers: { ...behaviour.headers, 'retry-after': retryAfter } }
    : behaviour;
}
