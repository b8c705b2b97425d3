// What a call costs at list prices, by what it needs. The simulation reckons with assumed needs, the benchmark
// (scripts/bench/dollars.ts) with measured ones.

import { facts } from './facts.ts';

/** What one call needs, on average. */
export interface CallNeeds {
  /** Of an instance with one vCPU, shared with the calls beside it. */
  readonly instanceSeconds: number;
  /** Of that instance. */
  readonly memoryGib: number;
  readonly redisNodeSeconds: number;
  readonly tasks: number;
  /** Of its row; 0 where none is written. */
  readonly insertBytes: number;
  readonly directoryReads: number;
  readonly toCallerBytes: number;
  /** From the caller, and the same on to the provider. */
  readonly requestBytes: number;
  readonly logBytes: number;
  readonly spans: number;
}

/** Dollars of one call, by what they are for. */
export interface CallUsd {
  readonly instance: number;
  readonly request: number;
  readonly redis: number;
  readonly tasks: number;
  readonly inserts: number;
  readonly directory: number;
  readonly loadBalancer: number;
  readonly logs: number;
  readonly spans: number;
  /** To the caller and to the provider: both lie outside of Google. */
  readonly egress: number;
}

const gib = 2 ** 30;
/** BigQuery bills no row as less. */
const rowBytesMin = 1_024;

/** @returns dollars of one call */
export function usdOfCall(needs: CallNeeds): CallUsd {
  const f = (name: keyof typeof facts): number => facts[name].value;
  const rowBytes = needs.insertBytes === 0 ? 0 : Math.max(needs.insertBytes, rowBytesMin);
  return {
    instance: needs.instanceSeconds * (f('cpuSecondUsd') + f('gibSecondUsd') * needs.memoryGib),
    request: f('requestUsd'),
    redis: (needs.redisNodeSeconds * f('redisNodeHourUsd')) / 3600,
    // Made, and delivered.
    tasks: 2 * f('taskUsd') * needs.tasks,
    inserts: (rowBytes / gib) * f('insertGibUsd'),
    directory: needs.directoryReads * f('firestoreReadUsd'),
    loadBalancer: ((needs.toCallerBytes + needs.requestBytes) / gib) * f('loadBalancerGibUsd'),
    logs: (needs.logBytes / gib) * f('logGibUsd'),
    spans: needs.spans * f('spanUsd'),
    egress: ((needs.toCallerBytes + needs.requestBytes) / gib) * f('egressGibUsd'),
  };
}

export function sumOf(usd: CallUsd): number {
  return (Object.values(usd) as number[]).reduce((sum, part) => sum + part, 0);
}
