// Errors to Sentry. Loaded only where a DSN is configured; it neither wraps handlers nor traces
// (shared/COMPATIBILITY.md#sentry-set).

import {
  captureException,
  captureMessage,
  flush,
  init,
  getDefaultIntegrations,
  withScope,
} from '@sentry/google-cloud-serverless';
import type { ErrorReport } from './error-report.ts';
import { redact } from './redact.ts';
import type { TelemetrySettings } from './settings.ts';

/**
 * Whatever patches the process, reads headers and bodies, or ends the process: the first is not wanted, the last is
 * the framework's.
 */
const unwanted = new Set([
  'Console',
  'Http',
  'NodeFetch',
  'ProcessSession',
  'OnUnhandledRejection',
  'OnUncaughtException',
  'RequestData',
  'LocalVariables',
  'LocalVariablesAsync',
  'ContextLines',
  'Modules',
  'ChildProcess',
]);

/** What error-reports.ts needs of it. */
export interface Sentry {
  capture(report: ErrorReport): void;
  flush(timeoutMs: number): Promise<void>;
}

/** Starts it. */
export function startSentry(dsn: string, settings: TelemetrySettings): Sentry {
  init({
    dsn,
    environment: settings.environment,
    release: settings.version,
    serverName: settings.functionName,
    skipOpenTelemetrySetup: true,
    sendClientReports: false,
    maxBreadcrumbs: 0,
    defaultIntegrations: getDefaultIntegrations({}).filter(({ name }) => !unwanted.has(name)),
    beforeSend: (event) => {
      delete event.request;
      delete event.breadcrumbs;
      for (const exception of event.exception?.values ?? [])
        if (exception.value !== undefined) exception.value = redact(exception.value);
      return event;
    },
  });
  return {
    capture: ({ message, error, details, trace }) =>
      withScope((scope) => {
        scope.setLevel('error');
        scope.setTag('function', settings.functionName);
        if (trace !== null) {
          scope.setTags({ trace_id: trace.traceId, span_id: trace.spanId });
          scope.setContext('trace', { trace_id: trace.traceId, span_id: trace.spanId });
        }
        scope.setContext('request details', { message: redact(message), ...details });
        if (error === null) captureMessage(redact(message));
        else captureException(error instanceof Error ? error : new Error(redact(message)));
      }),
    flush: async (timeoutMs) => void (await flush(timeoutMs)),
  };
}
