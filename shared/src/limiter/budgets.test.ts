// Budgets in dollars on a real Redis: what is reserved, refused, charged, given back and told, whatever becomes of a
// call; every step may be repeated, and what windows keep is what the outbox says.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { startTestRedis, type TestRedis } from '../../../scripts/local/process/test-redis.ts';
import type { DollarBudget, Permit } from '../auth/auth.ts';
import { connectStore, keptMoney, keys, shardOf, type Store } from '../store/store.ts';
import {
  correctBudget,
  createLimiter,
  identityOf,
  raiseBudget,
  readBudgetCounters,
  readBudgets,
  settleLate,
  sweepShard,
  type BudgetCounter,
  type CallCost,
  type CallMoney,
  type Denial,
  type Lease,
  type Limiter,
} from './limiter.ts';
import { scripts } from './scripts.ts';

let server: TestRedis;
let redis: TestRedis['client'];
let store: Store;
let limiter: Limiter;
const budget = () => ({ leftMs: 10_000 });

before(async () => {
  server = await startTestRedis();
  redis = server.client;
  store = connectStore(server.settings, () => undefined);
  limiter = createLimiter(store);
});
beforeEach(() => server.flush());
after(async () => {
  await store.close();
  await server.close();
});

const dayMs = 86_400_000;
const feature = 'chat_completions';
const permit = {
  actor: { source: 'dotcom-product-subscriptions', id: randomUUID(), name: 'n', pool: null, version: 0, limits: {} },
  feature,
  entitlement: {
    limit: 1_000,
    intervalMs: dayMs,
    allowedModels: ['*'],
    burst: { limit: 1_000, intervalMs: dayMs },
    inFlightMax: 1_000,
  },
  model: 'p/m',
  blocked: false,
} as unknown as Permit;
const identity = identityOf(permit.actor);
const shard = shardOf(identity);

// Far beyond what Lua writes as a plain number by itself: 14 digits.
const unit = 1_000_000_000_123;

/** A window that stands for this test's whole life. */
const month = { name: '2026-11', startMs: 0, endMs: Date.now() + 30 * dayMs };
const limitOf = (limitNanoUsd: number, more: Partial<DollarBudget> = {}): DollarBudget => ({
  scope: 'subscription',
  limitNanoUsd,
  overshootNanoUsd: 0,
  isHard: true,
  windows: [month],
  ...more,
});
const costOf = (worstNanoUsd: number, more: Partial<CallCost> = {}): CallCost => ({
  worstNanoUsd,
  expectedNanoUsd: worstNanoUsd,
  inputNanoUsd: 0,
  renewalNanoUsd: 0,
  ...more,
});
const notice = { thresholds: [50, 80, 100], draft: '{"name":"n"}' };

async function ask(cost: CallCost, budgets: readonly DollarBudget[], leaseId: string = randomUUID()) {
  const money: CallMoney = { cost, budgets, notice };
  return limiter.admit(permit, { leaseId, estimate: 1, draft: '{"draft":1}', money }, budget());
}

async function admit(...args: Parameters<typeof ask>): Promise<Lease> {
  const outcome = await ask(...args);
  assert.ok(outcome.decision === 'admitted', JSON.stringify(outcome));
  return outcome;
}

async function refused(...args: Parameters<typeof ask>): Promise<Denial> {
  const outcome = await ask(...args);
  assert.ok(outcome.decision === 'denied', 'admitted');
  return outcome;
}

/** Settled and reserved of a window. */
async function tally(name = month.name, scope: string = 'subscription'): Promise<[settled: number, reserved: number]> {
  const text = await redis.hget(keys.budget(shard, scope, identity), name);
  const [used = 0, reserved = 0] = (text ?? '0 0').split(' ').map(Number);
  return [used - reserved, reserved];
}

async function outbox(): Promise<Record<string, string>[]> {
  const entries = await redis.xrange(keys.outbox(shard), '-', '+');
  return entries.map(([, list]) =>
    Object.fromEntries(list.flatMap((value, i) => (i % 2 === 0 ? [[value, list[i + 1] ?? '']] : []))),
  );
}

/** What rows say that a window kept: of equal ids the last. */
async function ledger(name = month.name): Promise<number> {
  const rows = new Map((await outbox()).filter(({ b }) => b !== undefined).map((row) => [row['i'], row]));
  return [...rows.values()]
    .map(({ b = '' }) => keptMoney(b).subscription)
    .reduce((sum, kept) => sum + (kept?.window === name ? kept.nanoUsd : 0), 0);
}

/** Its holder died: time is brought forward by hand. */
async function die(lease: Lease): Promise<void> {
  await redis.zadd(keys.leases(shard), 1, lease.id);
  await sweepShard(store, shard, Date.now(), 100, budget);
}

test('a call holds what it may cost and is charged what it cost, to the nano-dollar; its row says what each window kept', async () => {
  const day = { name: '2026-11-28', startMs: 0, endMs: Date.now() + dayMs };
  const both = [limitOf(10 * unit), limitOf(9 * unit, { scope: feature, windows: [day] })];
  const lease = await admit(costOf(3 * unit), both);
  assert.deepEqual(
    [await tally(), await tally(day.name, feature)],
    [
      [0, 3 * unit],
      [0, 3 * unit],
    ],
  );
  const { posted, aboveBoundNanoUsd } = await lease.settle(1, '{}', budget(), 2 * unit + 1);
  assert.deepEqual(
    [await tally(), await tally(day.name, feature)],
    [
      [2 * unit + 1, 0],
      [2 * unit + 1, 0],
    ],
  );
  const kept = {
    subscription: { window: month.name, nanoUsd: 2 * unit + 1 },
    feature: { window: day.name, nanoUsd: 2 * unit + 1 },
  };
  assert.deepEqual(posted?.budgets, kept);
  assert.equal(aboveBoundNanoUsd, 0);
  const [row] = await outbox();
  assert.deepEqual(keptMoney(row?.['b'] ?? ''), kept);
  // Repeated after an unknown outcome: nothing more.
  await lease.settle(1, '{}', budget(), 5 * unit);
  assert.deepEqual(await tally(), [2 * unit + 1, 0]);
  assert.equal((await outbox()).length, 1);
});

test('three refusals are told apart: used up, held by calls in flight, too dear', async () => {
  const budgets = [limitOf(10 * unit)];
  const first = await admit(costOf(6 * unit), budgets);
  const held = await refused(costOf(5 * unit), budgets);
  assert.equal(held.cause, 'budget-held');
  assert.equal(held.retryAtMs, held.nowMs + 5_000);
  const about = { scope: 'subscription', window: month.name, resetAtMs: month.endMs, limitNanoUsd: 10 * unit };
  const { notice: told, ...facts } = held.budget ?? assert.fail();
  assert.deepEqual(facts, {
    ...about,
    settledNanoUsd: 0,
    leftNanoUsd: 4 * unit,
    reservedNanoUsd: 6 * unit,
    costNanoUsd: 5 * unit,
  });
  assert.equal(told?.reached, 'budget-held');

  const dear = await refused(costOf(10 * unit + 1), budgets);
  assert.equal(dear.cause, 'budget-too-dear');
  assert.equal(dear.budget?.notice, null, 'the window’s first refusal alone is a notice');
  await first.settle(1, '{}', budget(), 4 * unit);
  assert.equal((await refused(costOf(6 * unit + 1), budgets)).cause, 'budget-too-dear');
  // To the last nano-dollar.
  await (await admit(costOf(6 * unit), budgets)).settle(1, '{}', budget(), 6 * unit);
  const empty = await refused(costOf(0), budgets);
  assert.deepEqual([empty.cause, empty.retryAtMs, empty.budget?.leftNanoUsd], ['budget-used-up', month.endMs, 0]);
  const rows = (await outbox()).filter(({ k }) => k === 'refused');
  assert.deepEqual(
    rows.map(({ c, l, b }) => [c, Number(l), b]),
    [held, dear, dear, empty].map(({ cause }) => [cause, 10 * unit, `${month.name};0;;0`]),
  );
  assert.deepEqual(await tally(), [10 * unit, 0]);
  assert.equal(await ledger(), 10 * unit);
});

test('of two budgets the graver refusal is told, and a refusal holds nothing in either', async () => {
  const of = (limitNanoUsd: number) => limitOf(limitNanoUsd, { scope: feature });
  await (await admit(costOf(2 * unit), [limitOf(9 * unit), of(2 * unit)])).settle(1, '{}', budget(), 2 * unit);
  await admit(costOf(4 * unit), [limitOf(9 * unit)]);
  const denial = await refused(costOf(4 * unit), [limitOf(9 * unit), of(2 * unit)]);
  assert.deepEqual([denial.cause, denial.budget?.scope], ['budget-used-up', feature]);
  assert.deepEqual(
    [await tally(), await tally(month.name, feature)],
    [
      [2 * unit, 4 * unit],
      [2 * unit, 0],
    ],
  );
  const { nowMs, ...quota } = denial;
  assert.ok(nowMs > 0 && quota.posted !== null);
  assert.deepEqual(quota.posted.budgets, { subscription: null, feature: { window: month.name, nanoUsd: 0 } });
});

test('a soft budget counts, gives notices, and refuses nothing', async () => {
  const budgets = [limitOf(10 * unit, { isHard: false })];
  const percents: unknown[] = [];
  for (const cost of [4, 1, 2, 1, 2, 5]) {
    const { posted, budgetNotices } = await (
      await admit(costOf(20 * unit), budgets)
    ).settle(1, '{}', budget(), cost * unit);
    percents.push(budgetNotices.map(({ reached }) => reached));
    // The call's own row tells it: by the settlement's answer, and by the entry that a sweeper finds.
    const kept = { window: month.name, nanoUsd: cost * unit };
    const [noticed] = budgetNotices.map(({ reached }) => ({ noticed: reached }));
    assert.deepEqual(posted?.budgets, { subscription: { ...kept, ...noticed }, feature: null });
    assert.deepEqual(keptMoney((await outbox()).findLast(({ k }) => k === 'event')?.['b'] ?? ''), posted.budgets);
  }
  assert.deepEqual(percents, [[], [50], [], [80], [100], []]);
  assert.deepEqual(await tally(), [15 * unit, 0]);
  const posted = (await outbox()).find(({ k }) => k === 'notice');
  assert.deepEqual(
    [posted?.['w'], posted?.['q'], posted?.['t'], posted?.['l'], posted?.['u'], posted?.['o'], posted?.['e']],
    [month.name, `${5 * unit}`, '50', `${10 * unit}`, `${month.endMs}`, '1', notice.draft],
  );
  // A limit that was raised is told of anew.
  const raised = await (await admit(costOf(0), [limitOf(20 * unit)])).settle(1, '{}', budget(), 0);
  assert.deepEqual(
    raised.budgetNotices.map(({ reached, limitNanoUsd }) => [reached, limitNanoUsd]),
    [[50, 20 * unit]],
  );
});

test('with an overshoot calls are held at what is expected, as long as their risks together stay within it', async () => {
  const budgets = [limitOf(10 * unit, { overshootNanoUsd: 6 * unit })];
  const cost = costOf(4 * unit, { expectedNanoUsd: unit });
  await admit(cost, budgets);
  const second = await admit(cost, budgets);
  assert.deepEqual(await tally(), [0, 2 * unit]);
  await admit(cost, budgets);
  assert.deepEqual(await tally(), [0, 6 * unit], 'a third one at its worst');
  assert.equal((await admit(cost, budgets)).remaining, 996);
  assert.equal((await refused(cost, budgets)).cause, 'budget-held');
  const { aboveBoundNanoUsd } = await second.settle(1, '{}', budget(), 4 * unit);
  assert.equal(aboveBoundNanoUsd, 0, 'the worst was thought of');
  assert.deepEqual(await tally(), [4 * unit, 9 * unit]);
  // Settled and all that may come: never beyond limit and overshoot.
  assert.ok(4 + 9 + 3 <= 10 + 6);
  const alone = await refused(costOf(13 * unit, { expectedNanoUsd: 7 * unit }), budgets);
  assert.equal(alone.cause, 'budget-too-dear');
});

test('what cost more than its bound is charged whole, and said', async () => {
  const lease = await admit(costOf(2 * unit), [limitOf(10 * unit)]);
  const { aboveBoundNanoUsd } = await lease.settle(1, '{}', budget(), 11 * unit);
  assert.equal(aboveBoundNanoUsd, 9 * unit);
  assert.deepEqual(await tally(), [11 * unit, 0]);
});

test('a call of no unit gives its money back, or pays what the provider bills all the same; an unknown cost is the worst', async () => {
  const budgets = [limitOf(10 * unit, { overshootNanoUsd: 9 * unit })];
  await (await admit(costOf(2 * unit), budgets)).release('{}', budget());
  assert.deepEqual(await tally(), [0, 0]);
  await (await admit(costOf(2 * unit), budgets)).release('{}', budget(), unit);
  assert.deepEqual(await tally(), [unit, 0]);
  const unknown = await admit(costOf(3 * unit, { expectedNanoUsd: unit }), budgets);
  assert.deepEqual((await unknown.settle(1, '{}', budget())).posted?.budgets?.subscription?.nanoUsd, 3 * unit);
  assert.deepEqual(await tally(), [4 * unit, 0]);
  assert.equal(await ledger(), 4 * unit);
});

test('an admission that is given up holds nothing, whether it arrives before or after', async () => {
  const budgets = [limitOf(10 * unit)];
  const money: CallMoney = { cost: costOf(2 * unit), budgets };
  const lease = await admit(money.cost, budgets);
  await limiter.withdraw(permit, { leaseId: lease.id, money }, budget());
  const leaseId = randomUUID();
  await limiter.withdraw(permit, { leaseId, money }, budget());
  await assert.rejects(ask(money.cost, budgets, leaseId), /has ended as void/);
  assert.deepEqual(await tally(), [0, 0]);
});

test('the same admission again answers the same and holds nothing more', async () => {
  const budgets = [limitOf(10 * unit)];
  const lease = await admit(costOf(2 * unit), budgets);
  const again = await admit(costOf(2 * unit), budgets, lease.id);
  assert.deepEqual(await tally(), [0, 2 * unit]);
  await again.settle(1, '{}', budget(), unit);
  assert.deepEqual(await tally(), [unit, 0]);
});

test('a dead holder’s call costs what it had cost at its last renewal and one renewal more, never above its bound', async () => {
  const budgets = [limitOf(100 * unit)];
  const cost = costOf(50 * unit, { inputNanoUsd: 2 * unit, renewalNanoUsd: unit });
  const unrenewed = await admit(cost, budgets);
  await die(unrenewed);
  assert.deepEqual(await tally(), [3 * unit, 0]);

  const renewed = await admit(cost, budgets);
  const place = [keys.inFlight(shard, feature, identity), keys.lease(shard, renewed.id), keys.leases(shard)];
  for (const metered of [7 * unit, 5 * unit])
    assert.equal(await store.run(scripts.renew, place, [renewed.id, 60_000, metered], budget()), 1);
  await die(renewed);
  assert.deepEqual(await tally(), [11 * unit, 0], 'an older figure takes nothing back');

  await die(await admit(costOf(unit, { inputNanoUsd: unit, renewalNanoUsd: 9 * unit }), budgets));
  assert.deepEqual(await tally(), [12 * unit, 0]);
  const rows = (await outbox()).filter(({ k }) => k === 'orphaned');
  assert.deepEqual(
    rows.map(({ b, m }) => [b, Number(m)]),
    [3, 8, 1].map((kept) => [`${month.name};${kept * unit};;0`, kept * unit]),
  );
  // It was not dead after all: the difference.
  const { posted } = await renewed.settle(1, '{}', budget(), 9 * unit);
  assert.equal(posted?.budgets?.subscription?.nanoUsd, 9 * unit);
  assert.deepEqual(await tally(), [13 * unit, 0]);
  assert.equal(await ledger(), 13 * unit);
});

test('what ends after its window’s end is charged to it by name, and new calls begin another; forty days later it is forgotten', async () => {
  const over = { name: '2026-10', startMs: 0, endMs: Date.now() + dayMs };
  const lease = await admit(costOf(2 * unit), [limitOf(10 * unit, { windows: [over] })]);
  const key = keys.budget(shard, 'subscription', identity);
  const endAt = async (endMs: number) => {
    const record = (await redis.get(keys.lease(shard, lease.id))) ?? '';
    await redis.set(keys.lease(shard, lease.id), record.replace(`;${over.endMs};`, `;${endMs};`));
    await redis.hset(key, over.name, `${2 * unit} ${2 * unit} 0 ${endMs} 0 0 0`);
  };
  await endAt(Date.now() - 39 * dayMs);
  const next = { name: '2026-11', startMs: Date.now() - 1_000, endMs: Date.now() + dayMs };
  const later = { name: '2026-12', startMs: next.endMs, endMs: next.endMs + dayMs };
  await admit(costOf(3 * unit), [limitOf(3 * unit, { windows: [next, later] })]);
  assert.deepEqual(
    [await tally(over.name), await tally(next.name)],
    [
      [0, 2 * unit],
      [0, 3 * unit],
    ],
  );
  const life = await redis.pttl(key);
  assert.ok(life > 40 * dayMs && life <= 41 * dayMs, `${life}`);
  await lease.settle(1, '{}', budget(), unit);
  assert.deepEqual(await tally(over.name), [unit, 0]);

  const straggler = await admit(costOf(2 * unit), [
    limitOf(10 * unit, { windows: [{ ...next, name: 'life', endMs: null }] }),
  ]);
  assert.equal(await redis.pttl(key), -1, 'what never ends is never forgotten');
  await endAt(Date.now() - 41 * dayMs);
  await straggler.settle(1, '{}', budget(), unit);
  assert.deepEqual(await tally('life'), [unit, 0]);
  // The first use of a window clears what is over for so long.
  await admit(costOf(0), [limitOf(3 * unit, { windows: [{ ...next, name: '2026-11.2' }] })]);
  assert.deepEqual(Object.keys(await redis.hgetall(key)).toSorted(), ['2026-11', '2026-11.2', 'life']);
});

test('a settlement by a task is charged once, also without Redis at admission, without a record, and after a sweep', async () => {
  const budgets = [limitOf(50 * unit)];
  const late = async (lease: Lease, nanoUsd: number | null, nowMs = Date.now()) => {
    const carried = JSON.parse(JSON.stringify(lease.late(Date.now(), nanoUsd))) as ReturnType<Lease['late']>;
    const first = await settleLate(store, lease.id, 1, carried, nowMs, budget());
    assert.deepEqual(await settleLate(store, lease.id, 1, carried, nowMs, budget()), first, 'the second time');
    return first.budgets?.subscription;
  };
  const kept = (nanoUsd: number) => ({ window: month.name, nanoUsd });
  assert.deepEqual(await late(await admit(costOf(5 * unit), budgets), 4 * unit), kept(4 * unit));
  const swept = await admit(costOf(5 * unit, { renewalNanoUsd: 3 * unit }), budgets);
  await die(swept);
  assert.deepEqual(await late(swept, 2 * unit), kept(2 * unit));
  assert.deepEqual(await tally(), [6 * unit, 0]);
  const unknown = await admit(costOf(5 * unit, { renewalNanoUsd: 3 * unit }), budgets);
  await die(unknown);
  assert.deepEqual(await late(unknown, null), kept(3 * unit), 'what the sweeper charged');

  const money: CallMoney = { cost: costOf(unit), budgets };
  const trusted = limiter.admitOnTrust(
    permit,
    { leaseId: randomUUID(), estimate: 1, draft: '', money },
    Date.now(),
    null,
  );
  assert.deepEqual(await late(trusted, unit), kept(unit));
  assert.deepEqual(await tally(), [10 * unit, 0]);
  const forgotten = await admit(costOf(5 * unit), budgets);
  await redis.del(keys.lease(shard, forgotten.id));
  assert.deepEqual(await late(forgotten, 2 * unit), kept(2 * unit));
  // Its reservation went with the record, in the same failover; here it stands, as the whole tally does.
  assert.deepEqual(await tally(), [12 * unit, 5 * unit]);
  // So late that an earlier try may have been forgotten: it is taken to have charged.
  const doubtful = await admit(costOf(0), budgets);
  await redis.del(keys.lease(shard, doubtful.id));
  assert.deepEqual(await late(doubtful, unit, Date.now() + dayMs), kept(unit));
  assert.deepEqual((await tally())[0], 12 * unit);
});

test('budgets are read as they stand, listed, raised to the ledger and never lowered, also where Redis has lost them', async () => {
  const budgets = [limitOf(50 * unit), limitOf(40 * unit, { scope: feature })];
  const lease = await admit(costOf(5 * unit), budgets);
  await (await admit(costOf(5 * unit), budgets)).settle(1, '{}', budget(), 3 * unit);
  const readings = await readBudgets(store, permit.actor, budgets, budget());
  assert.deepEqual(
    readings.map(({ budget: { scope }, window, settledNanoUsd, reservedNanoUsd }) => [
      scope,
      window.name,
      settledNanoUsd,
      reservedNanoUsd,
    ]),
    ['subscription', feature].map((scope) => [scope, month.name, 3 * unit, 5 * unit]),
  );
  const counters: BudgetCounter[] = [];
  for await (const page of readBudgetCounters(store, budget)) counters.push(...page);
  const actor = `${permit.actor.source}:${permit.actor.id}`;
  const one = { actor, window: month.name, endMs: month.endMs, settledNanoUsd: 3 * unit, reservedNanoUsd: 5 * unit };
  assert.deepEqual(
    counters.toSorted((a, b) => (a.scope < b.scope ? 1 : -1)),
    ['subscription', feature].map((scope) => ({ ...one, scope })),
  );

  const place = { ...one, scope: 'subscription' };
  assert.equal(await raiseBudget(store, place, 2 * unit, budget()), 0);
  assert.equal(await raiseBudget(store, place, 7 * unit, budget()), 4 * unit);
  assert.deepEqual(await tally(), [7 * unit, 5 * unit]);
  await lease.release('', budget());
  await redis.del(keys.budget(shard, 'subscription', identity));
  assert.equal(await raiseBudget(store, place, 7 * unit, budget()), 7 * unit);
  assert.deepEqual(await tally(), [7 * unit, 0]);
  assert.equal(await raiseBudget(store, { ...place, window: '2020-01', endMs: 1 }, unit, budget()), null);
});

test('a correction moves counter and ledger in one step, once', async () => {
  await (await admit(costOf(5 * unit), [limitOf(50 * unit)])).settle(1, '{}', budget(), 3 * unit);
  const correction = { scope: 'subscription', window: month, byNanoUsd: -2 * unit, event: '{"refund":1}' } as const;
  const eventId = randomUUID();
  const done = await correctBudget(store, permit.actor, { ...correction, eventId }, budget());
  assert.ok(done.outcome === 'corrected');
  assert.equal(done.settledNanoUsd, unit);
  assert.deepEqual(done.posted.budgets, { subscription: { window: month.name, nanoUsd: -2 * unit }, feature: null });
  assert.deepEqual(await correctBudget(store, permit.actor, { ...correction, eventId }, budget()), {
    outcome: 'known',
  });
  assert.deepEqual(await tally(), [unit, 0]);
  assert.equal(await ledger(), unit);
  const granted = { ...correction, scope: feature, byNanoUsd: 0, eventId: randomUUID() } as const;
  assert.equal((await correctBudget(store, permit.actor, granted, budget())).outcome, 'corrected');
  assert.deepEqual((await outbox()).at(-1)?.['b'], `;0;${month.name};0`);
  // Where it is to stay within what was used, and would not, nothing is done, and the same may be tried again.
  const [entries, within] = [(await outbox()).length, { ...correction, withinUse: true, eventId: randomUUID() }];
  const short = { outcome: 'short', settledNanoUsd: unit };
  for (let i = 0; i < 2; i++) assert.deepEqual(await correctBudget(store, permit.actor, within, budget()), short);
  assert.deepEqual([await tally(), (await outbox()).length], [[unit, 0], entries]);
  // Else the window has that much more.
  await correctBudget(store, permit.actor, { ...correction, eventId: randomUUID() }, budget());
  assert.deepEqual(await tally(), [-unit, 0]);
  await (await admit(costOf(51 * unit), [limitOf(50 * unit)])).settle(1, '{}', budget(), 51 * unit);
  assert.deepEqual(await tally(), [50 * unit, 0]);
});

test('calls without a budget leave the commands that they always had', async () => {
  const plain = await limiter.admit(permit, { leaseId: randomUUID(), estimate: 1, draft: '{}' }, budget());
  assert.ok(plain.decision === 'admitted');
  await plain.settle(1, '{}', budget());
  assert.equal(await redis.exists(keys.budget(shard, 'subscription', identity)), 0);
  assert.deepEqual(Object.keys((await outbox())[0] ?? {}), ['i', 'k', 'w', 'q', 'e']);
});

test('what is no budget is a fault of ours and reaches no counter', async () => {
  await assert.rejects(ask(costOf(0.5), [limitOf(unit)]), /0\.5 is no whole amount/);
  await assert.rejects(ask(costOf(1), [limitOf(unit, { scope: 'embeddings' })]), /budget for embeddings is too much/);
  await assert.rejects(ask(costOf(1), [limitOf(unit), limitOf(unit)]), /too much/);
  await assert.rejects(
    ask(costOf(1), [limitOf(unit, { windows: [{ ...month, name: 'a b' }] })]),
    /no name of a budget/,
  );
  await assert.rejects(ask(costOf(1), [limitOf(unit, { windows: [] })]), /has no window/);
});
