// The limiter on a real Redis: what it admits and refuses, that every step may be repeated, and that counters and
// events agree.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { startTestRedis, type TestRedis } from '../../../scripts/local/process/test-redis.ts';
import type { Actor, Entitlement, Permit } from '../auth/auth.ts';
import { connectStore, keys, shardOf, type Store } from '../store/store.ts';
import {
  claimOf,
  createLimiter,
  identityOf,
  sweepShard,
  type Claim,
  type Claimed,
  type Denial,
  type Lease,
  type Limiter,
} from './limiter.ts';

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
// Actors are made up by chance, and two of them may live on one shard.
beforeEach(() => server.flush());
after(async () => {
  await store.close();
  await server.close();
});

const hourMs = 3_600_000;

const untold = { tags: [], pool: null, lastUpdatedMs: null, version: 0 };

/** A permit as auth would make it, for an actor of its own. */
function permitFor(entitlement: Partial<Entitlement> = {}, id: string = randomUUID()): Permit {
  const actor: Actor = {
    source: 'dotcom-product-subscriptions',
    id,
    name: 'n',
    accessEnabled: true,
    ...untold,
    limits: {},
  };
  const full: Entitlement = {
    limit: 10,
    intervalMs: hourMs,
    allowedModels: ['*'],
    burst: { limit: 1_000, intervalMs: hourMs },
    inFlightMax: 1_000,
    ...entitlement,
  };
  return { actor, feature: 'chat_completions', entitlement: full, model: 'p/m', blocked: false } as unknown as Permit;
}

function placeOf(permit: Permit): { limit: string; outbox: string; leases: string; inFlight: string; shard: string } {
  const actor = identityOf(permit.actor);
  const shard = shardOf(actor);
  return {
    shard,
    limit: keys.limit(shard, permit.feature, actor),
    outbox: keys.outbox(shard),
    leases: keys.leases(shard),
    inFlight: keys.inFlight(shard, permit.feature, actor),
  };
}

async function admit(permit: Permit, leaseId: string = randomUUID(), estimate = 1): Promise<Lease> {
  const outcome = await limiter.admit(permit, { leaseId, estimate, draft: '{"draft":true}' }, budget());
  assert.ok(outcome.decision === 'admitted', `refused: ${JSON.stringify(outcome)}`);
  return outcome;
}

async function refused(permit: Permit): Promise<Denial> {
  const outcome = await limiter.admit(permit, { leaseId: randomUUID(), estimate: 1, draft: '{}' }, budget());
  assert.ok(outcome.decision === 'denied', 'admitted');
  return outcome;
}

async function counters(permit: Permit): Promise<{ used: number; reserved: number; burst: number }> {
  const fields = await redis.hgetall(placeOf(permit).limit);
  return {
    used: Number(fields['used'] ?? 0),
    reserved: Number(fields['reserved'] ?? 0),
    burst: Number(fields['burst'] ?? 0),
  };
}

async function outbox(permit: Permit): Promise<Record<string, string>[]> {
  const entries = await redis.xrange(placeOf(permit).outbox, '-', '+');
  return entries.map(([, list]) =>
    Object.fromEntries(list.flatMap((value, i) => (i % 2 === 0 ? [[value, list[i + 1] ?? '']] : []))),
  );
}

const mine = async (permit: Permit, ids: readonly string[]): Promise<Record<string, string>[]> =>
  (await outbox(permit)).filter(({ i }) => ids.includes(i ?? ''));

test('actors #21, #22: admission reserves, settlement makes it final, the event carries what the counter kept', async () => {
  const permit = permitFor();
  const lease = await admit(permit);
  assert.deepEqual(await counters(permit), { used: 1, reserved: 1, burst: 1 });
  assert.equal(lease.remaining, 9);
  assert.equal(lease.resetAtMs - lease.admittedAtMs, hourMs);
  const { posted } = await lease.settle(1, '{"event":1}', budget());
  assert.deepEqual(await counters(permit), { used: 1, reserved: 0, burst: 1 });
  assert.equal(posted?.kept, 1);
  assert.deepEqual(await mine(permit, [lease.id]), [
    { i: lease.id, k: 'event', w: lease.window, q: '1', e: '{"event":1}' },
  ]);
  assert.equal(await redis.zcard(placeOf(permit).inFlight), 0);
});

test('actors #25: a released call gives its unit back, and a window that empties closes again', async () => {
  const permit = permitFor();
  const lease = await admit(permit);
  await lease.release('{"event":"failed"}', budget());
  assert.deepEqual(await counters(permit), { used: 0, reserved: 0, burst: 1 });
  assert.equal(await redis.hget(placeOf(permit).limit, 'end'), null);
  const next = await admit(permit);
  assert.equal(next.window, next.id, 'the next call opens a window of its own');
});

test('admit, settle and release may be repeated: the second time changes nothing', async () => {
  const permit = permitFor();
  const id = randomUUID();
  const first = await admit(permit, id);
  const again = await admit(permit, id);
  assert.deepEqual([again.window, again.remaining, again.resetAtMs], [first.window, first.remaining, first.resetAtMs]);
  assert.deepEqual(await counters(permit), { used: 1, reserved: 1, burst: 1 });
  assert.notEqual((await first.settle(1, '{}', budget())).posted, null);
  assert.equal((await first.settle(1, '{}', budget())).posted, null);
  assert.equal((await first.release('{}', budget())).posted, null);
  assert.deepEqual(await counters(permit), { used: 1, reserved: 0, burst: 1 });
  assert.equal((await mine(permit, [id])).length, 1);
  await assert.rejects(
    limiter.admit(permit, { leaseId: id, estimate: 1, draft: '' }, budget()),
    /has ended as settled/,
  );
});

test('an admission that was given up can’t stand when it arrives late', async () => {
  const permit = permitFor();
  const id = randomUUID();
  await limiter.withdraw(permit, { leaseId: id }, budget());
  await assert.rejects(limiter.admit(permit, { leaseId: id, estimate: 1, draft: '' }, budget()), /has ended as void/);
  assert.deepEqual(await counters(permit), { used: 0, reserved: 0, burst: 0 });
  const applied = await admit(permit);
  await limiter.withdraw(permit, { leaseId: applied.id }, budget());
  assert.deepEqual(
    await counters(permit),
    { used: 0, reserved: 0, burst: 1 },
    'an admission that did arrive is given back',
  );
});

test('actors #23, completions #53: a used-up quota is refused until the end of its window, and the refusal costs a burst mark', async () => {
  const permit = permitFor({ limit: 2 });
  const leases = [await admit(permit), await admit(permit)];
  const denial = await refused(permit);
  assert.equal(denial.cause, 'quota');
  assert.equal(denial.limit, 2);
  assert.equal(denial.retryAtMs, leases[0]?.resetAtMs);
  assert.deepEqual(await counters(permit), { used: 2, reserved: 2, burst: 3 });
  const [event] = await mine(permit, [denial.posted?.id ?? '']);
  assert.deepEqual(
    [event?.['k'], event?.['c'], event?.['l'], event?.['u']],
    ['refused', 'quota', '2', String(denial.retryAtMs)],
  );
});

test('actors #24, completions #54: a used-up burst window is refused without touching the quota', async () => {
  const permit = permitFor({ burst: { limit: 2, intervalMs: hourMs } });
  await admit(permit);
  await admit(permit);
  const denial = await refused(permit);
  assert.deepEqual([denial.cause, denial.limit], ['burst', 2]);
  assert.deepEqual(await counters(permit), { used: 2, reserved: 2, burst: 2 });
});

test('the in-flight cap frees a slot when a call ends, and when its holder is dead', async () => {
  const permit = permitFor({ inFlightMax: 2 });
  const [first, second] = [await admit(permit), await admit(permit)];
  assert.equal((await refused(permit)).cause, 'in-flight');
  await first.settle(1, '{}', budget());
  await admit(permit);
  assert.equal((await refused(permit)).cause, 'in-flight');
  // As if a minute had passed without a sign of life.
  await redis.zadd(placeOf(permit).inFlight, 1, second.id);
  await admit(permit);
});

test('actors #40: at the last unit, one of ten parallel calls is admitted and nine are refused', async () => {
  const permit = permitFor({ limit: 500 });
  const lease = await admit(permit, randomUUID(), 499);
  await lease.settle(499, '{}', budget());
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, () =>
      limiter.admit(permit, { leaseId: randomUUID(), estimate: 1, draft: '{}' }, budget()),
    ),
  );
  assert.equal(outcomes.filter((outcome) => outcome.decision === 'admitted').length, 1);
  assert.equal((await counters(permit)).used, 500);
});

test('actors #30, #31: another interval moves the end of an open window nearer, never further', async () => {
  const id = randomUUID();
  const [hour, tenMinutes, day] = [
    permitFor({}, id),
    permitFor({ intervalMs: 600_000 }, id),
    permitFor({ intervalMs: 24 * hourMs }, id),
  ];
  await admit(hour);
  const shorter = await admit(tenMinutes);
  assert.equal(shorter.resetAtMs - shorter.admittedAtMs, 600_000);
  const longer = await admit(day);
  assert.equal(longer.resetAtMs, shorter.resetAtMs);
  assert.equal((await counters(day)).used, 3);
});

test('actors #41: a window that is over opens anew at the next call, whatever was used', async () => {
  const permit = permitFor({ limit: 1 });
  await admit(permit);
  assert.equal((await refused(permit)).cause, 'quota');
  await redis.hset(placeOf(permit).limit, 'end', 1);
  const lease = await admit(permit);
  assert.equal(lease.window, lease.id);
});

test('a settlement after the roll-over charges no other window, but its event is written', async () => {
  const permit = permitFor();
  const late = await admit(permit);
  await redis.hset(placeOf(permit).limit, 'end', 1);
  const next = await admit(permit);
  const { posted } = await late.settle(1, '{}', budget());
  assert.equal(posted?.kept, 0);
  assert.deepEqual(await counters(permit), { used: 1, reserved: 1, burst: 2 });
  await next.release('{}', budget());
  assert.equal((await counters(permit)).used, 0);
});

test('a dead holder’s lease is charged by the sweeper, and a late settlement corrects it to the truth', async () => {
  const permit = permitFor();
  const { shard, leases } = placeOf(permit);
  const lease = await admit(permit, randomUUID(), 5);
  assert.equal(
    (await sweepShard(store, shard, Date.now() + 2 * hourMs, 100, budget)).orphaned,
    0,
    'a lease that is not due by Redis’s clock stands, whatever the caller’s clock says',
  );
  await redis.zadd(leases, 1, lease.id);
  const swept = await sweepShard(store, shard, Date.now(), 100, budget);
  assert.equal(swept.orphaned, 1);
  assert.equal((await sweepShard(store, shard, Date.now(), 100, budget)).orphaned, 0);
  assert.deepEqual(await counters(permit), { used: 5, reserved: 0, burst: 1 });
  const { posted } = await lease.settle(3, '{"late":1}', budget());
  assert.equal(posted?.kept, 3);
  assert.deepEqual(await counters(permit), { used: 3, reserved: 0, burst: 1 });
  const events = await mine(permit, [lease.id]);
  assert.deepEqual(
    events.map(({ k, q, e }) => [k, q, e]),
    [
      ['orphaned', '5', '{"draft":true}'],
      ['event', '3', '{"late":1}'],
    ],
  );
});

test('a settlement without a record (failover) charges the open window and writes the event', async () => {
  const permit = permitFor();
  const lease = await admit(permit);
  const { limit } = placeOf(permit);
  await redis.del(keys.lease(placeOf(permit).shard, lease.id));
  // The failover lost the admission: the window stands without it.
  await redis.hset(limit, 'used', 0, 'reserved', 0);
  assert.equal((await lease.settle(1, '{}', budget())).posted?.kept, 1);
  assert.equal((await counters(permit)).used, 1);
});

test('scripts come back after the server forgot them', async () => {
  await server.forgetScripts();
  const permit = permitFor();
  const lease = await admit(permit);
  await server.forgetScripts();
  await lease.settle(1, '{}', budget());
  assert.equal((await counters(permit)).used, 1);
});

test('repeated refusals are written one by one up to five a minute, then counted into one row', async () => {
  const permit = permitFor({ limit: 1 });
  await admit(permit);
  const denials = await Promise.all(Array.from({ length: 40 }, () => refused(permit)));
  const posted = denials.flatMap((denial) => (denial.posted === null ? [] : [denial.posted.id]));
  assert.ok(posted.length >= 5 && posted.length <= 10, `five a minute, in one minute or two: ${posted.length}`);
  const { shard } = placeOf(permit);
  const [fold] = await redis.zrange(keys.folds(shard), '0', '-1');
  if (fold !== undefined) {
    await redis.zadd(keys.folds(shard), '1', fold);
    assert.equal((await sweepShard(store, shard, Date.now(), 100, budget)).unfolded, 1);
  }
  const rows = (await outbox(permit)).filter(({ k, e }) => k === 'refused' && e === '{}');
  assert.equal(
    rows.reduce((sum, { n }) => sum + Number(n), 0),
    40,
  );
  assert.equal(await redis.zcard(keys.folds(shard)), 0);
});

test('recorded events of one identity fold too, and carry their own id', async () => {
  const identity = randomUUID();
  const posted = await limiter.recordEvent(identity, 'Unauthorized', 'the-id', '{"name":"Unauthorized"}', 1, budget());
  assert.ok(posted !== null);
  assert.equal(posted.id, 'the-id');
  // By its own place: another test's actor may live on the same shard.
  const [entry] = await redis.xrange(keys.outbox(posted.shard), posted.entry, posted.entry);
  assert.deepEqual(entry?.[1].slice(0, 4), ['i', 'the-id', 'k', 'noted']);
});

test('an Idempotency-Key follows its call: running, orphaned by the sweeper, settled by a late truth; given free by a release', async () => {
  const permit = permitFor();
  const claim = claimOf('a key', 'POST /v1/x', '{}');
  const other = claimOf('a key', 'POST /v1/x', '{ }');
  const ask = (of: Claim): Promise<Lease | Denial | Claimed> =>
    limiter.admit(permit, { leaseId: randomUUID(), estimate: 1, draft: '{}', claim: of }, budget());
  const first = (await ask(claim)) as Lease;
  const taken = (by: Claimed['by']): Claimed => ({ decision: 'claimed', by, leaseId: first.id });
  assert.deepEqual(await ask(claim), taken('running'));
  assert.deepEqual(await ask(other), taken('other'));
  await redis.zadd(placeOf(permit).leases, 1, first.id);
  assert.equal((await sweepShard(store, placeOf(permit).shard, Date.now(), 100, budget)).orphaned, 1);
  assert.deepEqual(await ask(claim), taken('orphaned'));
  await first.settle(1, '{}', budget());
  assert.deepEqual(await ask(claim), taken('settled'));
  assert.deepEqual(await counters(permit), { used: 1, reserved: 0, burst: 1 }, 'a repetition consumes nothing');
  const second = (await ask(claimOf('another', 'POST /v1/x', '{}'))) as Lease;
  await second.release('{}', budget());
  const third = (await ask(claimOf('another', 'POST /v1/x', '{}'))) as Lease;
  assert.notEqual(third.id, second.id);
  await second.release('{}', budget());
  await limiter.withdraw(permit, { leaseId: second.id, claim }, budget());
  assert.deepEqual(await ask(claim), taken('settled'), 'nobody touches a claim that is another call’s');
});

test('renewal keeps a lease standing and does nothing for one that ended', async () => {
  const permit = permitFor();
  const lease = await admit(permit);
  await redis.zadd(placeOf(permit).leases, 1, lease.id);
  const { scripts } = await import('./scripts.ts');
  const place = [placeOf(permit).inFlight, keys.lease(placeOf(permit).shard, lease.id), placeOf(permit).leases];
  assert.equal(await store.run(scripts.renew, place, [lease.id, 60_000], budget()), 1);
  assert.equal((await sweepShard(store, placeOf(permit).shard, Date.now(), 100, budget)).orphaned, 0);
  await lease.settle(1, '{}', budget());
  assert.equal(await store.run(scripts.renew, place, [lease.id, 60_000], budget()), 0);
  assert.equal(await redis.zscore(placeOf(permit).leases, lease.id), null);
});

test('reading tells consumption and the end of the window, and consumes nothing', async () => {
  const permit = permitFor();
  const lease = await admit(permit);
  const before = await redis.hgetall(placeOf(permit).limit);
  const readings = await limiter.read(permit.actor, ['chat_completions', 'embeddings'], budget());
  assert.deepEqual(readings.get('chat_completions'), { used: 1, resetAtMs: lease.resetAtMs });
  assert.deepEqual(readings.get('embeddings'), { used: 0, resetAtMs: null });
  assert.deepEqual(await redis.hgetall(placeOf(permit).limit), before);
});
