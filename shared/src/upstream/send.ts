// One attempt at one home under its deadlines, from the request to an Answer. The bytes are http/post.ts's, the meaning the dialect's. Not which home.

import type { IncomingMessage } from 'node:http';
import type { Config } from '../config/config.ts';
import { post, Refusal } from '../http/http.ts';
import type { Lease } from '../limiter/limiter.ts';
import type { Home } from '../catalogue/catalogue.ts';
import type { Answer, Call } from './call.ts';
import { dialectNamed } from './dialects.ts';
import type { homeAccess } from './home-access.ts';
import { callerHeaders } from './response-headers.ts';
import { callerStatus, retryAfter } from './status.ts';
import { createReader, type Reader } from './reader.ts';

/** What a call depends on besides its lease. */
export interface SendOptions {
  /** The caller left. */
  readonly signal: AbortSignal;
  /** The caller's own deadline in ms (`X-Timeout-Ms`), in place of headers and total deadline, at most the function's; null without. */
  readonly timeoutMs: number | null;
  /** Is told of a call without an answer whose request had left whole: it may be billed. */
  readonly onUnanswered?: () => void;
}

/** A deadline passed. */
export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';
  readonly which: 'headers' | 'idle' | 'total';

  constructor(which: 'headers' | 'idle' | 'total', ms: number) {
    super(`the provider exceeded the ${which} deadline of ${ms} ms`);
    this.which = which;
  }
}

/** How a call is ended before its time, why it was, and who has to be told besides the connection. */
interface Ending {
  reason: Error | null;
  reader: Reader | null;
  /** Whoever waits for something else than the answer, or null. */
  listener: (() => void) | null;
  end(reason: Error): void;
}

/** The three deadlines of a call in ms. */
type Deadlines = Pick<Config, 'headersTimeoutMs' | 'idleTimeoutMs' | 'totalTimeoutMs'>;

/** What all attempts of a process share. */
export interface AttemptMeans {
  readonly deadlines: Deadlines;
  readonly destination: ReturnType<typeof homeAccess>;
}

/**
 * Address, authorization and the model's spelling are the home's, and made for each attempt.
 * @param lease proof of admission, for this model
 * @throws Refusal upstream-timeout, upstream-unreachable, upstream-credentials; the caller's AbortError
 */
export async function attempt(
  home: Home,
  lease: Lease,
  call: Call,
  { deadlines, destination: destinationFor }: AttemptMeans,
  { signal, timeoutMs, onUnanswered }: SendOptions,
): Promise<Answer> {
  const { model, provider } = call;
  if (model === null || model.id !== lease.permit.model)
    throw new Error(`a lease for ${lease.permit.model}, not ${model?.id ?? call.asked}`);
  const totalMs = Math.min(timeoutMs ?? deadlines.totalTimeoutMs, deadlines.totalTimeoutMs);
  const headersMs = timeoutMs === null ? Math.min(deadlines.headersTimeoutMs, totalMs) : totalMs;
  const dialect = dialectNamed(call.dialect);
  const spelling = home.spelling(model.name, model.id);
  const destination = await destinationFor({
    home,
    dialectName: call.dialect,
    dialect,
    reading: call,
    model: spelling,
  });
  if (signal.aborted) throw signal.reason;
  const sent = post(destination, ...dialect.body(call, spelling, home));
  const ending: Ending = {
    reason: null,
    reader: null,
    listener: null,
    end: (reason) => {
      ending.reason ??= reason;
      // Before the connection: destroyed, it may say that the answer has ended.
      ending.reader?.fail(ending.reason);
      sent.end(ending.reason);
      ending.listener?.();
    },
  };
  const onLeft = (): void => ending.end(signal.reason as Error);
  signal.addEventListener('abort', onLeft, { once: true });
  const headersTimer = setTimeout(() => ending.end(new DeadlinePassed('headers', headersMs)), headersMs);
  const totalTimer = setTimeout(() => ending.end(new DeadlinePassed('total', totalMs)), totalMs);
  /** The total deadline is the caller's too: it runs until the answer is taken, not until it has come. */
  const finish = (): void => {
    clearTimeout(totalTimer);
    signal.removeEventListener('abort', onLeft);
  };
  let response: IncomingMessage;
  try {
    response = await sent.answer;
  } catch (error) {
    finish();
    if (sent.isWhole()) onUnanswered?.();
    throw failure(provider.id, signal, error);
  } finally {
    clearTimeout(headersTimer);
  }
  const abort = (): void => {
    response.destroy();
    finish();
  };
  if (isEncoded(response)) {
    onUnanswered?.();
    abort();
    throw failure(provider.id, signal, new Error('an encoding that was not asked for'));
  }
  const status = response.statusCode ?? 0;
  const sse = (response.headers['content-type'] ?? '').startsWith('text/event-stream');
  return {
    status,
    callerStatus: callerStatus(status),
    retryAfter: retryAfter(status, response.headers['retry-after'], provider.retryAfterSeconds),
    credentialsRefused: status === 401 || status === 403,
    headers: callerHeaders(response.headers, sse),
    sse,
    arrayStream: call.arrayStream === true && !sse && status >= 200 && status < 300,
    body: bodyOf(response, ending, deadlines.idleTimeoutMs, finish),
    meter: dialect.meter(call, provider, model.name),
    onEnded: (listener) => {
      ending.listener = listener;
      if (ending.reason !== null) listener?.();
    },
    abort,
  };
}

/** Compressed bytes could neither be metered nor, without their header, be read. */
function isEncoded({ headers }: IncomingMessage): boolean {
  return (headers['content-encoding'] ?? 'identity') !== 'identity';
}

/** The body under the idle and total deadlines; reading it to its end, or stopping to, ends the call. */
function bodyOf(response: IncomingMessage, ending: Ending, idleMs: number, finish: () => void): AsyncIterable<Buffer> {
  const reader = createReader(response, finish);
  ending.reader = reader;
  const idleTimer = setTimeout(() => {
    // A caller that is slow to take a chunk does not make the provider idle.
    if (reader.waits()) ending.end(new DeadlinePassed('idle', idleMs));
    else idleTimer.refresh();
  }, idleMs);
  response.on('data', () => idleTimer.refresh()).once('close', () => clearTimeout(idleTimer));
  return reader;
}

function failure(provider: string, signal: AbortSignal, error: unknown): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof DeadlinePassed)
    return new Refusal('upstream-timeout', `request to upstream provider ${provider} timed out`, { cause: error });
  return new Refusal(
    'upstream-unreachable',
    `failed to make request to upstream provider ${provider}: ${reasonOf(error)}`,
    { cause: error },
  );
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host not found',
  ETIMEDOUT: 'connection timed out',
};

/** Public words for a transport fault: never an address. */
function reasonOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return (typeof code === 'string' ? reasons[code] : undefined) ?? 'connection failed';
}
