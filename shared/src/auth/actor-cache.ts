// Actors in process memory, in front of the directory: fresh for seconds, kept for a day to be served only while the
// directory fails.

import { LRUCache } from 'lru-cache';
import type { KnownToken } from '../directory/directory.ts';
import type { TimeBudget } from '../store/store.ts';
import type { Actor } from './actor.ts';

/** A revoked token dies within this. */
const freshMs = 10_000;
/** "Unknown" is cached briefly and only when definite: a token issued a moment ago must work. */
const unknownMs = 30_000;
/** How long an actor may be served while the directory fails. */
const keptMs = 86_400_000;
/**
 * So long after a failure the directory counts as failing: known callers do not wait for its next answer, it is asked
 * beside them.
 */
const failingMs = 60_000;
/** About 1 kB each. */
const actorsMax = 10_000;
/** About 100 bytes each; apart from the actors, so that a flood of made-up tokens does not push them out. */
const unknownMax = 10_000;

/** Finds actors by token. */
export interface ActorCache {
  /**
   * The actor, or null when the directory definitely knows none.
   * @throws what the directory threw, when nothing is kept to be served instead.
   */
  find(token: KnownToken, budget: TimeBudget): Promise<Actor | null>;
  /** The actor that this process last knew by that token, however long ago. */
  peek(token: KnownToken): Actor | null;
  /** What has just been learnt of a token, however it was. */
  put(token: KnownToken, actor: Actor | null): void;
}

/** What the cache asks when it does not know. */
export interface ActorLoader {
  /** @param remembered whether the cache has known the token */
  load(token: KnownToken, remembered: boolean, budget: TimeBudget): Promise<Actor | null>;
  /** The actor that the error of a failed load says to serve meanwhile; null where it names none. */
  lastKnown(error: unknown): Actor | null;
}

interface Kept {
  readonly actor: Actor;
  readonly askedAtMs: number;
  /** When the directory last failed to say more about it; null since its last answer. */
  readonly failedAtMs: number | null;
}

/** Concurrent look-ups of one token share one. */
export function createActorCache(
  loader: ActorLoader,
  now: () => number,
  warn: (message: string, error: unknown) => void,
): ActorCache {
  const actors = new LRUCache<string, Kept>({ max: actorsMax });
  /** When the directory was asked about a token and knew none. */
  const unknown = new LRUCache<string, number>({ max: unknownMax });
  const loading = new Map<string, Promise<Actor | null>>();

  const put = (token: KnownToken, actor: Actor | null, askedAtMs: number): void => {
    if (actor === null) {
      actors.delete(token.hash);
      unknown.set(token.hash, askedAtMs);
    } else {
      unknown.delete(token.hash);
      actors.set(token.hash, { actor, askedAtMs, failedAtMs: null });
    }
  };
  const refresh = async (token: KnownToken, budget: TimeBudget): Promise<Actor | null> => {
    // An answer is as old as its question.
    const askedAtMs = now();
    try {
      const actor = await loader.load(token, actors.has(token.hash), budget);
      put(token, actor, askedAtMs);
      return actor;
    } catch (error) {
      const lastKnown = loader.lastKnown(error);
      const kept = actors.get(token.hash) ?? (lastKnown === null ? undefined : { actor: lastKnown, askedAtMs });
      if (kept === undefined || now() - kept.askedAtMs > keptMs) throw error;
      actors.set(token.hash, { ...kept, failedAtMs: now() });
      warn('the directory did not answer, the last known actor is served, for a day at most', error);
      return kept.actor;
    }
  };
  const refreshOnce = (token: KnownToken, budget: TimeBudget): Promise<Actor | null> => {
    const running = loading.get(token.hash);
    if (running !== undefined) return running;
    const work = refresh(token, budget).finally(() => loading.delete(token.hash));
    loading.set(token.hash, work);
    return work;
  };

  return {
    find: async (token, budget) => {
      const atMs = now();
      const unknownAtMs = unknown.get(token.hash);
      if (unknownAtMs !== undefined && atMs - unknownAtMs < unknownMs) return null;
      const kept = actors.get(token.hash);
      if (kept === undefined) return refreshOnce(token, budget);
      const ageMs = atMs - kept.askedAtMs;
      if (ageMs < freshMs) return kept.actor;
      if (kept.failedAtMs === null || atMs - kept.failedAtMs >= failingMs || ageMs > keptMs)
        return refreshOnce(token, budget);
      // A failed refresh has been reported, and this caller has been served: its budget is for its own waits.
      refreshOnce(token, { ...budget }).catch(() => undefined);
      return kept.actor;
    },
    peek: (token) => actors.get(token.hash)?.actor ?? null,
    put: (token, actor) => put(token, actor, now()),
  };
}
