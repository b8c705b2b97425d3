// Errors on their way to Sentry: bounded, without what is not for it, loaded with the first one. Not Sentry itself.

import { within } from './deadline.ts';
import type { ErrorReport } from './error-report.ts';
import type { Sentry } from './sentry.ts';
import type { TelemetrySettings } from './settings.ts';

/** Takes errors; null-like where no DSN is configured. */
export interface ErrorReports {
  report(report: ErrorReport): void;
  /** Waits for what was taken, at most so long. */
  flush(timeoutMs: number): Promise<void>;
}

/** Fields that an operator needs; all others (events, bodies of tasks) stay in the log. */
const allowed = [
  'status',
  'method',
  'path',
  'actor',
  'source',
  'feature',
  'model',
  'provider',
  'refusal',
  'lease',
  'upstream_status',
  'upstream_headers',
  'shard',
] as const;
/** Errors that wait for Sentry's code to load. */
const waitingMax = 100;

/** @param warn is told once when Sentry does not load. */
export function createErrorReports(
  settings: TelemetrySettings,
  warn: (message: string, error: unknown) => void,
): ErrorReports | null {
  const dsn = settings.sentryDsn ?? null;
  if (dsn === null) return null;
  let waiting: ErrorReport[] = [];
  let sentry: Sentry | null = null;
  let loading: Promise<void> | null = null;
  const load = async (): Promise<void> => {
    try {
      sentry ??= (await import('./sentry.ts')).startSentry(dsn, settings);
      for (const report of waiting.splice(0)) sentry.capture(report);
    } catch (error) {
      waiting = [];
      warn('errors could not be sent to Sentry and are in this log alone: is CODY_GATEWAY_SENTRY_DSN right?', error);
    } finally {
      loading = null;
    }
  };
  const sent = async (timeoutMs: number): Promise<void> => {
    await loading;
    await sentry?.flush(timeoutMs);
  };
  return {
    report: (report) => {
      if (waiting.length >= waitingMax) return;
      const details = Object.fromEntries(
        allowed.filter((name) => name in report.details).map((name) => [name, report.details[name]]),
      );
      waiting.push({ ...report, details });
      loading ??= load();
    },
    flush: async (timeoutMs) => {
      if (loading === null && sentry === null) return;
      await within(sent(timeoutMs), timeoutMs, () => undefined);
    },
  };
}
