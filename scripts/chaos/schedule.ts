// What a chaos run does and when, drawn from its seed: the same seed draws the same faults and the same calls. Not how
// they are carried out.

import { pick, seededRandom } from './random.ts';

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
  /** Which of those that it may hit, by a number in [0, 1). */
  readonly random: number;
}

/** Between two faults, on average: the next one often begins before the last one is over. */
const faultEveryMs = 500;
const outageMs = { least: 100, most: 1_200 };

/**
 * The faults of a run: rounds in which each kind comes once, each round in an order of its own, spread over the time
 * of the load.
 */
export function drawFaults(seed: string, loadMs: number): Fault[] {
  const random = seededRandom(`${seed}:faults`);
  const rounds = Math.max(1, Math.floor(loadMs / (faultEveryMs * faultKinds.length)));
  const order = Array.from({ length: rounds }, () =>
    faultKinds
      .map((kind) => ({ kind, random: random() }))
      .toSorted((a, b) => a.random - b.random)
      .map(({ kind }) => kind),
  ).flat();
  return order.map((kind, n) => ({
    kind,
    atMs: Math.round(((n + random()) / order.length) * loadMs),
    forMs: Math.round(outageMs.least + random() * (outageMs.most - outageMs.least)),
    random: random(),
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
  /** Which instance is asked, by a number in [0, 1). */
  readonly random: number;
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
  const random = seededRandom(`${seed}:caller ${caller}`);
  for (;;)
    yield {
      feature: random() < 0.65 ? 'chat_completions' : 'embeddings',
      stream: random() < 0.6,
      mood: pick(
        moods.flatMap(([mood, share]) => Array.from({ length: share }, () => mood)),
        random(),
      ),
      cutAfterBytes: Math.floor(random() * 700),
      leavesAfterMs: random() < 0.12 ? Math.floor(random() * 120) : null,
      words: 1 + Math.floor(random() * wordsMax),
      wordLength: 1 + Math.floor(random() * 7),
      random: random(),
    };
}
