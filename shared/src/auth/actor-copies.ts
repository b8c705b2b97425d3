// Copies of accounts in Redis, by token hash: a cold instance answers without asking Firestore, and a revoked token dies everywhere. Design §6.

import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { keys, loadScript, shardOf, type Budget, type Store } from '../store/store.ts';
import type { Account } from './account.ts';
import { subscriptionSchema } from './documents.ts';

/** Without being asked again, a copy is believed for so long: a revoked token lives no longer with a Redis that missed its mark. */
const freshMs = 60_000;
/** A copy of somebody: to be served while the directory fails. */
const keptMs = 86_400_000;
/** The mark of a token that is nobody's any more: longer than any reader that still holds what stood there before. */
const revokedMs = 3_600_000;
/** The mark of a stranger: with the seconds that processes remember theirs, under a minute. */
const unknownMs = 25_000;

const script = loadScript('actor-copy', readFileSync(new URL('./scripts/actor-copy.lua', import.meta.url), 'utf8'));

const bodySchema = v.object({
  source: v.picklist(['dotcom-product-subscriptions', 'dotcom-user']),
  id: v.pipe(v.string(), v.nonEmpty()),
  record: subscriptionSchema,
});

/** A copy as it was read. */
export interface Copy {
  /** Null: the token is nobody's. */
  readonly account: Account | null;
  readonly fresh: boolean;
}

/** The copies. Every method throws StoreUnavailable when Redis does not answer within the budget. */
export interface ActorCopies {
  /** Null where there is none, or one that can't be read: the next write replaces it. */
  read(tokenHash: string, budget: Budget): Promise<Copy | null>;
  keep(tokenHash: string, account: Account, budget: Budget): Promise<void>;
  /** Brings a copy up to date where there is one. */
  renew(tokenHash: string, account: Account, budget: Budget): Promise<void>;
  /** @param version of the directory's change */
  revoke(tokenHash: string, version: number, budget: Budget): Promise<void>;
  /** No source knows the token. */
  markUnknown(tokenHash: string, budget: Budget): Promise<void>;
}

/** The copies behind a Redis connection. */
export function createActorCopies(store: Store): ActorCopies {
  const keyOf = (hash: string): string => keys.actor(shardOf(hash), hash);
  const write = async (
    hash: string,
    version: number,
    body: string,
    ttlMs: number,
    when: 'kept' | '',
    budget: Budget,
  ): Promise<void> => void (await store.run(script, [keyOf(hash)], [version, body, ttlMs, when], budget));
  const text = ({ source, id, record }: Account): string => JSON.stringify({ source, id, record });
  return {
    read: async (hash, budget) => {
      const [time, fields] = (await store.commands(
        [['time'], ['hmget', keyOf(hash), 'version', 'body', 'at']],
        budget,
      )) as [[string, string], [string | null, string | null, string | null]];
      const [version, body, at] = fields;
      if (version === null || body === null || at === null) return null;
      const fresh = Number(time[0]) * 1000 + Math.floor(Number(time[1]) / 1000) - Number(at) < freshMs;
      if (body === '') return { account: null, fresh };
      const result = v.safeParse(v.pipe(v.string(), v.parseJson(), bodySchema), body);
      return result.success ? { account: { ...result.output, version: Number(version) }, fresh } : null;
    },
    keep: (hash, account, budget) => write(hash, account.version, text(account), keptMs, '', budget),
    renew: (hash, account, budget) => write(hash, account.version, text(account), keptMs, 'kept', budget),
    revoke: (hash, version, budget) => write(hash, version, '', revokedMs, '', budget),
    markUnknown: (hash, budget) => write(hash, 0, '', unknownMs, '', budget),
  };
}
