// Door of the telemetry room: the scope of one request (trace context, log fields) and the one way to write a log line.

import { reportCrashes } from './crash.ts';
import { createErrorReports } from './error-reports.ts';
import { createExporter } from './exporter.ts';
import { requestName } from './request-span.ts';
import { createScope, type Outlets, type Scope } from './scope.ts';
import type { InstrumentName } from './instruments.ts';
import { createLog, gatheredLines, type LogFields, type Severity, type WriteLine } from './log.ts';
import type { Labels } from './meters.ts';
import type { TelemetrySettings } from './settings.ts';

export { crashLine } from './crash.ts';
export { within } from './deadline.ts';
export { redact } from './redact.ts';
export { spanNames } from './measure.ts';
export { noSpan, type Attributes, type Span } from './span.ts';
export { oneLine } from './one-line.ts';
export type { Scope } from './scope.ts';
export type { LogFields, Severity } from './log.ts';

/** What a process has of it: opens scopes, writes lines that belong to no request. */
export interface Telemetry {
  /** Opens the scope of a request from its headers. @param route names its span: paths are the callers' to invent */
  open(headers: Readonly<Record<string, string | string[] | undefined>>, url?: string, route?: string): Scope;
  /** A line outside any request (start, outbox, Redis). `error`'s stack is written, never its properties. */
  log(severity: Severity, message: string, fields?: LogFields, error?: unknown): void;
  /** Counts what belongs to no request, or sets a gauge; goes out with the next request's. */
  count(name: InstrumentName, value: number, labels: Labels): void;
  /** All metrics in Prometheus' text format; null where none are kept. */
  prometheus(): Promise<string> | null;
  /** Tells what nobody caught in Error Reporting's form. Once a process. */
  reportCrashes(): void;
  /** Sends what waits to exporter and Sentry, at most so long. Before the process ends. */
  flush(timeoutMs: number): Promise<void>;
}

/**
 * @param write takes one finished line with its newline; stdout on Cloud Run, where each line becomes a log entry.
 */
export function createTelemetry(
  settings: TelemetrySettings,
  write: WriteLine = gatheredLines((text) => process.stdout.write(text)),
): Telemetry {
  const log = createLog(settings, write);
  const warn = (message: string, error: unknown): void => log('WARNING', message, {}, null, error);
  const exporter = createExporter(settings, warn);
  const errors = createErrorReports(settings, warn);
  const policy = policyOf(settings.tracePolicy);
  const outlets: Outlets = { exporter, errors, policy, samplePercent: settings.samplePercent };
  return {
    open: (headers, url = '', route = requestName(url)) => createScope(headers, url, log, outlets, route),
    log: (severity, message, fields = {}, error) => {
      log(severity, message, fields, null, error);
      if (severity === 'ERROR' && error !== undefined && error !== null)
        errors?.report({ message, error, details: fields, trace: null });
    },
    count: (name, value, labels) => exporter?.record(name, value, labels),
    prometheus: () => exporter?.prometheus() ?? null,
    reportCrashes: () => reportCrashes(settings, write),
    flush: async (timeoutMs) => {
      await Promise.all([exporter?.flush(timeoutMs), errors?.flush(timeoutMs)]);
    },
  };
}

function policyOf(text: string | undefined): Outlets['policy'] {
  return text === 'selective' || text === 'none' ? text : 'all';
}
