// Puts the parts of auth together: from a caller to its actor, from an actor to its permit. Not the parts themselves.

import type { Config } from '../config/config.ts';
import {
  accessSources,
  classifyToken,
  createAccountCopies,
  markLookedUp,
  openDirectory,
  type Account,
  type KnownToken,
} from '../directory/directory.ts';
import type { Documents } from '../documents/documents.ts';
import { Refusal } from '../http/http.ts';
import type { TimeBudget, Store } from '../store/store.ts';
import { accessDisabled, noToken, unknownToken } from './access-refusal.ts';
import { createActorCache } from './actor-cache.ts';
import { actorOf, type Actor } from './actor.ts';
import { anonymousActors } from './anonymous.ts';
import type { Caller } from './caller.ts';
import { entitle, type Entitlement, type Feature } from './entitlement.ts';
import { createLookUp, LookUpFailed } from './look-up.ts';
import { entitlementOf, permitAttribution, permitModel, type ModelChoice, type Permit } from './permit.ts';
import { createRefresh } from './refresh.ts';
import { createUnknownTokenBudget } from './unknown-tokens.ts';

/** The auth of this process. */
export interface Auth {
  /**
   * Looks the token up: in this process, in Redis, in the directory, at its source.
   * @param budget what the request may still wait for Redis.
   * @param evenDisabled for what is open to subscriptions whose access is off.
   * @throws AccessRefusal (no-token, invalid-token, access-disabled), Refusal (directory-unavailable); texts as the
   * original gateway's
   */
  identify(caller: Caller, budget: TimeBudget, evenDisabled?: boolean): Promise<Actor>;
  /**
   * Asks the source anew, so that a change there holds within seconds everywhere.
   * @throws Refusal recently-updated, directory-unavailable; AccessRefusal when the source knows the token no longer
   */
  refresh(caller: Caller, actor: Actor): Promise<void>;
  /**
   * The same beside a request that was refused for want of quota or access, if it is time; for a caller that was
   * identified.
   */
  refreshSoon(caller: Caller): void;
  /** The actor's entitlement to a feature. @throws Refusal `feature-access` */
  entitlement(actor: Actor, feature: Feature): Entitlement;
  /**
   * Proof that this actor may use this model for this feature.
   * @throws Refusal feature-access, model-unknown, model-not-allowed
   */
  permit(actor: Actor, feature: Feature, choice: ModelChoice): Permit;
  /** Proof that this actor may search for the origin of code. @throws Refusal `subscriptions-only` */
  permitAttribution(actor: Actor): Permit;
  /** Waits for what runs beside requests. */
  close(): Promise<void>;
}

/** What auth needs from the process. */
export interface AuthSettings {
  readonly config: Config;
  readonly store: Store;
  /** Where the directory stands. */
  readonly documents: Documents;
  readonly now: () => number;
  readonly warn: (message: string, error: unknown) => void;
}

/** Makes the auth of a process over the Firestore directory and the configured sources. */
export function createAuth({ config, store, documents, now, warn }: AuthSettings): Auth {
  const directory = openDirectory(documents);
  const sources = accessSources(config, now);
  const copies = createAccountCopies(store);
  const lookUp = createLookUp({
    directory,
    copies,
    sources,
    unknownTokens: createUnknownTokenBudget(config.unknownTokensPerSecond, now),
    directoryReads: createUnknownTokenBudget(config.unknownTokenReadsPerSecond, now),
    lookedUp: ({ origin }, id, budget) => markLookedUp(store, origin, id, budget),
    now,
    warn,
  });
  const perDay = { limit: config.attributionPerDay, intervalSeconds: 86_400, allowedModels: ['*'] };
  const attribution = entitle(perDay, config);
  if (attribution === null) throw new Error('the limit of attribution grants nothing');
  const anonymous = config.allowAnonymous ? anonymousActors(config) : null;
  const usersKnown = sources.some(({ takes }) => takes === 'dotcom-user');
  const toActor = (account: Account | null): Actor | null =>
    account === null ? null : actorOf(account, config, now());
  const cache = createActorCache(
    {
      load: async (token, remembered, budget) => toActor(await lookUp.find(token, remembered, budget)),
      lastKnown: (error) => (error instanceof LookUpFailed ? toActor(error.lastKnown) : null),
    },
    now,
    warn,
  );
  const known = (token: string): KnownToken => {
    const classified = classifyToken(token);
    // Without an account at Sourcegraph.com there are no users: their tokens are nobody's.
    if (classified.source === 'dotcom-user' && !usersKnown)
      throw new Refusal('invalid-token', 'token not from source: no source found for token');
    return classified;
  };
  const refresh = createRefresh({ lookUp, cache, toActor, config, now, warn });
  return {
    identify: async ({ token, address }, budget, evenDisabled = false) => {
      if (token === '') {
        if (anonymous === null) throw noToken();
        return anonymous(address);
      }
      const classified = known(token);
      const actor = await cache.find(classified, budget).catch(unavailable);
      if (actor === null) throw unknownToken(classified.source);
      if (!actor.accessEnabled && (!evenDisabled || actor.id === '')) throw accessDisabled(actor.source, actor.id);
      return actor;
    },
    refresh: async ({ token }, actor) => {
      // Nothing is kept of anonymous callers.
      if (token === '') return;
      const classified = known(token);
      const found = await refresh.now(classified, actor).catch(unavailable);
      if (found === null) throw unknownToken(classified.source);
    },
    refreshSoon: ({ token }) => {
      if (token !== '') refresh.soon(known(token));
    },
    entitlement: entitlementOf,
    permit: (actor, feature, choice) => permitModel(actor, feature, choice, now()),
    permitAttribution: (actor) => permitAttribution(actor, attribution),
    // The directory's client is not closed: what it still tries would then fail unheard. The process ends.
    close: () => refresh.idle(),
  };
}

/** What nobody could be asked about, in words for callers (a 503, never remembered). */
function unavailable(error: unknown): never {
  if (!(error instanceof LookUpFailed)) throw error;
  throw new Refusal('directory-unavailable', 'access cannot be checked at the moment, please retry', {
    cause: error.cause,
  });
}
