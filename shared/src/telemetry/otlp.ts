// Sends spans and metrics over OTLP with OpenTelemetry's own transport. Loaded only where an endpoint is configured, and never in front of an answer.

import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { createOtlpHttpExportDelegate, httpAgentFactoryFromOptions } from '@opentelemetry/otlp-exporter-base/node-http';
import type { Meters } from './meters.ts';
import { metricData } from './metric-data.ts';
import type { SpanBatch } from './otlp-spans.ts';
import { instrumentationScope, projectOf } from './resource.ts';
import type { TelemetrySettings } from './telemetry.ts';

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
  const headers = googleHeaders(endpoint, projectOf(settings));
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

/** Google's endpoint wants a token, which is renewed by its own library; any other address gets none. */
function googleHeaders(endpoint: string, project: string | null): () => Promise<Record<string, string>> {
  if (!/^https:\/\/telemetry\.([\w-]+\.)?googleapis\.com$/.test(endpoint)) return async () => ({});
  const client = import('google-auth-library').then(
    ({ GoogleAuth }) => new GoogleAuth({ scopes: 'https://www.googleapis.com/auth/cloud-platform' }),
  );
  client.catch(() => undefined);
  return async () => {
    const token = await (await client).getAccessToken();
    return {
      authorization: `Bearer ${token ?? ''}`,
      ...(project !== null && { 'x-goog-user-project': project }),
    };
  };
}
