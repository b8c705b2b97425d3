// The ids that an instance sends along for its own user. Not the actor, who is known by the token (auth).

import type { Received } from '../http/http.ts';

/** Empty where the instance sends none. */
export interface CallerIds {
  readonly uid: string;
  readonly anonymousUid: string;
}

/** Anybody can write these headers: their bound, before they become part of an event. */
const charactersMax = 256;

/** Reads them. */
export function callerIdsOf({ headers }: Received): CallerIds {
  return {
    uid: single(headers['x-sourcegraph-actor-uid']),
    anonymousUid: single(headers['x-sourcegraph-actor-anonymous-uid']),
  };
}

/** As events have them. */
export function callerIdMetadata({ uid, anonymousUid }: CallerIds): Record<string, string> {
  return { sg_actor_id: uid, sg_actor_anonymous_uid: anonymousUid };
}

function single(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value.slice(0, charactersMax) : '';
}
