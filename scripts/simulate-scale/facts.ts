// The constants of the simulation, each with where it comes from. A bench figure is of the machine named beside it:
// replace it by your own.

import { readFileSync } from 'node:fs';
import chat from '../../functions/chat-completions/function.json' with { type: 'json' };

/** A number and its source. */
export interface Fact {
  readonly value: number;
  readonly unit: string;
  readonly source: string;
}

interface GooglePrice {
  readonly name: PriceName;
  readonly usd: number;
  readonly what: string;
  readonly source: string;
  readonly date: string;
}

type PriceName =
  | 'cpuSecondUsd'
  | 'gibSecondUsd'
  | 'requestUsd'
  | 'redisNodeHourUsd'
  | 'taskUsd'
  | 'insertGibUsd'
  | 'firestoreReadUsd'
  | 'loadBalancerGibUsd'
  | 'egressGibUsd'
  | 'logGibUsd'
  | 'spanUsd';

const prices = Object.fromEntries(
  (JSON.parse(readFileSync(new URL('google-prices.json', import.meta.url), 'utf8')) as readonly GooglePrice[]).map(
    ({ name, usd, what, source, date }) => [name, { value: usd, unit: '$', source: `${what}; ${source}, ${date}` }],
  ),
) as Readonly<Record<PriceName, Fact>>;

const fact = (value: number, unit: string, source: string): Fact => ({ value, unit, source });

/**
 * All of them. Prices are list prices of us-central1 (google-prices.json): a contract has others, and they change. Look
 * at their pages before a budget is made of them.
 */
export const facts = {
  callSeconds: fact(8, 's', 'assumption: mean of a streamed chat answer'),
  callSpread: fact(0.9, '', 'assumption: sigma of the logarithm of a call’s length'),
  actors: fact(20_000, '', 'assumption: active subscriptions and users'),
  actorSkew: fact(1.1, '', 'assumption: exponent of the Zipf law that shares calls among actors'),
  concurrency: fact(chat.concurrency, 'calls', 'functions/chat-completions/function.json'),
  callsPerCpu: fact(
    1_831,
    'calls/s',
    'npm run bench -- --quick --only throughput: one process with everything on, two cores that also ran load and provider, 2026-11-25',
  ),
  streamsPerCpu: fact(
    380,
    'streams',
    'npm run bench -- --only concurrency: 240 open streams of 50 frames a second took 63 % of a processor, 2026-11-28',
  ),
  instanceTarget: fact(0.6, '', 'Cloud Run: adds instances above 60 % of their concurrency, and of their processors'),
  instancesMax: fact(
    1_000,
    'instances',
    'Cloud Run: default of most instances a service and region; a quota that can be raised',
  ),
  redisCallsPerRequest: fact(3, 'scripts', 'admit, settle, and the outbox’s deletion (shared/README.md#the-lease)'),
  renewSeconds: fact(20, 's', 'shared/src/limiter/lease.ts'),
  redisScriptsPerSecond: fact(
    39_000,
    'scripts/s',
    'npm run bench -- --only redis: 25.3 µs of Redis’s processor time a script, admit and settle in turns, 2026-11-25',
  ),
  redisConnectionsMax: fact(65_000, 'connections', 'Memorystore: TLS connections of Redis 7'),
  redisNodesMax: fact(250, 'nodes', 'Memorystore for Redis Cluster: nodes of one cluster'),
  redisNodeTarget: fact(0.7, '', 'our own: a node is full at 70 % of its scripts, so that one may fail over'),
  shards: fact(4_096, 'shards', 'shared/src/store/keys.ts'),
  eventBytes: fact(1_100, 'bytes', 'npm run chaos -- --seconds 10: mean row as JSON, 2026-11-24'),
  eventsPerTaskMax: fact(
    80,
    'events',
    '90,000 bytes a task (shared/src/events/event-task.ts) over the size of an event',
  ),
  batchSeconds: fact(0.1, 's', 'shared/src/events/outbox.ts: how long an instance gathers'),
  tasksPerQueue: fact(500, 'tasks/s', 'Cloud Tasks: dispatches a second and queue'),
  queuesMax: fact(100, 'queues', 'CODY_GATEWAY_EVENTS_QUEUE_COUNT; the region allows 1,000'),
  bigqueryBytesPerSecond: fact(1e9, 'bytes/s', 'BigQuery: tabledata.insertAll a project in the US and EU'),
  directoryFreshSeconds: fact(60, 's', 'copy of a token in Redis'),
  firestoreReadsPerSecond: fact(
    10_000,
    'reads/s',
    'Firestore: where a database should be warmed up gradually (the 500/50/5 rule); no hard limit',
  ),
  tokensPerCall: fact(1_500, 'tokens', 'assumption: only for the remark that providers cost more'),
  memoryGib: fact(chat.memoryMiB / 1024, 'GiB', 'functions/chat-completions/function.json'),
  streamBytesPerSecond: fact(6_500, 'bytes/s', 'a stream of 20 seconds sends 130 kB: events of one token each'),
  requestBytes: fact(6_000, 'bytes', 'assumption: a prompt of 1,500 tokens'),
  logBytes: fact(490, 'bytes', 'shared/src/telemetry/README.md: nine short lines of 440 bytes to a whole one of 920'),
  requestLogBytes: fact(1_000, 'bytes', 'assumption: what Cloud Run writes of a request'),
  spansPerTrace: fact(6, 'spans', 'assumption: of a call: receive, identify, admit, send, relay, settle'),
  traceShare: fact(0.1, '', 'assumption: of the callers’ traces one in ten is sampled; ours follow theirs'),
  ...prices,
} as const satisfies Record<string, Fact>;
