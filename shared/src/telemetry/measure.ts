// What the end of a span is worth in metrics: measured where it is told anyway, so that no room counts for itself.

import type { Meters } from './meters.ts';
import { measureOlderInFlight, measureOlderOverhead, measureOlderRedis } from './older-names.ts';
import type { Attributes, SpanRecord } from './span.ts';

/** The names of the spans that are measured. */
export const spanNames = {
  identify: 'identify',
  admit: 'admit',
  settle: 'settle',
  event: 'event',
  notice: 'notice',
} as const;

const none: readonly string[] = [];
const call = ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model', 'gateway.feature'] as const;
const request = ['http.request.method', 'http.response.status_code', 'gateway.feature'] as const;
const admission = ['decision', 'reason', 'gateway.feature'] as const;
const feature = ['gateway.feature'] as const;
const tokens = { input: 'gen_ai.usage.input_tokens', output: 'gen_ai.usage.output_tokens' } as const;

/** Measures a span that ended. */
export function measure(meters: Meters, span: SpanRecord): void {
  const { attributes, failure } = span;
  const seconds = Math.max(0, span.endMs - span.startMs) / 1000;
  if (span.kind === 'server') return measureRequest(meters, span, seconds);
  if (span.kind === 'client') return measureCall(meters, span, seconds);
  const label = (name: string, value: string) => meters.with(meters.labelsOf({}, none), name, value);
  switch (span.name) {
    case spanNames.identify:
      return meters.record('gateway.actor_lookups', 1, label('outcome', failure ?? 'known'));
    case spanNames.admit:
      measureRedis(meters, span, seconds);
      return meters.record(
        'gateway.admissions',
        1,
        meters.labelsOf(failure === null ? attributes : { decision: 'failed', reason: failure }, admission),
      );
    case spanNames.settle:
      measureRedis(meters, span, seconds);
      return meters.record(
        'gateway.leases',
        1,
        label('state', failure === null ? String(attributes['lease']) : 'failed'),
      );
    case spanNames.event:
      return meters.record('gateway.events', 1, label('name', String(attributes['name'])));
    case spanNames.notice:
      return meters.record('gateway.notices', 1, label('outcome', failure ?? String(attributes['outcome'])));
    default:
  }
}

/** Measures a provider call that begins (+1) or ends (-1). */
export function measureInFlight(meters: Meters, change: 1 | -1, attributes: Attributes): void {
  meters.record('gateway.upstream.in_flight', change, meters.labelsOf(attributes, call));
  measureOlderInFlight(meters, change, attributes);
}

function measureRedis(meters: Meters, { name, failure }: SpanRecord, seconds: number): void {
  const labels = meters.labelsOf({ step: name, outcome: failure ?? 'answered' }, ['step', 'outcome']);
  meters.record('gateway.redis.duration', seconds, labels);
  measureOlderRedis(meters, name, failure !== null, seconds * 1000);
}

function measureRequest(meters: Meters, { attributes }: SpanRecord, seconds: number): void {
  meters.record('http.server.request.duration', seconds, meters.labelsOf(attributes, request));
  const { own_ms: ownMs, first_byte_ms: firstByteMs, refusal, inserted } = attributes;
  const labels = meters.labelsOf(attributes, feature);
  if (typeof ownMs === 'number') {
    meters.record('gateway.overhead', ownMs / 1000, labels);
    measureOlderOverhead(meters, attributes, ownMs);
  }
  if (typeof firstByteMs === 'number') meters.record('gateway.time_to_first_byte', firstByteMs / 1000, labels);
  if (typeof refusal === 'string')
    meters.record('gateway.refusals', 1, meters.labelsOf({ reason: refusal }, ['reason']));
  if (typeof inserted === 'number') meters.record('gateway.events.delivered', inserted, meters.labelsOf({}, none));
}

function measureCall(meters: Meters, { base, attributes, failure }: SpanRecord, seconds: number): void {
  const labels = meters.labelsOf(base, call);
  meters.record(
    'gen_ai.client.operation.duration',
    seconds,
    failure === null ? labels : meters.with(labels, 'error.type', failure),
  );
  const headers = attributes['gateway.upstream.time_to_headers'];
  if (typeof headers === 'number') meters.record('gateway.upstream.time_to_headers', headers, labels);
  const firstChunk = attributes['gen_ai.response.time_to_first_chunk'];
  if (typeof firstChunk === 'number') meters.record('gen_ai.client.operation.time_to_first_chunk', firstChunk, labels);
  for (const type of ['input', 'output'] as const) {
    const used = attributes[tokens[type]];
    if (typeof used === 'number')
      meters.record('gen_ai.client.token.usage', used, meters.with(labels, 'gen_ai.token.type', type));
  }
}
