// The header `Idempotency-Key` on its way to the limiter, and what a repetition is told. Answers are not stored: a
// repetition never gets the first one's.

import type { Feature } from '../auth/auth.ts';
import { Refusal, type Received } from '../http/http.ts';
import { claimOf, type Claim, type Claimed } from '../limiter/limiter.ts';

/**
 * Visible ASCII: what the draft's quoted strings and the SDKs' UUIDs are made of
 * (draft-ietf-httpapi-idempotency-key-header). A header sent twice has a blank.
 */
const keyForm = /^[\x21-\x7e]{1,255}$/;

/**
 * The claim of a request that carries the header; null for one without.
 * @throws Refusal `bad-request` when the header has another form
 */
export function readClaim({ headers, method, path }: Received, feature: Feature, body: string): Claim | null {
  const key = headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key !== 'string' || !keyForm.test(key))
    throw new Refusal('bad-request', 'Idempotency-Key must have 1 to 255 visible ASCII characters and stand once');
  return claimOf(key, `${method} ${path} ${feature}`, body);
}

/**
 * A key that is taken, as the draft's statuses: 422 for another request, 409 for the same one. With the first call's
 * id, which its usage event has too.
 */
export function claimedRefusal({ by, leaseId }: Claimed): Refusal {
  const id = { 'x-first-call-id': leaseId };
  // The SDKs try a 409 again unless they are told not to.
  const final = { ...id, 'x-should-retry': 'false' };
  switch (by) {
    case 'other':
      return new Refusal(
        'idempotency-other-request',
        'this Idempotency-Key was used with another request, use a new one',
      );
    case 'running':
      return new Refusal(
        'idempotency-running',
        `call ${leaseId} with this Idempotency-Key is still running: wait for its answer`,
        {
          headers: id,
        },
      );
    case 'settled':
      return new Refusal(
        'idempotency-ended',
        `call ${leaseId} with this Idempotency-Key was answered and charged, its answer is not kept: to ask again, use a new key`,
        { headers: final },
      );
    case 'orphaned':
      return new Refusal(
        'idempotency-ended',
        `call ${leaseId} with this Idempotency-Key broke off and was charged, its answer is not kept: to ask again, use a new key`,
        { headers: final },
      );
  }
}
