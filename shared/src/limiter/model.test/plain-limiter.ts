// The limiter once more, in plain memory and without Redis: what model.test.ts holds the real one to. For tests alone.

import {
  budgetNoticeDraft,
  draftOf,
  noticeDraft,
  type ModelAdmission,
  type ModelEvent,
  type ModelPlan,
} from './plain-admission.ts';
import { keptText, PlainBudgets, type Hold, type Kept, type Refusing } from './plain-budgets.ts';

interface Window {
  id: string;
  used: number;
  reserved: number;
  start: number;
  end: number;
  interval: number;
}

interface Counter {
  window: Window | null;
  burst: number;
  burstEnd: number;
  version: number | null;
  noticed: { window: string; percent: number } | null;
  /** From when on the whole counter is forgotten. */
  expiry: number;
}

/** What is held for an open lease in dollars, and what it has cost so far. */
export interface Held {
  metered: number;
  readonly holds: readonly (Hold | null)[];
}

type Lease =
  | { state: 'open'; window: string; estimate: number; due: number; admission: ModelAdmission; money: Held | null }
  | { state: 'settled' | 'void' | 'swept'; kept: number; expiry: number; spent: readonly (Kept | null)[] | null };

interface Fold {
  minute: number;
  n: number;
  counts: Map<string, { row: ModelEvent; count: number; due: number }>;
}

const minute = 60_000;
const leaseTime = minute;
const endedTime = 15 * minute;
/** Of one that the sweeper ended. */
const sweptTime = 40 * 24 * 60 * minute;
const claimTime = 24 * 60 * minute;

/**
 * The state and the rules. Every method answers what the real limiter must answer, and `events` holds what it must
 * have written.
 */
export class PlainLimiter {
  now: number;
  readonly counters = new Map<string, Counter>();
  readonly leases = new Map<string, Lease>();
  readonly claims = new Map<string, { fingerprint: string; state: string; id: string; expiry: number }>();
  readonly folds = new Map<string, Fold>();
  readonly budgets = new PlainBudgets();
  /** What the holder of a lease knows of its windows. */
  readonly windows = new Map<string, readonly (Hold | null)[]>();
  readonly events: ModelEvent[] = [];

  constructor(now: number) {
    this.now = now;
  }

  advance(ms: number): void {
    this.now += ms;
    for (const [name, { expiry }] of this.counters) if (expiry <= this.now) this.counters.delete(name);
    this.budgets.advance(this.now);
    for (const [name, { expiry }] of this.claims) if (expiry <= this.now) this.claims.delete(name);
    for (const [id, lease] of this.leases)
      if (lease.state !== 'open' && lease.expiry <= this.now) this.leases.delete(id);
  }

  admit(admission: ModelAdmission): object {
    const { id, counter: name, plan, estimate, claim, money } = admission;
    const taken = claim === null ? undefined : this.claims.get(claimName(admission));
    if (taken !== undefined && taken.id !== id)
      return {
        decision: 'claimed',
        by: taken.fingerprint === claim?.fingerprint ? taken.state : 'other',
        leaseId: taken.id,
      };

    const counter = this.counters.get(name);
    const lease = this.leases.get(id);
    if (lease !== undefined) {
      if (lease.state !== 'open') return { ended: lease.state };
      const window = counter?.window;
      if (window?.id !== lease.window) return { window: lease.window, remaining: 0, resetAtMs: this.now };
      return { window: window.id, remaining: Math.max(0, plan.limit - window.used), resetAtMs: window.end };
    }

    const burstOpen = counter !== undefined && this.now < counter.burstEnd;
    const burst = burstOpen ? counter.burst : 0;
    const burstEnd = burstOpen ? counter.burstEnd : this.now + plan.burstInterval;
    const window = this.windowFor(counter, plan, id);
    if (burst >= plan.burstLimit) return this.refuse(admission, 'burst', plan.burstLimit, burstEnd);
    if (this.inFlight(name).filter(({ due }) => due > this.now).length >= plan.cap)
      return this.refuse(admission, 'in-flight', plan.cap, this.now + 5_000);

    const old = counter ?? { window: null, burst: 0, burstEnd: 0, version: null, noticed: null, expiry: 0 };
    const oldEnd = Math.max(old.window?.end ?? 0, old.burstEnd);
    const marked = { ...old, burst: burst + 1, burstEnd };
    const isOverQuota = window.used + estimate > plan.limit;
    const weighed = isOverQuota || money === null ? null : this.budgets.weigh(this.now, actorOf(admission), money);
    if (isOverQuota || (weighed !== null && weighed.refusing !== null)) {
      // What stands is kept, but a nearer end is kept too.
      if (window.id === old.window?.id) marked.window = { ...old.window, end: window.end, interval: window.interval };
      this.keep(name, marked, oldEnd);
      if (weighed !== null && weighed.refusing !== null) return this.refuseByBudget(admission, weighed.refusing);
      return this.refuse(admission, 'quota', plan.limit, window.end);
    }
    marked.window = { ...window, used: window.used + estimate, reserved: window.reserved + estimate };
    if (plan.version !== null && plan.version > (old.version ?? 0)) marked.version = plan.version;
    this.keep(name, marked, oldEnd);
    const held = weighed === null || money === null ? null : { metered: money.input, holds: weighed.holds };
    if (money !== null && held !== null) this.budgets.hold(this.now, actorOf(admission), money, held.holds);
    if (held !== null && !this.windows.has(id)) this.windows.set(id, held.holds);
    const due = this.now + leaseTime;
    this.leases.set(id, { state: 'open', window: window.id, estimate, due, admission, money: held });
    if (claim !== null)
      this.claims.set(claimName(admission), {
        fingerprint: claim.fingerprint,
        state: 'running',
        id,
        expiry: this.now + claimTime,
      });
    return { window: window.id, remaining: plan.limit - marked.window.used, resetAtMs: window.end };
  }

  /** The window that a call of this plan would use: the open one, its end perhaps nearer, or a new one. */
  private windowFor(counter: Counter | undefined, plan: ModelPlan, id: string): Window {
    const known = counter?.window ?? null;
    const stale = plan.version !== null && plan.version < (counter?.version ?? 0);
    const interval = stale && known !== null ? known.interval : plan.interval;
    const changed = known !== null && known.interval !== interval;
    if (known === null || this.now >= known.end || (changed && plan.version !== null))
      return { id, used: 0, reserved: 0, start: this.now, end: this.now + interval, interval };
    return changed ? { ...known, end: Math.min(known.end, this.now + interval), interval } : known;
  }

  private keep(name: string, counter: Counter, oldEnd: number): void {
    const end = Math.max(counter.window?.end ?? 0, counter.burstEnd);
    this.counters.set(name, { ...counter, expiry: end === oldEnd ? counter.expiry : end });
  }

  private refuseByBudget(admission: ModelAdmission, refusing: Refusing): object {
    const { id } = admission;
    const { cause, place, budget, window, tally } = refusing;
    const [settled, end] = [tally.used - tally.reserved, tally.end];
    const retryAtMs = cause === 'budget-held' ? this.now + 5_000 : end > 0 ? end : this.now + 86_400_000;
    const first = this.budgets.refuse(this.now, actorOf(admission), refusing);
    const told = { c: cause, l: String(budget.limit), o: String(place) };
    if (first)
      this.events.push({
        id: `${id}-${cause}`,
        kind: 'notice',
        window,
        units: settled,
        fields: { ...told, u: String(end), e: budgetNoticeDraft },
      });
    const kept = keptText([1, 2].map((n) => (n === place ? { window, nano: 0 } : null)));
    const costNanoUsd = admission.money?.worst ?? 0;
    const row = { b: kept, m: String(costNanoUsd), r: String(settled), o: String(place) };
    return {
      ...this.refuse(admission, cause, budget.limit, retryAtMs, row),
      budget: {
        scope: budget.scope,
        window,
        resetAtMs: end === 0 ? null : end,
        limitNanoUsd: budget.limit,
        settledNanoUsd: settled,
        leftNanoUsd: Math.max(0, budget.limit - tally.used),
        reservedNanoUsd: tally.reserved,
        costNanoUsd,
        notice: first ? settled : null,
      },
    };
  }

  private refuse(
    { id, shard, counter }: ModelAdmission,
    cause: string,
    limit: number,
    retryAtMs: number,
    more: Readonly<Record<string, string>> = {},
  ): object {
    const fields = { c: cause, l: String(limit), u: String(retryAtMs), e: draftOf(id), ...more };
    const row: ModelEvent = { id, kind: 'refused', window: '', units: 0, fields };
    const posted = this.appendFolding(`${shard} ${counter}`, cause, row);
    return { decision: 'denied', cause, limit, retryAtMs, nowMs: this.now, posted: posted ? id : null };
  }

  /** Singly up to five a minute, then counted. */
  private appendFolding(name: string, cause: string, row: ModelEvent): boolean {
    const thisMinute = Math.floor(this.now / minute);
    const known: Fold | undefined = this.folds.get(name);
    if (known !== undefined && known.minute !== thisMinute) this.unfold(name, known);
    const fold: Fold = this.folds.get(name) ?? { minute: thisMinute, n: 0, counts: new Map() };
    this.folds.set(name, fold);
    fold.n++;
    if (fold.n <= 5) {
      this.events.push({ ...row, fields: { ...row.fields, n: '1' } });
      return true;
    }
    const counted = fold.counts.get(cause);
    if (counted === undefined) fold.counts.set(cause, { row, count: 1, due: (thisMinute + 1) * minute });
    else counted.count++;
    return false;
  }

  private unfold(name: string, fold: Fold): void {
    for (const { row, count } of fold.counts.values())
      this.events.push({ ...row, fields: { ...row.fields, n: String(count) } });
    this.folds.delete(name);
  }

  /**
   * Settles or releases (`units` 0); `window`: what the caller knows of it, or '' for one that gives up an admission
   * of unknown outcome.
   */
  end(
    admission: ModelAdmission,
    window: string,
    state: 'settled' | 'void',
    units: number,
    event: string | null,
    nano: number | null,
  ): object {
    const { id, counter: name, plan, thresholds, money } = admission;
    const lease = this.leases.get(id);
    if (lease?.state === 'settled' || lease?.state === 'void')
      return { posted: null, notice: null, above: 0, budgetNotices: [] };
    const open = lease?.state === 'open';
    const charged = open ? lease.window : window;
    const held = open ? lease.estimate : lease?.state === 'swept' ? lease.kept : 0;
    let kept = lease?.state === 'swept' ? lease.kept : 0;
    let notice: { percent: number; used: number } | null = null;
    if (lease !== undefined || units > 0) {
      const settled = this.charge(name, charged, units - held, open ? -lease.estimate : 0);
      if (settled !== null) kept = units;
      if (settled !== null && event !== null && thresholds.length > 0)
        notice = this.notice(name, charged, settled, plan.limit, thresholds);
    }
    const { spent, above, notices, reached } = this.spend(admission, lease, nano, event === null);
    this.leases.set(id, { state, kept, expiry: this.now + endedTime, spent: money === null ? null : spent });
    this.endClaim(admission, state);
    if (event !== null) {
      const told = notice === null ? {} : { t: String(notice.percent) };
      const fields = { e: event, ...(money !== null && { b: `${keptText(spent)}${reached}`, t: '0' }), ...told };
      this.events.push({ id, kind: 'event', window: charged, units: kept, fields });
    }
    return { posted: event === null ? null : kept, notice, above, budgetNotices: notices };
  }

  private spend(
    admission: ModelAdmission,
    lease: Lease | undefined,
    nano: number | null,
    givenUp: boolean,
    thresholds: readonly number[] = givenUp ? [] : admission.thresholds,
  ): { spent: (Kept | null)[]; above: number; notices: { percent: number; settled: number }[]; reached: string } {
    const { id, money } = admission;
    if (givenUp && lease?.state === 'swept')
      return { spent: [...(lease.spent ?? [])], above: 0, notices: [], reached: '' };
    const found = {
      open: lease?.state === 'open' ? (lease.money?.holds ?? []) : null,
      swept: lease?.state === 'swept' ? (lease.spent ?? []) : null,
      known: givenUp ? [] : (this.windows.get(id) ?? []),
    };
    const { told, ...outcome } = this.budgets.spend(this.now, actorOf(admission), money, found, nano, thresholds);
    for (const { place, window, settled, ...fields } of told) {
      const row = { ...fields, o: String(place), e: budgetNoticeDraft };
      this.events.push({ id: `${id}-${place}`, kind: 'notice', window, units: settled, fields: row });
    }
    const reached = [1, 2].map((n) => `;${told.find(({ place }) => place === n)?.t ?? ''}`).join('');
    const notices = told.map(({ t, settled }) => ({ percent: Number(t), settled }));
    return { ...outcome, notices, reached: told.length > 0 ? reached : '' };
  }

  /** An operator's correction: the event explains what the counter shows. */
  correct(id: string, key: string, place: number, window: string, end: number, by: number): object {
    if (this.leases.has(id)) return { outcome: 'known' };
    const hold = { window, end, held: 0, risk: 0 };
    const { kept } = this.budgets.charge(this.now, key, hold, by, 0, null, []);
    const spent = [1, 2].map((n) => (n === place ? { window, nano: kept } : null));
    this.leases.set(id, { state: 'settled', kept: 0, expiry: this.now + endedTime, spent });
    const fields = { e: `correction ${id}`, b: keptText(spent) };
    this.events.push({ id, kind: 'event', window: '', units: 0, fields });
    const tally = this.budgets.byKey.get(key)?.windows.get(window);
    return { outcome: 'corrected', settled: (tally?.used ?? 0) - (tally?.reserved ?? 0) };
  }

  /** Moves the counter while its window is the one of that name and open. @returns settled units, or null */
  private charge(name: string, window: string, by: number, reservedBy: number): number | null {
    const counter = this.counters.get(name);
    const open = counter?.window ?? null;
    if (counter === undefined || open === null || open.id !== window || this.now >= open.end) return null;
    const used = open.used + by;
    const reserved = Math.max(0, open.reserved + reservedBy);
    counter.window = used <= 0 ? null : { ...open, used, reserved };
    return used - reserved;
  }

  private notice(
    name: string,
    window: string,
    settled: number,
    limit: number,
    thresholds: readonly number[],
  ): { percent: number; used: number } | null {
    const counter = this.counters.get(name);
    const reached = Math.max(0, ...thresholds.filter((percent) => settled * 100 >= percent * limit));
    if (counter === undefined || reached === 0) return null;
    if (counter.noticed?.window === window && counter.noticed.percent >= reached) return null;
    counter.noticed = { window, percent: reached };
    const fields = { t: String(reached), l: String(limit), u: String(counter.window?.end), e: noticeDraft };
    this.events.push({ id: `${window}-${reached}`, kind: 'notice', window, units: settled, fields });
    return { percent: reached, used: settled };
  }

  private endClaim(admission: ModelAdmission, state: string): void {
    const name = claimName(admission);
    const claim = admission.claim === null ? undefined : this.claims.get(name);
    if (claim?.id !== admission.id) return;
    if (state === 'void') this.claims.delete(name);
    else claim.state = state;
  }

  renew(id: string, metered: number): number {
    const lease = this.leases.get(id);
    if (lease?.state !== 'open') return 0;
    lease.due = this.now + leaseTime;
    if (lease.money !== null) lease.money.metered = Math.max(lease.money.metered, metered);
    return 1;
  }

  /** All shards. @param skew of the sweeper's clock: it picks candidates, no more. */
  sweep(skew: number): { orphaned: number; unfolded: number } {
    const until = this.now + Math.min(0, skew);
    let [orphaned, unfolded] = [0, 0];
    for (const [id, lease] of this.leases) {
      if (lease.state !== 'open' || lease.due > until) continue;
      const { admission, window, estimate } = lease;
      const kept = this.charge(admission.counter, window, 0, -estimate) === null ? 0 : estimate;
      const most = Math.max(0, ...(lease.money?.holds ?? []).map((hold) => (hold?.held ?? 0) + (hold?.risk ?? 0)));
      const cost = Math.min(most, (lease.money?.metered ?? 0) + (admission.money?.renewal ?? 0));
      // It gives no notice: the next end of a lease does.
      const spent = lease.money === null ? null : this.spend(admission, lease, cost, true).spent;
      this.leases.set(id, { state: 'swept', kept, expiry: this.now + sweptTime, spent });
      this.endClaim(admission, 'orphaned');
      const told = spent === null ? {} : { b: keptText(spent), m: String(cost) };
      const fields = { s: String(estimate), e: draftOf(id), ...told };
      this.events.push({ id, kind: 'orphaned', window, units: kept, fields });
      orphaned++;
    }
    for (const [name, fold] of this.folds) {
      const dues = [...fold.counts.values()].map(({ due }) => due);
      if (dues.length === 0 || Math.max(...dues) > until) continue;
      this.unfold(name, fold);
      unfolded++;
    }
    return { orphaned, unfolded };
  }

  read(counterName: string, plan: ModelPlan): { used: number; resetAtMs: number | null } {
    const counter = this.counters.get(counterName);
    const window = counter?.window ?? null;
    if (window === null || this.now >= window.end) return { used: 0, resetAtMs: null };
    const proven = plan.version !== null && plan.version >= (counter?.version ?? 0);
    return proven && window.interval !== plan.interval
      ? { used: 0, resetAtMs: null }
      : { used: window.used, resetAtMs: window.end };
  }

  inFlight(counter: string): { id: string; due: number }[] {
    return [...this.leases].flatMap(([id, lease]) =>
      lease.state === 'open' && lease.admission.counter === counter ? [{ id, due: lease.due }] : [],
    );
  }
}

function actorOf({ counter }: ModelAdmission): string {
  return counter.split(' ')[1] ?? '';
}

function claimName({ counter, claim }: ModelAdmission): string {
  return `${counter.split(' ')[1] ?? ''} ${claim?.name ?? ''}`;
}
