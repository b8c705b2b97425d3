// The last words of a process, in the form that Error Reporting lifts out. Ending it is the framework's (exit code 16)
// or the caller's business.

import { stackOf, type WriteLine } from './log.ts';
import type { TelemetrySettings } from './settings.ts';

/**
 * Writes a `ReportedErrorEvent` for what nobody caught. Before functions-framework adds its own listeners, which end
 * the process.
 */
export function reportCrashes(settings: TelemetrySettings, write: WriteLine): void {
  process.on('uncaughtExceptionMonitor', (error, origin) => {
    // A rejection without a listener becomes an exception; the framework has a listener, so the other event below
    // reports it.
    write(crashLine(settings, error, origin), true);
  });
  process.on('unhandledRejection', (reason) => write(crashLine(settings, reason, 'unhandledRejection'), true));
}

/** One line. Its severity is the one that alerts hang on. */
export function crashLine({ functionName, version }: TelemetrySettings, error: unknown, origin: string): string {
  return `${JSON.stringify({
    severity: 'CRITICAL',
    time: new Date().toISOString(),
    '@type': 'type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent',
    message: stackOf(error),
    event: 'crash',
    origin,
    serviceContext: { service: functionName, version },
  })}\n`;
}
