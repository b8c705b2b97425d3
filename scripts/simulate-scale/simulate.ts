// What the gateway needs at a rate of requests: arrivals, lengths of calls and actors are drawn from a seed, the rest
// is arithmetic on facts.ts.

import { Command } from 'ioredis';
import { shardName } from '@cody-gateway/shared/store';
import { sumOf, usdOfCall } from './dollars.ts';
import { facts } from './facts.ts';

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What one rate needs. */
export interface Need {
  readonly rate: number;
  /** Calls in flight, at their peak. */
  readonly inFlight: number;
  readonly instances: number;
  /** Redis nodes that carry the scripts, by the share of the busiest shards. */
  readonly redisNodes: number;
  readonly redisScripts: number;
  readonly queues: number;
  /** Bytes a second to callers, and of log lines; spans a second. */
  readonly egressBytes: number;
  readonly logBytes: number;
  readonly spans: number;
  readonly tasks: number;
  readonly eventsPerTask: number;
  readonly insertBytes: number;
  readonly directoryReads: number;
  /** Dollars a million requests, providers apart. */
  readonly usdPerMillion: number;
  /** Limits that are passed, and what to turn then. */
  readonly limits: readonly string[];
}

/** Seconds that are drawn; the peak is the highest of them. */
const windowSeconds = 60;
/** Calls drawn at most: above, one stands for many. */
const drawnMax = 200_000;

/** @param rate requests a second */
export function simulate(rate: number, seed: number): Need {
  const random = seeded(seed);
  const f = (name: keyof typeof facts): number => facts[name].value;
  const inFlight = peak(rate, f('callSeconds'), f('callSpread'), random);
  const processors = rate / f('callsPerCpu') + inFlight / f('streamsPerCpu');
  const instances = Math.max(1, Math.ceil(Math.max(inFlight / f('concurrency'), processors) / f('instanceTarget')));
  const redisScripts = rate * f('redisCallsPerRequest') + inFlight / f('renewSeconds');
  const { loads, seen } = shares(f('actors'), f('actorSkew'), f('shards'), random, rate * f('directoryFreshSeconds'));
  // Nodes have slots, a slot whole hash tags: the busiest node carries more than its part, and no less than one shard.
  const nodes = redisScripts / f('redisScriptsPerSecond');
  const hottest = nodes * Math.max(...loads);
  const redisNodes = nodesFor(loads, f('redisNodeTarget') / nodes);
  const callBytes = f('callSeconds') * f('streamBytesPerSecond');
  const eventsPerTask = Math.min(f('eventsPerTaskMax'), Math.max(1, (rate / instances) * f('batchSeconds')));
  const tasks = rate / eventsPerTask;
  const queues = Math.max(1, Math.ceil(tasks / (f('tasksPerQueue') * 0.8)));
  const insertBytes = rate * Math.max(f('eventBytes'), 1024);
  const directoryReads = seen / f('directoryFreshSeconds');
  const limits = [
    instances > f('instancesMax') &&
      `${facts.instancesMax.value} instances: raise the quota, then a gateway a region, with customers of its own (below)`,
    redisNodes > 1 && 'one Redis thread: Redis Cluster, redis_cluster = { nodes = N } by this table',
    hottest > f('redisNodeTarget') &&
      'one shard: the busiest actor’s; more shards do not help, a part of its own quota does',
    redisNodes > f('redisNodesMax') &&
      `${facts.redisNodesMax.value} nodes of a cluster: a gateway a region, actors homed to one`,
    instances > f('redisConnectionsMax') && 'connections to Redis: fewer, larger instances',
    queues > 1 &&
      queues <= f('queuesMax') &&
      `${facts.tasksPerQueue.value} tasks a second and queue: events_queues = ${queues}`,
    queues > f('queuesMax') &&
      `${facts.queuesMax.value} queues of ${facts.tasksPerQueue.value} tasks a second: events_queues = ${facts.queuesMax.value} and larger batches (a batch that gathers for a second needs a tenth of the tasks), then Pub/Sub instead`,
    insertBytes > f('bigqueryBytesPerSecond') && 'streaming inserts: the Storage Write API',
    directoryReads > f('firestoreReadsPerSecond') && 'directory reads: a longer fresh time of the copy in Redis',
  ].filter((limit) => limit !== false);
  // A call's instance is billed while any call runs in it; full instances share it best.
  const busySeconds = (instances * windowSeconds) / (rate * windowSeconds);
  const usd = usdOfCall({
    instanceSeconds: Math.min(busySeconds, f('callSeconds') * 1.5),
    memoryGib: f('memoryGib'),
    redisNodeSeconds: redisNodes / rate,
    tasks: 1 / eventsPerTask,
    insertBytes: f('eventBytes'),
    directoryReads: directoryReads / rate,
    toCallerBytes: callBytes,
    requestBytes: f('requestBytes'),
    logBytes: f('logBytes') + f('requestLogBytes'),
    spans: f('spansPerTrace') * f('traceShare'),
  });
  return {
    rate,
    inFlight: Math.round(inFlight),
    instances,
    redisNodes,
    redisScripts: Math.round(redisScripts),
    queues,
    tasks: Math.round(tasks * 10) / 10,
    eventsPerTask: Math.round(eventsPerTask * 10) / 10,
    insertBytes,
    egressBytes: rate * callBytes,
    logBytes: rate * (f('logBytes') + f('requestLogBytes')),
    spans: Math.round(rate * f('spansPerTrace') * f('traceShare')),
    directoryReads: Math.round(directoryReads * 10) / 10,
    usdPerMillion: Math.round(sumOf(usd) * 1e6 * 100) / 100,
    limits,
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Most calls at once: arrivals at any moment of the window, lengths by a log-normal law with this mean. */
function peak(rate: number, meanSeconds: number, sigma: number, random: () => number): number {
  const wanted = rate * (windowSeconds + meanSeconds * 4);
  const drawn = Math.min(wanted, drawnMax);
  const weight = wanted / drawn;
  const mu = Math.log(meanSeconds) - sigma ** 2 / 2;
  const changes = new Float64Array(windowSeconds + 1);
  for (let n = 0; n < drawn; n++) {
    // From before the window on, so that it begins with calls in flight.
    const start = random() * (windowSeconds + meanSeconds * 4) - meanSeconds * 4;
    const end = start + Math.exp(mu + sigma * normal(random));
    if (end < 0) continue;
    const first = Math.max(0, Math.ceil(start));
    if (first > windowSeconds) continue;
    changes[first] = (changes[first] ?? 0) + 1;
    const last = Math.ceil(end);
    if (last <= windowSeconds) changes[last] = (changes[last] ?? 0) - 1;
  }
  let now = 0;
  let highest = 0;
  for (const change of changes) {
    now += change;
    highest = Math.max(highest, now);
  }
  return Math.max(1, highest * weight);
}

/** The slot of each shard's hash tag (shared/src/store/keys.ts). */
const slots = Array.from({ length: facts.shards.value }, (_, shard) =>
  new Command('get', [`{${shardName(shard)}}`]).getSlot(),
);
const slotsInAll = 16_384;

/**
 * The least number of nodes, with a range of slots each, of which none has more than `most` of the calls. A shard that
 * alone is more is left out: no number of nodes helps it.
 */
function nodesFor(loads: Float64Array, most: number): number {
  const all = loads.reduce((sum, load) => (load > most ? sum : sum + load), 0);
  for (let nodes = Math.max(1, Math.ceil(all / most)); nodes < loads.length; nodes++) {
    const each = new Float64Array(nodes);
    for (const [shard, load] of loads.entries()) {
      if (load > most) continue;
      const node = Math.floor(((slots[shard] ?? 0) * nodes) / slotsInAll);
      each[node] = (each[node] ?? 0) + load;
    }
    if (Math.max(...each) <= most) return nodes;
  }
  return loads.length;
}

/** Each shard's share of the calls, and how many actors `calls` of them belong to. */
function shares(
  actors: number,
  skew: number,
  shards: number,
  random: () => number,
  calls: number,
): { loads: Float64Array; seen: number } {
  const load = new Float64Array(shards);
  let total = 0;
  let sum = 0;
  for (let rank = 1; rank <= actors; rank++) total += rank ** -skew;
  for (let rank = 1; rank <= actors; rank++) {
    const share = rank ** -skew / total;
    const shard = Math.floor(random() * shards);
    load[shard] = (load[shard] ?? 0) + share;
    // An actor is seen unless all of the calls are others'.
    sum += 1 - (1 - share) ** calls;
  }
  return { loads: load, seen: sum };
}
