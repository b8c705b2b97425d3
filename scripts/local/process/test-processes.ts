// For tests of ends: every process that came of one command, found by a mark in its environment. Linux, which tells
// that in /proc.

import { readdirSync, readFileSync } from 'node:fs';

/** A variable that `npm start` hands on to the functions too. */
export const markName = 'CODY_GATEWAY_TEST_MARK';

/** A process. */
export interface MarkedProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** Those that live; one that is dead and waits for its parent to look is none. */
export function markedProcesses(mark: string): MarkedProcess[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'latin1').includes(`${markName}=${mark}\0`)) return [];
      const [state, parent] = (readFileSync(`/proc/${name}/stat`, 'latin1').split(') ').at(-1) ?? '').split(' ');
      if (state === 'Z' || state === 'X') return [];
      const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
      return [{ pid: Number(name), parent: Number(parent), command }];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}
