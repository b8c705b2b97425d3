// The scope of one request: its trace and span id, and the fields that its one log line will carry.

import { randomUUID } from 'node:crypto';
import type { Log, LogFields, LogTrace, Severity } from './log.ts';

/** One request's telemetry. */
export interface Scope extends LogTrace {
  /** The caller's span (W3C `parent-id`), or null where the trace begins here. */
  readonly parentSpanId: string | null;
  /** Response headers by which clients and operators find the trace (design D4). */
  readonly headers: { readonly 'x-trace': string; readonly 'x-span': string; readonly 'x-trace-span': string };
  /** Adds fields to the request's line; the last value of a name stands. */
  note(fields: LogFields): void;
  /** Writes a line of its own within this trace. */
  log(severity: Severity, message: string, fields?: LogFields, error?: unknown): void;
  /** Closes the scope with the request's line. Once; later calls do nothing. */
  close(severity: Severity, message: string, fields: LogFields, error?: unknown): void;
}

// version "-" trace-id "-" parent-id "-" flags; later versions may append members (W3C Trace Context §3.2, §4.3).
const traceparent = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/;
// Google's older header: TRACE_ID/SPAN_ID;o=OPTIONS, the span in decimal (spec platform §7.2).
const cloudTrace = /^(?!0{32})([0-9a-f]{32})(?:\/(\d{1,20}))?(?:;o=(\d))?$/;

/** The caller's trace is continued when its header is well formed; otherwise a new one begins. */
export function createScope(headers: Readonly<Record<string, string | string[] | undefined>>, log: Log): Scope {
  const parent = parentOf(headers);
  const traceId = parent?.traceId ?? randomHex();
  const spanId = randomHex().slice(16);
  // The caller's sampling flag is not ours to follow: a stranger could switch our costs (design D4).
  const trace: LogTrace = { traceId, spanId, sampled: true };
  const fields: Record<string, unknown> = {};
  let open = true;
  return {
    ...trace,
    parentSpanId: parent?.spanId ?? null,
    headers: { 'x-trace': traceId, 'x-span': spanId, 'x-trace-span': spanId },
    note: (more) => {
      Object.assign(fields, more);
    },
    log: (severity, message, more = {}, error) => log(severity, message, more, trace, error),
    close: (severity, message, more, error) => {
      if (!open) return;
      open = false;
      log(severity, message, { ...fields, ...more } as LogFields, trace, error);
    },
  };
}

/** 32 digits, never all zero. Node draws UUIDs from a pool: a system call for every hundredth request. */
function randomHex(): string {
  return randomUUID().replaceAll('-', '');
}

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
