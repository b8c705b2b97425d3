// A call's claim of its Idempotency-Key: which request it is for, made so that Redis learns neither the key nor the
// request. Not what a repetition is answered (serve).

import { createHmac } from 'node:crypto';
import { keys, type Shard } from '../store/store.ts';

/** How long a key stays taken, as with the payment APIs that made the header known. */
export const claimTimeMs = 86_400_000;

/** What Redis is told of a request that carries an Idempotency-Key. */
export interface Claim {
  /** Stands for the key. */
  readonly name: string;
  /** Stands for the request: the same key with another one is a mistake of the caller's. */
  readonly fingerprint: string;
}

/** The key is taken: by which call, and how far that is. A value, as a Denial is. */
export interface Claimed {
  readonly decision: 'claimed';
  /** `other`: by a call with another request. */
  readonly by: 'other' | 'running' | 'settled' | 'orphaned';
  /** The call's lease and event id. */
  readonly leaseId: string;
}

/**
 * Both parts are HMACs under the Idempotency-Key itself: a secret that the callers draw at random for each request,
 * that is the same for its repetitions on every instance, and that is stored nowhere. So who reads Redis can't try out
 * prompts against the fingerprint, no deployment needs another secret, and rotating one can't make a repetition look
 * like another request.
 * @param route what the request was sent to, without line feeds
 */
export function claimOf(idempotencyKey: string, route: string, body: string): Claim {
  const mac = (of: string, text: string): string =>
    createHmac('sha256', idempotencyKey).update(`${of}\n`).update(text).digest('base64url');
  return { name: mac('name', ''), fingerprint: mac(`request ${route}`, body) };
}

/** The claim's key for a script; the lease's own where there is none, by which the script knows. */
export function claimKey(shard: Shard, actor: string, claim: string | null, leaseKey: string): string {
  return claim === null ? leaseKey : keys.claim(shard, actor, claim);
}
