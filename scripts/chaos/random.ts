// Random numbers from a seed: the same seed draws the same ones. Not what is drawn with them (schedule.ts).

import { hash } from 'node:crypto';

/** Numbers in [0, 1), one a call. */
export type Random = () => number;

/** A counter, hashed: even enough, and the same numbers again for the same seed. */
export function seededRandom(seed: string): Random {
  let drawn = 0;
  return () => hash('sha256', `${seed}:${drawn++}`, 'buffer').readUInt32BE() / 2 ** 32;
}

/** One of them, by a number in [0, 1). */
export function pick<T>(from: readonly T[], random: number): T {
  const chosen = from[Math.floor(random * from.length)];
  if (chosen === undefined) throw new Error('nothing to pick from');
  return chosen;
}
