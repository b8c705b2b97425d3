// Spans and measurements as OpenTelemetry's, sent over OTLP. Loaded only where an endpoint is configured, and never in front of an answer.

import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type HrTime,
  type Meter,
  type SpanContext,
} from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { randomUUID } from 'node:crypto';
import { instruments, type Measurement } from './instruments.ts';
import type { SpanRecord } from './span.ts';
import type { TelemetrySettings } from './telemetry.ts';

/** One export; whoever hangs longer loses it. */
const exportTimeoutMs = 5_000;
/** Attribute sets of one instrument; more fold into one. */
const seriesMax = 500;

/** What exporter.ts needs of it. Both reject when the endpoint does not take them. */
export interface Otlp {
  sendSpans(records: readonly SpanRecord[]): Promise<void>;
  record(measurements: readonly Measurement[]): void;
  sendMetrics(): Promise<void>;
}

type Exported = Parameters<OTLPTraceExporter['export']>[0][number];

/** Makes the exporters; sends nothing yet. */
export function startOtlp(endpoint: string, settings: TelemetrySettings): Otlp {
  const project = settings.otelProject ?? settings.googleCloudProject;
  const resource = resourceFromAttributes({
    'service.name': settings.functionName,
    'service.version': settings.version,
    'service.instance.id': randomUUID(),
    'faas.name': settings.functionName,
    'deployment.environment.name': settings.environment ?? 'dev',
    'cloud.region': settings.region ?? 'local',
    ...(project !== null && { 'gcp.project_id': project }),
  });
  const options = { timeoutMillis: exportTimeoutMs, headers: googleHeaders(endpoint, project) };
  const traces = new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, ...options });
  const metrics = new OTLPMetricExporter({ url: `${endpoint}/v1/metrics`, ...options });
  const reader = new PushedReader({ cardinalitySelector: () => seriesMax });
  const meter = new MeterProvider({ resource, readers: [reader] }).getMeter('cody-gateway', settings.version);
  const record = recorder(meter);
  return {
    record: (measurements) => measurements.forEach(record),
    sendSpans: (records) => {
      const scope = { name: 'cody-gateway', version: settings.version };
      return exported((done) =>
        traces.export(
          records.map((span) => toExported(span, resource, scope)),
          done,
        ),
      );
    },
    sendMetrics: async () => {
      const { resourceMetrics } = await reader.collect();
      if (resourceMetrics.scopeMetrics.length > 0)
        // The exporter brings a copy of sdk-metrics of its own, whose enums have the same values.
        // oxlint-disable-next-line typescript/no-unsafe-enum-assignment
        await exported((done) => metrics.export(resourceMetrics, done));
    },
  };
}

/** Collects when it is asked: timers stop where the CPU is taken away. */
class PushedReader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

function recorder(meter: Meter): (measurement: Measurement) => void {
  const byName = new Map<string, (value: number, attributes: Measurement['attributes']) => void>();
  for (const [name, about] of Object.entries(instruments)) {
    const options = { unit: about.unit, description: about.sentence };
    if (about.kind === 'histogram') {
      const histogram = meter.createHistogram(name, {
        ...options,
        advice: { explicitBucketBoundaries: [...about.buckets] },
      });
      byName.set(name, (value, attributes) => histogram.record(value, attributes, ROOT_CONTEXT));
    } else {
      const counter =
        about.kind === 'counter' ? meter.createCounter(name, options) : meter.createUpDownCounter(name, options);
      byName.set(name, (value, attributes) => counter.add(value, attributes, ROOT_CONTEXT));
    }
  }
  return ({ name, value, attributes }) => byName.get(name)?.(value, attributes);
}

function toExported(
  span: SpanRecord,
  resource: Exported['resource'],
  instrumentationScope: Exported['instrumentationScope'],
): Exported {
  const startTime = hrTime(span.startMs);
  const endTime = hrTime(Math.max(span.startMs, span.endMs));
  const context = (spanId: string, traceId = span.traceId, isRemote = false): SpanContext => ({
    traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
    isRemote,
  });
  const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };
  return {
    name: span.name,
    kind: kinds[span.kind],
    spanContext: () => context(span.spanId),
    ...(span.parentSpanId !== null && {
      parentSpanContext: context(span.parentSpanId, span.traceId, span.kind === 'server'),
    }),
    startTime,
    endTime,
    duration: hrTime(Math.max(0, span.endMs - span.startMs)),
    ended: true,
    status:
      span.failure === null ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: span.failure },
    attributes: span.attributes,
    links: span.links.map(({ traceId, spanId }) => ({ context: context(spanId, traceId, true) })),
    events: [],
    resource,
    instrumentationScope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** Seconds and nanoseconds. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.min(999_999_999, Math.round((ms - seconds * 1000) * 1e6))];
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
