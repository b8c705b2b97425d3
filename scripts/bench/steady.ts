// So many streams open at any time, for as long as they last: what an instance pays for them, and how late their first
// frames are.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Order, Outcome } from './load.ts';
import { chunkDelayMs } from './provider-process.ts';
import { chat, order, percentile } from './sections.ts';
import { wholeStream } from './streams.ts';
import { cpuMs, residentMiB, type Rig, type Target } from './targets.ts';

/** Streams of frames `chunkDelayMs` apart. */
export interface Steady {
  readonly streamSeconds: number;
  /** On average: they arrive at random. */
  readonly open: number;
  /** So long they are watched, once so many are open. */
  readonly watchedSeconds: number;
  /** What warms the target up is over, and told: whatever it tells from now on is about these streams. */
  readonly begins?: () => void;
}

/**
 * What was seen. Its figures are of all streams but `firstMs`, which is of those that came once enough were open: until
 * the first frame with text. The gateway holds what comes before it, so that another home can take the call
 * (shared/src/upstream/README.md). NaN where the frames are not the provider's.
 */
export interface SteadyRun {
  readonly streams: number;
  readonly failed: number;
  readonly firstMs: { readonly p50: number; readonly p99: number };
  /** Processor time of a stream, ms; its requests and their ends are in it. */
  readonly cpuMsPerStream: number;
  /** While they were open, of one processor. */
  readonly cpuShare: number;
  readonly residentMiBMax: number;
  /** To the caller, with heads and marks of chunks; without TLS. */
  readonly bytesPerStream: number;
}

/** The first frame of the provider's names a role, the second has text. */
const textAt = 1;
const sampleMs = 500;
/** So many streams, and everything is compiled. */
const warmStreams = 300;
/** Longer than the target keeps what it has to tell (telemetry/exporter.ts). */
const tellMs = 3_000;

/** Runs them. Its rig's provider streams. */
export async function runSteady(rig: Rig, target: Target, steady: Steady): Promise<SteadyRun> {
  const { streamSeconds, open, watchedSeconds, begins } = steady;
  const chunks = Math.round((streamSeconds * 1_000) / chunkDelayMs);
  const body = chat(1_000, true);
  await rig.setChunks(20);
  await rig.load(order(target, { body, concurrency: 64, requests: warmStreams }));
  // The same stream at once: what each is compared with.
  await rig.setChunks(chunks, 0);
  const stream = await wholeStream(rig.provider, body);
  await rig.setChunks(chunks);
  await sleep(tellMs);
  begins?.();
  const perSecond = open / streamSeconds;
  const requests = Math.round(open + perSecond * watchedSeconds);
  const more: Omit<Order, 'url' | 'headers'> = { body, concurrency: requests, requests, perSecond, stream };
  let residentMiBMax = 0;
  const sample = setInterval(() => (residentMiBMax = Math.max(residentMiBMax, residentMiB(target) ?? 0)), sampleMs);
  const [cpuBefore, startedMs] = [cpuMs(target.pid), performance.now()];
  let openCpu = { cpuMs: 0, ms: 1 };
  // While as many are open as shall be: neither while they are still coming nor while they end.
  const watch = setTimeout(
    () => (openCpu = { cpuMs: cpuMs(target.pid), ms: performance.now() - startedMs }),
    streamSeconds * 1_000,
  );
  let busy = Number.NaN;
  const watched = setTimeout(
    () => (busy = (cpuMs(target.pid) - openCpu.cpuMs) / Math.max(1, performance.now() - startedMs - openCpu.ms)),
    (streamSeconds + watchedSeconds) * 1_000,
  );
  let outcome: Outcome;
  try {
    outcome = await rig.load(order(target, more));
  } finally {
    clearInterval(sample);
    clearTimeout(watch);
    clearTimeout(watched);
  }
  const spentCpuMs = cpuMs(target.pid) - cpuBefore;
  await sleep(tellMs);
  const { timesMs, lost, changed, moved } = outcome.frames;
  // A peer that writes frames of its own has none of the provider's.
  const isRelayed = lost + changed + moved === 0;
  const first = isRelayed ? timesMs.slice(open).map((times) => times[textAt] ?? Number.NaN) : [];
  return {
    streams: requests,
    failed: outcome.failed,
    firstMs: { p50: percentile(first, 50), p99: percentile(first, 99) },
    cpuMsPerStream: spentCpuMs / requests,
    cpuShare: busy,
    residentMiBMax,
    bytesPerStream: outcome.receivedBytes / requests,
  };
}
