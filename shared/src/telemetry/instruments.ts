// Which metrics there are: name, kind, unit, buckets and what they tell. Not their values (meters.ts).

const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
/** For what should take a millisecond. */
const fineSecondsBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1];
/**
 * OpenTelemetry's GenAI conventions advise these three; the first ends at 82 s there, where our longest calls begin.
 */
const operationBuckets = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68, 655.36,
];
const firstChunkBuckets = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60,
];
const tokenBuckets = [
  1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864,
];

/** Of the original gateway's histograms. */
const millisecondsBuckets = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000];

/** `up-down` sums go both ways, a gauge is its last value. */
export type Instrument =
  | { readonly kind: 'counter' | 'up-down' | 'gauge'; readonly unit: string; readonly sentence: string }
  | {
      readonly kind: 'histogram';
      readonly unit: string;
      readonly buckets: readonly number[];
      readonly sentence: string;
    };

const table = {
  'gateway.upstream.in_flight': { kind: 'up-down', unit: '{request}', sentence: 'Calls to providers that run now.' },
  'gateway.overhead': {
    kind: 'histogram',
    unit: 's',
    buckets: fineSecondsBuckets,
    sentence: 'Own time of a request: all but the provider’s.',
  },
  'gateway.time_to_first_byte': {
    kind: 'histogram',
    unit: 's',
    buckets: secondsBuckets,
    sentence: 'From a request’s arrival to the first byte of the provider’s answer.',
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
  'gateway.budget.above_bound': {
    kind: 'counter',
    unit: '{call}',
    sentence: 'Calls with a budget that cost more than was thought possible, by model: the bound is wrong.',
  },
  'gateway.leases': { kind: 'counter', unit: '{lease}', sentence: 'Leases that ended, by how.' },
  'gateway.redis.duration': {
    kind: 'histogram',
    unit: 's',
    buckets: fineSecondsBuckets,
    sentence: 'Waits of a request for Redis, by step and outcome.',
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
    sentence:
      'Usage events that the instance sent, failed to send, or had no room for (left), and those that the sweeper sent (swept), by state.',
  },
  'gateway.events.delivered': { kind: 'counter', unit: '{event}', sentence: 'Usage events the warehouse took.' },
  'gateway.dead_letters': {
    kind: 'counter',
    unit: '{event}',
    sentence: 'Usage events that can’t be delivered and are kept as dead letters.',
  },
  'gateway.notices': { kind: 'counter', unit: '{notice}', sentence: 'Quota notices, by outcome.' },
  'gateway.actor_lookups': { kind: 'counter', unit: '{lookup}', sentence: 'Look-ups of callers, by outcome.' },
  'gateway.upstream.attempts': {
    kind: 'counter',
    unit: '{attempt}',
    sentence: 'Attempts at homes, by home, provider, model and outcome.',
  },
  'gateway.upstream.attempt.duration': {
    kind: 'histogram',
    unit: 's',
    buckets: secondsBuckets,
    sentence: 'Attempts at homes, from sending to the response headers or to the failure.',
  },
  'gateway.home.shut': {
    kind: 'gauge',
    unit: '1',
    sentence: '1 while a home, a key of a home or a model at a home gets no calls, 0 when it does again.',
  },
  'gateway.model_breaker': {
    kind: 'gauge',
    unit: '1',
    sentence: '1 while a model that keeps failing is not called, 0 when it is again.',
  },
  'gen_ai.client.operation.duration': {
    kind: 'histogram',
    unit: 's',
    buckets: operationBuckets,
    sentence: 'Provider calls, from sending to the last byte.',
  },
  'gen_ai.client.operation.time_to_first_chunk': {
    kind: 'histogram',
    unit: 's',
    buckets: firstChunkBuckets,
    sentence: 'Streams, from sending the provider’s call to the first piece of its answer.',
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
  // Names, units and labels of the original gateway (shared/COMPATIBILITY.md#metric-names).
  'cody-gateway.concurrent_upstream_requests': {
    kind: 'up-down',
    unit: '{request}',
    sentence: 'gateway.upstream.in_flight under the name that older dashboards read.',
  },
  'cody-gateway.latency_overhead': {
    kind: 'histogram',
    unit: 'ms',
    buckets: millisecondsBuckets,
    sentence: 'gateway.overhead of calls of providers under the name that older dashboards read.',
  },
  'cody-gateway.redis_latency': {
    kind: 'histogram',
    unit: 'ms',
    buckets: millisecondsBuckets,
    sentence: 'gateway.redis.duration under the name that older dashboards read.',
  },
} as const satisfies Readonly<Record<string, Instrument>>;

/** A metric's name. */
export type InstrumentName = keyof typeof table;

/** All of them. */
export const instruments: Readonly<Record<InstrumentName, Instrument>> = table;
