// Copies of accounts in Redis, by token hash: a cold instance answers without asking Firestore, and a revoked token
// dies everywhere.

import * as v from 'valibot';
import { keepCopy, readCopy } from '../documents/documents.ts';
import { keys, shardOf, type TimeBudget, type Store } from '../store/store.ts';
import type { Account } from './account.ts';
import { subscriptionSchema } from './records.ts';

/**
 * How long a copy is believed without asking again: where Redis missed the mark of a revoked token, the token lives no
 * longer than this.
 */
const freshMs = 60_000;
/** How long a copy is kept, to be served while the directory fails. */
const keptMs = 86_400_000;
/** How long the mark of a revoked token stays: longer than any reader holds on to what stood there before. */
const revokedMs = 3_600_000;
/** How long the mark of an unknown token stays: with the seconds that processes keep their own, under a minute. */
const unknownMs = 25_000;

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
export interface AccountCopies {
  /** Null where there is none, or one that can't be read: the next write replaces it. */
  read(tokenHash: string, budget: TimeBudget): Promise<Copy | null>;
  keep(tokenHash: string, account: Account, budget: TimeBudget): Promise<void>;
  /** Brings a copy up to date where there is one. */
  renew(tokenHash: string, account: Account, budget: TimeBudget): Promise<void>;
  /** @param version of the directory's change */
  revoke(tokenHash: string, version: number, budget: TimeBudget): Promise<void>;
  /** No source knows the token. */
  markUnknown(tokenHash: string, budget: TimeBudget): Promise<void>;
}

/** The copies behind a Redis connection. */
export function createAccountCopies(store: Store): AccountCopies {
  const keyOf = (hash: string): string => keys.actor(shardOf(hash), hash);
  const keep = (hash: string, account: Account, renew: boolean, budget: TimeBudget): Promise<void> =>
    keepCopy(store, keyOf(hash), { version: account.version, body: text(account), ttlMs: keptMs, renew }, budget);
  const mark = (hash: string, version: number, ttlMs: number, budget: TimeBudget): Promise<void> =>
    keepCopy(store, keyOf(hash), { version, body: '', ttlMs }, budget);
  const text = ({ source, id, record }: Account): string => JSON.stringify({ source, id, record });
  return {
    read: async (hash, budget) => {
      const copy = await readCopy(store, keyOf(hash), budget);
      if (copy === null) return null;
      const { version, body, ageMs } = copy;
      const fresh = ageMs < freshMs;
      if (body === '') return { account: null, fresh };
      const result = v.safeParse(v.pipe(v.string(), v.parseJson(), bodySchema), body);
      return result.success ? { account: { ...result.output, version }, fresh } : null;
    },
    keep: (hash, account, budget) => keep(hash, account, false, budget),
    renew: (hash, account, budget) => keep(hash, account, true, budget),
    revoke: (hash, version, budget) => mark(hash, version, revokedMs, budget),
    markUnknown: (hash, budget) => mark(hash, 0, unknownMs, budget),
  };
}
