// Knows which nodes take no more memory. Not an outage: they serve reads and whatever gives memory back, so that what
// fills them can be drained.

import type { BreakerClock } from './breaker.ts';
import { refusalOf } from './refusals.ts';

/** What there is to tell: at the change, and again each half a minute that it lasts. */
export interface FullChange {
  readonly node: string;
  readonly state: 'full' | 'relieved';
  /** How long it has been so. */
  readonly fullMs: number;
  /** What Redis said; null at the end. */
  readonly error: unknown;
}

/** Of one process. */
export interface Fullness {
  /** The node has refused a write for want of memory. */
  refused(node: string, error: unknown): void;
  stop(): void;
}

const probeGapMs = 1_000;
const probesToTell = 30;

/** @param probe writes something small */
export function createFullness(
  clock: Pick<BreakerClock, 'now' | 'after'>,
  probe: (node: string) => Promise<unknown>,
  changed: (change: FullChange) => void,
): Fullness {
  const full = new Set<string>();
  let stopped = false;

  const watch = async (node: string, error: unknown): Promise<void> => {
    const sinceMs = clock.now();
    changed({ node, state: 'full', fullMs: 0, error });
    for (let probes = 1; !stopped; probes++) {
      await new Promise<void>((resolve) => void clock.after(probeGapMs, resolve));
      const outcome = await probe(node).then(
        () => 'written' as const,
        (failed: unknown) => refusalOf(failed),
      );
      // Another node may have this address now, or none: a refusal there reports it anew.
      if (outcome !== 'full') break;
      if (probes % probesToTell === 0) changed({ node, state: 'full', fullMs: clock.now() - sinceMs, error });
    }
    full.delete(node);
    if (!stopped) changed({ node, state: 'relieved', fullMs: clock.now() - sinceMs, error: null });
  };

  return {
    refused: (node, error) => {
      if (stopped || full.has(node)) return;
      full.add(node);
      void watch(node, error);
    },
    stop: () => (stopped = true),
  };
}
