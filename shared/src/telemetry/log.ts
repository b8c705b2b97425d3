// One JSON line per entry, in the members that Cloud Logging lifts out (shared/COMPATIBILITY.md#log-members). Not a
// logging framework: no levels to configure.

import { oneLine } from './one-line.ts';
import { redact } from './redact.ts';
import type { TelemetrySettings } from './settings.ts';

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

/** Writes one line. Without a message it is a brief one: the platform knows its time and whose it is. */
export type Log = (
  severity: Severity,
  message: string,
  fields: LogFields,
  trace: LogTrace | null,
  error?: unknown,
) => void;

/** Takes a finished line. @param urgent it must be out before anything else happens */
export type WriteLine = (line: string, urgent: boolean) => void;

/** Text of one system call at the most, characters. */
const gatheredMax = 65_536;

/**
 * Lines of one turn of the event loop in one write: a pipe is written synchronously, and under load the requests'
 * lines were a tenth of a request's processor time. What is urgent goes at once, with what waits in front of it; so
 * does the rest when the process ends by itself.
 */
export function gatheredLines(out: (text: string) => unknown): WriteLine {
  let waiting = '';
  const flush = (): void => {
    const text = waiting;
    waiting = '';
    if (text !== '') out(text);
  };
  process.on('exit', flush);
  return (line, urgent) => {
    const first = waiting === '';
    waiting += line;
    if (urgent || waiting.length > gatheredMax) flush();
    else if (first) setImmediate(flush);
  };
}

/** @param write takes the finished line. */
export function createLog(settings: TelemetrySettings, write: WriteLine): Log {
  const { googleCloudProject, functionName, version } = settings;
  return (severity, message, fields, trace, error) => {
    const line: Record<string, unknown> =
      message === ''
        ? { severity }
        : { severity, time: new Date().toISOString(), message: oneLine(message), function: functionName };
    addReadable(line, fields);
    if (trace !== null) {
      line['logging.googleapis.com/trace'] =
        googleCloudProject === null ? trace.traceId : `projects/${googleCloudProject}/traces/${trace.traceId}`;
      // A brief line is of a request without spans.
      if (message !== '') {
        line['logging.googleapis.com/spanId'] = trace.spanId;
        line['logging.googleapis.com/trace_sampled'] = trace.sampled;
      }
    }
    if (error !== undefined && error !== null) {
      // The chain of causes: an outer error says what failed, the inner one why.
      line['stack_trace'] = stackOf(error);
      line['serviceContext'] = { service: functionName, version };
    }
    write(`${JSON.stringify(line)}\n`, severity === 'ERROR');
  };
}

/**
 * Texts of the fields, and of lists and objects in them, on one line each; an event that is written down to be read
 * back stays as it is.
 */
function addReadable(line: Record<string, unknown>, fields: LogFields): void {
  for (const name in fields) line[name] = name === 'usage_event' ? fields[name] : readableValue(fields[name]);
}

function readableValue(value: unknown): unknown {
  if (typeof value === 'string') return oneLine(value);
  if (Array.isArray(value)) return value.map((item: unknown) => (typeof item === 'string' ? oneLine(item) : item));
  if (typeof value !== 'object' || value === null) return value;
  const items = value as Readonly<Record<string, unknown>>;
  const shallow: Record<string, unknown> = {};
  for (const name in items) {
    const item = items[name];
    shallow[name] = typeof item === 'string' ? oneLine(item) : item;
  }
  return shallow;
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
