// What gets no calls at this moment, as instances tell each other through Redis (shared-health.ts): for people to look
// at. Reads only.

import { keys, redisTimeMs, timeCommand, type Store, type TimeBudget } from '../../store/store.ts';

/** Something that is shut. */
export interface ShutNow {
  readonly kind: 'home' | 'key' | 'model';
  readonly home: string;
  /** Of the key or the model; null for a home. */
  readonly name: string | null;
  /** Until then nobody tries it, milliseconds from now; below zero it waits for its next probe. */
  readonly waitMs: number;
}

/** More than is ever shut at once. */
const shutMax = 1_000;

/** Without what is shut for one actor alone. @throws StoreUnavailable */
export async function readShut(store: Store, budget: TimeBudget): Promise<readonly ShutNow[]> {
  const [reply, time] = await store.commands([['hgetall', keys.homeHealth()], timeCommand], budget);
  const nowMs = redisTimeMs(time);
  const pairs: (readonly [string, unknown])[] = Array.isArray(reply)
    ? Array.from({ length: reply.length / 2 }, (_, i) => [String(reply[2 * i]), reply[2 * i + 1] as unknown] as const)
    : Object.entries((reply ?? {}) as Record<string, unknown>);
  return pairs.slice(0, shutMax).flatMap(([key, untilMs]): ShutNow[] => {
    const [kind = '', home = '', name] = key.split(' ');
    const known = kind === 'home' || kind === 'key' || kind === 'model';
    const waitMs = Number(untilMs) - nowMs;
    return known && !key.includes(' for ') && Number.isFinite(waitMs)
      ? [{ kind, home, name: name ?? null, waitMs }]
      : [];
  });
}
