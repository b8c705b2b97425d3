// What is measured, one function a section. Each runs its targets in turns, so that what the machine does meanwhile
// hits all of them.

import type { Order, Outcome } from './load.ts';
import { cpuMs, residentMiB, type Rig, type Target } from './targets.ts';

/** How much of everything. */
export interface Scale {
  /** Of the requests of a section. */
  readonly share: number;
  /** How long memory is watched. */
  readonly minutes: number;
}

/** Rounds of a section. */
const rounds = 6;
/** One connection sends so often on average: what a busy user does, not what a machine can. */
const perConnectionPerSecond = 5;
const model = 'gpt-4o';

/** A chat request whose prompt has so many bytes. */
export function chat(promptBytes: number, stream = false): string {
  return JSON.stringify({
    model,
    stream,
    ...(stream && { stream_options: { include_usage: true } }),
    messages: [
      { role: 'system', content: 'You are terse.' },
      { role: 'user', content: 'word '.repeat(Math.ceil(promptBytes / 5)) },
    ],
  });
}

export function order({ url, headers }: Target, more: Omit<Order, 'url' | 'headers'>): Order {
  return { url: `${url}/v1/chat/completions`, headers, ...more };
}

/** Code is compiled while it runs: nothing counts before it is warm. */
async function warm(rig: Rig, targets: readonly Target[], scale: Scale): Promise<void> {
  const requests = Math.round(4_000 * Math.max(scale.share, 0.5));
  for (const target of targets) await rig.load(order(target, { body: chat(1_000), concurrency: 32, requests }));
}

/** Added time at several loads and body sizes; latencies by target and load for the picture. */
export async function addedTime(
  rig: Rig,
  scale: Scale,
): Promise<{ rows: object[]; latencies: Record<string, Record<string, number[]>> }> {
  const targets = [rig.provider, rig.gateway, rig.peer, rig.frameworkRelay, rig.bareRelay];
  await warm(rig, targets, scale);
  const rows: object[] = [];
  const latencies: Record<string, Record<string, number[]>> = {};
  for (const [concurrency, kB] of [
    [1, 1],
    [16, 1],
    [64, 1],
    [256, 1],
    [1, 40],
    [1, 400],
  ] as const) {
    const requests = Math.ceil((concurrency === 1 ? 60 : 8 * concurrency) * scale.share);
    // At one connection an open loop would mostly wait: there the next request follows the last answer.
    const pace = concurrency === 1 ? {} : { perSecond: perConnectionPerSecond * concurrency };
    const taken = new Map<string, number[]>(targets.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round++)
      for (const target of targets) {
        const outcome = await rig.load(order(target, { body: chat(kB * 1_000), concurrency, requests, ...pace }));
        if (outcome.failed > 0) throw new Error(`${target.name}: ${outcome.failed} of ${requests} requests failed`);
        taken.get(target.name)?.push(...outcome.latenciesMs);
      }
    const load = `${concurrency} × ${kB} kB`;
    latencies[load] = Object.fromEntries(taken);
    const direct = taken.get(rig.provider.name) ?? [];
    const added = ({ name }: Target, p: number): number =>
      round(percentile(taken.get(name) ?? [], p) - percentile(direct, p));
    const row: Record<string, string | number> = {
      load,
      requests: requests * rounds,
      provider: round(percentile(direct, 50)),
    };
    for (const target of targets.slice(1)) row[target.name] = `${added(target, 50)} / ${added(target, 99)}`;
    rows.push(row);
  }
  return { rows, latencies };
}

/**
 * Requests a second, by the clock and by the target's own processor time, and the gateway's share of both. Load,
 * provider and Redis have the same two cores: whoever needs more of these is `busy` for less of the time, and slower
 * by the clock than by its own work.
 */
export async function throughput(rig: Rig, scale: Scale): Promise<object[]> {
  const targets = [rig.gateway, rig.peer, rig.frameworkRelay, rig.bareRelay];
  await warm(rig, targets, scale);
  const taken = new Map(targets.map(({ name }) => [name, { perSecond: [] as number[], perCpuSecond: [] as number[] }]));
  let failed = 0;
  for (let round = 0; round < 4; round++)
    for (const target of targets) {
      const requests = Math.round(8_000 * scale.share);
      const beforeMs = cpuMs(target.pid);
      const outcome = await rig.load(order(target, { body: chat(1_000), concurrency: 128, requests }));
      failed += outcome.failed;
      const of = taken.get(target.name);
      of?.perSecond.push(perSecond(outcome));
      of?.perCpuSecond.push(outcome.latenciesMs.length / ((cpuMs(target.pid) - beforeMs) / 1000));
    }
  const median = (name: string, of: 'perSecond' | 'perCpuSecond'): number =>
    percentile(taken.get(name)?.[of] ?? [], 50);
  const gatewayIs = (name: string, of: 'perSecond' | 'perCpuSecond'): number =>
    round(median(rig.gateway.name, of) / median(name, of));
  return targets.map(({ name }) => ({
    target: name,
    perSecond: Math.round(median(name, 'perSecond')),
    gatewayIsTimes: gatewayIs(name, 'perSecond'),
    busy: round(median(name, 'perSecond') / median(name, 'perCpuSecond')),
    perCpuSecond: Math.round(median(name, 'perCpuSecond')),
    gatewayIsTimesByCpu: gatewayIs(name, 'perCpuSecond'),
    failed,
  }));
}

/** 150 requests a second with prompts of 300 kB. */
export async function prompts(rig: Rig, scale: Scale): Promise<object> {
  const more = { body: chat(300_000), concurrency: 64, requests: Math.round(1_500 * scale.share), perSecond: 150 };
  await rig.load(order(rig.gateway, { ...more, requests: 150 }));
  const direct = await rig.load(order(rig.provider, more));
  const through = await rig.load(order(rig.gateway, more));
  return {
    requests: through.latenciesMs.length,
    failed: through.failed,
    addedP50: round(percentile(through.latenciesMs, 50) - percentile(direct.latenciesMs, 50)),
    addedP99: round(percentile(through.latenciesMs, 99) - percentile(direct.latenciesMs, 99)),
    residentMiB: residentMiB(rig.gateway),
  };
}

/**
 * Valid calls alone, then beside 5,000 made-up tokens a second, or as many as one generator can send. Latency is the
 * machine's too, where provider, generators and gateway share two cores; the gateway's own time is what the flood does
 * to it.
 */
export async function flood(rig: Rig, scale: Scale): Promise<object[]> {
  const [perSecondValid, compiledAfterSeconds] = [100, 3];
  const compiled = perSecondValid * compiledAfterSeconds;
  const valid = order(rig.gateway, {
    body: chat(1_000),
    concurrency: 16,
    requests: compiled + Math.round(1_000 * scale.share),
    perSecond: perSecondValid,
  });
  const madeUp = order(rig.gateway, {
    body: chat(1_000),
    concurrency: 64,
    requests: 5_000 * (compiledAfterSeconds + 10 * scale.share),
    perSecond: 5_000,
    madeUpTokens: true,
  });
  await warm(rig, [rig.gateway], scale);
  const row = (beside: string, outcome: Outcome, from = 0, to?: number): object => {
    const [ownMs, latenciesMs] = [outcome.ownMs.slice(from, to), outcome.latenciesMs.slice(from, to)];
    return {
      beside,
      answers: latenciesMs.length,
      failed: outcome.failed,
      ownP50: percentile(ownMs, 50),
      ownP99: percentile(ownMs, 99),
      latencyP50: round(percentile(latenciesMs, 50)),
      latencyP99: round(percentile(latenciesMs, 99)),
    };
  };
  const alone = await rig.load(valid);
  const flooding = rig.loadBeside(madeUp);
  const beside = await rig.load(valid);
  const refused = await flooding;
  const before = cpuMs(rig.gateway.pid);
  const only = await rig.loadBeside(madeUp);
  const refusalUs = Math.round(((cpuMs(rig.gateway.pid) - before) / only.failed) * 1000);
  const perSecondRefused = round(refused.failed / (refused.elapsedMs / 1000));
  return [
    row('nothing', alone),
    // What refuses is compiled while it refuses.
    row(`a flood's first ${compiledAfterSeconds} seconds`, beside, 0, compiled),
    row(`${perSecondRefused} refusals a second, ${refusalUs} µs of CPU each`, beside, compiled),
  ];
}

/** 200 streams and 500 whole answers a second for minutes: what memory does. */
export async function mixedLoad(rig: Rig, { minutes }: Scale): Promise<object> {
  const untilMs = Date.now() + minutes * 60_000;
  const samples: number[] = [];
  const sample = setInterval(() => samples.push(residentMiB(rig.gateway) ?? Number.NaN), 1_000);
  let [whole, failed] = [0, 0];
  while (Date.now() < untilMs) {
    const outcomes = await Promise.all([
      rig.load(order(rig.gateway, { body: chat(1_000, true), concurrency: 200, requests: 1_400 })),
      rig.loadBeside(order(rig.gateway, { body: chat(1_000), concurrency: 64, requests: 5_000, perSecond: 500 })),
    ]);
    for (const outcome of outcomes) {
      whole += outcome.latenciesMs.length;
      failed += outcome.failed;
    }
  }
  clearInterval(sample);
  const half = Math.floor(samples.length / 2);
  return {
    minutes,
    answers: whole,
    failed,
    firstHalfMax: Math.max(...samples.slice(0, half)),
    secondHalfMax: Math.max(...samples.slice(half)),
    last: samples.at(-1),
  };
}

function perSecond({ latenciesMs, elapsedMs }: Outcome): number {
  return latenciesMs.length / (elapsedMs / 1000);
}

export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? Number.NaN;
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
