// Redis's clock: the one time that is the same for every instance. Lua has its own way to it (limiter/scripts/now.lua).

import type { TimeBudget } from './time-budget.ts';
import type { Store } from './connection.ts';

/** The command whose reply `redisTimeMs` reads: for those who ask for more in the same round trip. */
export const timeCommand = ['time'] as const;

/** Unix ms, whole. @param reply to TIME */
export function redisTimeMs(reply: unknown): number {
  const [seconds, micros] = reply as [string, string];
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

/** Unix ms by Redis's clock. @throws StoreUnavailable */
export async function readRedisTime(store: Store, budget: TimeBudget): Promise<number> {
  const [reply] = await store.commands([timeCommand], budget);
  return redisTimeMs(reply);
}
