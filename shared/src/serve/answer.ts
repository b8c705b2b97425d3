// The answer's half of a completion: from the provider call to the end of the response. Not the request
// (completion.ts), nor the charge (charged.ts).

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { errorEvent, loadCompression, Refusal, type GzipFrames } from '../http/http.ts';
import { DeadlinePassed, type Answer, type Attempt, type Call, type Metered } from '../upstream/upstream.ts';
import type { AttemptLog } from './attempt-log.ts';
import type { Charge } from './charge.ts';
import { notServed, type Ended, type Held } from './charged.ts';
import type { Exchange } from './exchange.ts';
import { relay, type Relayed } from './relay.ts';

/**
 * Sends the call and relays what comes; the response stays open until the call is settled.
 * @throws Refusal: no answer came
 */
export async function sendAndRelay(
  exchange: Exchange,
  { lease, span, meter }: Held,
  call: Call,
  { isBilled, unitsOf }: Pick<Charge, 'isBilled' | 'unitsOf'>,
  attempts: AttemptLog,
): Promise<Ended<Metered>> {
  const { context, received, scope, timing } = exchange;
  const { response, callerLeft } = received;
  const sent = { unanswered: false };
  const onUnanswered = (): void => void (sent.unanswered = true);
  const options = {
    signal: callerLeft,
    timeoutMs: timeoutOf(exchange),
    onAttempt: (attempt: Attempt) => attempts.take(attempt),
    onUnanswered,
  };
  const soFar = (known: Answer | null): void => {
    if (!lease.hasMoney || !isBilled) return;
    meter(() => ({
      parts: context.upstream.soFar(call, known, timing.upstreamMs() ?? 0),
      home: attempts.home(),
    }));
  };
  let answer: Answer;
  try {
    soFar(null);
    answer = await context.upstream.send(lease, call, options);
  } catch (error) {
    const billed = sent.unanswered && isBilled ? context.upstream.unanswered(call, timing.upstreamMs() ?? 0) : [];
    return { ...notServed<Metered>(exchange, error), billed, abandoned: attempts.abandoned(sent.unanswered) };
  }
  received.bodyGone();
  soFar(answer);
  scope.annotate({ upstream_status: answer.status, upstream_headers_ms: Math.round(answer.headersMs) });
  span.set({ 'gateway.upstream.time_to_headers': answer.headersMs / 1000, retry_after: answer.retryAfter });
  if (answer.refusal !== null) return refused(exchange, answer, answer.refusal, attempts);
  if (answer.callerStatus >= 500)
    scope.log('ERROR', `upstream provider ${call.provider.id} answered ${answer.status}`, {
      upstream_status: answer.status,
      upstream_headers: answer.headers,
    });
  const headers: OutgoingHttpHeaders = {
    ...received.replyHeaders,
    ...responseHeaders(answer),
    'server-timing': timing.header(attempts.count()),
  };
  const isCompressed =
    context.config.streamCompression === 'gzip' && exchange.dialect !== 'cody' && answer.callerStatus < 300;
  const compression = isCompressed ? await loadCompression() : null;
  let isStream = answer.sse || answer.arrayStream;
  let gzip: GzipFrames | null = null;
  // With the first byte: an answer that breaks off before it can still be refused with the right status.
  const begin = (): GzipFrames | null => {
    if (response.headersSent) return gzip;
    if (isStream && compression !== null) gzip = compression.compress(received.headers['accept-encoding'], headers);
    response.writeHead(answer.callerStatus, headers);
    return gzip;
  };
  const onFirstByte = (stream: boolean): void => {
    isStream ||= stream;
    // One event of a stream may be kept back, whatever its content type says, so its length is not known.
    if (stream) delete headers['content-length'];
    if (isStream) span.set({ 'gen_ai.response.time_to_first_chunk': (timing.upstreamMs() ?? 0) / 1000 });
    scope.annotate({ first_byte_ms: Math.round(timing.totalMs()) });
  };
  const relayed = await relay(answer, response, begin, callerLeft, onFirstByte);
  const accepted = answer.status >= 200 && answer.status < 300;
  // Nobody is charged for a failure that the provider reports before the model wrote anything, even in an answer of
  // 200.
  const served = accepted && !(answer.meter.failed() && answer.meter.written() === 0);
  const used = served && isBilled ? await context.upstream.usage(call, answer, timing.upstreamMs() ?? 0) : null;
  return {
    upstreamStatus: answer.status,
    resolvedStatus: resolvedStatus(exchange, answer, relayed),
    used,
    ...(used !== null && { billed: used.billed }),
    ...(accepted && (!served || !isBilled)
      ? { units: 0 }
      : used !== null && unitsOf !== undefined && { units: unitsOf(used) }),
    abandoned: attempts.abandoned(false),
    answerBytes: relayed.bytes,
    cancelled: relayed.end === 'left',
    truncated: relayed.end === 'cut' || (relayed.end === 'whole' && served && answer.meter.failed()),
    reply: () => {
      if (relayed.end === 'whole') begin();
      close(exchange, answer, relayed, gzip);
    },
  };
}

/** `X-Timeout-Ms`: a positive integer; anything else is ignored with a warning. */
function timeoutOf({ received, scope }: Exchange): number | null {
  const header = received.headers['x-timeout-ms'];
  if (header === undefined) return null;
  if (typeof header === 'string' && /^[1-9]\d{0,9}$/.test(header.trim())) return Number(header);
  scope.log('WARNING', 'X-Timeout-Ms is not a positive integer and was ignored');
  return null;
}

/** A failure that is our fault is told in our own words: the provider's text about our account is not for callers. */
function refused({ dialect }: Exchange, answer: Answer, refusal: Refusal, attempts: AttemptLog): Ended<Metered> {
  answer.abort();
  return {
    upstreamStatus: answer.status,
    resolvedStatus: refusal.status(dialect),
    used: null,
    refusal,
    abandoned: attempts.abandoned(false),
    reply: () => {
      throw refusal;
    },
  };
}

function responseHeaders(answer: Answer): OutgoingHttpHeaders {
  return {
    ...answer.headers,
    ...((answer.sse || answer.arrayStream) && { 'cache-control': 'no-cache', 'x-accel-buffering': 'no' }),
    ...(answer.retryAfter !== null && { 'retry-after': answer.retryAfter }),
  };
}

/** The status that the caller sees; -1 when it left before there was one. */
function resolvedStatus({ received, dialect }: Exchange, answer: Answer, { end, error }: Relayed): number {
  if (received.response.headersSent || end === 'whole') return answer.callerStatus;
  return end === 'left' ? -1 : cutRefusal(error).status(dialect);
}

/**
 * After the settlement: the end of the response, or the error event and no end mark when the provider broke off without
 * a word of its own.
 * @throws Refusal when it did so before the first byte
 */
function close(
  { received, scope, dialect }: Exchange,
  answer: Answer,
  relayed: Relayed,
  gzip: GzipFrames | null,
): void {
  const { response } = received;
  if (relayed.end === 'whole') end(response, gzip, relayed.last);
  else if (relayed.end === 'cut') {
    if (!response.headersSent) throw cutRefusal(relayed.error);
    scope.log('WARNING', 'the provider broke off: the caller pays for what had come', {}, relayed.error);
    if (!relayed.stream) response.destroy();
    else if (answer.meter.failed()) end(response, gzip, null);
    else
      end(response, gzip, errorEvent(cutRefusal(relayed.error), dialect, scope.traceId, answer.meter.nextNumber?.()));
  }
}

function end(response: ServerResponse, gzip: GzipFrames | null, last: Buffer | string | null): void {
  response.end(gzip === null ? last : gzip.end(typeof last === 'string' ? Buffer.from(last) : last));
}

/** Too slow and broken are told apart, as they are before the first byte. */
function cutRefusal(error: unknown): Refusal {
  return error instanceof DeadlinePassed
    ? new Refusal('upstream-timeout', 'the provider did not finish its answer in time', { cause: error })
    : new Refusal('upstream-unreachable', 'the provider broke off its answer', { cause: error });
}
