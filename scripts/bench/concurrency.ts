// How many streams one instance bears: function.json says so many calls at once, and no more (`concurrency`).

import { pinTarget } from './pinned.ts';
import { round } from './sections.ts';
import { runSteady } from './steady.ts';
import type { Rig } from './targets.ts';

/** What an instance may add to the first frame of one stream in a hundred, and of its memory may need. */
const goal = { firstAddedP99Ms: 25, memoryShare: 0.8 };
const streamSeconds = 20;

/** Of one number of open streams and one target. */
export interface ConcurrencyRow {
  readonly open: number;
  readonly target: string;
  readonly streams: number;
  readonly failed: number;
  readonly firstP50: number;
  readonly firstP99: number;
  /** Beside the provider's own. */
  readonly firstAddedP50: number;
  readonly firstAddedP99: number;
  /** Of its one processor. */
  readonly cpuShare: number;
  readonly memoryMiB: number;
  readonly memoryShare: number;
  /** Within the goal. */
  readonly borne: boolean;
}

/**
 * The provider, the framework relay and the gateway in turns, at each number of open streams. The rig's processes but
 * those two must be on another processor (pinned.ts), and its provider streams.
 * @param memoryMiB of the instance
 */
export async function concurrency(rig: Rig, levels: readonly number[], memoryMiB: number): Promise<ConcurrencyRow[]> {
  pinTarget(rig.gateway.pid);
  pinTarget(rig.frameworkRelay.pid);
  const rows: ConcurrencyRow[] = [];
  for (const open of levels) {
    let direct = { p50: 0, p99: 0 };
    for (const target of [rig.provider, rig.frameworkRelay, rig.gateway]) {
      const seen = await runSteady(rig, target, { streamSeconds, open, watchedSeconds: streamSeconds });
      if (Number.isNaN(seen.firstMs.p50)) throw new Error(`${target.name}: frames are lost or wrong`);
      if (target === rig.provider) direct = seen.firstMs;
      const addedP99 = seen.firstMs.p99 - direct.p99;
      const memoryShare = seen.residentMiBMax / memoryMiB;
      rows.push({
        open,
        target: target.name,
        streams: seen.streams,
        failed: seen.failed,
        firstP50: round(seen.firstMs.p50),
        firstP99: round(seen.firstMs.p99),
        firstAddedP50: round(seen.firstMs.p50 - direct.p50),
        firstAddedP99: round(addedP99),
        cpuShare: round(seen.cpuShare),
        memoryMiB: seen.residentMiBMax,
        memoryShare: round(memoryShare),
        borne: seen.failed === 0 && addedP99 < goal.firstAddedP99Ms && memoryShare < goal.memoryShare,
      });
    }
  }
  return rows;
}
