// Door of the telemetry room: the scope of one request (trace context, log fields) and the one way to write a log line.

import { createScope, type Scope } from './scope.ts';
import { createLog, type LogFields, type Severity } from './log.ts';

export type { Scope } from './scope.ts';
export type { LogFields, Severity } from './log.ts';

/** What a process has of it: opens scopes, writes lines that belong to no request. */
export interface Telemetry {
  /** Opens the scope of a request from its headers. */
  open(headers: Readonly<Record<string, string | string[] | undefined>>): Scope;
  /** A line outside any request (start, outbox, Redis). `error`'s stack is written, never its properties. */
  log(severity: Severity, message: string, fields?: LogFields, error?: unknown): void;
}

/** What telemetry needs to know of the process. */
export interface TelemetrySettings {
  readonly googleCloudProject: string | null;
  readonly functionName: string;
  readonly version: string;
}

/**
 * @param write takes one finished line with its newline; stdout on Cloud Run, where each line becomes a log entry.
 */
export function createTelemetry(
  settings: TelemetrySettings,
  write: (line: string) => void = (line) => process.stdout.write(line),
): Telemetry {
  const log = createLog(settings, write);
  return {
    open: (headers) => createScope(headers, log),
    log: (severity, message, fields = {}, error) => log(severity, message, fields, null, error),
  };
}
