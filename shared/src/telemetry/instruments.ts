// Which metrics there are, and what a finished span says for them: measured where it is told anyway, so that no room counts for itself.

import type { SpanRecord } from './span.ts';

const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
/** For what should take a millisecond. */
const fineSecondsBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1];
/** As OpenTelemetry's GenAI conventions advise. */
const tokenBuckets = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304];

/** Name, kind, unit, buckets, sentence. */
export const instruments = {
  'gateway.upstream.in_flight': { kind: 'up-down', unit: '{request}', sentence: 'Calls to providers that run now.' },
  'gateway.overhead': {
    kind: 'histogram',
    unit: 's',
    buckets: fineSecondsBuckets,
    sentence: 'Own time of a request: all but the provider’s.',
  },
  'http.server.request.duration': {
    kind: 'histogram',
    unit: 's',
    buckets: secondsBuckets,
    sentence: 'Requests, from their first to their last byte.',
  },
  'gateway.refusals': {
    kind: 'counter',
    unit: '{request}',
    sentence: 'Requests that were refused or failed, by kind.',
  },
  'gateway.admissions': {
    kind: 'counter',
    unit: '{request}',
    sentence: 'Answers of the limiter, by decision and reason.',
  },
  'gateway.leases': { kind: 'counter', unit: '{lease}', sentence: 'Leases that ended, by how.' },
  'gateway.redis.duration': {
    kind: 'histogram',
    unit: 's',
    buckets: fineSecondsBuckets,
    sentence: 'Waits of a request for Redis, by step.',
  },
  'gateway.redis.breaker': {
    kind: 'counter',
    unit: '{change}',
    sentence: 'Openings and closings of the breaker in front of Redis, by state and cause.',
  },
  'gateway.events': { kind: 'counter', unit: '{event}', sentence: 'Usage events handed to the outbox, by name.' },
  'gateway.outbox': {
    kind: 'counter',
    unit: '{event}',
    sentence: 'Usage events that the instance sent, failed to send, or had no room for (left), by state.',
  },
  'gateway.events.delivered': { kind: 'counter', unit: '{event}', sentence: 'Usage events the warehouse took.' },
  'gateway.actor_lookups': { kind: 'counter', unit: '{lookup}', sentence: 'Look-ups of callers, by outcome.' },
  'gen_ai.client.operation.duration': {
    kind: 'histogram',
    unit: 's',
    buckets: secondsBuckets,
    sentence: 'Provider calls, from sending to the last byte.',
  },
  'gateway.upstream.time_to_headers': {
    kind: 'histogram',
    unit: 's',
    buckets: secondsBuckets,
    sentence: 'Provider calls, from sending to the response headers.',
  },
  'gen_ai.client.token.usage': {
    kind: 'histogram',
    unit: '{token}',
    buckets: tokenBuckets,
    sentence: 'Tokens of provider calls.',
  },
} as const;

/** One value for one instrument. */
export interface Measurement {
  readonly name: keyof typeof instruments;
  readonly value: number;
  readonly attributes: Record<string, string | number | boolean>;
}

/** The names of the spans that are measured. */
export const spanNames = { identify: 'identify', admit: 'admit', settle: 'settle', event: 'event' } as const;

const callAttributes = [
  'gen_ai.operation.name',
  'gen_ai.provider.name',
  'gen_ai.request.model',
  'gateway.feature',
] as const;

/** What the end of a span is worth. */
export function measure(span: SpanRecord): Measurement[] {
  const { attributes } = span;
  const seconds = Math.max(0, span.endMs - span.startMs) / 1000;
  if (span.kind === 'server') return measureRequest(span, seconds);
  if (span.kind === 'client') return measureCall(span, seconds);
  const redis: Measurement = { name: 'gateway.redis.duration', value: seconds, attributes: { step: span.name } };
  switch (span.name) {
    case spanNames.identify:
      return [{ name: 'gateway.actor_lookups', value: 1, attributes: { outcome: span.failure ?? 'known' } }];
    case spanNames.admit:
      return [
        redis,
        {
          name: 'gateway.admissions',
          value: 1,
          attributes: {
            ...picked(attributes, ['decision', 'reason', 'gateway.feature']),
            ...(span.failure !== null && !('decision' in attributes) && { decision: 'failed', reason: span.failure }),
          },
        },
      ];
    case spanNames.settle:
      return [
        redis,
        {
          name: 'gateway.leases',
          value: 1,
          attributes: { state: span.failure === null ? (attributes['lease'] ?? '') : 'failed' },
        },
      ];
    case spanNames.event:
      return [{ name: 'gateway.events', value: 1, attributes: picked(attributes, ['name']) }];
    default:
      return [];
  }
}

/** A provider call that begins (+1) or ends (-1). */
export function inFlight(change: 1 | -1, attributes: SpanRecord['attributes']): Measurement {
  return { name: 'gateway.upstream.in_flight', value: change, attributes: picked(attributes, callAttributes) };
}

function measureRequest({ attributes }: SpanRecord, seconds: number): Measurement[] {
  const labels = picked(attributes, ['http.request.method', 'http.response.status_code', 'gateway.feature']);
  const { own_ms: own, refusal, inserted } = attributes;
  return [
    { name: 'http.server.request.duration', value: seconds, attributes: labels },
    ...(typeof own === 'number'
      ? [{ name: 'gateway.overhead', value: own / 1000, attributes: picked(attributes, ['gateway.feature']) } as const]
      : []),
    ...(typeof refusal === 'string'
      ? [{ name: 'gateway.refusals', value: 1, attributes: { reason: refusal } } as const]
      : []),
    ...(typeof inserted === 'number'
      ? [{ name: 'gateway.events.delivered', value: inserted, attributes: {} } as const]
      : []),
  ];
}

function measureCall({ attributes, failure }: SpanRecord, seconds: number): Measurement[] {
  const labels = picked(attributes, callAttributes);
  const tokens = (type: 'input' | 'output'): Measurement[] => {
    const value = attributes[`gen_ai.usage.${type}_tokens`];
    return typeof value === 'number'
      ? [{ name: 'gen_ai.client.token.usage', value, attributes: { ...labels, 'gen_ai.token.type': type } }]
      : [];
  };
  const first = attributes['gateway.upstream.time_to_headers'];
  return [
    {
      name: 'gen_ai.client.operation.duration',
      value: seconds,
      attributes: { ...labels, ...(failure !== null && { 'error.type': failure }) },
    },
    ...(typeof first === 'number'
      ? [{ name: 'gateway.upstream.time_to_headers', value: first, attributes: labels } as const]
      : []),
    ...tokens('input'),
    ...tokens('output'),
  ];
}

function picked(attributes: SpanRecord['attributes'], names: readonly string[]): SpanRecord['attributes'] {
  const found: SpanRecord['attributes'] = {};
  for (const name of names) {
    const value = attributes[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}
