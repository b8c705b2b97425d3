// One run of the sweeper: overdue leases, folded refusals and left-behind events of all shards. Each step is a room's; here is only the walk.

import { takeLeftBehind, unsentNotice } from '../events/events.ts';
import { sweepShard } from '../limiter/limiter.ts';
import { shardCount, shardName } from '../store/store.ts';
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
  /** Age of the oldest event in any outbox, in milliseconds: 0 when all are empty. */
  oldest_ms: number;
}

/** Makes the sweeper; runs may overlap, since every step checks what it finds. Its trace is linked to the requests whose events it sends. */
export function createSweep(context: Context): (scope: Pick<Scope, 'link'>) => Promise<SweepReport> {
  const { store, queue, noticeQueue, telemetry } = context;
  const queues = { events: queue, notices: noticeQueue };
  const budget = (): { leftMs: number } => ({ leftMs: commandTimeoutMs });
  const sweepOne = async (
    shard: string,
    nowMs: number,
    report: SweepReport,
    scope: Pick<Scope, 'link'>,
  ): Promise<void> => {
    const swept = await sweepShard(store, shard, nowMs, perShardMax, budget);
    report.orphaned += swept.orphaned;
    if (swept.orphaned > 0) telemetry.count('gateway.leases', swept.orphaned, { state: 'orphaned' });
    report.unfolded += swept.unfolded;
    // The rows that were just written are not old enough: the sweeper is their instance, so the grace time is not for them.
    const olderThanMs = swept.orphaned + swept.unfolded > 0 ? Number.MAX_SAFE_INTEGER : nowMs - graceMs;
    const taken = await takeLeftBehind(store, queues, shard, olderThanMs, perShardMax, budget);
    report.sent += taken.sent;
    if (taken.sent > 0) telemetry.count('gateway.outbox', taken.sent, { state: 'swept' });
    for (const request of taken.requests) scope.link(request);
    report.unreadable += taken.unreadable.length;
    if (swept.more || taken.more) report.overfull++;
    if (taken.oldestMs !== null) report.oldest_ms = Math.max(report.oldest_ms, nowMs - taken.oldestMs);
    for (const notice of taken.unsentNotices) telemetry.log('WARNING', unsentNotice(notice), {});
    for (const entry of taken.unreadable)
      telemetry.log('ERROR', 'an outbox entry is not an event of ours and stays where it is', { shard, entry });
  };
  return async (scope) => {
    const report: SweepReport = {
      orphaned: 0,
      unfolded: 0,
      sent: 0,
      unreadable: 0,
      overfull: 0,
      failed: 0,
      oldest_ms: 0,
    };
    const [time] = (await store.commands([['time']], budget())) as [[string, string]];
    const nowMs = Number(time[0]) * 1000 + Math.floor(Number(time[1]) / 1000);
    const shards = Array.from({ length: shardCount }, (_, n) => shardName(n));
    const walk = async (): Promise<void> => {
      for (let shard = shards.pop(); shard !== undefined; shard = shards.pop()) {
        await sweepOne(shard, nowMs, report, scope).catch((error: unknown) => {
          report.failed++;
          telemetry.log('ERROR', 'a shard could not be swept', { shard }, error);
        });
      }
    };
    await Promise.all(Array.from({ length: shardsAtOnce }, walk));
    // The line that the alert on the outbox goes by.
    if (report.oldest_ms > behindMs)
      telemetry.log('ERROR', 'the outbox is behind', { outbox_oldest_ms: report.oldest_ms, sent: report.sent });
    return report;
  };
}
