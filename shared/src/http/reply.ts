// Writes answers of our own: refusals in the caller's dialect, small JSON documents, the closing error event of a
// broken stream.

import type { Received } from './received.ts';
import { kinds, type Dialect, type Refusal } from './refusal.ts';

/**
 * Plain text: clients parse the first two (shared/COMPATIBILITY.md#quota-text), the third is Go's own
 * (shared/COMPATIBILITY.md#error-shape).
 */
const plainOnCody: ReadonlySet<string> = new Set(['quota-exceeded', 'concurrency-exceeded', 'not-found']);

/** What an answer is written to. */
type Reply = Pick<Received, 'response' | 'replyHeaders'>;

/**
 * Sends a whole answer. `headers` are lower-case; the body's type must be among them where there is a body.
 * @param body a text, or the pieces of a long one
 */
export function answer(
  { response, replyHeaders }: Reply,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | readonly Buffer[],
): void {
  if (response.headersSent || response.destroyed) return;
  const pieces = typeof body === 'string' ? [Buffer.from(body, 'utf8')] : body;
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  response.writeHead(status, { ...replyHeaders, ...headers, 'content-length': String(bytes) });
  for (const piece of pieces.slice(0, -1)) response.write(piece);
  response.end(pieces.at(-1));
}

/**
 * Sends a refusal in the caller's dialect and ends the response. A body that nobody read is thrown away by Node as it
 * comes.
 * @param requestId stands in the Anthropic shape (`request_id`), as that provider's clients log it.
 */
export function refuse(reply: Reply, refusal: Refusal, dialect: Dialect, requestId: string): void {
  const headers: Record<string, string> = {};
  if (refusal.retryAfterSeconds !== null) headers['retry-after'] = String(refusal.retryAfterSeconds);
  if (dialect !== 'cody' && kinds[refusal.kind].inVain === true) headers['x-should-retry'] = 'false';
  const [type, body] = refusalBody(refusal, dialect, requestId);
  if (type !== null) headers['content-type'] = type;
  if (type === 'text/plain; charset=utf-8') headers['x-content-type-options'] = 'nosniff';
  answer(reply, refusal.status(dialect), { ...headers, ...refusal.headers }, body);
}

/** Content type (null: no body) and body of a refusal. */
function refusalBody(
  refusal: Refusal,
  dialect: Dialect,
  requestId: string,
): readonly [type: string | null, body: string] {
  // Empty as in the original gateway: the operators' secret everywhere, a wrong method to instances
  // (shared/COMPATIBILITY.md#diagnostics-secret, shared/COMPATIBILITY.md#error-shape).
  if (
    refusal.message === '' ||
    (dialect === 'cody' && refusal.kind === 'method-not-allowed') ||
    refusal.kind === 'diagnostics-secret'
  )
    return [null, ''];
  if (dialect === 'cody' && plainOnCody.has(refusal.kind)) return ['text/plain; charset=utf-8', `${refusal.message}\n`];
  return ['application/json', `${escapeHtml(JSON.stringify(errorShape(refusal, dialect, requestId)))}\n`];
}

/** The error document of each dialect. */
function errorShape(refusal: Refusal, dialect: Dialect, requestId: string): unknown {
  const row = kinds[refusal.kind];
  switch (dialect) {
    case 'cody':
      return { error: refusal.message };
    case 'openai':
    case 'openai-responses':
      return { error: { message: refusal.message, type: row.openai[0], param: null, code: row.openai[1] } };
    case 'anthropic':
      return { type: 'error', error: { type: row.anthropic, message: refusal.message }, request_id: requestId };
    case 'google':
      return { error: googleError(refusal, requestId) };
  }
}

/**
 * The one event that tells the caller that a stream broke; no end mark follows. The shapes are those that each client
 * reads as an error.
 * @param number of the event, where the API numbers them
 */
export function errorEvent(refusal: Refusal, dialect: Dialect, requestId: string, number = 0): string {
  if (dialect === 'openai-responses') return responsesErrorEvent(refusal, number);
  const data = JSON.stringify(errorShape(refusal, dialect, requestId));
  // OpenAI's and Google's own streams name no events: their SDKs throw on an `error` member in any data
  // (openai/core/streaming).
  return dialect === 'openai' || dialect === 'google' ? `data: ${data}\n\n` : `event: error\ndata: ${data}\n\n`;
}

/**
 * Statuses of Google's APIs by HTTP's (google/rpc/code.proto); what has none of its own is the caller's fault or ours.
 */
const googleStatuses: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** Its clients wait as long as `RetryInfo` says, wherever else that stands. */
function googleError(refusal: Refusal, requestId: string): object {
  const code = refusal.status('google');
  const { kind, message, retryAfterSeconds } = refusal;
  const type = 'type.googleapis.com/google.rpc';
  const reason = kind.toUpperCase().replaceAll('-', '_');
  return {
    code,
    message,
    status: googleStatuses[code] ?? (code < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL'),
    details: [
      { '@type': `${type}.ErrorInfo`, reason, domain: 'cody-gateway' },
      { '@type': `${type}.RequestInfo`, requestId },
      ...(retryAfterSeconds === null ? [] : [{ '@type': `${type}.RetryInfo`, retryDelay: `${retryAfterSeconds}s` }]),
    ],
  };
}

/** OpenAI documents these members beside the type; clients have been written that look for them in `error`. */
function responsesErrorEvent({ kind, message }: Refusal, sequence_number: number): string {
  const [type, code] = kinds[kind].openai;
  const told = { code: code ?? type, message, param: null };
  const data = { type: 'error', ...told, sequence_number, error: { type, ...told } };
  return `event: error\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Go's JSON encoder writes these three escaped, and so did every answer that clients have seen. */
function escapeHtml(json: string): string {
  return json.replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
}
