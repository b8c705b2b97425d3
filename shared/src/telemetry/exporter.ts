// Finished spans and what they measure on their way out: bounded, sent beside requests, dropped when nobody takes
// them. Not their format (otlp-spans.ts).

import { within } from './deadline.ts';
import type { InstrumentName } from './instruments.ts';
import { measure, measureInFlight } from './measure.ts';
import { createMeters, type Labels } from './meters.ts';
import { createSpanWriter, type SpanBatch } from './otlp-spans.ts';
import type { Otlp } from './otlp.ts';
import { instrumentationScope, resourceOf } from './resource.ts';
import type { Attributes, SpanRecord, TraceFacts } from './span.ts';
import type { TelemetrySettings } from './settings.ts';

/**
 * Requests whose spans are measured and written together: one by one, with cold caches, each costs twice as much. More
 * of them only live longer.
 */
const togetherMax = 32;
/** Full batches of a quarter MB: 8 MB when the endpoint is away. */
const batchesMax = 32;
/** Requests that end push at most so often, unless a batch is full; timers stop where the CPU is taken away. */
const pushEveryMs = 2_000;
/** Of metrics, which Cloud Monitoring takes at most every five seconds. */
const metricsEveryMs = 10_000;
/** A failing endpoint is reported once a minute. */
const warnEveryMs = 60_000;

/** Takes what ended; never throws, never waits. */
export interface Exporter {
  /** Spans of one request that ended. */
  take(trace: TraceFacts, spans: readonly SpanRecord[]): void;
  /** A provider call begins or ends. */
  inFlight(change: 1 | -1, attributes: Attributes): void;
  /** What belongs to no request. */
  record(name: InstrumentName, value: number, labels: Labels): void;
  /** All metrics in Prometheus' text format. */
  prometheus(): Promise<string>;
  /** Sends all, at most so long. */
  flush(timeoutMs: number): Promise<void>;
}

/** Where the exporter's parts come from; tests give their own. */
export interface ExporterParts {
  readonly load: () => Promise<Otlp>;
  readonly now: () => number;
}

/** Null where nobody looks: no endpoint is configured, and where there is no project either, Prometheus may ask. */
export function createExporter(
  settings: TelemetrySettings,
  warn: (message: string, error: unknown) => void,
  parts?: ExporterParts,
): Exporter | null {
  const endpoint = settings.otelEndpoint ?? null;
  if (endpoint === null && settings.googleCloudProject !== null) return null;
  const resource = resourceOf(settings);
  const { load, now } = parts ?? {
    load: async () => (await import('./otlp.ts')).startOtlp(endpoint ?? '', settings, resource),
    now: () => performance.now(),
  };
  const meters = createMeters();
  const writer = createSpanWriter(resource, instrumentationScope(settings));
  const ended: { readonly trace: TraceFacts; readonly spans: readonly SpanRecord[] }[] = [];
  const batches: SpanBatch[] = [];
  let otlp: Otlp | null = null;
  let lost = 0;
  let pushing: Promise<void> | null = null;
  let pushedMs = Number.NEGATIVE_INFINITY;
  let metricsMs = Number.NEGATIVE_INFINITY;
  let warnedMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;
  let metricsTimer: NodeJS.Timeout | null = null;

  const attempt = async (work: () => Promise<void>, spans = 0): Promise<void> => {
    try {
      await work();
    } catch (error) {
      lost += spans;
      if (now() - warnedMs < warnEveryMs) return;
      warnedMs = now();
      warn(
        `traces or metrics could not be exported, ${lost} spans were dropped so far; calls are served all the same`,
        error,
      );
    }
  };
  const seal = (): void => {
    if (batches.length >= batchesMax) {
      lost += writer.discard();
      return;
    }
    const batch = writer.take();
    if (batch !== null) batches.push(batch);
  };
  const pushAll = async (all: boolean): Promise<void> => {
    pushedMs = now();
    await attempt(async () => {
      const to = (otlp ??= await load());
      writeEnded();
      seal();
      while (batches.length > 0) {
        const [batch] = batches.splice(0, 1) as [SpanBatch];
        await attempt(async () => {
          await to.sendSpans(batch);
          writer.reuse(batch);
        }, batch.spans);
      }
      const waitMs = metricsEveryMs - (now() - metricsMs);
      if (!all && waitMs > 0) return laterMetrics(waitMs);
      metricsMs = now();
      await to.sendMetrics(meters);
    });
  };
  const push = (all = false): Promise<void> => {
    if (endpoint === null) return Promise.resolve();
    pushing ??= pushAll(all).finally(() => {
      pushing = null;
    });
    return pushing;
  };
  /** What the last request measured goes out without a next one, where there is CPU for it. */
  const laterMetrics = (waitMs: number): void => {
    metricsTimer ??= setTimeout(() => {
      metricsTimer = null;
      void push();
    }, waitMs).unref();
  };
  const later = (): void => {
    if (timer !== null || endpoint === null) return;
    const waitMs = Math.max(0, pushEveryMs - (now() - pushedMs));
    timer = setTimeout(() => {
      timer = null;
      // What ended during a push is not part of it.
      void (pushing ?? Promise.resolve()).then(() => push());
    }, waitMs);
    timer.unref();
  };
  const writeEnded = (): void => {
    for (const { trace, spans } of ended.splice(0))
      for (const span of spans) {
        measure(meters, span);
        if (trace.sampled && endpoint !== null) write(trace, span);
      }
  };
  const write = (trace: TraceFacts, span: SpanRecord): void => {
    if (writer.add(trace, span)) return;
    seal();
    if (!writer.add(trace, span)) lost++;
    void push();
  };
  return {
    take: (trace, spans) => {
      ended.push({ trace, spans });
      if (ended.length >= togetherMax) writeEnded();
      later();
    },
    inFlight: (change, attributes) => measureInFlight(meters, change, attributes),
    record: (name, value, labels) => meters.record(name, value, meters.labelsOf(labels, Object.keys(labels))),
    prometheus: async () => {
      const [{ PrometheusSerializer }, { metricData }] = await Promise.all([
        import('@opentelemetry/exporter-prometheus'),
        import('./metric-data.ts'),
      ]);
      writeEnded();
      const data = metricData(meters, resource, instrumentationScope(settings), Date.now());
      // The serialiser brings a copy of sdk-metrics of its own, whose enums have the same values.
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment
      return new PrometheusSerializer().serialize(data);
    },
    flush: async (timeoutMs) => {
      await within(
        (async () => {
          await pushing;
          await push(true);
        })(),
        timeoutMs,
        () => undefined,
      );
    },
  };
}
