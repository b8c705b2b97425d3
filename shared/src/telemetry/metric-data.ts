// The process's metrics in the form that OpenTelemetry's exporters take, over OTLP and for Prometheus. Loaded only by
// who exports or is asked.

import { ValueType, type HrTime } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { instruments, type InstrumentName } from './instruments.ts';
import type { Meters, Series } from './meters.ts';

/** Cumulative since the process began. @param instrumentation OTLP's scope: name and version of what measures */
export function metricData(
  meters: Meters,
  resource: Readonly<Record<string, string>>,
  instrumentation: { readonly name: string; readonly version: string },
  nowMs: number,
): ResourceMetrics {
  const endTime = hrTime(nowMs);
  const metrics = [...meters.series].map(([name, series]) => metricOf(name, [...series.values()], endTime));
  return { resource: resourceFromAttributes(resource), scopeMetrics: [{ scope: instrumentation, metrics }] };
}

const startTime = hrTime(performance.timeOrigin);

function metricOf(name: InstrumentName, series: readonly Series[], endTime: HrTime): MetricData {
  const about = instruments[name];
  const descriptor = { name, unit: about.unit, description: about.sentence, valueType: ValueType.DOUBLE };
  const base = { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE };
  const point = <T>({ labels }: Series, value: T) => ({ startTime, endTime, attributes: { ...labels }, value });
  if (about.kind === 'histogram')
    return {
      ...base,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: series.map((one) =>
        point(one, {
          buckets: { boundaries: [...about.buckets], counts: [...one.counts] },
          sum: one.value,
          count: one.counts.reduce((sum, count) => sum + count, 0),
        }),
      ),
    };
  const dataPoints = series.map((one) => point(one, one.value));
  return about.kind === 'gauge'
    ? { ...base, dataPointType: DataPointType.GAUGE, dataPoints }
    : { ...base, dataPointType: DataPointType.SUM, dataPoints, isMonotonic: about.kind === 'counter' };
}

/** Seconds and nanoseconds. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.min(999_999_999, Math.round((ms - seconds * 1000) * 1e6))];
}
