// A Redis whose time is an argument, for tests of what hours and calendars do: the scripts' clock is the key `now`, and
// what Redis expires moves along.

import type { Redis } from 'ioredis';
import type { Store } from '../../store/store.ts';
import { loadScripts } from '../scripts.ts';
import { loadUpkeepScripts } from '../upkeep-scripts.ts';

/** The same store by the time of `now`. */
export function timedStore(store: Store, redis: Redis): Store {
  const now = `local now = tonumber(redis.call('GET', 'now'))`;
  const timed = { ...loadScripts(now), ...loadUpkeepScripts(now) };
  return {
    ...store,
    run: (script, ...rest) => store.run(timed[script.name as keyof typeof timed], ...rest),
    commands: async (commands, left) => {
      const now = Number(await redis.get('now'));
      const replies = await store.commands(commands, left);
      return replies.map((reply, i) => (commands[i]?.[0] === 'time' ? [String(now / 1000), '0'] : reply));
    },
  };
}

/**
 * Time passes: the scripts' clock, and every key's remaining life.
 * @param whole what a life is rounded to, so that the real milliseconds of a run don't add up
 */
export async function advanceTime(
  redis: Redis,
  nowMs: number,
  byMs: number,
  whole: (ms: number) => number = (ms) => ms,
): Promise<void> {
  await redis.set('now', nowMs);
  const all = await redis.keys('*');
  const lives = await Promise.all(all.map((key) => redis.pttl(key)));
  for (const [i, key] of all.entries()) {
    const life = lives[i] ?? -1;
    if (life >= 0) await redis.pexpire(key, whole(life) - byMs);
  }
}
