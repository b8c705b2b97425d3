// Several instances of each function over one Redis, to be killed, ended and started again. What hits them when is
// drawn elsewhere.

import { freePort } from '../local/process/port.ts';
import { startFunction, type FunctionProcess } from '../local/process/function-process.ts';
import type { LocalCloud } from '../local/cloud.ts';
import { pick } from './random.ts';

/**
 * Cloud Run kills an instance 10 s after SIGTERM (shared/COMPATIBILITY.md#instance-end): one that is not done by then
 * loses what it had.
 */
const endTimeoutMs = 10_000;

/** What hits one of them, on `names`, chosen by a number in [0, 1). */
export interface Strike {
  readonly names: readonly string[];
  readonly random: number;
  readonly signal: 'SIGKILL' | 'SIGTERM';
}

/** The instances. */
export interface Fleet {
  /** Address of an instance of the function, chosen by a number in [0, 1); it may just be down. */
  url(name: string, random: number): string;
  /**
   * Ends an instance that is up and starts another in its place.
   * @returns false when none of them is up. After SIGTERM an instance that does not end by itself within 10 s, or not
   * with 0, is a fault.
   */
  strike(strike: Strike): Promise<boolean>;
  readonly longestEndMs: () => number;
  readonly faults: readonly string[];
  stop(): Promise<void>;
}

/**
 * Adds instances to the cloud's own.
 * @param counts instances of each function, the cloud's own one included; functions that are not named have one.
 * @param onLine takes each line of those that the cloud did not start.
 */
export async function startFleet(
  cloud: Pick<LocalCloud, 'functions'>,
  counts: Readonly<Record<string, number>>,
  onLine: (line: string) => void,
): Promise<Fleet> {
  const members: FunctionProcess[] = [...cloud.functions.values()];
  const down = new Set<number>();
  const faults: string[] = [];
  let longestEndMs = 0;
  const stop = async (): Promise<void> => void (await Promise.all(members.map((member) => member.stop())));
  const more = members.flatMap(({ name, start }) =>
    Array.from({ length: (counts[name] ?? 1) - 1 }, async () => {
      members.push(await startFunction({ ...start, port: await freePort(), onLine }));
    }),
  );
  const failed = (await Promise.allSettled(more)).find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }

  const strike = async ({ names, random, signal }: Strike): Promise<boolean> => {
    const up = members.flatMap((member, n) => (names.includes(member.name) && !down.has(n) ? [n] : []));
    if (up.length === 0) return false;
    const n = pick(up, random);
    const member = members[n];
    if (member === undefined) return false;
    down.add(n);
    const startedMs = performance.now();
    member.child.kill(signal);
    const late = setTimeout(() => member.child.kill('SIGKILL'), endTimeoutMs);
    const code = await member.exited;
    clearTimeout(late);
    if (signal === 'SIGTERM') {
      longestEndMs = Math.max(longestEndMs, Math.round(performance.now() - startedMs));
      if (code !== 0) faults.push(`${member.name} ended with ${code ?? 'SIGKILL, 10 s'} after SIGTERM`);
    }
    members[n] = await startFunction({ ...member.start, onLine });
    down.delete(n);
    return true;
  };

  return {
    url: (name, random) =>
      pick(
        members.filter((member) => member.name === name),
        random,
      ).url,
    strike,
    longestEndMs: () => longestEndMs,
    faults,
    stop,
  };
}
