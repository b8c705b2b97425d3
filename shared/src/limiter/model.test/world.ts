// Where model.test.ts plays: the real limiter as two instances on one Redis, whose time is an argument, and both
// sides' state in the same words.

import type { Redis } from 'ioredis';
import type { Feature, Permit } from '../../auth/auth.ts';
import { keys, shardOf, type Store } from '../../store/store.ts';
import { createLimiter, identityOf, type Lease, type Limiter } from '../limiter.ts';
import { keptText, tallyText } from './plain-budgets.ts';
import { draftOf, type ModelAdmission, type ModelEvent, type ModelPlan } from './plain-admission.ts';
import { type Held, type PlainLimiter } from './plain-limiter.ts';
import { advanceTime, timedStore } from './timed-store.ts';

/** All times are multiples of it, so that the real milliseconds of a run, which are fewer, can be told from them. */
export const unitMs = 20_000;

export const features: readonly Feature[] = ['chat_completions', 'embeddings'];
export const sources = ['dotcom-product-subscriptions', 'dotcom-product-subscriptions', 'dotcom-user'] as const;

/** A permit as auth would make it. */
export function permitOf(actorNumber: number, feature: Feature, plan: ModelPlan): Permit {
  const actor = {
    source: sources[actorNumber],
    id: `actor-${actorNumber}`,
    name: 'n',
    pool: null,
    version: plan.version ?? 0,
    limits: { [feature]: { intervalMs: plan.interval } },
  };
  const burst = { limit: plan.burstLimit, intervalMs: plan.burstInterval };
  const entitlement = {
    limit: plan.limit,
    intervalMs: plan.interval,
    allowedModels: ['*'],
    burst,
    inFlightMax: plan.cap,
  };
  return { actor, feature, entitlement, model: 'p/m', blocked: false } as unknown as Permit;
}

/** An admission that was asked for, and what came of it. */
export interface Admitted {
  readonly admission: ModelAdmission;
  readonly permit: Permit;
  lease: Lease | null;
}

/** What is told to both sides. */
export interface Both {
  readonly plain: PlainLimiter;
  readonly made: Admitted[];
  /** What each actor is entitled to by now; it changes now and then. */
  readonly plans: Map<number, ModelPlan>;
  /** All events that were written. */
  readonly ledger: ModelEvent[];
  /** Ids that were used again when their record was gone. */
  readonly late: Set<string>;
  /**
   * Where in `ledger` a window begins that has the name of an older one: a window is named after the admission that
   * opened it.
   */
  readonly reopened: Map<string, number>;
  /** How often an operator began an actor's windows anew. */
  readonly resets: Map<number, number>;
  /** Whose a row is, by its id: key of a budget by place. */
  readonly owners: Map<string, readonly [subscription: string, feature: string]>;
}

const wholeUnits = (ms: number): number => Math.ceil(ms / unitMs) * unitMs;
export const actors = sources.map((_, n) => identityOf(permitOf(n, 'embeddings', {} as ModelPlan).actor));
export const shards = [...new Set(actors.map(shardOf))];
/** As keys name them. */
export const budgetNames = actors.flatMap((actor) => ['subscription', ...features].map((scope) => `${scope} ${actor}`));
export const counterNames = actors.flatMap((actor) => features.map((feature) => `${feature} ${actor}`));

/** What Redis holds beside the outbox. */
export interface RealState {
  readonly counters: readonly {
    readonly fields: Readonly<Record<string, string>>;
    readonly expiry: number | null;
    readonly inFlight: Readonly<Record<string, string>>;
  }[];
  /** Record, due time and claim of each lease. */
  readonly leases: readonly unknown[][];
  /** Windows of each budget, and when all are forgotten. */
  readonly budgets: readonly { readonly windows: Readonly<Record<string, string>>; readonly expiry: number | null }[];
}

/** The real side: two instances of the limiter whose scripts go by the model's time. */
export class Real {
  readonly limiters: readonly Limiter[];
  readonly stores: readonly Store[];
  private readonly redis: Redis;
  private readonly seen = new Map<string, string>();

  /** @param connections of the instances; @param redis a connection of the test's own */
  constructor(connections: readonly Store[], redis: Redis) {
    this.redis = redis;
    this.stores = connections.map((store) => timedStore(store, redis));
    this.limiters = this.stores.map(createLimiter);
  }

  /** An empty Redis, and the time. */
  async begin(nowMs: number): Promise<void> {
    await this.redis.flushdb();
    await this.redis.set('now', nowMs);
  }

  /** Time passes. */
  advance(nowMs: number, byMs: number): Promise<void> {
    return advanceTime(this.redis, nowMs, byMs, wholeUnits);
  }

  /** Events that were appended since the last look. */
  async events(): Promise<ModelEvent[]> {
    const found: ModelEvent[] = [];
    const after = (shard: string) => this.redis.xrange(keys.outbox(shard), `(${this.seen.get(shard) ?? '0'}`, '+');
    for (const [n, entries] of (await Promise.all(shards.map(after))).entries()) {
      const shard = shards[n] ?? '';
      for (const [entry, list] of entries) {
        this.seen.set(shard, entry);
        const {
          i = '',
          k,
          w = '',
          q,
          ...fields
        } = Object.fromEntries(list.flatMap((v, n) => (n % 2 ? [] : [[v, list[n + 1]]]))) as Record<string, string>;
        found.push({ id: i, kind: k as ModelEvent['kind'], window: w, units: Number(q), fields });
      }
    }
    return found;
  }

  /** Everything that Redis holds beside the outbox, in the model's words. */
  async state(plain: PlainLimiter, made: readonly Admitted[]): Promise<RealState> {
    const pipeline = this.redis.pipeline();
    for (const name of counterNames) {
      const [feature = '', actor = ''] = name.split(' ');
      const shard = shardOf(actor);
      pipeline.hgetall(keys.limit(shard, feature, actor)).pttl(keys.limit(shard, feature, actor));
      pipeline.zrange(keys.inFlight(shard, feature, actor), '0', '-1', 'WITHSCORES');
    }
    for (const { admission } of made) {
      const actor = admission.counter.split(' ')[1] ?? '';
      pipeline.get(keys.lease(admission.shard, admission.id)).zscore(keys.leases(admission.shard), admission.id);
      pipeline.get(keys.claim(admission.shard, actor, admission.claim?.name ?? 'none'));
    }
    for (const name of budgetNames) {
      const [scope = '', actor = ''] = name.split(' ');
      const key = keys.budget(shardOf(actor), scope, actor);
      pipeline.hgetall(key).pttl(key);
    }
    const replies = ((await pipeline.exec()) ?? []).map(([error, reply]) => {
      if (error !== null) throw error;
      return reply;
    });
    const counters = counterNames.map((_, i) => {
      const [fields, life, inFlight] = replies.slice(3 * i, 3 * i + 3) as [Record<string, string>, number, string[]];
      const expiry = life < 0 ? null : plain.now + wholeUnits(life);
      return { fields, expiry, inFlight: scored(inFlight) };
    });
    const leases = made.map((_, i) =>
      replies.slice(3 * counterNames.length + 3 * i, 3 * counterNames.length + 3 * i + 3),
    );
    const rest = replies.slice(3 * counterNames.length + 3 * made.length);
    const budgets = budgetNames.map((_, i) => {
      const [windows, life] = rest.slice(2 * i, 2 * i + 2) as [Record<string, string>, number];
      return { windows, expiry: life < 0 ? null : plain.now + wholeUnits(life) };
    });
    return { counters, leases, budgets };
  }
}

function scored(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(list.flatMap((member, i) => (i % 2 ? [] : [[member, list[i + 1] ?? '']])));
}

/** The same, as the model has it. */
export function modelState(plain: PlainLimiter, made: readonly Admitted[]): object {
  const counters = counterNames.map((name) => {
    const counter = plain.counters.get(name);
    const inFlight = Object.fromEntries(plain.inFlight(name).map(({ id, due }) => [id, String(due)]));
    if (counter === undefined) return { fields: {}, expiry: null, inFlight };
    const { window, burst, burstEnd, version, noticed, expiry } = counter;
    const fields = {
      ...window,
      burst,
      burstEnd,
      ...(version !== null && { version }),
      ...(noticed !== null && { noticed: `${noticed.window} ${noticed.percent}` }),
    };
    return {
      fields: Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, String(value)])),
      expiry,
      inFlight,
    };
  });
  const leases = made.map(({ admission }) => {
    const { id, counter, claim } = admission;
    const lease = plain.leases.get(id);
    const named = claim === null ? '' : ` ${claim.name}`;
    const taken = claim === null ? undefined : plain.claims.get(`${counter.split(' ')[1] ?? ''} ${claim.name}`);
    const claimText = taken === undefined ? null : `${taken.fingerprint} ${taken.state} ${taken.id}`;
    if (lease === undefined) return [null, null, claimText];
    if (lease.state === 'open')
      return [
        `open ${lease.window} ${lease.estimate}${moneyText(admission, lease.money)} ${counter}${named}\n${draftOf(id)}`,
        String(lease.due),
        claimText,
      ];
    const estimate = lease.state === 'swept' ? ` ${admission.estimate}` : '';
    const spent = lease.spent === null ? '' : `;${keptText(lease.spent)}`;
    return [`${lease.state} ${lease.kept}${spent}${estimate}`, null, claimText];
  });
  const budgets = budgetNames.map((name) => {
    const { windows, expiry = null } = plain.budgets.byKey.get(name) ?? {};
    const texts = [...(windows ?? [])].map(([window, tally]) => [window, tallyText(tally)]);
    return { windows: Object.fromEntries(texts) as Record<string, string>, expiry };
  });
  return { counters, leases, budgets };
}

function moneyText({ money }: ModelAdmission, held: Held | null): string {
  if (money === null || held === null) return '';
  const texts = held.holds.map((hold) =>
    hold === null ? ';;0;0;0' : `;${hold.window};${hold.end};${hold.held};${hold.risk}`,
  );
  return `;${held.metered};${money.renewal}${texts.join('')}`;
}
