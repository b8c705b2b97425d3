// A processor for who is measured and another for all else, as an instance of one vCPU has it.

import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

const [targets, others] = ['0', '1'];

/**
 * Runs work whose own process, and all that it starts, keep off the processor of those that are measured.
 * @throws Error where there is no second processor, or no taskset
 */
export async function pinned<Value>(work: () => Promise<Value>): Promise<Value> {
  if (availableParallelism() < 2) throw new Error('this needs two processors: one is the instance that is measured');
  pin(process.pid, others);
  try {
    return await work();
  } finally {
    pin(process.pid, `${targets},${others}`);
  }
}

/** Gives who is measured the processor of its own. */
export function pinTarget(pid: number): void {
  pin(pid, targets);
}

function pin(pid: number, processors: string): void {
  try {
    execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', processors, String(pid)], { stdio: 'pipe' });
  } catch (error) {
    throw new Error(`taskset (package util-linux) can't give process ${pid} the processors ${processors}`, {
      cause: error,
    });
  }
}
