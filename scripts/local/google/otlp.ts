// Reads OTLP over HTTP as a collector does, for the stand-in and the tests: what is looked at, and no more.

import protobuf from 'protobufjs';

/** A span as it arrived. */
export interface SeenSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

/** A series of a metric as it arrived last. */
export interface SeenMetric {
  readonly service: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Sum, or count of a histogram. */
  readonly value: number;
  readonly bounds: readonly number[];
}

/** The parts of opentelemetry-proto that are looked at, with its field numbers. */
const { root } = protobuf.parse(`syntax = "proto3";
message Value { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
message Attribute { string key = 1; Value value = 2; }
message Resource { repeated Attribute attributes = 1; }
message Link { bytes trace_id = 1; bytes span_id = 2; }
message Status { string message = 2; int32 code = 3; }
message Span { bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6; fixed64 start_time_unix_nano = 7;
  fixed64 end_time_unix_nano = 8; repeated Attribute attributes = 9; repeated Link links = 13; Status status = 15; }
message ScopeSpans { repeated Span spans = 2; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Traces { repeated ResourceSpans resource_spans = 1; }
message NumberPoint { repeated Attribute attributes = 7; double as_double = 4; sfixed64 as_int = 6; }
message HistogramPoint { repeated Attribute attributes = 9; fixed64 count = 4; repeated double explicit_bounds = 7; }
message Sum { repeated NumberPoint data_points = 1; }
message Histogram { repeated HistogramPoint data_points = 1; }
message Metric { string name = 1; Sum sum = 7; Histogram histogram = 9; }
message ScopeMetrics { repeated Metric metrics = 2; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
message Metrics { repeated ResourceMetrics resource_metrics = 1; }`);

interface RawAttribute {
  readonly key: string;
  readonly value?: Readonly<Record<string, unknown>>;
}
interface RawSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: number;
  readonly endTimeUnixNano: number;
  readonly attributes: readonly RawAttribute[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code: number } | null;
}
interface RawPoint {
  readonly attributes: readonly RawAttribute[];
  readonly asDouble?: number;
  readonly asInt?: number;
  readonly count?: number;
  readonly explicitBounds?: readonly number[];
}

function decode(name: string, body: Buffer): object {
  const type = root.lookupType(name);
  return type.toObject(type.decode(body), { longs: Number, bytes: String, defaults: true, arrays: true });
}

/** The spans of a request to `/v1/traces`. */
export function readSpans(body: Buffer): SeenSpan[] {
  const { resourceSpans } = decode('Traces', body) as {
    resourceSpans: { resource: { attributes: RawAttribute[] }; scopeSpans: { spans: RawSpan[] }[] }[];
  };
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans
      .flatMap(({ spans }) => spans)
      .map((span) => ({
        service: String(plain(resource.attributes)['service.name']),
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parentSpanId: hex(span.parentSpanId),
        name: span.name,
        kind: span.kind,
        startMs: span.startTimeUnixNano / 1e6,
        endMs: span.endTimeUnixNano / 1e6,
        failed: span.status?.code === 2,
        attributes: plain(span.attributes),
        links: span.links.map(({ traceId, spanId }) => ({ traceId: hex(traceId), spanId: hex(spanId) })),
      })),
  );
}

/** The series of a request to `/v1/metrics`. */
export function readMetrics(body: Buffer): SeenMetric[] {
  interface RawMetric {
    readonly name: string;
    readonly sum: { readonly dataPoints: RawPoint[] } | null;
    readonly histogram: { readonly dataPoints: RawPoint[] } | null;
  }
  const { resourceMetrics } = decode('Metrics', body) as {
    resourceMetrics: { resource: { attributes: RawAttribute[] }; scopeMetrics: { metrics: RawMetric[] }[] }[];
  };
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .flatMap(({ name, sum, histogram }) =>
        [...(sum?.dataPoints ?? []), ...(histogram?.dataPoints ?? [])].map((point) => ({
          service: String(plain(resource.attributes)['service.name']),
          name,
          attributes: plain(point.attributes),
          value: point.count ?? ((point.asInt ?? 0) || (point.asDouble ?? 0)),
          bounds: point.explicitBounds ?? [],
        })),
      ),
  );
}

function hex(base64: string): string {
  return Buffer.from(base64, 'base64').toString('hex');
}

function plain(attributes: readonly RawAttribute[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value = {} }) => [
      key,
      value[String(Object.keys(value).find((kind) => kind.endsWith('Value') && value[kind] !== null))],
    ]),
  );
}
