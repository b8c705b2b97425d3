// Refusals of a token, with the event that each of them is.

import { Refusal, type RefusalKind } from '../http/http.ts';
import type { ActorSource } from './actor.ts';

/** What the event of a refused token says. */
export interface AccessEvent {
  readonly name: 'AccessDenied' | 'Unauthorized';
  readonly source: ActorSource;
  /** The actor's id; `unknown` for an unknown token. */
  readonly identifier: string;
  readonly reason: string | null;
  /**
   * Whom repeated events are folded by: the actor, or all unknown tokens of a source together, since anybody can make
   * up tokens.
   */
  readonly identity: string;
  /** Nobody is known behind it: counted in the instance before it is written (serve/unknown-callers.ts). */
  readonly unknownCaller: boolean;
}

/** A refused token; `event` is null where the refusal is not reported as an event. */
export class AccessRefusal extends Refusal {
  readonly event: AccessEvent | null;

  constructor(kind: RefusalKind, message: string, event: AccessEvent | null) {
    super(kind, message);
    this.event = event;
  }
}

const notEnabled = 'Cody Gateway access not enabled';

/** No token at all, where anonymous callers are not let in. */
export function noToken(): AccessRefusal {
  return new AccessRefusal('no-token', notEnabled, {
    name: 'AccessDenied',
    source: 'anonymous',
    identifier: 'anonymous',
    reason: null,
    identity: 'anonymous',
    unknownCaller: true,
  });
}

const what: Readonly<Record<ActorSource, string>> = {
  anonymous: 'anonymous actor',
  'dotcom-user': 'dotcom user',
  'dotcom-product-subscriptions': 'product subscription',
};

/** An actor whose access is off. One without an id leaves no event. */
export function accessDisabled(source: ActorSource, id: string): AccessRefusal {
  if (id === '') return new AccessRefusal('access-disabled', notEnabled, null);
  return new AccessRefusal('access-disabled', notEnabled, {
    name: 'AccessDenied',
    source,
    identifier: id,
    reason: null,
    identity: `${source}:${id}`,
    unknownCaller: false,
  });
}

/** A token that its source does not know. */
export function unknownToken(source: ActorSource): AccessRefusal {
  const reason = `associated ${what[source]} not found`;
  return new AccessRefusal(
    'invalid-token',
    `${source}: failed to validate access token: access token denied: ${reason}`,
    {
      name: 'Unauthorized',
      source,
      identifier: 'unknown',
      reason,
      identity: `${source}:unknown`,
      unknownCaller: true,
    },
  );
}
