// What every span and metric says of the process that it comes from, by OpenTelemetry's names.

import { randomUUID } from 'node:crypto';
import type { TelemetrySettings } from './settings.ts';

/** Project of traces and metrics. */
export function projectOf({ otelProject, googleCloudProject }: TelemetrySettings): string | null {
  return otelProject ?? googleCloudProject;
}

/** Once a process: it has the instance's id. */
export function resourceOf(settings: TelemetrySettings): Record<string, string> {
  const project = projectOf(settings);
  return {
    'service.name': settings.functionName,
    'service.version': settings.version,
    'service.instance.id': randomUUID(),
    'faas.name': settings.functionName,
    'deployment.environment.name': settings.environment ?? 'dev',
    'cloud.region': settings.region ?? 'local',
    ...(project !== null && { 'gcp.project_id': project }),
  };
}

/** The instrumentation scope. */
export function instrumentationScope({ version }: TelemetrySettings): { name: string; version: string } {
  return { name: 'cody-gateway', version };
}
