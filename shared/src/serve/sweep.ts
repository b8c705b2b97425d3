// One run of the sweeper: overdue leases, folded refusals and left-behind events of all shards, then some of the
// counters. Each step is a room's; here is only the walk.

import { takeLeftBehind, unsentNotice } from '../events/events.ts';
import { restoreExpiries, sweepShard } from '../limiter/limiter.ts';
import { readRedisTime, shardCount, shardName, type TimeBudget, type Shard } from '../store/store.ts';
import type { Scope } from '../telemetry/telemetry.ts';
import type { Context } from './context.ts';
import { findShardsDue } from './shards-due.ts';

/** What instances get to send their own entries before the sweeper takes them: a few of their batches. */
const graceMs = 15_000;
/** Five sweeps in a row did not get it out. */
const behindMs = 5 * 60_000;
/** Entries of one kind and shard a pass; a shard that has more comes again when the others had theirs. */
const perShardMax = 1_000;
/** One Redis command of a sweep; nobody waits for it. */
const commandTimeoutMs = 2_000;
/** Shards with work at a time: enough to hide the round trips, few enough not to be felt. */
const shardsAtOnce = 8;
/** A run begins no shard after this: function.json gives it five minutes, and the next run begins elsewhere. */
const runMs = 200_000;
/** Steps of the walk over all counters, of 500 keys each: a million keys in three hours and a half. */
const expirySteps = 10;
/** Lines about shards that failed, one a reason. */
const reasonsMax = 5;

/** One pass over one shard: what it did, and whether there is more. */
interface Pass {
  readonly done: number;
  readonly more: boolean;
}

/** What a run did. */
export interface SweepReport {
  orphaned: number;
  unfolded: number;
  sent: number;
  unreadable: number;
  /** Shards that had more than the run took. */
  overfull: number;
  /** Shards that failed; their work is the next run's. */
  failed: number;
  /** Shards that the run had no time for. */
  left: number;
  /** Counters that had lost their expiry. */
  expiries_restored: number;
  /** Age of the oldest event in any outbox, in milliseconds: 0 when all are empty. */
  oldest_ms: number;
}

/**
 * Makes the sweeper; runs may overlap and may be cut off anywhere, since every step checks what it finds and what is
 * not done is still due. A run is told where to link the requests whose events it sends.
 * @param clock ms that only go up; @param random from 0 to 1: where a run begins, so that one without time for all
 * shards does not starve the same ones
 */
export function createSweep(
  { store, queue, noticeQueue, telemetry }: Pick<Context, 'store' | 'queue' | 'noticeQueue' | 'telemetry'>,
  clock: () => number = () => performance.now(),
  random: () => number = Math.random,
): (link?: Scope['link']) => Promise<SweepReport> {
  const queues = { events: queue, notices: noticeQueue };
  const budget = (): TimeBudget => ({ leftMs: commandTimeoutMs, patient: true });
  /** Ends what is overdue. */
  const endOverdue = async (shard: Shard, nowMs: number, report: SweepReport): Promise<Pass> => {
    const swept = await sweepShard(store, shard, nowMs, perShardMax, budget);
    report.orphaned += swept.orphaned;
    if (swept.orphaned > 0) telemetry.count('gateway.leases', swept.orphaned, { state: 'orphaned' });
    report.unfolded += swept.unfolded;
    return { done: swept.orphaned + swept.unfolded, more: swept.more };
  };
  /** Sends what was left in the outbox. */
  const takeOver = async (
    shard: Shard,
    olderThanMs: number,
    report: SweepReport,
    link: Scope['link'],
  ): Promise<Pass> => {
    const taken = await takeLeftBehind(store, queues, shard, olderThanMs, perShardMax, budget);
    report.sent += taken.sent;
    if (taken.sent > 0) telemetry.count('gateway.outbox', taken.sent, { state: 'swept' });
    for (const request of taken.requests) link(request);
    report.unreadable += taken.unreadable.length;
    for (const notice of taken.unsentNotices) telemetry.log('WARNING', unsentNotice(notice), {});
    for (const entry of taken.unreadable)
      telemetry.log(
        'ERROR',
        'an entry of the outbox cannot be read as an event and stays in Redis, where no run will deliver it: look at it by `shard` and `entry` (runbook event-publishing)',
        { shard, entry },
      );
    return { done: taken.sent, more: taken.more };
  };
  return async (link = () => undefined) => {
    const report: SweepReport = {
      orphaned: 0,
      unfolded: 0,
      sent: 0,
      unreadable: 0,
      overfull: 0,
      failed: 0,
      left: 0,
      expiries_restored: 0,
      oldest_ms: 0,
    };
    const nowMs = await readRedisTime(store, budget());
    const untilMs = clock() + runMs;
    const goesOn = (): boolean => clock() < untilMs;
    const failures = new Map<string, { readonly shard: Shard; readonly error: unknown; shards: number }>();
    const failed = (shard: Shard, error: unknown): void => {
      report.failed++;
      const reason = error instanceof Error ? error.message : String(error);
      const known = failures.get(reason);
      if (known !== undefined) known.shards++;
      else if (failures.size < reasonsMax) failures.set(reason, { shard, error, shards: 1 });
    };
    /** Some shards at once; one that has more comes again after the others. */
    const walk = async (shards: Iterable<Shard>, work: (shard: Shard) => Promise<Pass>): Promise<void> => {
      const waiting = [...shards];
      const overfull = new Set<Shard>();
      const step = async (): Promise<void> => {
        while (waiting.length > 0 && goesOn()) {
          const shard = waiting.shift() as Shard;
          try {
            const { done, more } = await work(shard);
            if (more) overfull.add(shard);
            else overfull.delete(shard);
            if (more && done > 0) waiting.push(shard);
          } catch (error) {
            failed(shard, error);
          }
        }
      };
      await Promise.all(Array.from({ length: shardsAtOnce }, step));
      report.overfull += overfull.size;
      report.left += waiting.filter((shard) => !overfull.has(shard)).length;
    };
    const first = Math.floor(random() * shardCount);
    const shards = Array.from({ length: shardCount }, (_, n) => shardName((first + n) % shardCount));
    const olderThanMs = nowMs - graceMs;
    const due = await findShardsDue(store, shards, { nowMs, olderThanMs }, budget, goesOn, failed);
    report.left += due.left;
    if (due.oldestMs !== null) report.oldest_ms = Math.max(0, nowMs - due.oldestMs);
    // Leases first: a queue that is away must not hold them up.
    const written = new Set<Shard>();
    await walk(due.overdue, async (shard) => {
      const pass = await endOverdue(shard, nowMs, report);
      if (pass.done > 0) written.add(shard);
      return pass;
    });
    // The rows that were just written are not old enough: the sweeper is their instance, so the grace time is not for
    // them.
    await walk(new Set([...due.leftBehind, ...written]), (shard) =>
      takeOver(shard, written.has(shard) ? Number.MAX_SAFE_INTEGER : olderThanMs, report, link),
    );
    for (const { shard, shards, error } of failures.values())
      telemetry.log(
        'ERROR',
        'a shard could not be swept: its leases and events wait for the next run, a minute from now (runbook event-publishing, if it goes on)',
        { shard, shards_failed: shards },
        error,
      );
    if (report.left > 0)
      telemetry.log(
        'WARNING',
        'a sweep ran out of time: the shards that are left come first in the next run, a minute from now',
        { shards_left: report.left },
      );
    report.expiries_restored = await restoreExpiries(store, expirySteps, budget).catch((error: unknown) => {
      telemetry.log(
        'WARNING',
        'counters without an expiry were not looked for to the end: the next run goes on there',
        {},
        error,
      );
      return 0;
    });
    if (report.expiries_restored > 0)
      telemetry.log('WARNING', 'counters had no expiry and would never have been reset: they have one again', {
        expiries_restored: report.expiries_restored,
      });
    // The line that the alert on the outbox goes by.
    if (report.oldest_ms > behindMs)
      telemetry.log(
        'ERROR',
        'the outbox is behind: its oldest event waits for longer than any delivery should take. Is the queue paused, or deliver-events failing? (runbook event-publishing)',
        { outbox_oldest_ms: report.oldest_ms, sent: report.sent },
      );
    return report;
  };
}
