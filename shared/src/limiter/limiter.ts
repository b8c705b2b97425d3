// Door of the limiter room: admission against quota, burst and in-flight limits, and the lease that it opens. Not who
// may (auth), not what it costs (events).

import type { Actor, DollarBudget, Entitlement, Feature, Permit } from '../auth/auth.ts';
import { keys, shardOf, type TimeBudget, type Shard, type Store } from '../store/store.ts';
import { claimKey, claimTimeMs, type Claim, type Claimed } from './claim.ts';
import type { Denial } from './denial.ts';
import type { CallMoney } from './call-money.ts';
import { leaseOnTrust, leaseTimeMs, openLease, type Lease } from './lease.ts';
import type { NoticeRule } from './notice-rule.ts';
import { admissionMoney, budgetKeys, byPlace, chargedWindows, windowsAt } from './money.ts';
import { readLimits, type Reading } from './reading.ts';
import { denialOf, type RefusedReply } from './refused.ts';
import { scripts } from './scripts.ts';
import { endedTimeMs, endKeys, type Posted } from './settlement.ts';
import { shareOf } from './share.ts';

export { claimOf, type Claim, type Claimed } from './claim.ts';
export { leaseTimeMs, renewEveryMs, type Lease } from './lease.ts';
export type { NoticeRule } from './notice-rule.ts';
export { settleLate, type LateOutcome } from './late.ts';
export type { LateSettlement, Posted, PostedBudgetNotice, PostedNotice, Settlement } from './settlement.ts';
export type { Reading } from './reading.ts';
export { raiseCounter, readCounters, type Counter } from './counters.ts';
export { restoreExpiries } from './counter-expiry.ts';
export { sweepShard, type Swept } from './sweep.ts';
export type { BudgetDenial, Denial } from './denial.ts';
export { correctBudget, raiseBudget, readBudgetCounters, readBudgets } from './budgets.ts';
export type { BudgetCounter, Correction, Corrected } from './budgets.ts';
export type { BudgetReading } from './tally.ts';
export type { BudgetCause, CallCost, CallMoney } from './call-money.ts';
export { closeWindow, readWindows, type QuotaWindow } from './window.ts';

/** One request for admission. */
export interface Admission {
  /** Made by the caller, so that it can ask again: the same id answers the same. Becomes the id of the call's event. */
  readonly leaseId: string;
  /** Units to reserve: 1 for a completion. */
  readonly estimate: number;
  /** The call's event as far as it is known: opaque bytes, written if the holder dies or the call is refused. */
  readonly draft: string;
  /** Absent for actors that get no notices. */
  readonly notice?: NoticeRule;
  /** Of the call's Idempotency-Key, which is claimed in the same step and then told how the call ends. */
  readonly claim?: Claim;
  /** Absent for an actor without a budget. */
  readonly money?: CallMoney;
}

/** The limiter of this process. Every method throws StoreUnavailable when Redis does not answer within the budget. */
export interface Limiter {
  /** One round trip: reserves the estimate and opens a lease, or says why not. */
  admit(permit: Permit, admission: Admission, budget: TimeBudget): Promise<Lease | Denial | Claimed>;
  /**
   * A lease on trust, while Redis can't be asked: whether that may be is serve's to say. It is settled by a task alone
   * (late.ts).
   * @param triedAtMs when `admit` was sent and not answered, Unix ms; null: it was not sent
   */
  admitOnTrust(permit: Permit, admission: Admission, nowMs: number, triedAtMs: number | null): Lease;
  /** Gives up an admission whose outcome is unknown, so that a late one can't stand: the id is void from now on. */
  withdraw(
    permit: Permit,
    admission: Pick<Admission, 'leaseId' | 'claim' | 'money'>,
    budget: TimeBudget,
  ): Promise<void>;
  /** Consumption of the actor by feature; consumes nothing. */
  read(actor: Actor, features: readonly Feature[], budget: TimeBudget): Promise<ReadonlyMap<Feature, Reading>>;
  /**
   * Why one more unit would be refused at this moment, whatever it costs, or null; consumes and writes nothing.
   * @param budgets of the actor for this feature
   */
  look(
    actor: Actor,
    feature: Feature,
    entitlement: Entitlement,
    budget: TimeBudget,
    budgets?: readonly DollarBudget[],
  ): Promise<Denial | null>;
  /**
   * Appends an event that belongs to no lease, folding repeated ones.
   * @param identity the actor's, or for a token that nobody knows its source and the reason
   * @param count how many equal ones it represents
   */
  recordEvent(
    identity: string,
    name: string,
    eventId: string,
    event: string,
    count: number,
    budget: TimeBudget,
  ): Promise<Posted | null>;
}

/** What a script is told of a lease besides its keys. */
interface Place {
  readonly shard: Shard;
  readonly feature: Feature;
  readonly actor: string;
}

/** Makes the limiter over a Redis connection. */
export function createLimiter(store: Store): Limiter {
  return {
    async admit(permit, admission, budget) {
      const { limit, intervalMs, burst, inFlightMax } = permit.entitlement;
      const place = placeOf(permit);
      const { shard, feature, actor } = place;
      const { claim = null, money = null } = admission;
      const record = keys.lease(shard, admission.leaseId);
      const claimed = claim === null ? '' : ` ${claim.name}`;
      const budgets = money === null ? null : byPlace(money, feature);
      const reply = (await store.run(
        scripts.admit,
        [
          keys.limit(shard, feature, actor),
          keys.inFlight(shard, feature, actor),
          record,
          keys.leases(shard),
          keys.outbox(shard),
          keys.fold(shard, actor, `RateLimited:${feature}`),
          keys.folds(shard),
          claimKey(shard, actor, claim?.name ?? null, record),
          ...(budgets === null ? nothing : budgetKeys(shard, feature, actor)),
        ],
        [
          admission.leaseId,
          limit,
          intervalMs,
          admission.estimate,
          burst.limit,
          burst.intervalMs,
          inFlightMax,
          leaseTimeMs,
          `${feature} ${actor}${claimed}\n${admission.draft}`,
          versionOf(permit.actor) ?? '',
          ...shareOf(store),
          ...(claim !== null ? [claim.fingerprint, claimTimeMs] : budgets === null ? nothing : ['', '']),
          ...(money === null || budgets === null ? nothing : admissionMoney(money, budgets)),
        ],
        budget,
      )) as AdmitReply;
      switch (reply[0]) {
        case 'admitted':
          return openLease(store, {
            ...place,
            permit,
            id: admission.leaseId,
            window: reply[1],
            remaining: reply[2],
            limit,
            resetAtMs: reply[3],
            admittedAtMs: reply[4],
            notice: admission.notice ?? null,
            claim,
            money:
              money === null || budgets === null
                ? null
                : { windows: chargedWindows(reply[5] ?? ''), budgets, notice: money.notice ?? null },
          });
        case 'refused':
          return denialOf(reply, { id: admission.leaseId, shard, feature, money });
        case 'claimed':
          return { decision: 'claimed', by: reply[1], leaseId: reply[2] };
        case 'ended':
          throw new Error(`lease ${admission.leaseId} has ended as ${reply[1]}: an id is for one call`);
      }
    },
    admitOnTrust(permit, { leaseId, money }, nowMs, triedAtMs) {
      const { feature, actor } = placeOf(permit);
      const windows = money === undefined ? null : windowsAt(byPlace(money, feature), nowMs);
      return leaseOnTrust(permit, leaseId, actor, feature, nowMs, triedAtMs, windows);
    },
    async withdraw(permit, { leaseId, claim, money }, budget) {
      const { shard, feature, actor } = placeOf(permit);
      await store.run(
        scripts.settle,
        endKeys(shard, feature, actor, leaseId, claim?.name ?? null, money !== undefined),
        [leaseId, '', 0, 'void', endedTimeMs, '', ...(money === undefined ? nothing : withdrawnMoney)],
        budget,
      );
    },
    read: (actor, features, budget) =>
      readLimits(store, identityOf(actor), versionOf(actor), intervalsOf(actor, features), budget),
    async look(actor, feature, entitlement, budget, budgets = nothing) {
      // Most calls are looked at by admission alone: this loads with the first large body.
      const { lookFor } = await import('./look.ts');
      const looked = { identity: identityOf(actor), version: versionOf(actor), feature, entitlement, budgets };
      return lookFor(store, looked, budget);
    },
    async recordEvent(identity, name, eventId, event, count, budget) {
      const actor = encodeURIComponent(identity);
      const shard = shardOf(actor);
      const entry = (await store.run(
        scripts.recordEvent,
        [keys.outbox(shard), keys.fold(shard, actor, name), keys.folds(shard)],
        [eventId, event, count, ...shareOf(store)],
        budget,
      )) as string | null;
      return entry === null ? null : { shard, entry, id: eventId, window: null, kept: 0 };
    },
  };
}

/** What is added where there is none. */
const nothing: readonly [] = [];
/** ARGV[7] to ARGV[17] of settle.lua: no notices, no event, no cost, whatever windows the record names. */
const withdrawnMoney = ['', '', '', '', '', '', 0, ';;;', '', '', ''] as const;

type AdmitReply =
  | readonly ['admitted', window: string, remaining: number, end: number, now: number, money?: string | null]
  | RefusedReply
  | readonly ['claimed', by: Claimed['by'], leaseId: string]
  | readonly ['ended', state: string];

function placeOf({ actor, feature }: Permit): Place {
  const identity = identityOf(actor);
  let shard = shardsOf.get(actor);
  if (shard === undefined) shardsOf.set(actor, (shard = shardOf(identity)));
  return { shard, feature, actor: identity };
}

/** Actors stay in memory for a while (auth/actor-cache.ts): what follows from them is worked out once. */
const shardsOf = new WeakMap<Actor, Shard>();
const identitiesOf = new WeakMap<Actor, string>();

/**
 * Sourcegraph.com's users get a new window when their plan's interval changes (shared/COMPATIBILITY.md#plan-change),
 * proven by a newer version of the actor than the one that the window was last used by; for everybody else a change of
 * interval moves the window's end.
 */
function versionOf({ source, version }: Actor): number | null {
  return source === 'dotcom-user' ? version : null;
}

function intervalsOf(actor: Actor, asked: readonly Feature[]): ReadonlyMap<Feature, number | null> {
  return new Map(asked.map((feature) => [feature, actor.limits[feature]?.intervalMs ?? null]));
}

/** Source and id, since two sources may use the same id; encoded, since a lease's record is split at blanks. */
export function identityOf(actor: Actor): string {
  const known = identitiesOf.get(actor);
  if (known !== undefined) return known;
  const { source, id, pool } = actor;
  const identity = encodeURIComponent(pool === null ? `${source}:${id}` : `${source}:${id}:${pool}`);
  identitiesOf.set(actor, identity);
  return identity;
}
