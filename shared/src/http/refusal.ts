// What the gateway says when it does not serve a request: one class, a closed list of kinds, one table. Not the
// writing of it (reply.ts).

/**
 * Whose error shape the caller's client can read: Cody and Sourcegraph instances, the OpenAI SDKs (whose Responses API
 * ends a stream otherwise), the Anthropic SDKs, Google's.
 */
export type Dialect = 'cody' | 'openai' | 'openai-responses' | 'anthropic' | 'google';

/** Every way a request can be refused. A new kind needs a row in `kinds` before it compiles. */
export type RefusalKind =
  | 'malformed-authorization'
  | 'no-token'
  | 'invalid-token'
  | 'access-disabled'
  | 'directory-unavailable'
  | 'too-many-unknown-tokens'
  | 'recently-updated'
  | 'feature-header'
  | 'feature-access'
  | 'banned'
  | 'subscriptions-only'
  | 'not-enabled'
  | 'bad-request'
  | 'prompt-blocked'
  | 'model-unknown'
  | 'model-not-allowed'
  | 'body-too-large'
  | 'body-encoding'
  | 'body-too-slow'
  | 'not-found'
  | 'method-not-allowed'
  | 'quota-exceeded'
  | 'concurrency-exceeded'
  | 'budget-exceeded'
  | 'budget-held'
  | 'limiter-unavailable'
  | 'idempotency-other-request'
  | 'idempotency-running'
  | 'idempotency-ended'
  | 'overloaded'
  | 'model-unavailable'
  | 'upstream-unreachable'
  | 'upstream-credentials'
  | 'upstream-limited'
  | 'upstream-timeout'
  | 'diagnostics-secret'
  | 'internal';

interface Row {
  /** HTTP status on Cody routes. */
  status: number;
  /** HTTP status on dialect routes where it differs (no token is 401 there; an SDK's NotFoundError is a 404). */
  dialectStatus?: number;
  /** `error.type` and `error.code` in the OpenAI shape. */
  openai: readonly [type: string, code: string | null];
  /** `error.type` in the Anthropic shape. */
  anthropic: string;
  /**
   * Seconds for `retry-after` where the refusal names none (over 3 s wherever a retry would only hammer:
   * shared/COMPATIBILITY.md#retries-of-instances).
   */
  retryAfterSeconds?: number;
  /**
   * A status from 500 on that tells of no failure of ours: nobody reads a stack or a report of it, and a flood of it
   * must cost little.
   */
  expected?: true;
  /** To ask again is in vain until somebody mends it: SDKs, which would, are told not to. */
  inVain?: true;
}

const invalid = ['invalid_request_error', null] as const;

/** Status, error type and default `retry-after` of each kind. */
export const kinds: Readonly<Record<RefusalKind, Row>> = {
  'malformed-authorization': { status: 400, openai: invalid, anthropic: 'invalid_request_error' },
  'no-token': {
    status: 403,
    dialectStatus: 401,
    openai: ['invalid_request_error', 'invalid_api_key'],
    anthropic: 'authentication_error',
  },
  'invalid-token': {
    status: 401,
    openai: ['invalid_request_error', 'invalid_api_key'],
    anthropic: 'authentication_error',
  },
  'access-disabled': { status: 403, openai: ['permission_error', 'access_not_enabled'], anthropic: 'permission_error' },
  'directory-unavailable': {
    status: 503,
    openai: ['server_error', null],
    anthropic: 'api_error',
    retryAfterSeconds: 10,
  },
  'too-many-unknown-tokens': {
    status: 503,
    openai: ['server_error', null],
    anthropic: 'api_error',
    retryAfterSeconds: 10,
    expected: true,
  },
  'recently-updated': { status: 429, openai: ['requests', null], anthropic: 'rate_limit_error', retryAfterSeconds: 60 },
  'feature-header': { status: 400, openai: invalid, anthropic: 'invalid_request_error' },
  'feature-access': { status: 403, openai: ['permission_error', 'feature_not_enabled'], anthropic: 'permission_error' },
  'subscriptions-only': { status: 401, openai: invalid, anthropic: 'authentication_error' },
  // Nothing changes until an operator does: an hour.
  'not-enabled': { status: 503, openai: ['server_error', null], anthropic: 'api_error', retryAfterSeconds: 3_600 },
  banned: { status: 403, openai: ['permission_error', 'access_not_enabled'], anthropic: 'permission_error' },
  'bad-request': { status: 400, openai: invalid, anthropic: 'invalid_request_error' },
  'prompt-blocked': {
    status: 400,
    openai: ['invalid_request_error', 'content_policy_violation'],
    anthropic: 'invalid_request_error',
  },
  'model-unknown': {
    status: 400,
    dialectStatus: 404,
    openai: ['invalid_request_error', 'model_not_found'],
    anthropic: 'not_found_error',
  },
  'model-not-allowed': {
    status: 400,
    dialectStatus: 403,
    openai: ['permission_error', 'model_not_allowed'],
    anthropic: 'permission_error',
  },
  'body-too-large': {
    status: 413,
    openai: ['invalid_request_error', 'request_too_large'],
    anthropic: 'request_too_large',
  },
  'body-encoding': { status: 415, openai: invalid, anthropic: 'invalid_request_error' },
  'body-too-slow': { status: 408, openai: invalid, anthropic: 'invalid_request_error' },
  'not-found': { status: 404, openai: ['invalid_request_error', 'not_found'], anthropic: 'not_found_error' },
  'method-not-allowed': { status: 405, openai: invalid, anthropic: 'invalid_request_error' },
  'quota-exceeded': { status: 429, openai: ['requests', 'rate_limit_exceeded'], anthropic: 'rate_limit_error' },
  'concurrency-exceeded': { status: 429, openai: ['requests', 'rate_limit_exceeded'], anthropic: 'rate_limit_error' },
  // As the provider says that there is no money left: not to be tried again.
  'budget-exceeded': {
    status: 429,
    openai: ['insufficient_quota', 'insufficient_quota'],
    anthropic: 'rate_limit_error',
  },
  'budget-held': { status: 429, openai: ['requests', 'rate_limit_exceeded'], anthropic: 'rate_limit_error' },
  'limiter-unavailable': { status: 503, openai: ['server_error', null], anthropic: 'api_error', retryAfterSeconds: 5 },
  'idempotency-other-request': {
    status: 422,
    openai: ['invalid_request_error', 'idempotency_key_reused'],
    anthropic: 'invalid_request_error',
  },
  'idempotency-running': {
    status: 409,
    openai: ['invalid_request_error', 'idempotency_request_in_progress'],
    anthropic: 'invalid_request_error',
    retryAfterSeconds: 5,
  },
  'idempotency-ended': {
    status: 409,
    openai: ['invalid_request_error', 'idempotency_request_completed'],
    anthropic: 'invalid_request_error',
  },
  overloaded: { status: 503, openai: ['server_error', null], anthropic: 'overloaded_error', retryAfterSeconds: 5 },
  // An operator's own switch, or an outage that the line `home-shut` has told of.
  'model-unavailable': {
    status: 503,
    openai: ['server_error', null],
    anthropic: 'overloaded_error',
    retryAfterSeconds: 10,
    expected: true,
  },
  'upstream-unreachable': { status: 502, openai: ['server_error', null], anthropic: 'api_error', retryAfterSeconds: 5 },
  'upstream-credentials': {
    status: 502,
    openai: ['server_error', null],
    anthropic: 'api_error',
    retryAfterSeconds: 60,
    inVain: true,
  },
  // The provider's limit of our account, told as it tells it to those who know it.
  'upstream-limited': {
    status: 503,
    dialectStatus: 429,
    openai: ['requests', 'rate_limit_exceeded'],
    anthropic: 'rate_limit_error',
    retryAfterSeconds: 5,
    expected: true,
  },
  'upstream-timeout': { status: 504, openai: ['server_error', null], anthropic: 'timeout_error', retryAfterSeconds: 5 },
  'diagnostics-secret': { status: 401, openai: invalid, anthropic: 'authentication_error' },
  internal: { status: 500, openai: ['server_error', null], anthropic: 'api_error', retryAfterSeconds: 5 },
};

/** What a refusal may carry besides its kind and public text. */
export interface RefusalOptions {
  /** For the log alone; never on the wire. Must not hold a token, a prompt or a completion. */
  detail?: string;
  /** Seconds for `retry-after`; without it the kind's default, if it has one; null: none is told. */
  retryAfterSeconds?: number | null;
  /** Further response headers, lower-case names. They win over the ones made from the kind. */
  headers?: Readonly<Record<string, string>>;
  /** What was caught, for the log. */
  cause?: unknown;
}

/**
 * An expected "no": its `message` is public and goes to the caller in the dialect of the route (reply.ts); `detail`
 * goes to the log. Whatever is thrown that is not a Refusal is a bug and becomes a 500 without its message.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly kind: RefusalKind;
  readonly detail: string | null;
  readonly retryAfterSeconds: number | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(kind: RefusalKind, message: string, options: RefusalOptions = {}) {
    const { stackTraceLimit } = Error;
    // Taking a stack costs more than the rest of a small refusal.
    if (!isFailure(kinds[kind])) Error.stackTraceLimit = 0;
    super(message, { cause: options.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.kind = kind;
    this.detail = options.detail ?? null;
    const { retryAfterSeconds = kinds[kind].retryAfterSeconds ?? null } = options;
    this.retryAfterSeconds = retryAfterSeconds;
    this.headers = options.headers ?? {};
  }

  /** Is it a failure of ours or of what we depend on, to be logged as an error and reported? */
  get failure(): boolean {
    return isFailure(kinds[this.kind]);
  }

  /** The HTTP status in that dialect. */
  status(dialect: Dialect): number {
    const row = kinds[this.kind];
    return dialect === 'cody' ? row.status : (row.dialectStatus ?? row.status);
  }
}

function isFailure({ status, expected }: Row): boolean {
  return status >= 500 && expected !== true;
}

/**
 * Turns whatever was thrown into a Refusal; any other error becomes `internal`, its message kept for the log as cause
 * only.
 */
export function asRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown;
  return new Refusal('internal', 'internal error: the gateway failed to handle this request', { cause: thrown });
}
