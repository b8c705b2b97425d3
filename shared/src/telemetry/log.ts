// One JSON line per entry, in the members that Cloud Logging lifts out (spec platform §7.3). Not a logging framework: no levels to configure.

import { redact } from './redact.ts';
import type { TelemetrySettings } from './telemetry.ts';

/** Cloud Logging's severities that we use. */
export type Severity = 'INFO' | 'WARNING' | 'ERROR';

/** Flat members of a line. Never a token, a prompt, a completion or a header's value as a whole. */
export type LogFields = Readonly<
  Record<string, string | number | boolean | null | readonly string[] | undefined | object>
>;

/** Trace of the line, or null outside a request. */
export interface LogTrace {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** Writes one line. */
export type Log = (
  severity: Severity,
  message: string,
  fields: LogFields,
  trace: LogTrace | null,
  error?: unknown,
) => void;

/** @param write takes the finished line. */
export function createLog(settings: TelemetrySettings, write: (line: string) => void): Log {
  const { googleCloudProject, functionName, version } = settings;
  return (severity, message, fields, trace, error) => {
    const line: Record<string, unknown> = {
      severity,
      time: new Date().toISOString(),
      message,
      function: functionName,
      ...fields,
    };
    if (trace !== null) {
      line['logging.googleapis.com/trace'] =
        googleCloudProject === null ? trace.traceId : `projects/${googleCloudProject}/traces/${trace.traceId}`;
      line['logging.googleapis.com/spanId'] = trace.spanId;
      line['logging.googleapis.com/trace_sampled'] = trace.sampled;
    }
    if (error !== undefined && error !== null) {
      // The chain of causes: an outer error says what failed, the inner one why.
      line['stack_trace'] = stackOf(error);
      line['serviceContext'] = { service: functionName, version };
    }
    write(`${JSON.stringify(line)}\n`);
  };
}

const causesMax = 5;

/** The chain of causes as text, without secrets. */
export function stackOf(error: unknown): string {
  const parts: string[] = [];
  for (
    let e = error;
    e !== undefined && e !== null && parts.length < causesMax;
    e = e instanceof Error ? e.cause : null
  ) {
    parts.push(e instanceof Error ? (e.stack ?? `${e.name}: ${e.message}`) : `thrown: ${typeof e}`);
  }
  return redact(parts.join('\nCaused by: '));
}
