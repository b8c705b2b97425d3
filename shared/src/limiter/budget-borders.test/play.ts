// One customer over one border: what it does is done to the real limiter, and counted by hand beside it.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { actorBudgets, type ActorBudgets, type Permit } from '../../auth/auth.ts';
import { createLimiter, identityOf, readBudgetCounters, settleLate, sweepShard } from '../limiter.ts';
import type { Lease, Limiter } from '../limiter.ts';
import { advanceTime, timedStore } from '../model.test/timed-store.ts';
import { scripts } from '../scripts.ts';
import { keptMoney, keys, shardOf, type ByBudget, type KeptMoney, type Store } from '../../store/store.ts';
import type { Border } from './borders.ts';

export const [minuteMs, hourMs] = [60_000, 3_600_000];
const feature = 'chat_completions';
const source = 'dotcom-product-subscriptions';
export const budget = () => ({ leftMs: 10_000 });
export const unit = 1_000_000_000_123;
/** Of the subscription a month, of its feature a day. */
export const [monthLimit, dayLimit] = [8 * unit, 4 * unit];
// A limit in dollars as text, to the nano-dollar.
const usd = (nano: number): string => `${Math.floor(nano / 1e9)}.${String(nano % 1e9).padStart(9, '0')}`;
const stated = {
  subscription: {
    limitUsd: usd(monthLimit),
    window: 'month' as const,
    hard: true,
    overshootUsd: '0',
    resets: [],
    grants: [],
  },
  [feature]: { limitUsd: usd(dayLimit), window: 'day' as const, hard: true, overshootUsd: '0', resets: [], grants: [] },
};

interface Windows {
  readonly month: string;
  readonly day: string;
}
interface Row {
  readonly rank: number;
  readonly kept: ByBudget<KeptMoney>;
}
/** A call whose end is to come. */
export interface InFlight extends Windows {
  readonly lease: Lease;
  readonly worst: number;
  readonly input: number;
  readonly renewal: number;
  metered: number;
  dueMs: number;
  /** What the sweeper has charged for it; null: it has not come. */
  swept: number | null;
}
/** A settlement whose task arrives later. */
interface Waiting {
  readonly call: InFlight;
  readonly cost: number;
  readonly carried: ReturnType<Lease['late']>;
  readonly atMs: number;
}

/** One customer over one border, and what must be. */
export class Play {
  readonly border: Border;
  readonly store: Store;
  readonly #redis: Redis;
  readonly #limiter: Limiter;
  nowMs: number;
  /** Settled and held, by scope and window. */
  readonly must = new Map<string, [settled: number, held: number]>();
  readonly rows = new Map<string, Row>();
  readonly open: InFlight[] = [];
  waiting: Waiting[] = [];
  readonly #permit: Permit;
  readonly #budgets: ActorBudgets;
  readonly #id = randomUUID();
  #calls = 0;

  /** @param plain a store, whose time becomes that of the key `now` */
  constructor(border: Border, plain: Store, redis: Redis) {
    this.border = border;
    this.store = timedStore(plain, redis);
    this.#redis = redis;
    this.#limiter = createLimiter(this.store);
    this.nowMs = Date.parse(border.days[0][0]) + 23 * hourMs;
    const actor = { source, id: this.#id, name: 'n', pool: null, version: 0, limits: {} };
    const entitlement = {
      limit: 1e6,
      intervalMs: 24 * hourMs,
      allowedModels: ['*'],
      burst: { limit: 1e6, intervalMs: 1_000 },
      inFlightMax: 1e6,
    };
    this.#permit = { actor, feature, entitlement, model: 'p/m', blocked: false } as unknown as Permit;
    this.#budgets = actorBudgets(stated, border.zone) ?? assert.fail();
  }

  get #shard() {
    return shardOf(identityOf(this.#permit.actor));
  }

  /** By the table above. */
  windowsAt(ms: number): Windows & { readonly dayEndMs: number; readonly monthEndMs: number } {
    const { days } = this.border;
    const at = days.findLastIndex(([start]) => ms >= Date.parse(start));
    const day = days[at]?.[1] ?? assert.fail();
    const next = days.slice(at + 1);
    const month = day.slice(0, 7);
    const dayEndMs = Date.parse(next[0]?.[0] ?? '');
    return {
      day,
      month,
      dayEndMs,
      monthEndMs: Date.parse(next.find(([, name]) => !name.startsWith(month))?.[0] ?? ''),
    };
  }

  async begin(): Promise<void> {
    await this.#redis.flushdb();
    await this.#redis.set('now', this.nowMs);
  }

  async wait(byMs: number): Promise<void> {
    this.nowMs += byMs;
    await advanceTime(this.#redis, this.nowMs, byMs);
    for (const one of this.waiting.filter(({ atMs }) => atMs <= this.nowMs)) await this.#deliver(one);
    this.waiting = this.waiting.filter(({ atMs }) => atMs > this.nowMs);
  }

  #of(scope: string, window: string): [settled: number, held: number] {
    const key = `${scope} ${window}`;
    const known = this.must.get(key) ?? [0, 0];
    this.must.set(key, known);
    return known;
  }

  #move({ month, day }: Windows, settled: number, held: number): void {
    for (const one of [this.#of('subscription', month), this.#of(feature, day)]) {
      one[0] += settled;
      one[1] += held;
    }
  }

  #money(worst: number, input: number, renewal: number) {
    const cost = { worstNanoUsd: worst, expectedNanoUsd: worst, inputNanoUsd: input, renewalNanoUsd: renewal };
    // Redis decides which window runs, whatever the clocks of three instances say.
    const skewMs = [0, 59_000, -59_000][this.#calls++ % 3] ?? 0;
    return { cost, budgets: this.#budgets.of(feature, this.nowMs + skewMs) };
  }

  /** What it is refused for, or that it is admitted, must be what is left says. */
  async admit(worst: number, input = 0, renewal = 0): Promise<InFlight | null> {
    const { month, day, dayEndMs, monthEndMs } = this.windowsAt(this.nowMs);
    const answer = await this.#limiter.admit(
      this.#permit,
      { leaseId: randomUUID(), estimate: 1, draft: '{}', money: this.#money(worst, input, renewal) },
      budget(),
    );
    const [months, days] = [this.#of('subscription', month), this.#of(feature, day)];
    const grave = ([settled, held]: readonly [number, number], limit: number): number =>
      settled >= limit ? 3 : settled + worst > limit ? 2 : settled + held + worst > limit ? 1 : 0;
    const [byMonth, byDay] = [grave(months, monthLimit), grave(days, dayLimit)];
    const graver = Math.max(byMonth, byDay);
    assert.ok(answer.decision !== 'claimed');
    if (answer.decision === 'denied') {
      const causes = ['admitted', 'budget-held', 'budget-too-dear', 'budget-used-up'];
      const isMonth = byMonth >= byDay;
      const resetAtMs = isMonth ? monthEndMs : dayEndMs;
      assert.deepEqual(
        [
          answer.cause,
          answer.retryAtMs,
          answer.budget?.window,
          answer.budget?.resetAtMs,
          answer.budget?.settledNanoUsd,
        ],
        [
          causes[graver],
          graver === 1 ? this.nowMs + 5_000 : resetAtMs,
          isMonth ? month : day,
          resetAtMs,
          (isMonth ? months : days)[0],
        ],
      );
      return null;
    }
    assert.equal(graver, 0, `admitted at ${new Date(this.nowMs).toISOString()}`);
    const call = {
      lease: answer,
      month,
      day,
      worst,
      input,
      renewal,
      metered: input,
      dueMs: this.nowMs + minuteMs,
      swept: null,
    };
    this.open.push(call);
    this.#move(call, 0, worst);
    return call;
  }

  /** Without Redis: held against nothing, charged by its task. */
  trust(cost: number, lateMs: number): void {
    const admission = { leaseId: randomUUID(), estimate: 1, draft: '{}', money: this.#money(cost, 0, 0) };
    const lease = this.#limiter.admitOnTrust(this.#permit, admission, this.nowMs, null);
    const call = {
      lease,
      ...this.windowsAt(this.nowMs),
      worst: cost,
      input: 0,
      renewal: 0,
      metered: 0,
      dueMs: 0,
      swept: 0,
    };
    this.waiting.push({ call, cost, carried: lease.late(this.nowMs, cost), atMs: this.nowMs + lateMs });
  }

  /** As the holder does it; what the script says becomes the row. */
  async settle(call: InFlight, cost: number): Promise<void> {
    this.open.splice(this.open.indexOf(call), 1);
    const { posted } = await call.lease.settle(1, '{}', budget(), cost);
    this.#ended(call, cost);
    this.#row(call, 1, posted?.budgets);
  }

  /** Redis may have done it or not, and nobody knows: the task tells it once more. */
  async lose(call: InFlight, cost: number, wasDone: boolean, lateMs: number): Promise<void> {
    this.open.splice(this.open.indexOf(call), 1);
    if (wasDone) {
      const { posted } = await call.lease.settle(1, '{}', budget(), cost);
      this.#ended(call, cost);
      this.#row(call, 1, posted?.budgets);
    } else this.open.push(call);
    this.waiting.push({ call, cost, carried: call.lease.late(this.nowMs, cost), atMs: this.nowMs + lateMs });
  }

  async renew(call: InFlight, metered: number): Promise<void> {
    const { lease } = call;
    const actor = identityOf(this.#permit.actor);
    const names = [
      keys.inFlight(this.#shard, feature, actor),
      keys.lease(this.#shard, lease.id),
      keys.leases(this.#shard),
    ];
    const stands = await this.store.run(scripts.renew, names, [lease.id, minuteMs, metered], budget());
    assert.equal(stands, 1);
    call.metered = Math.max(call.metered, metered);
    call.dueMs = this.nowMs + minuteMs;
  }

  async sweep(): Promise<void> {
    const due = this.open.filter(({ dueMs }) => dueMs <= this.nowMs);
    const swept = await sweepShard(this.store, this.#shard, this.nowMs, 1_000, budget);
    assert.equal(swept.orphaned, due.length);
    for (const call of due) {
      this.open.splice(this.open.indexOf(call), 1);
      call.swept = Math.min(call.worst, call.metered + call.renewal);
      this.#ended(call, call.swept);
      this.rows.set(call.lease.id, { rank: 0, kept: keptOf(call, call.swept) });
    }
    // As the sweeper wrote them.
    for (const [, fields] of await this.#redis.xrange(keys.outbox(this.#shard), '-', '+')) {
      const { i = '', k, b } = Object.fromEntries(fields.flatMap((v, n) => (n % 2 ? [] : [[v, fields[n + 1] ?? '']])));
      if (k === 'orphaned')
        assert.deepEqual(
          keptMoney(b ?? ''),
          keptOf(
            due.find(({ lease }) => lease.id === i) ?? assert.fail(),
            this.rows.get(i)?.kept.feature?.nanoUsd ?? 0,
          ),
        );
    }
    await this.#redis.del(keys.outbox(this.#shard));
  }

  #ended(call: InFlight, cost: number): void {
    this.#move(call, cost, -call.worst);
  }

  /** As deliver-events does it, twice: tasks come again. */
  async #deliver({ call, cost, carried }: Waiting): Promise<void> {
    const { id } = call.lease;
    const { budgets } = await settleLate(this.store, id, 1, carried, this.nowMs, budget());
    assert.deepEqual(
      (await settleLate(this.store, id, 1, carried, this.nowMs, budget())).budgets,
      budgets,
      'the second time',
    );
    const at = this.open.indexOf(call);
    if (at >= 0) {
      this.open.splice(at, 1);
      this.#ended(call, cost);
    } else if (call.swept !== null) {
      // What the task is told that the windows kept: never anything else than what they did keep.
      this.#move(call, (budgets?.feature?.nanoUsd ?? 0) - call.swept, 0);
      call.swept = budgets?.feature?.nanoUsd ?? 0;
    }
    this.#row(call, 1, budgets);
  }

  #row(call: InFlight, rank: number, kept: ByBudget<KeptMoney> | undefined): void {
    const { id } = call.lease;
    const windows = { month: kept?.subscription?.window, day: kept?.feature?.window };
    assert.deepEqual(windows, { month: call.month, day: call.day }, 'the windows of its admission');
    if (rank >= (this.rows.get(id)?.rank ?? 0)) this.rows.set(id, { rank, kept: kept ?? assert.fail() });
  }

  /** Everything has ended: counters, rows and the warehouse agree, window by window. */
  async check(): Promise<void> {
    const found: Record<string, readonly [number, number]> = {};
    for await (const page of readBudgetCounters(this.store, budget))
      for (const { scope, window, settledNanoUsd, reservedNanoUsd } of page)
        found[`${scope} ${window}`] = [settledNanoUsd, reservedNanoUsd];
    const must = [...this.must].filter(([, [settled, held]]) => settled !== 0 || held !== 0);
    const known = Object.entries(found).filter(([, [settled, held]]) => settled !== 0 || held !== 0);
    assert.deepEqual(Object.fromEntries(known), Object.fromEntries(must), 'counters');
    const sums: Record<string, [number, number]> = {};
    for (const { kept } of this.rows.values())
      for (const [scope, one] of [
        ['subscription', kept.subscription],
        [feature, kept.feature],
      ] as const)
        (sums[`${scope} ${one?.window}`] ??= [0, 0])[0] += one?.nanoUsd ?? 0;
    const rows = Object.entries(sums).filter(([, [settled]]) => settled !== 0);
    assert.deepEqual(Object.fromEntries(rows), Object.fromEntries(must), 'rows');
  }

  /** Rows as INSERT has them, by the columns `columnsOfRows`. */
  rowValues(): string[] {
    return [...this.rows].map(([id, { rank, kept }]) => {
      const [month, day] = [kept.subscription ?? assert.fail(), kept.feature ?? assert.fail()];
      const at = `TIMESTAMPTZ '${day.window}T12:00:00Z'`;
      const counted = `'${month.window}', ${month.nanoUsd}, '${day.window}', ${day.nanoUsd}`;
      return `('CompletionsFinished', '${source}', '${this.#id}', ${at}, '${id}', ${rank}, 0, 'f', '${feature}', 1, 1, 1, ${counted})`;
    });
  }
}

/** Of `rowValues`. */
export const columnsOfRows = `name, source, identifier, created_at, event_id, rank, price_rank, function, feature, units, quota_units, count,
  budget_window, budget_nano_usd, feature_budget_window, feature_budget_nano_usd`;

const keptOf = ({ month, day }: Windows, nanoUsd: number): ByBudget<KeptMoney> => ({
  subscription: { window: month, nanoUsd },
  feature: { window: day, nanoUsd },
});
