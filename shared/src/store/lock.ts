// A lock between processes, for jobs that should run once at a time. It saves work; what must be exact does not rest
// on it.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TimeBudget } from './time-budget.ts';
import type { Store } from './connection.ts';
import { keys } from './keys.ts';
import { loadScript } from './script.ts';

const script = loadScript('lock', readFileSync(new URL('./scripts/lock.lua', import.meta.url), 'utf8'));

/** A lock that is held. */
export interface Lock {
  /** @returns false when another process has it now. @throws StoreUnavailable */
  renew(budget: TimeBudget): Promise<boolean>;
  /** @throws StoreUnavailable; then it ends by itself */
  release(budget: TimeBudget): Promise<void>;
}

/** Takes a job's lock for `ms`, or null when another process has it. @throws StoreUnavailable */
export async function takeLock(store: Store, job: string, ms: number, budget: TimeBudget): Promise<Lock | null> {
  const key = keys.lock(job);
  const holder = randomUUID();
  const [taken] = await store.commands([['set', key, holder, 'PX', ms, 'NX']], budget);
  if (taken !== 'OK') return null;
  return {
    renew: async (left) => (await store.run(script, [key], [holder, ms], left)) === 1,
    release: async (left) => void (await store.run(script, [key], [holder, 0], left)),
  };
}
