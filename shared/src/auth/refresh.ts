// Asking the source anew about one actor: on demand with a cool-down, and beside requests whose quota was refused.

import { goDuration } from '../config/config.ts';
import type { Account, KnownToken } from '../directory/directory.ts';
import { Refusal } from '../http/http.ts';
import type { ActorCache } from './actor-cache.ts';
import type { Actor } from './actor.ts';
import type { LookUp } from './look-up.ts';

/** The sync tells of subscriptions every two minutes. */
const subscriptionCooldownMs = 10 * 60_000;
/** Refreshes beside requests at once: they are a convenience. */
const besideMax = 16;

/** What refreshing needs. */
export interface RefreshParts {
  readonly lookUp: LookUp;
  readonly cache: ActorCache;
  readonly toActor: (account: Account | null) => Actor | null;
  readonly config: { readonly userCooldownMs: number };
  readonly now: () => number;
  readonly warn: (message: string, error: unknown) => void;
}

/** Refreshes of this process. */
export interface Refresh {
  /** @returns null when the source knows the token no longer. @throws Refusal recently-updated; LookUpFailed */
  now(token: KnownToken, actor: Actor): Promise<Actor | null>;
  /** Never throws, holds nobody up. */
  soon(token: KnownToken): void;
  /** Resolves when none runs beside requests. */
  idle(): Promise<void>;
}

/** Puts the parts together. */
export function createRefresh({ lookUp, cache, toActor, config, now, warn }: RefreshParts): Refresh {
  const running = new Map<string, Promise<void>>();
  const waitMs = ({ source, lastUpdatedMs }: Actor): number => {
    const sinceMs = now() - (lastUpdatedMs ?? 0);
    // Written by a clock that is ahead of ours: its age is unknown, so a refresh need not wait.
    if (sinceMs < 0) return 0;
    return (source === 'dotcom-user' ? config.userCooldownMs : subscriptionCooldownMs) - sinceMs;
  };
  const refresh = async (token: KnownToken): Promise<Actor | null> => {
    const actor = toActor(await lookUp.refresh(token));
    cache.put(token, actor);
    return actor;
  };
  return {
    now: async (token, actor) => {
      const leftMs = waitMs(actor);
      if (leftMs > 0) {
        throw new Refusal('recently-updated', `actor was recently updated - try again in ${goDuration(leftMs)}`, {
          headers: { 'retry-after': String(Math.ceil(leftMs / 1000)) },
        });
      }
      return refresh(token);
    },
    soon: (token) => {
      const actor = cache.peek(token);
      if (actor === null || running.size >= besideMax || running.has(token.hash) || waitMs(actor) > 0) return;
      const work = refresh(token)
        .then(() => undefined)
        .catch((error: unknown) =>
          warn('an actor could not be refreshed after a refusal: its old limits hold until the next try', error),
        )
        .finally(() => running.delete(token.hash));
      running.set(token.hash, work);
    },
    idle: async () => void (await Promise.allSettled(running.values())),
  };
}
