// One run of the sweeper: overdue leases, folded refusals and left-behind events of all shards, then some of the counters. Each step is a room's; here is only the walk.

import { takeLeftBehind, unsentNotice } from '../events/events.ts';
import { restoreExpiries, sweepShard } from '../limiter/limiter.ts';
import { readRedisTime, shardCount, shardName, type Budget } from '../store/store.ts';
import type { Scope } from '../telemetry/telemetry.ts';
import type { Context } from './context.ts';

/** What instances get to send their own entries before the sweeper takes them: a few of their batches. */
const graceMs = 15_000;
/** Five sweeps in a row did not get it out. */
const behindMs = 5 * 60_000;
/** Entries of one kind and shard a run; what is more waits for the next minute. */
const perShardMax = 1_000;
/** One Redis command of a sweep; nobody waits for it. */
const commandTimeoutMs = 2_000;
/** Shards at a time: enough to hide the round trips, few enough not to be felt. */
const shardsAtOnce = 8;
/** A run begins no shard after this: function.json gives it five minutes, and the next run begins elsewhere. */
const runMs = 200_000;
/** Steps of the walk over all counters, of 500 keys each: a million keys in three hours and a half. */
const expirySteps = 10;

/** What a run did. */
export interface SweepReport {
  orphaned: number;
  unfolded: number;
  sent: number;
  unreadable: number;
  /** Shards with more than one run takes. */
  overfull: number;
  /** Shards that failed; their work is the next run's. */
  failed: number;
  /** Shards that the run had no time for. */
  left: number;
  /** Counters that had lost their expiry. */
  healed: number;
  /** Age of the oldest event in any outbox, in milliseconds: 0 when all are empty. */
  oldest_ms: number;
}

/**
 * Makes the sweeper; runs may overlap and may be cut off anywhere, since every step checks what it finds and what is not done is still due. A run is
 * told where to link the requests whose events it sends.
 * @param clock ms that only go up; @param random from 0 to 1: where a run begins, so that one without time for all shards does not starve the same ones
 */
export function createSweep(
  { store, queue, noticeQueue, telemetry }: Pick<Context, 'store' | 'queue' | 'noticeQueue' | 'telemetry'>,
  clock: () => number = () => performance.now(),
  random: () => number = Math.random,
): (link?: Scope['link']) => Promise<SweepReport> {
  const queues = { events: queue, notices: noticeQueue };
  const budget = (): Budget => ({ leftMs: commandTimeoutMs, patient: true });
  const sweepOne = async (shard: string, nowMs: number, report: SweepReport, link: Scope['link']): Promise<void> => {
    const swept = await sweepShard(store, shard, nowMs, perShardMax, budget);
    report.orphaned += swept.orphaned;
    if (swept.orphaned > 0) telemetry.count('gateway.leases', swept.orphaned, { state: 'orphaned' });
    report.unfolded += swept.unfolded;
    // The rows that were just written are not old enough: the sweeper is their instance, so the grace time is not for them.
    const olderThanMs = swept.orphaned + swept.unfolded > 0 ? Number.MAX_SAFE_INTEGER : nowMs - graceMs;
    const taken = await takeLeftBehind(store, queues, shard, olderThanMs, perShardMax, budget);
    report.sent += taken.sent;
    if (taken.sent > 0) telemetry.count('gateway.outbox', taken.sent, { state: 'swept' });
    for (const request of taken.requests) link(request);
    report.unreadable += taken.unreadable.length;
    if (swept.more || taken.more) report.overfull++;
    if (taken.oldestMs !== null) report.oldest_ms = Math.max(report.oldest_ms, nowMs - taken.oldestMs);
    for (const notice of taken.unsentNotices) telemetry.log('WARNING', unsentNotice(notice), {});
    for (const entry of taken.unreadable)
      telemetry.log('ERROR', 'an outbox entry is not an event of ours and stays where it is', { shard, entry });
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
      healed: 0,
      oldest_ms: 0,
    };
    const nowMs = await readRedisTime(store, budget());
    const untilMs = clock() + runMs;
    const first = Math.floor(random() * shardCount);
    const shards = Array.from({ length: shardCount }, (_, n) => shardName((first + n) % shardCount));
    const walk = async (): Promise<void> => {
      while (clock() < untilMs) {
        const shard = shards.pop();
        if (shard === undefined) return;
        await sweepOne(shard, nowMs, report, link).catch((error: unknown) => {
          report.failed++;
          telemetry.log('ERROR', 'a shard could not be swept', { shard }, error);
        });
      }
    };
    await Promise.all(Array.from({ length: shardsAtOnce }, walk));
    report.left = shards.length;
    if (report.left > 0) telemetry.log('WARNING', 'a sweep had no time for all shards', { shards_left: report.left });
    report.healed = await restoreExpiries(store, expirySteps, budget).catch((error: unknown) => {
      telemetry.log('WARNING', 'the walk over the counters broke off, the next run goes on', {}, error);
      return 0;
    });
    if (report.healed > 0)
      telemetry.log('WARNING', 'counters without an expiry were mended', { counters_healed: report.healed });
    // The line that the alert on the outbox goes by.
    if (report.oldest_ms > behindMs)
      telemetry.log('ERROR', 'the outbox is behind', { outbox_oldest_ms: report.oldest_ms, sent: report.sent });
    return report;
  };
}
