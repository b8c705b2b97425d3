// Actors in process memory, in front of the directory: fresh for seconds, kept for a day to be served only while the directory fails.

import { LRUCache } from 'lru-cache';
import type { Actor } from './actor.ts';
import type { KnownToken } from './token.ts';

/** A revoked token dies within this (design §6). */
const freshMs = 10_000;
/** "Unknown" is cached briefly and only when definite: a token issued a moment ago must work. */
const unknownMs = 30_000;
/** How long an actor may be served while the directory fails. */
const keptMs = 86_400_000;
/** About 1 kB each. */
const entriesMax = 10_000;

/** Finds actors by token. */
export interface ActorCache {
  /** The actor, or null when the directory definitely knows none. @throws what the directory threw, when nothing is kept to be served instead. */
  find(token: KnownToken): Promise<Actor | null>;
}

interface Entry {
  readonly actor: Actor | null;
  readonly loadedAtMs: number;
}

/** @param load asks the directory; concurrent look-ups of one token share one. */
export function createActorCache(
  load: (token: KnownToken) => Promise<Actor | null>,
  now: () => number,
  warn: (message: string, error: unknown) => void,
): ActorCache {
  const entries = new LRUCache<string, Entry>({ max: entriesMax });
  const loading = new Map<string, Promise<Actor | null>>();

  const refresh = (token: KnownToken): Promise<Actor | null> => {
    const running = loading.get(token.hash);
    if (running !== undefined) return running;
    const work = load(token)
      .then((actor) => {
        entries.set(token.hash, { actor, loadedAtMs: now() });
        return actor;
      })
      .finally(() => loading.delete(token.hash));
    loading.set(token.hash, work);
    return work;
  };

  return {
    find: async (token) => {
      const entry = entries.get(token.hash);
      const ageMs = entry === undefined ? Number.POSITIVE_INFINITY : now() - entry.loadedAtMs;
      if (entry !== undefined && ageMs < (entry.actor === null ? unknownMs : freshMs)) return entry.actor;
      try {
        return await refresh(token);
      } catch (error) {
        if (entry === undefined || entry.actor === null || ageMs > keptMs) throw error;
        warn('the directory did not answer, the last known actor is served', error);
        return entry.actor;
      }
    },
  };
}
