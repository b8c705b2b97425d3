// Finished spans and their measurements on their way out: bounded, sent beside requests, dropped when nobody takes them. Not their format (otlp.ts).

import { within } from './error-reports.ts';
import { inFlight, measure, type Measurement } from './instruments.ts';
import type { Otlp } from './otlp.ts';
import type { SpanRecord } from './span.ts';
import type { TelemetrySettings } from './telemetry.ts';

/** About ten spans a request, 2 kB each: 8 MB when the endpoint is away. */
const spansMax = 4_096;
const measurementsMax = 20_000;
/** One export. */
const batchMax = 512;
/** Requests that end push at most so often; timers stop where the CPU is taken away. */
const pushEveryMs = 2_000;
/** Of metrics, which Cloud Monitoring takes at most every five seconds. */
const metricsEveryMs = 10_000;
/** An endpoint that fails is told once a minute. */
const warnEveryMs = 60_000;

/** Takes what ended; never throws, never waits. */
export interface Exporter {
  /** @param sampled whether the span itself is wanted; it is measured in any case */
  take(span: SpanRecord, sampled: boolean): void;
  /** A provider call begins or ends. */
  inFlight(change: 1 | -1, attributes: SpanRecord['attributes']): void;
  /** What belongs to no request. */
  count(measurement: Measurement): void;
  /** Sends all, at most so long. */
  flush(timeoutMs: number): Promise<void>;
}

/** Where the exporter's parts come from; tests give their own. */
export interface ExporterParts {
  readonly load: () => Promise<Otlp>;
  readonly now: () => number;
}

/** Null where no endpoint is configured. */
export function createExporter(
  settings: TelemetrySettings,
  warn: (message: string, error: unknown) => void,
  parts: ExporterParts = {
    load: async () => (await import('./otlp.ts')).startOtlp(settings.otelEndpoint ?? '', settings),
    now: () => performance.now(),
  },
): Exporter | null {
  if ((settings.otelEndpoint ?? null) === null) return null;
  const { load, now } = parts;
  let otlp: Otlp | null = null;
  const spans: SpanRecord[] = [];
  const measurements: Measurement[] = [];
  let lost = 0;
  let pushing: Promise<void> | null = null;
  let pushedMs = Number.NEGATIVE_INFINITY;
  let metricsMs = Number.NEGATIVE_INFINITY;
  let warnedMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;

  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (now() - warnedMs < warnEveryMs) return;
      warnedMs = now();
      warn(`traces or metrics could not be exported, ${lost} spans were dropped so far`, error);
    }
  };
  const pushAll = async (all: boolean): Promise<void> => {
    pushedMs = now();
    await attempt(async () => {
      otlp ??= await load();
      otlp.record(measurements.splice(0));
      do {
        const batch = spans.splice(0, batchMax);
        if (batch.length > 0) await attempt(() => otlp?.sendSpans(batch) ?? Promise.resolve());
      } while (spans.length > 0);
      if (!all && now() - metricsMs < metricsEveryMs) return;
      metricsMs = now();
      await otlp.sendMetrics();
    });
  };
  const push = (all = false): Promise<void> => {
    pushing ??= pushAll(all).finally(() => {
      pushing = null;
    });
    return pushing;
  };
  const later = (): void => {
    if (timer !== null) return;
    const waitMs = Math.max(0, pushEveryMs - (now() - pushedMs));
    timer = setTimeout(() => {
      timer = null;
      void push();
    }, waitMs);
    timer.unref();
  };
  const count = (more: readonly Measurement[]): void => {
    if (measurements.length + more.length <= measurementsMax) measurements.push(...more);
  };
  return {
    take: (span, sampled) => {
      count(measure(span));
      if (sampled) {
        if (spans.length < spansMax) spans.push(span);
        else lost++;
      }
      if (span.kind === 'server') later();
    },
    inFlight: (change, attributes) => count([inFlight(change, attributes)]),
    count: (measurement) => count([measurement]),
    flush: async (timeoutMs) => {
      await within(
        (async () => {
          await pushing;
          await push(true);
        })(),
        timeoutMs,
      );
    },
  };
}
