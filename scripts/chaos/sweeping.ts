// The sweeper as chaos needs it: called at any time, its clock pushed forward by making leases, folds and outbox
// entries look old. Not its work.

import type { Redis } from 'ioredis';
import type { Fleet } from './fleet.ts';

/** One run of the sweeper. @returns its report, or null when it is down or failed */
export async function sweep(fleet: Pick<Fleet, 'url'>, random = 0): Promise<Record<string, number> | null> {
  try {
    const response = await fetch(fleet.url('sweep-leases', random), {
      method: 'POST',
      signal: AbortSignal.timeout(30_000),
    });
    const report = (await response.json()) as Record<string, number>;
    return response.status === 200 ? report : null;
  } catch {
    return null;
  }
}

/** Only what still stands: a lease that ended meanwhile must not come back into the index. */
const overdueScript = `
local done = 0
for _, key in ipairs(KEYS) do
  for _, id in ipairs(redis.call('ZRANGE', key, 0, -1)) do
    if done < tonumber(ARGV[1]) then
      redis.call('ZADD', key, 'XX', 1, id)
      done = done + 1
    end
  end
end
return done`;

/** Makes leases look as if their time were over. @returns how many, `most` at the most */
export function overdue(redis: Redis, most = 1_000_000): Promise<number> {
  return force(redis, '*:leases', overdueScript, most);
}

/** Makes folds look as if their minute were over. */
export function unfoldable(redis: Redis): Promise<number> {
  return force(redis, '*:folds', overdueScript, 1_000_000);
}

/** An entry's id is its age; a stream takes no older one than its last, so all are written anew. */
const ageScript = `
local done = 0
for _, key in ipairs(KEYS) do
  local entries = redis.call('XRANGE', key, '-', '+')
  redis.call('DEL', key)
  for n, entry in ipairs(entries) do
    redis.call('XADD', key, '1-' .. n, unpack(entry[2]))
    done = done + 1
  end
end
return done`;

/**
 * Makes outbox entries look left behind. An instance that still sends one of them can't delete it: it arrives twice,
 * which is allowed.
 */
export function age(redis: Redis): Promise<number> {
  return force(redis, '*:outbox', ageScript, 0);
}

async function force(redis: Redis, pattern: string, script: string, most: number): Promise<number> {
  const keys = await redis.keys(pattern);
  return keys.length === 0 ? 0 : Number(await redis.eval(script, keys.length, ...keys, most));
}
