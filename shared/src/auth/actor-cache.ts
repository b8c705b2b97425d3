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
/** So long after a failure the directory counts as failing: known callers do not wait for its next answer, it is asked beside them. */
const failingMs = 60_000;
/** About 1 kB each. */
const actorsMax = 10_000;
/** About 100 bytes each; apart from the actors, so that a flood of made-up tokens does not push them out. */
const unknownMax = 10_000;

/** Finds actors by token. */
export interface ActorCache {
  /** The actor, or null when the directory definitely knows none. @throws what the directory threw, when nothing is kept to be served instead. */
  find(token: KnownToken): Promise<Actor | null>;
}

interface Kept {
  readonly actor: Actor;
  readonly askedAtMs: number;
  /** When the directory last failed to say more about it; null since its last answer. */
  readonly failedAtMs: number | null;
}

/** @param load asks the directory; concurrent look-ups of one token share one. */
export function createActorCache(
  load: (token: KnownToken) => Promise<Actor | null>,
  now: () => number,
  warn: (message: string, error: unknown) => void,
): ActorCache {
  const actors = new LRUCache<string, Kept>({ max: actorsMax });
  /** When the directory was asked about a token and knew none. */
  const unknown = new LRUCache<string, number>({ max: unknownMax });
  const loading = new Map<string, Promise<Actor | null>>();

  const refresh = async (token: KnownToken): Promise<Actor | null> => {
    // An answer is as old as its question.
    const askedAtMs = now();
    try {
      const actor = await load(token);
      if (actor === null) {
        actors.delete(token.hash);
        unknown.set(token.hash, askedAtMs);
      } else {
        unknown.delete(token.hash);
        actors.set(token.hash, { actor, askedAtMs, failedAtMs: null });
      }
      return actor;
    } catch (error) {
      const kept = actors.get(token.hash);
      if (kept === undefined || now() - kept.askedAtMs > keptMs) throw error;
      actors.set(token.hash, { ...kept, failedAtMs: now() });
      warn('the directory did not answer, the last known actor is served', error);
      return kept.actor;
    }
  };
  const refreshOnce = (token: KnownToken): Promise<Actor | null> => {
    const running = loading.get(token.hash);
    if (running !== undefined) return running;
    const work = refresh(token).finally(() => loading.delete(token.hash));
    loading.set(token.hash, work);
    return work;
  };

  return {
    find: async (token) => {
      const atMs = now();
      const unknownAtMs = unknown.get(token.hash);
      if (unknownAtMs !== undefined && atMs - unknownAtMs < unknownMs) return null;
      const kept = actors.get(token.hash);
      if (kept === undefined) return refreshOnce(token);
      const ageMs = atMs - kept.askedAtMs;
      if (ageMs < freshMs) return kept.actor;
      if (kept.failedAtMs === null || atMs - kept.failedAtMs >= failingMs || ageMs > keptMs) return refreshOnce(token);
      // Its failure has told itself, and this caller has been served.
      refreshOnce(token).catch(() => undefined);
      return kept.actor;
    },
  };
}
