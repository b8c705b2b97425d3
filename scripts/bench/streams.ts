// Streams through the gateway beside the provider's own, frame by frame: what is lost or wrong, what stalls, what
// comes later and by how much. Provider, generator and gateway share the machine: the direct run is what it does
// without the gateway.

import type { FrameCount, Order } from './load.ts';
import { chunkDelayMs, streamChunks } from './provider-process.ts';
import { chat, order, percentile, round, type Scale } from './sections.ts';
import { cpuMs, type Rig, type Target } from './targets.ts';

/** The relay shows what a function pays for a frame that does nothing with it. */
const targets = ['provider', 'frameworkRelay', 'gateway'] as const;
type TargetName = (typeof targets)[number];

/** As many streams can be open at once, while no more than 50 start a second, if each has as many chunks. */
const open = 512;
const longChunks = 512;

/** Streams that start together or at a pace. */
interface Load {
  readonly name: string;
  readonly chunks: number;
  readonly streams: number;
  /** Null: all at once. */
  readonly perSecond: number | null;
  /** Those that start until as many are open as shall be: compared as all, but their times don't count. */
  readonly ramp: number;
  readonly rounds: number;
}

/** Of one load and target; times in ms. `added` ones are beside the direct run's. */
export interface StreamRow {
  readonly load: string;
  readonly target: string;
  readonly streams: number;
  readonly failed: number;
  /** Frames that the provider sends, and those of them that came; the others are lost. */
  readonly sent: number;
  readonly arrived: number;
  readonly lost: number;
  /** Changed, out of order, or not the provider's. */
  readonly wrong: number;
  readonly stalled: number;
  readonly firstP50: number;
  readonly firstP99: number;
  readonly firstAddedP50: number;
  readonly firstAddedP99: number;
  readonly frameAddedP50: number;
  readonly frameAddedP99: number;
  readonly longestGap: number;
  /** Processor time of the target, its requests included, divided by the frames. */
  readonly cpuUsPerFrame: number;
}

/** What the times of the streams of one target tell, in ms. */
export interface TimeFigures {
  readonly firstP50: number;
  readonly firstP99: number;
  /** How much later than the direct run's median a frame of its place in the stream comes, over all frames. */
  readonly lateP50: number;
  readonly lateP99: number;
  /**
   * Frames whose gap to the one before is longer than what 99 of 100 gaps of the direct run are, and two intervals:
   * two more were due meanwhile. Both targets are held to the same bound, so the direct run's own are the machine's.
   */
  readonly stalled: number;
  readonly longestGap: number;
}

/** What is added to each frame of a stream, in ms. */
export interface ByFrame {
  readonly addedP50: readonly number[];
  readonly addedP99: readonly number[];
}

/** By stream and frame, as load.ts tells them. */
type Times = readonly Float64Array[];

/** All loads, targets in turns; faults in words, and the added time of each frame of a stream by load. */
export async function streams(
  rig: Rig,
  { share }: Scale,
): Promise<{ rows: StreamRow[]; faults: string[]; byFrame: Record<string, ByFrame> }> {
  const rounds = Math.ceil(3 * share);
  const steady = Math.round(open * Math.max(share, 0.5));
  const short = { chunks: streamChunks, rounds };
  const loads: Load[] = [
    { ...short, name: `${open} at once`, streams: open, perSecond: null, ramp: 0 },
    { ...short, name: '130 open', streams: 500, perSecond: 100, ramp: 100 },
    {
      name: `${steady} open`,
      chunks: longChunks,
      streams: 2 * steady,
      perSecond: steady / ((longChunks * chunkDelayMs) / 1000),
      ramp: steady,
      rounds: 1,
    },
  ];
  const rows: StreamRow[] = [];
  const faults: string[] = [];
  const byFrame: Record<string, ByFrame> = {};
  for (const load of loads) {
    const taken = await take(rig, load);
    for (const name of targets) {
      const times = compareTimes(taken.provider.timesMs, taken[name].timesMs, chunkDelayMs);
      rows.push(row(load, rig[name], taken[name], times.target, times.provider));
      faults.push(...taken[name].faults.map((fault) => `${load.name}, ${rig[name].name}, ${fault}`));
      if (name === 'gateway') byFrame[load.name] = times.byFrame;
    }
  }
  return { rows, faults, byFrame };
}

/** Of one target, all rounds of a load. */
interface Taken extends FrameCount {
  readonly failed: number;
  readonly cpuMs: number;
}

type Writable<Type> = { -readonly [Name in keyof Type]: Type[Name] };

async function take(
  rig: Rig,
  { chunks, streams: requests, perSecond, ramp, rounds }: Load,
): Promise<Record<TargetName, Taken>> {
  await rig.setChunks(chunks);
  const body = chat(1_000, true);
  const more: Omit<Order, 'url' | 'headers'> = {
    body,
    concurrency: requests,
    requests,
    ...(perSecond !== null && { perSecond }),
    stream: await wholeStream(rig.provider, body),
  };
  const counts = { sent: 0, arrived: 0, lost: 0, changed: 0, moved: 0, added: 0, failed: 0, cpuMs: 0 };
  const none = (): Writable<Taken> => ({ ...counts, faults: [], timesMs: [] });
  const taken = { provider: none(), frameworkRelay: none(), gateway: none() };
  for (const name of targets)
    await rig.load(order(rig[name], { body, concurrency: 32, requests: Math.round(32_768 / chunks) }));
  for (let round = 0; round < rounds; round++)
    for (const name of targets) {
      const before = cpuMs(rig[name].pid);
      const { frames, failed } = await rig.load(order(rig[name], more));
      const sum = taken[name];
      sum.cpuMs += cpuMs(rig[name].pid) - before;
      sum.failed += failed;
      for (const member of ['sent', 'arrived', 'lost', 'changed', 'moved', 'added'] as const)
        sum[member] += frames[member];
      sum.faults.push(...frames.faults);
      sum.timesMs.push(...frames.timesMs.slice(ramp));
    }
  return taken;
}

/** What the provider sends: the measure of all others, its own later streams too. */
export async function wholeStream({ url, headers }: Target, body: string): Promise<string> {
  const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body });
  if (response.status !== 200) throw new Error(`the provider answered ${response.status}`);
  return response.text();
}

/** Stalls, lateness and gaps of both. @param intervalMs between two frames of the provider */
export function compareTimes(
  provider: Times,
  target: Times,
  intervalMs: number,
): {
  provider: TimeFigures;
  target: TimeFigures;
  byFrame: ByFrame;
} {
  const frames = provider[0]?.length ?? 0;
  const at = (times: Times, frame: number): number[] =>
    times.map((stream) => stream[frame] ?? Number.NaN).filter((ms) => !Number.isNaN(ms));
  const medians = Array.from({ length: frames }, (_, frame) => percentile(at(provider, frame), 50));
  const stalledAboveMs = percentile(provider.flatMap(gapsOf), 99) + 2 * intervalMs;
  const figures = (times: Times): TimeFigures => {
    const first = at(times, 0);
    const late = medians.flatMap((median, frame) => at(times, frame).map((ms) => ms - median));
    const gaps = times.flatMap(gapsOf);
    return {
      firstP50: percentile(first, 50),
      firstP99: percentile(first, 99),
      lateP50: percentile(late, 50),
      lateP99: percentile(late, 99),
      stalled: gaps.filter((ms) => ms > stalledAboveMs).length,
      longestGap: gaps.reduce((longest, ms) => Math.max(longest, ms), 0),
    };
  };
  const added = (p: number): number[] =>
    medians.map((_, frame) => round(percentile(at(target, frame), p) - percentile(at(provider, frame), p)));
  return {
    provider: figures(provider),
    target: figures(target),
    byFrame: { addedP50: added(50), addedP99: added(99) },
  };
}

/** Between a frame and the one before it, of those that came. */
function gapsOf(times: Float64Array): number[] {
  const came = times.filter((ms) => !Number.isNaN(ms));
  return Array.from(came.subarray(1), (ms, i) => ms - (came[i] ?? Number.NaN));
}

function row(load: Load, target: Target, taken: Taken, times: TimeFigures, direct: TimeFigures): StreamRow {
  return {
    load: load.name,
    target: target.name,
    streams: load.streams * load.rounds,
    failed: taken.failed,
    sent: taken.sent,
    arrived: taken.arrived,
    lost: taken.lost,
    wrong: taken.changed + taken.moved + taken.added,
    stalled: times.stalled,
    firstP50: round(times.firstP50),
    firstP99: round(times.firstP99),
    firstAddedP50: round(times.firstP50 - direct.firstP50),
    firstAddedP99: round(times.firstP99 - direct.firstP99),
    frameAddedP50: round(times.lateP50 - direct.lateP50),
    frameAddedP99: round(times.lateP99 - direct.lateP99),
    longestGap: round(times.longestGap),
    cpuUsPerFrame: round((taken.cpuMs / taken.sent) * 1000),
  };
}
