// Sends spans and metrics over OTLP with OpenTelemetry's own transport. Loaded only where an endpoint is configured,
// and never in front of an answer.

import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { createOtlpHttpExportDelegate, httpAgentFactoryFromOptions } from '@opentelemetry/otlp-exporter-base/node-http';
import type { Meters } from './meters.ts';
import { metricData } from './metric-data.ts';
import type { SpanBatch } from './otlp-spans.ts';
import { instrumentationScope, projectOf } from './resource.ts';
import type { TelemetrySettings } from './settings.ts';

/** One export; whoever hangs longer loses it. */
const exportTimeoutMs = 5_000;

/** What exporter.ts needs of it. Both reject when the endpoint does not take them. */
export interface Otlp {
  sendSpans(batch: SpanBatch): Promise<void>;
  sendMetrics(meters: Meters): Promise<void>;
}

/** Makes the exporters; sends nothing yet. */
export function startOtlp(
  endpoint: string,
  settings: TelemetrySettings,
  resource: Readonly<Record<string, string>>,
): Otlp {
  const headers = exportHeaders(endpoint, settings);
  const traces = createOtlpHttpExportDelegate<SpanBatch, null>(
    {
      url: `${endpoint}/v1/traces`,
      headers: async () => ({ 'content-type': 'application/x-protobuf', ...(await headers()) }),
      timeoutMillis: exportTimeoutMs,
      concurrencyLimit: 2,
      compression: 'none',
      agentFactory: httpAgentFactoryFromOptions({ keepAlive: true }),
    },
    // Written by otlp-spans.ts. An answer that says more than its status is read by nobody.
    { serializeRequest: ({ body }) => body, deserializeResponse: () => null },
    'otlp_http_span_exporter',
    { name: 'span', countItems: ({ spans }) => spans },
    undefined,
  );
  const metrics = new OTLPMetricExporter({ url: `${endpoint}/v1/metrics`, timeoutMillis: exportTimeoutMs, headers });
  return {
    sendSpans: (batch) => exported((done) => traces.export(batch, done)),
    sendMetrics: async (meters) => {
      if (meters.series.size === 0) return;
      const data = metricData(meters, resource, instrumentationScope(settings), Date.now());
      // The exporter brings a copy of sdk-metrics of its own, whose enums have the same values.
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment
      await exported((done) => metrics.export(data, done));
    },
  };
}

function exported(send: (done: (result: { code: number; error?: Error }) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    send(({ code, error }) => (code === 0 ? resolve() : reject(error ?? new Error('the endpoint did not take it'))));
  });
}

/** Google's endpoint, global or of a region, wants a token and who pays; any other address gets neither. */
export function exportHeaders(endpoint: string, settings: TelemetrySettings): () => Promise<Record<string, string>> {
  const { accessTokens } = settings;
  if (accessTokens === undefined || !/^https:\/\/telemetry\.([\w-]+\.){0,2}googleapis\.com$/.test(endpoint))
    return async () => ({});
  const project = projectOf(settings);
  return async () => ({
    authorization: `Bearer ${await accessTokens()}`,
    ...(project !== null && { 'x-goog-user-project': project }),
  });
}
