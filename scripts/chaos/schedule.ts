// What a chaos run does and when, drawn from its seed: the same seed draws the same faults and the same calls. Not how they are carried out.

import { hash } from 'node:crypto';

/** Numbers in [0, 1), one a call. */
export type Lots = () => number;

/** A counter, hashed: even enough, and the same numbers again for the same seed. */
export function lotsOf(seed: string): Lots {
  let drawn = 0;
  return () => hash('sha256', `${seed}:${drawn++}`, 'buffer').readUInt32BE() / 2 ** 32;
}

/** One of them, by a lot. */
export function pick<T>(from: readonly T[], lot: number): T {
  const chosen = from[Math.floor(lot * from.length)];
  if (chosen === undefined) throw new Error('nothing to pick from');
  return chosen;
}

/** What can break. */
export const faultKinds = [
  'gateway killed',
  'gateway ended by SIGTERM',
  'task function killed',
  'Redis paused',
  'Redis restarted',
  'queue away',
  'warehouse away',
  'running call swept',
] as const;

/** One of them. */
export type FaultKind = (typeof faultKinds)[number];

/** Something that breaks. */
export interface Fault {
  readonly kind: FaultKind;
  /** After the begin of the load. */
  readonly atMs: number;
  readonly forMs: number;
  /** Which of those that it may hit: a lot. */
  readonly lot: number;
}

/** Between two faults, on average: the next one often begins before the last one is over. */
const faultEveryMs = 500;
const outageMs = { least: 100, most: 1_200 };

/** The faults of a run: rounds in which each kind comes once, each round in an order of its own, spread over the time of the load. */
export function drawFaults(seed: string, loadMs: number): Fault[] {
  const lots = lotsOf(`${seed}:faults`);
  const rounds = Math.max(1, Math.floor(loadMs / (faultEveryMs * faultKinds.length)));
  const order = Array.from({ length: rounds }, () =>
    faultKinds
      .map((kind) => ({ kind, lot: lots() }))
      .toSorted((a, b) => a.lot - b.lot)
      .map(({ kind }) => kind),
  ).flat();
  return order.map((kind, n) => ({
    kind,
    atMs: Math.round(((n + lots()) / order.length) * loadMs),
    forMs: Math.round(outageMs.least + lots() * (outageMs.most - outageMs.least)),
    lot: lots(),
  }));
}

/** What a provider does with a call. */
export type ProviderMood = 'succeeds' | 'fails' | 'is busy' | 'stalls' | 'stalls in its answer' | 'cuts its answer';

/** A call as it is meant to go. */
export interface PlannedCall {
  readonly feature: 'chat_completions' | 'embeddings';
  readonly stream: boolean;
  readonly mood: ProviderMood;
  /** Bytes of an answer that is cut. */
  readonly cutAfterBytes: number;
  /** When the caller leaves, after it asked; null: it stays. */
  readonly leavesAfterMs: number | null;
  /** The text of an embedding: words are the stand-in's tokens, characters what the gateway estimates by. */
  readonly words: number;
  readonly wordLength: number;
  /** Which instance is asked: a lot. */
  readonly lot: number;
}

/** Shares of a hundred. */
const moods: readonly (readonly [ProviderMood, number])[] = [
  ['succeeds', 82],
  ['fails', 5],
  ['is busy', 3],
  ['stalls', 2],
  ['stalls in its answer', 3],
  ['cuts its answer', 5],
];

/** The longest text, in words: its estimate is wrong by a half at the most, upwards or downwards. */
export const wordsMax = 40;

/** The calls of one caller, without end. */
export function* drawCalls(seed: string, caller: number): Generator<PlannedCall, never> {
  const lots = lotsOf(`${seed}:caller ${caller}`);
  for (;;)
    yield {
      feature: lots() < 0.65 ? 'chat_completions' : 'embeddings',
      stream: lots() < 0.6,
      mood: pick(
        moods.flatMap(([mood, share]) => Array.from({ length: share }, () => mood)),
        lots(),
      ),
      cutAfterBytes: Math.floor(lots() * 700),
      leavesAfterMs: lots() < 0.12 ? Math.floor(lots() * 120) : null,
      words: 1 + Math.floor(lots() * wordsMax),
      wordLength: 1 + Math.floor(lots() * 7),
      lot: lots(),
    };
}
