// Where traces, metrics and errors go in the local cloud: speaks OTLP/HTTP and takes Sentry's envelopes, and shows the last trace as a page.

import { createServer, type IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { listen } from './port.ts';

/** How much is kept of each kind. */
const keptMax = 5_000;

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

/** The running stand-in. */
export interface LocalObservability {
  /** Of OTLP and the page. */
  readonly url: string;
  readonly sentryDsn: string;
  readonly spans: SeenSpan[];
  readonly metrics: SeenMetric[];
  /** Items of Sentry's envelopes, parsed. */
  readonly errors: Record<string, unknown>[];
  /** Every body as text, for whoever looks for what must not be in one. */
  readonly bodies: string[];
  /** Requests that are neither. */
  readonly strange: string[];
  /** From now on nothing is answered, or again. */
  hang(on: boolean): void;
  close(): Promise<void>;
}

/** Starts it on a free port. */
export async function startObservability(): Promise<LocalObservability> {
  const spans: SeenSpan[] = [];
  const metrics: SeenMetric[] = [];
  const errors: Record<string, unknown>[] = [];
  const bodies: string[] = [];
  const strange: string[] = [];
  let hanging = false;
  const take = (path: string, body: Buffer): void => {
    keep(bodies, [body.toString('latin1')]);
    if (path === '/v1/traces') keep(spans, readSpans(body));
    else if (path === '/v1/metrics') keep(metrics, readMetrics(body));
    else if (path.startsWith('/api/1/envelope/')) keep(errors, readEnvelope(body.toString('utf8')));
    else keep(strange, [path]);
  };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (request.method === 'GET')
      return void response.setHeader('content-type', 'text/html; charset=utf-8').end(page(spans));
    read(request).then(
      (body) => {
        take(path, body);
        if (!hanging) response.end();
      },
      () => response.destroy(),
    );
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    sentryDsn: `http://public@127.0.0.1:${port}/1`,
    spans,
    metrics,
    errors,
    bodies,
    strange,
    hang: (on) => {
      hanging = on;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function keep<T>(list: T[], more: readonly T[]): void {
  list.push(...more);
  list.splice(0, list.length - keptMax);
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
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

function readSpans(body: Buffer): SeenSpan[] {
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

function readMetrics(body: Buffer): SeenMetric[] {
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

/** An envelope is lines of JSON: its header, then a header and a payload for each item. */
function readEnvelope(text: string): Record<string, unknown>[] {
  const [, ...lines] = text.split('\n').filter((line) => line !== '');
  return lines.flatMap((line, index) => (index % 2 === 1 ? [JSON.parse(line) as Record<string, unknown>] : []));
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

/** The newest trace of a request as bars; no script, nothing from elsewhere. */
function page(spans: readonly SeenSpan[]): string {
  const last = spans.findLast(
    ({ kind, attributes }) => kind === 2 && !String(attributes['url.path']).startsWith('/-/'),
  );
  if (last === undefined) return '<!doctype html><title>Last trace</title><p>No request has been traced yet.';
  const own = spans.filter(({ traceId }) => traceId === last.traceId).toSorted((a, b) => a.startMs - b.startMs);
  const startMs = Math.min(...own.map((span) => span.startMs));
  const wholeMs = Math.max(...own.map((span) => span.endMs)) - startMs || 1;
  const rows = own.map((span) => {
    const left = (((span.startMs - startMs) / wholeMs) * 100).toFixed(2);
    const width = Math.max(0.3, ((span.endMs - span.startMs) / wholeMs) * 100).toFixed(2);
    const facts = Object.entries(span.attributes).map(([name, value]) => `${name} = ${String(value)}`);
    return `<details><summary><b>${safe(span.name)}</b> ${safe(span.service)} ${(span.endMs - span.startMs).toFixed(2)} ms
<i style="margin-left:${left}%;width:${width}%${span.failed ? ';background:#c33' : ''}"></i></summary><pre>${safe(facts.join('\n'))}</pre></details>`;
  });
  return `<!doctype html><meta charset="utf-8"><title>Last trace</title><style>body{font:14px system-ui;max-width:70em;margin:2em auto;padding:0 1em}
i{display:block;height:.5em;background:#36c;margin:.2em 0}pre{white-space:pre-wrap}</style><h1>${last.traceId}</h1>${rows.join('\n')}`;
}

function safe(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
