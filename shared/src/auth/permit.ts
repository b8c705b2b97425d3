// May this actor use this model for this feature? The proof is made here and nowhere else.

import type { ServedNames } from '../catalogue/catalogue.ts';
import { Refusal } from '../http/http.ts';
import { noBudgets } from './actor-budgets.ts';
import type { Actor } from './actor.ts';
import type { DollarBudget } from './dollar-budget.ts';
import type { Entitlement, Feature } from './entitlement.ts';

/** A model as a request names it, and what the gateway serves of its provider. */
export interface ModelChoice {
  readonly provider: string;
  /** Bare, as asked: for people. */
  readonly model: string;
  /** The model that the name means, qualified; null: the gateway does not serve it. */
  readonly id: string | null;
  /** Qualified names that allow it where they stand in an actor's list, beside those that `served` knows it by. */
  readonly names: readonly string[];
  /** The gateway's own allow-list of that provider. The same object for as long as that stays the same. */
  readonly served: ServedNames;
  /** Ids of models that may have been meant; the refusal names those that this actor may use. */
  readonly nearest: readonly string[];
  /** Where the caller may read which models there are; absent: nowhere, so that a refusal names all of them. */
  readonly listedAt?: string;
}

/** A choice out of a plain list of qualified names. @param model bare, in any case */
export function choiceFrom(served: readonly string[], provider: string, model: string): ModelChoice {
  const byName = new Map(served.toReversed().map((name) => [name.toLowerCase(), name]));
  const names: ServedNames = { ids: served, idOf: (name) => byName.get(name.toLowerCase()) ?? null };
  return { provider, model, id: names.idOf(`${provider}/${model}`), names: [], served: names, nearest: [] };
}

declare const proof: unique symbol;

/** Proof that the actor may use the model for the feature: `limiter.admit` takes it, only auth makes it. */
export interface Permit {
  readonly [proof]: true;
  readonly actor: Actor;
  readonly feature: Feature;
  readonly entitlement: Entitlement;
  /** The model's id: `provider/model`. */
  readonly model: string;
  /** A limit of exactly 1 means that the account is blocked. */
  readonly blocked: boolean;
  /** What the call is charged against in dollars; empty for most. */
  readonly budgets: readonly DollarBudget[];
}

/** @throws Refusal `feature-access` */
export function entitlementOf(actor: Actor, feature: Feature): Entitlement {
  const entitlement = actor.limits[feature];
  if (entitlement === undefined) throw new Refusal('feature-access', `no access to feature ${feature}`);
  return entitlement;
}

/**
 * @param nowMs for the windows of budgets, Unix ms
 * @throws Refusal feature-access, model-unknown (the gateway does not serve it), model-not-allowed (this actor may not)
 */
export function permitModel(actor: Actor, feature: Feature, choice: ModelChoice, nowMs: number): Permit {
  const entitlement = entitlementOf(actor, feature);
  const { allowedModels: list } = entitlement;
  if (choice.id !== null && mayUse(list, choice, choice.id))
    return {
      actor,
      feature,
      entitlement,
      model: choice.id,
      blocked: entitlement.limit === 1,
      budgets: actor.budgets?.of(feature, nowMs) ?? noBudgets,
    } as Permit;
  throw refusalOf(list, choice);
}

function mayUse(list: readonly string[], { provider, names, served }: ModelChoice, id: string): boolean {
  if (allowsAll(list)) return true;
  if (allowedModels(list, provider, served).includes(id)) return true;
  const allowing = new Set(names.map((name) => name.toLowerCase()));
  return list.some((entry) => allowing.has(qualified(entry, provider)));
}

/** An allow-list is long: what may have been meant comes before it, or the place where it can be read. */
function refusalOf(list: readonly string[], { provider, model, id, served, nearest, listedAt }: ModelChoice): Refusal {
  const asked = JSON.stringify(`${provider}/${model.slice(0, 200)}`);
  const allowed = (name: string): boolean =>
    allowsAll(list) || list.some((entry) => qualified(entry, provider) === name.toLowerCase());
  const near = nearest.filter(allowed);
  const meant = near.length === 0 ? '' : `, nearest: [${near.join(', ')}]`;
  const all =
    listedAt === undefined
      ? `, allowed: [${allowedModels(list, provider, served).join(', ')}]`
      : `; ${listedAt} lists what may be used`;
  return new Refusal(
    id === null ? 'model-unknown' : 'model-not-allowed',
    `model ${asked} is not allowed${meant}${all}`,
  );
}

/** `*` alone is all that is served; among others it means nothing. */
const allowsAll = (list: readonly string[]): boolean => list.length === 1 && list[0] === '*';

/** Names without a provider are the provider's. */
const qualified = (entry: string, provider: string): string =>
  (entry.includes('/') ? entry : `${provider}/${entry}`).toLowerCase();

/**
 * Ids of a provider's models that a list allows: all that is served, or what is in both, in the list's order. Compared
 * without case, by any name that the gateway knows a model by.
 */
export function allowedModels(list: readonly string[], provider: string, served: ServedNames): readonly string[] {
  if (allowsAll(list)) return served.ids;
  const known = allowed.get(list)?.get(served);
  if (known !== undefined) return known;
  const ids = list.map((entry) => served.idOf(qualified(entry, provider)));
  const made = [...new Set(ids.filter((id) => id !== null))];
  allowed.set(list, (allowed.get(list) ?? new WeakMap()).set(served, made));
  return made;
}

/** What was worked out of an actor's list and a gateway's, for as long as those live: every request asks. */
const allowed = new WeakMap<readonly string[], WeakMap<ServedNames, readonly string[]>>();

/**
 * Proof that this actor may search for the origin of code: subscriptions alone, with a limit that is the same for all.
 * @throws Refusal `subscriptions-only`
 */
export function permitAttribution(actor: Actor, entitlement: Entitlement): Permit {
  if (actor.source !== 'dotcom-product-subscriptions')
    throw new Refusal('subscriptions-only', 'only available for enterprise product subscriptions');
  return { actor, feature: 'attribution', entitlement, model: '', blocked: false, budgets: noBudgets } as Permit;
}
