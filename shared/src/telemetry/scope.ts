// The scope of one request: its trace and span id, and the fields that its one log line will carry.

import { randomBytes } from 'node:crypto';
import type { ErrorReport } from './error-report.ts';
import type { ErrorReports } from './error-reports.ts';
import type { Exporter } from './exporter.ts';
import type { Log, LogFields, LogTrace, Severity } from './log.ts';
import { briefLine, isOrdinary, statusOf } from './ordinary-call.ts';
import { requestAttributes, requestName } from './request-span.ts';
import {
  noAttributes,
  noSpan,
  startSpan,
  unixMs,
  type Attributes,
  type Span,
  type SpanLink,
  type SpanRecord,
  type TraceFacts,
} from './span.ts';

/** One request's telemetry. */
export interface Scope extends LogTrace {
  /** The caller's span (W3C `parent-id`), or null where the trace begins here. */
  readonly parentSpanId: string | null;
  /** Response headers by which clients and operators find the trace (shared/COMPATIBILITY.md#trace-headers). */
  readonly headers: { readonly 'x-trace': string; readonly 'x-span': string; readonly 'x-trace-span': string };
  /** Adds fields to the request's line; the last value of a name wins. */
  annotate(fields: LogFields): void;
  /** Writes a line of its own within this trace. */
  log(severity: Severity, message: string, fields?: LogFields, error?: unknown): void;
  /**
   * Does a step of the request as a span: `describe` tells its attributes, what is thrown fails it by its `kind` or
   * name.
   */
  span<T>(name: string, work: () => Promise<T>, describe?: (result: T) => Attributes): Promise<T>;
  /** Begins an outgoing call, which may end elsewhere. It counts as in flight until then. */
  startCall(name: string, attributes: Attributes): Span;
  /** A thing that happened, with what there is to know of it; computed only where spans are kept. */
  mark(name: string, describe: () => Attributes): void;
  /** A step that is over. @param startedMs by `performance.now()` @param failure in a word; null: it did not fail */
  past(name: string, startedMs: number, ms: number, failure: string | null, describe: () => Attributes): void;
  /** Another trace's span that this request works for. */
  link(link: SpanLink): void;
  /** Hands the errors so far, and an answer of this status, to Sentry; waits for it, but not long. */
  reportErrors(status: number): Promise<void>;
  /** Its 5xx is not our fault and does not go to Sentry; other errors of this request do. */
  expectFailure(): void;
  /** Closes the scope with the request's line. Once; later calls do nothing. */
  close(severity: Severity, message: string, fields: LogFields, error?: unknown): void;
}

// version "-" trace-id "-" parent-id "-" flags; later versions may append members (W3C Trace Context §3.2, §4.3).
const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;
// Google's older header: TRACE_ID/SPAN_ID;o=OPTIONS, the span in decimal.
const cloudTrace = /^(?!0{32})([0-9a-f]{32})(?:\/(\d{1,20}))?(?:;o=(\d))?$/;

/** Where spans and errors go; null where nobody wants them. */
export interface Outlets {
  readonly exporter: Exporter | null;
  readonly errors: ErrorReports | null;
  /** `all`, `selective` (asked for by header or `?trace=`), `none`. */
  readonly policy: 'all' | 'selective' | 'none';
  /** Of ordinary calls (ordinary-call.ts) so many percent tell everything; absent: all. */
  readonly samplePercent?: number | undefined;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** A 5xx of ours waits so long for Sentry at most. */
const sentryWaitMs = 300;
/** Errors of one request that are kept for its report; a stream that fails again and again has more in the log. */
const errorsMax = 5;
/** Events of one task come from many requests. */
const linksMax = 64;

/** The caller's trace is continued when its header is well formed; otherwise a new one begins. */
export function createScope(
  headers: Headers,
  url: string,
  log: Log,
  outlets: Outlets,
  route = requestName(url),
): Scope {
  return new RequestScope(headers, url, log, outlets, route);
}

/** A class: it lives as long as a stream, and so would a closure for each of its methods. */
class RequestScope implements Scope {
  readonly traceId: string;
  readonly spanId: string;
  /** Lines before the end are of calls that tell everything. */
  readonly sampled: boolean;
  readonly parentSpanId: string | null;
  readonly headers: Scope['headers'];
  readonly #url: string;
  readonly #log: Log;
  readonly #outlets: Outlets;
  readonly #fields: Record<string, unknown> = {};
  readonly #root: Span;
  readonly #facts: { -readonly [Name in keyof TraceFacts]: TraceFacts[Name] };
  readonly #links: SpanLink[];
  /** Written out together when the request is over, so that no step waits for it. */
  readonly #steps: SpanRecord[] = [];
  #failures: ErrorReport[] | null = null;
  #isWhole: boolean;
  #isOpen = true;
  #isReported = false;
  /** An answer of 5xx needs no report of its own. */
  #isTold = false;

  constructor(headers: Headers, url: string, log: Log, outlets: Outlets, route: string) {
    const { exporter, policy, samplePercent = 100 } = outlets;
    const parent = parentOf(headers);
    const traceId = parent?.traceId ?? randomHex(32);
    const spanId = randomHex(16);
    const asks = policy === 'selective' || (policy === 'all' && samplePercent < 100);
    const wanted = asks && isWanted(headers, url);
    this.traceId = traceId;
    this.spanId = spanId;
    // The caller's sampling flag is not ours to follow: anybody could switch our costs.
    this.sampled = policy === 'all' || wanted;
    this.parentSpanId = parent?.spanId ?? null;
    this.headers = { 'x-trace': traceId, 'x-span': spanId, 'x-trace-span': spanId };
    this.#url = url;
    this.#log = log;
    this.#outlets = outlets;
    // Our own id decides: the trace's is the caller's to choose.
    this.#isWhole = wanted || samplePercent >= 100 || shareOf(spanId) < samplePercent;
    // Parent and link: viewers that open the caller's trace see ours, and those that open ours find the caller's.
    this.#links = this.parentSpanId === null ? [] : [{ traceId, spanId: this.parentSpanId }];
    const { sampled, parentSpanId } = this;
    this.#facts = { traceId, spanId, sampled, parentSpanId, links: this.#links };
    this.#root = exporter === null ? noSpan : startSpan(route, 'server', noAttributes, this);
  }

  annotate(more: LogFields): void {
    Object.assign(this.#fields, more);
  }

  log(severity: Severity, message: string, more: LogFields = {}, error?: unknown): void {
    this.#isWhole = true;
    this.#log(severity, message, more, this, error);
    const { errors } = this.#outlets;
    if (errors === null || severity !== 'ERROR') return;
    if (error === undefined || error === null) {
      // Details of a 5xx that is not an exception: its report has them.
      for (const name of ['upstream_status', 'upstream_headers']) if (name in more) this.#fields[name] = more[name];
      return;
    }
    this.#isTold = true;
    const failure = { message, error, details: more, trace: this.#trace() };
    this.#failures ??= [];
    if (!this.#isOpen) errors.report({ ...failure, details: { ...this.#fields, ...more } as LogFields });
    else if (this.#failures.length < errorsMax) this.#failures.push(failure);
  }

  async span<T>(name: string, work: () => Promise<T>, describe?: (result: T) => Attributes): Promise<T> {
    if (this.#outlets.exporter === null) return work();
    const span = startSpan(name, 'internal', noAttributes, this);
    try {
      const result = await work();
      span.end(describe?.(result));
      return result;
    } catch (error) {
      span.end(noAttributes, failureOf(error));
      throw error;
    }
  }

  startCall(name: string, attributes: Attributes): Span {
    const { exporter } = this.#outlets;
    if (exporter === null) return noSpan;
    exporter.inFlight(1, attributes);
    return startSpan(name, 'client', attributes, this);
  }

  mark(name: string, describe: () => Attributes): void {
    this.past(name, performance.now(), 0, null, describe);
  }

  past(name: string, startedMs: number, ms: number, failure: string | null, describe: () => Attributes): void {
    if (this.#outlets.exporter === null) return;
    const startMs = unixMs(startedMs);
    const times = { startMs, endMs: startMs + ms };
    this.take({ name, kind: 'internal', ...times, base: noAttributes, attributes: describe(), failure });
  }

  link(link: SpanLink): void {
    if (
      this.#outlets.exporter !== null &&
      this.#links.length < linksMax &&
      spanIdOf.test(link.spanId) &&
      traceIdOf.test(link.traceId)
    )
      this.#links.push(link);
  }

  async reportErrors(status: number): Promise<void> {
    const { errors } = this.#outlets;
    if (errors === null) return;
    this.#report(errors, status);
    await errors.flush(sentryWaitMs);
  }

  expectFailure(): void {
    this.#isTold = true;
  }

  close(severity: Severity, message: string, more: LogFields, error?: unknown): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const line = Object.assign(this.#fields, more) as LogFields;
    this.#isWhole ||= severity !== 'INFO' || !isOrdinary(line);
    this.#facts.sampled = this.sampled && this.#isWhole;
    if (this.#isWhole) this.#log(severity, message, line, this, error);
    else this.#log(severity, '', briefLine(line), this);
    const { exporter, errors } = this.#outlets;
    if (exporter !== null) {
      this.#root.end(requestAttributes(line), failureOfLine(line));
      exporter.take(this.#facts, this.#steps);
    }
    if (errors !== null) this.#report(errors, statusOf(line));
  }

  /** A span of this request that ended. */
  take(span: SpanRecord): void {
    const { exporter } = this.#outlets;
    if (span.kind === 'client') exporter?.inFlight(-1, span.base);
    if (this.#isOpen || span.kind === 'server') this.#steps.push(span);
    else exporter?.take(this.#facts, [span]);
  }

  #report(errors: ErrorReports, status: number): void {
    if (this.#isReported) return;
    const details = { ...this.#fields, status, path: requestName(this.#url) } as LogFields;
    for (const failure of this.#failures?.splice(0) ?? [])
      errors.report({ ...failure, details: { ...details, ...failure.details } });
    if (status >= 500 && !this.#isTold)
      errors.report({ message: `answered ${status}`, error: null, details, trace: this.#trace() });
    if (status >= 500) this.#isReported = true;
  }

  #trace(): LogTrace {
    const { traceId, spanId, sampled } = this;
    return { traceId, spanId, sampled };
  }
}

const traceIdOf = /^(?!0{32})[0-9a-f]{32}$/;
const spanIdOf = /^(?!0{16})[0-9a-f]{16}$/;

/** Where an id lies among all, in percent. */
function shareOf(spanId: string): number {
  return (Number.parseInt(spanId.slice(-8), 16) / 2 ** 32) * 100;
}

function failureOfLine(line: LogFields): string | null {
  const status = statusOf(line);
  if (status < 500) return null;
  return typeof line['refusal'] === 'string' ? line['refusal'] : String(status);
}

/** A word for what was thrown: never its text, which may quote somebody. */
function failureOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return typeof error;
  if ('kind' in error && typeof error.kind === 'string') return error.kind;
  return error instanceof Error ? error.name : 'object';
}

/** `X-Sourcegraph-Should-Trace` or `?trace=`, as Go reads booleans (shared/COMPATIBILITY.md#trace-headers). */
function isWanted(headers: Headers, url: string): boolean {
  const yes = /^(1|t|T|true|TRUE|True)$/;
  if (yes.test(single(headers['x-sourcegraph-should-trace']))) return true;
  const query = url.indexOf('?');
  return query !== -1 && yes.test(new URLSearchParams(url.slice(query)).get('trace') ?? '');
}

const poolBytes = 2_400;
let pool = '';
let poolAt = 0;

/** Digits that are never all zero. From a pool: a system call for every hundredth request. */
function randomHex(digits: 16 | 32): string {
  if (poolAt + digits > pool.length) {
    pool = randomBytes(poolBytes).toString('hex');
    poolAt = 0;
  }
  const drawn = pool.slice(poolAt, (poolAt += digits));
  return allZero.test(drawn) ? randomHex(digits) : drawn;
}

const allZero = /^0+$/;

function parentOf(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): { traceId: string; spanId: string | null } | null {
  const w3c = traceparent.exec(single(headers['traceparent']));
  if (w3c?.[1] !== undefined && w3c[2] !== undefined) return { traceId: w3c[1], spanId: w3c[2] };
  const google = cloudTrace.exec(single(headers['x-cloud-trace-context']));
  if (google?.[1] === undefined) return null;
  return {
    traceId: google[1],
    spanId: google[2] === undefined ? null : BigInt(google[2]).toString(16).padStart(16, '0').slice(-16),
  };
}

function single(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value.trim() : '';
}
