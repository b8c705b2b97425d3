// One attempt at one home under its deadlines, from the request to an Answer, or to how it failed. The bytes are
// http/post.ts's, the meaning the dialect's. Not which home, nor what follows (homes/failover.ts).

import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { decoded, flattenHeader, post, Refusal, type Sent } from '../http/http.ts';
import type { Home, Model } from '../catalogue/catalogue.ts';
import type { Answer, Attempt, AttemptFailureKind, Call } from './call.ts';
import { deadlinesOf, type Deadlines } from './deadlines.ts';
import { dialectNamed } from './dialects.ts';
import { AttemptFailure } from './homes/attempt-failure.ts';
import { judge, ourFaults, type Judged } from './homes/blame.ts';
import type { AttemptOutcome } from './homes/health.ts';
import { beginsAsStream, begun, errorText, holdStream, holdWhole, type FirstWords } from './homes/hold.ts';
import { refusalOfOurs } from './homes/our-refusal.ts';
import type { homeAccess } from './home-access.ts';
import { callerHeaders } from './response-headers.ts';
import { waitIn } from './retry-info.ts';
import { callerStatus, retryAfter, waitAsked } from './status.ts';
import { createReader, type Reader, type ReaderEnd } from './reader.ts';

/** What a call depends on besides its lease. */
export interface SendOptions {
  /** The caller left. */
  readonly signal: AbortSignal;
  /**
   * The caller's own deadline in ms (`X-Timeout-Ms`), in place of headers and total deadline, at most the function's;
   * null without.
   */
  readonly timeoutMs: number | null;
  /** Is told of each attempt when it is known how it went. */
  readonly onAttempt?: (attempt: Attempt) => void;
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

/** What all attempts of a process share. */
export interface AttemptMeans {
  readonly deadlines: Deadlines;
  readonly destination: ReturnType<typeof homeAccess>;
  /** Milliseconds of a clock that does not jump. */
  readonly now: () => number;
  /** A home that has sent its headers and nothing else keeps the call after so long: no other home is asked. */
  readonly holdMs: number;
}

/** What one attempt is made with. */
export interface AttemptTarget {
  readonly home: Home;
  /** Of the home's key; null where it has none. */
  readonly secret: string | null;
  readonly model: Model;
  /** What is left of the call's total deadline. */
  readonly leftMs: number;
  /** Is told how the answer went when it is over, once; after an attempt that failed, never. */
  readonly over: (outcome: AttemptOutcome) => void;
}

/**
 * Address, authorization and the model's spelling are the home's, and made for each attempt.
 * @returns the answer, if it has begun or is nothing that another home would make good
 * @throws the caller's AbortError; Refusal upstream-timeout: the call's own deadline; what is wrong with ourselves
 */
export async function attempt(
  { home, secret, model, leftMs, over }: AttemptTarget,
  call: Call,
  { deadlines: settings, destination: destinationFor, now, holdMs }: AttemptMeans,
  { signal, timeoutMs, onUnanswered }: SendOptions,
): Promise<Answer | AttemptFailure> {
  const { provider, forInstances } = call;
  const deadlines = deadlinesOf(call, settings);
  const headersMs = headersDeadline(home, call.stream, timeoutMs, deadlines, leftMs);
  const dialect = dialectNamed(call.dialect);
  const spelling = home.spelling(model.name, model.id);
  const destination = await destinationFor({
    home,
    dialectName: call.dialect,
    dialect,
    reading: call,
    model: spelling,
    secret,
  });
  const left = (): boolean => signal.aborted;
  if (left()) throw signal.reason;
  const startedMs = now();
  const sent = post(destination, ...dialect.body(call, spelling, home));
  const ending: Ending = {
    reason: null,
    reader: null,
    listener: null,
    end: (reason) => {
      ending.reason ??= reason;
      // Before the connection is destroyed: destroyed, it may look like an answer that has ended.
      ending.reader?.fail(ending.reason);
      sent.end(ending.reason);
      ending.listener?.();
    },
  };
  const onLeft = (): void => ending.end(signal.reason as Error);
  signal.addEventListener('abort', onLeft, { once: true });
  const headersTimer = setTimeout(() => ending.end(new DeadlinePassed('headers', headersMs)), headersMs);
  const totalTimer = setTimeout(() => ending.end(new DeadlinePassed('total', leftMs)), leftMs);
  /**
   * The total deadline covers the caller too: it runs until the answer has been taken, not only until it has arrived.
   */
  const finish = (): void => {
    clearTimeout(totalTimer);
    signal.removeEventListener('abort', onLeft);
  };
  const failed = (kind: AttemptFailureKind, error: unknown, more: Partial<AttemptFailure> = {}): AttemptFailure =>
    new AttemptFailure({
      kind,
      error: failure(provider.id, signal, error),
      connected: sent.connected(),
      wentOut: sent.isWhole(),
      home: home.row.id,
      model: spelling,
      sentMs: startedMs,
      ms: now() - startedMs,
      ...more,
    });
  let response: IncomingMessage;
  try {
    response = await sent.answer;
  } catch (error) {
    finish();
    if (left() || isOver(error, headersMs, leftMs)) {
      if (sent.isWhole()) onUnanswered?.();
      throw failure(provider.id, signal, error);
    }
    return failed(kindOf(error, sent), error);
  } finally {
    clearTimeout(headersTimer);
  }
  const abort = (): void => {
    response.destroy();
    finish();
  };
  const content = decoded(response);
  if (content === null) {
    abort();
    return failed('failed', new Error('an encoding that was not asked for'));
  }
  const status = response.statusCode ?? 0;
  let sse = isStream(response.headers['content-type'] ?? '');
  if (sse) flattenHeader((response as { readonly req?: ClientRequest }).req);
  const meter = dialect.meter(call, provider, model.name);
  let told = false;
  const tell = (outcome: AttemptOutcome): void => {
    if (!told) over(outcome);
    told = true;
  };
  const body = bodyOf(response, content, ending, deadlines.idleTimeoutMs, (end) => {
    finish();
    tell(outcomeOf(end, ending.reason, sse, meter));
  });
  const headersTookMs = now() - startedMs;
  const { headers } = response;
  /** Of an answer that is an error, what its body says. */
  let waitTold: string | null = null;
  const answer = (judged: Judged | null): Answer => ({
    status,
    callerStatus: callerStatus(status, forInstances),
    retryAfter: retryAfter(status, headers, forInstances ? provider.retryAfterSeconds : null, waitTold),
    refusal: judged !== null && ourFaults.has(judged.blame) ? refusalOfOurs(judged.blame, call, status) : null,
    // A decoded body has another length than the header says.
    headers: callerHeaders(headers, sse || content !== response, forInstances),
    sse,
    arrayStream: call.arrayStream === true && !sse && status >= 200 && status < 300,
    home: home.row.id,
    sentMs: startedMs,
    headersMs: headersTookMs,
    body,
    meter,
    onEnded: (listener) => {
      ending.listener = listener;
      if (ending.reason !== null) listener?.();
    },
    abort: () => {
      abort();
      tell('undecided');
    },
  });
  const success = status >= 200 && status < 300;
  if (content !== response && ending.reason === null && (await isUnreadable(body))) {
    abort();
    return failed('failed', new Error('an answer that its encoding does not fit'));
  }
  // Some servers label their streams as something else.
  if (success && call.stream && !sse && call.arrayStream !== true) sse = await beginsAsStream(body);
  const held = success ? await hold(body, sse, headers['content-type'] ?? '', call, holdMs) : null;
  if (left()) {
    if (success) onUnanswered?.();
    abort();
    throw signal.reason;
  }
  if (held?.what === 'begun') return answer(null);
  const facts = () => ({
    status,
    retryAfterMs: waitAsked(headers, waitTold, Date.now()),
    isFinal: headers['x-should-retry'] === 'false',
  });
  if (held?.what === 'cut') {
    // What ended the call ended it for all homes.
    if (ending.reason instanceof DeadlinePassed) return answer(null);
    told = true;
    abort();
    return failed('cut', held.error, { ...facts(), answer: null });
  }
  const text = held === null ? await errorText(body, holdMs) : held.text;
  waitTold = waitIn(text);
  const judged = judge(dialect.api, status, text, model.known);
  if (judged.blame === 'caller' || left()) {
    tell('served');
    return answer(judged);
  }
  // Nobody is told how it went but by the failure.
  told = true;
  return failed(judged.blame, null, { ...facts(), answer: answer(judged), said: judged.said });
}

const isStream = (contentType: string): boolean => contentType.startsWith('text/event-stream');

/** A failure is told in an event, or in a document. */
function hold(
  body: Reader,
  sse: boolean,
  contentType: string,
  { dialect }: Call,
  ms: number,
): Promise<FirstWords> | FirstWords {
  if (sse) return holdStream(body, dialect, ms);
  return contentType.startsWith('application/json') ? holdWhole(body, ms) : begun;
}

/** A stream has its home's own deadline. Only of a whole answer may the caller's own deadline take all that is left. */
function headersDeadline(
  { row }: Home,
  stream: boolean,
  timeoutMs: number | null,
  { headersTimeoutMs }: Deadlines,
  leftMs: number,
): number {
  const own = stream ? row.headersTimeoutMs : null;
  return Math.min(own ?? (timeoutMs === null ? headersTimeoutMs : leftMs), leftMs);
}

/** Whether the deadline that passed was the whole call's. */
function isOver(error: unknown, headersMs: number, leftMs: number): boolean {
  return error instanceof DeadlinePassed && (error.which === 'total' || headersMs >= leftMs);
}

function kindOf(error: unknown, sent: Sent): AttemptFailureKind {
  if (error instanceof DeadlinePassed) return 'silent';
  return sent.connected() ? 'lost' : 'unreachable';
}

/** Of an answer that came compressed: whether it breaks before its first byte. */
async function isUnreadable(body: Reader): Promise<boolean> {
  await body.arrival(0);
  return body.waiting.length === 0 && body.end() instanceof Error;
}

/** The body under the idle and total deadlines; reading it to its end, or stopping to, ends the call. */
function bodyOf(
  response: IncomingMessage,
  content: Readable,
  ending: Ending,
  idleMs: number,
  finish: (end: ReaderEnd) => void,
): Reader {
  const reader = createReader(content, finish);
  ending.reader = reader;
  const idleTimer = setTimeout(() => {
    // A caller that is slow to take a chunk does not make the provider idle.
    if (reader.waits()) ending.end(new DeadlinePassed('idle', idleMs));
    else idleTimer.refresh();
  }, idleMs);
  response.on('data', () => idleTimer.refresh()).once('close', () => clearTimeout(idleTimer));
  return reader;
}

/**
 * What an answer that is over says of the model at that home. A caller that left, or a living answer that was too long
 * for us, says nothing.
 */
function outcomeOf(end: ReaderEnd, reason: Error | null, sse: boolean, meter: Answer['meter']): AttemptOutcome {
  if (end === 'left') return 'undecided';
  if (end === 'broken')
    return reason === null || (reason instanceof DeadlinePassed && reason.which === 'idle') ? 'failed' : 'undecided';
  return sse && (meter.failed() || !meter.finished()) ? 'failed' : 'served';
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
