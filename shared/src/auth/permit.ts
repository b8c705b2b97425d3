// May this actor use this model for this feature? The proof is made here and nowhere else.

import { Refusal } from '../http/http.ts';
import type { Actor } from './actor.ts';
import type { Entitlement, Feature } from './entitlement.ts';

/** A model as a request names it, and what the gateway serves of its provider. */
export interface ModelChoice {
  readonly provider: string;
  /** Bare, as asked. */
  readonly model: string;
  /** The gateway's own allow-list of that provider: qualified names in their canonical spelling. */
  readonly served: readonly string[];
  /** Names that pass where the actor's evaluated list holds the key: a virtual model's. */
  readonly covers: Readonly<Record<string, readonly string[]>>;
}

declare const proof: unique symbol;

/** Proof that the actor may use the model for the feature: `limiter.admit` takes it, only auth makes it. */
export interface Permit {
  readonly [proof]: true;
  readonly actor: Actor;
  readonly feature: Feature;
  readonly entitlement: Entitlement;
  /** Qualified, canonical: `provider/model`. */
  readonly model: string;
  /** A limit of exactly 1 means that the account is blocked. */
  readonly blocked: boolean;
}

/** @throws Refusal `feature-access` */
export function entitlementOf(actor: Actor, feature: Feature): Entitlement {
  const entitlement = actor.limits[feature];
  if (entitlement === undefined) throw new Refusal('feature-access', `no access to feature ${feature}`);
  return entitlement;
}

/**
 * @throws Refusal feature-access, model-unknown (the gateway does not serve it), model-not-allowed (this actor may not)
 */
export function permitModel(actor: Actor, feature: Feature, { provider, model, served, covers }: ModelChoice): Permit {
  const entitlement = entitlementOf(actor, feature);
  const asked = `${provider}/${model}`.toLowerCase();
  const usable = allowedModels(entitlement.allowedModels, provider, served);
  const isAsked = (name: string): boolean => name.toLowerCase() === asked;
  const canonical = spellingsOf(usable).get(asked) ?? usable.flatMap((name) => covers[name] ?? []).find(isAsked);
  if (canonical === undefined) {
    const kind = [...served, ...Object.values(covers).flat()].some(isAsked) ? 'model-not-allowed' : 'model-unknown';
    throw new Refusal(
      kind,
      `model ${JSON.stringify(`${provider}/${model.slice(0, 200)}`)} is not allowed, allowed: [${usable.join(', ')}]`,
    );
  }
  return { actor, feature, entitlement, model: canonical, blocked: entitlement.limit === 1 } as Permit;
}

/**
 * The models of a provider that a list allows: `*` alone is all that is served, otherwise what is in both, in the
 * list's order; `*` among others means nothing. Names without a provider are the provider's. Compared without case,
 * written as served.
 */
export function allowedModels(list: readonly string[], provider: string, served: readonly string[]): readonly string[] {
  if (list.length === 1 && list[0] === '*') return served;
  const known = allowed.get(list)?.get(served);
  if (known !== undefined) return known;
  const names = list.map((entry) =>
    spellingsOf(served).get((entry.includes('/') ? entry : `${provider}/${entry}`).toLowerCase()),
  );
  const made = [...new Set(names.filter((name) => name !== undefined))];
  allowed.set(list, (allowed.get(list) ?? new WeakMap()).set(served, made));
  return made;
}

/**
 * What was worked out of an actor's list and a gateway's, and of any list, for as long as those live: every request
 * asks.
 */
const allowed = new WeakMap<readonly string[], WeakMap<readonly string[], readonly string[]>>();
const spellings = new WeakMap<readonly string[], ReadonlyMap<string, string>>();

/** Names of a list by their lower case. Of two that differ in case alone the first counts. */
function spellingsOf(names: readonly string[]): ReadonlyMap<string, string> {
  const known = spellings.get(names);
  if (known !== undefined) return known;
  const made = new Map(names.toReversed().map((name) => [name.toLowerCase(), name]));
  spellings.set(names, made);
  return made;
}

/**
 * Proof that this actor may search for the origin of code: subscriptions alone, with a limit that is the same for all.
 * @throws Refusal `subscriptions-only`
 */
export function permitAttribution(actor: Actor, entitlement: Entitlement): Permit {
  if (actor.source !== 'dotcom-product-subscriptions')
    throw new Refusal('subscriptions-only', 'only available for enterprise product subscriptions');
  return { actor, feature: 'attribution', entitlement, model: '', blocked: false } as Permit;
}
