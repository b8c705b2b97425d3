// Door of the auth room: who calls, and what they may use. Not how much of it is left (limiter).

import type { Config } from '../config/config.ts';
import { accessTokens, Refusal, type AccessTokens } from '../http/http.ts';
import type { Budget, Store } from '../store/store.ts';
import { accessDisabled, noToken, unknownToken } from './access-refusal.ts';
import { actorOf, type Account } from './account.ts';
import { createActorCache } from './actor-cache.ts';
import { createActorCopies } from './actor-copies.ts';
import type { Actor } from './actor.ts';
import { anonymousActors } from './anonymous.ts';
import { openDirectory } from './directory.ts';
import { entitle, type Entitlement, type Feature } from './entitlement.ts';
import { createLookUp, LookUpFailed } from './look-up.ts';
import { entitlementOf, permitAttribution, permitModel, type ModelChoice, type Permit } from './permit.ts';
import { createRefresh } from './refresh.ts';
import { accessSources } from './sources/configured.ts';
import { markLookedUp } from './stated.ts';
import { createStrangerBudget } from './strangers.ts';
import { createSync, type SubscriptionSync } from './sync.ts';
import { classifyToken, type KnownToken } from './token.ts';

export { AccessRefusal, type AccessEvent } from './access-refusal.ts';
export { effectiveLimit, hasAccess } from './account.ts';
export { audited, listAudit, type AuditRecord, type Deed } from './audit.ts';
export { createActorCopies, type ActorCopies } from './actor-copies.ts';
export type { Actor, ActorSource } from './actor.ts';
export { callerAddress, type ProxySettings } from './caller-address.ts';
export { callerToken, featureFromHeader } from './request-headers.ts';
export { features, type Entitlement, type Feature, type SubscribedFeature } from './entitlement.ts';
export type { ModelChoice, Permit } from './permit.ts';
export { allowedModels } from './permit.ts';
export { openDirectory, type Directory } from './directory.ts';
export type { DirectorySettings } from './document-reader.ts';
export type { SubscriptionRecord } from './documents.ts';
export {
  issueToken,
  OperatorRefused,
  revokeToken,
  setAccess,
  setLimits,
  type Changed,
  type LimitChange,
  type LimitChanges,
} from './operator-writes.ts';
export { planLimits } from './plan.ts';
export {
  createSubscription,
  deleteSubscription,
  findSubscription,
  listSubscriptions,
  subscriptionId,
  type NewSubscription,
  type SubscriptionEntry,
} from './subscriptions.ts';
export { SourceUnavailable } from './sources/access-source.ts';
export type { SubscriptionSync, SyncReport, SyncTrace } from './sync.ts';
export { deriveFromAccessToken, deriveFromLicenceKey, hashToken } from './token.ts';

/** Who sends a request, before it is known who that is. */
export interface Caller {
  /** Empty where the caller sent none. */
  readonly token: string;
  /** Its network address, for callers without a token. */
  readonly address: string;
}

/** The auth of this process. */
export interface Auth {
  /**
   * Looks the token up: in this process, in Redis, in the directory, at its source.
   * @param budget what the request may still wait for Redis.
   * @param evenDisabled for what is open to subscriptions whose access is off (spec actors §8).
   * @throws AccessRefusal (no-token, invalid-token, access-disabled), Refusal (directory-unavailable); texts of spec actors §1.4 with design D1
   */
  identify(caller: Caller, budget: Budget, evenDisabled?: boolean): Promise<Actor>;
  /**
   * Asks the source anew, so that a change there holds within seconds everywhere.
   * @throws Refusal recently-updated, directory-unavailable; AccessRefusal when the source knows the token no longer
   */
  refresh(caller: Caller, actor: Actor): Promise<void>;
  /** The same beside a request that was refused for want of quota or access, if it is time; for a caller that was identified. */
  refreshSoon(caller: Caller): void;
  /** The actor's entitlement to a feature. @throws Refusal `feature-access` */
  entitlement(actor: Actor, feature: Feature): Entitlement;
  /** Proof that this actor may use this model for this feature. @throws Refusal feature-access, model-unknown, model-not-allowed */
  permit(actor: Actor, feature: Feature, choice: ModelChoice): Permit;
  /** Proof that this actor may search for the origin of code. @throws Refusal `subscriptions-only` */
  permitAttribution(actor: Actor): Permit;
  /** Brings the source's list into the directory; null where no source lists. */
  readonly sync: SubscriptionSync | null;
  /** Waits for what runs beside requests. */
  close(): Promise<void>;
}

/** What auth needs from the process. */
export interface AuthSettings {
  readonly config: Config;
  readonly store: Store;
  /** Whose reads of the directory; absent: of this process's account. */
  readonly tokens?: AccessTokens;
  readonly now: () => number;
  readonly warn: (message: string, error: unknown) => void;
}

/** Makes the auth of a process over the Firestore directory and the configured sources. */
export function createAuth({
  config,
  store,
  tokens = accessTokens(config.functionName),
  now,
  warn,
}: AuthSettings): Auth {
  const directory = openDirectory(config, { tokens });
  const sources = accessSources(config, now);
  const copies = createActorCopies(store);
  const lookUp = createLookUp({
    directory,
    copies,
    sources,
    strangers: createStrangerBudget(config.unknownTokensPerSecond, now),
    directoryReads: createStrangerBudget(config.unknownTokenReadsPerSecond, now),
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
    // Without an account at Sourcegraph.com there are no users: their tokens are nobody's (spec actors §1.3).
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
    permit: permitModel,
    permitAttribution: (actor) => permitAttribution(actor, attribution),
    sync: createSync({ directory, copies, sources, store, config, now, warn }),
    // The directory's client is not closed: what it still tries would then fail unheard. The process ends.
    close: () => refresh.idle(),
  };
}

/** What nobody could be asked about, in words for callers (design D1: 503, never remembered). */
function unavailable(error: unknown): never {
  if (!(error instanceof LookUpFailed)) throw error;
  throw new Refusal('directory-unavailable', 'access cannot be checked at the moment, please retry', {
    cause: error.cause,
  });
}
