// What must hold after any chaos (shared/README.md#the-lease): the callers' view, the counters in Redis and the rows
// of the warehouse, held against each other.

import type { Redis } from 'ioredis';
import type { TestGateway } from '../local/test-gateway.ts';
import type { Caller, Seen } from './callers.ts';

/** A row of a call, once per event. */
interface CallRow {
  readonly trace: string;
  readonly identifier: string;
  readonly feature: string;
  readonly rank: number;
  readonly units: number;
  readonly window: string | null;
  readonly kept: number;
}

/** What the invariants are checked against. */
export interface Evidence {
  readonly gateway: TestGateway;
  readonly seen: readonly Seen[];
  readonly callers: readonly Caller[];
  /** Trace ids of the calls whose event went into the log, because Redis did not answer. */
  readonly logged: ReadonlySet<string>;
  /** Callers that are busy at once: no more calls than that are in flight. */
  readonly atOnce: number;
  /**
   * Whether a failover may have lost what was acknowledged of this call; of none where Redis keeps that. Such calls
   * bound what may be missing.
   */
  readonly touched: (call: Seen) => boolean;
}

/** @returns what does not hold, and what was looked at */
export async function checkInvariants(
  evidence: Evidence,
): Promise<{ faults: string[]; figures: Record<string, number> }> {
  const rows = await callRows(evidence.gateway);
  const orphaned = new Set(rows.filter(({ rank }) => rank === 0).map(({ trace }) => trace));
  const faults = [
    ...oneRowACall(evidence, rows),
    ...limitsHold(evidence, rows),
    ...refusalsAreTrue(evidence, rows),
    ...(await countersAgree(evidence, rows)),
    ...(await nothingStands(evidence.gateway.redisClient)),
  ];
  return {
    faults,
    figures: {
      rows: rows.length,
      'rows that stay orphaned': orphaned.size,
      // Redis took the admission without telling, and the withdrawal never reached it.
      'refused, yet charged as orphaned': evidence.seen.filter(
        ({ whole, status, traceId }) => whole && status !== 200 && orphaned.has(traceId),
      ).length,
      'quota windows': new Set(rows.map(({ window }) => window)).size,
    },
  };
}

async function callRows({ bigquery }: TestGateway): Promise<CallRow[]> {
  const rows = await bigquery.rows(
    `SELECT JSON_VALUE(metadata, '$.trace_id') AS trace, identifier, feature, rank, units, quota_window, quota_units FROM \`p.d.events_unique\`
     WHERE name IN ('CompletionsFinished', 'EmbeddingsFinished')`,
  );
  return rows.map((row) => ({
    trace: String(row['trace']),
    identifier: String(row['identifier']),
    feature: String(row['feature']),
    rank: Number(row['rank']),
    units: Number(row['units']),
    window: row['quota_window'] as string | null,
    kept: Number(row['quota_units']),
  }));
}

/**
 * Every call that returned a byte has exactly one row; it is the settled one, with the truth, where the answer ended
 * as answers end.
 */
function* oneRowACall({ seen, logged, touched }: Evidence, rows: readonly CallRow[]): Generator<string> {
  const byTrace = new Map<string, CallRow[]>();
  for (const row of rows) byTrace.set(row.trace, [...(byTrace.get(row.trace) ?? []), row]);
  for (const [trace, found] of byTrace) if (found.length > 1) yield `call ${trace} has ${found.length} rows`;
  for (const call of seen) {
    const { traceId, status, served, whole, estimate, truth } = call;
    if (touched(call)) continue;
    const row = byTrace.get(traceId)?.[0];
    const name = `call ${traceId}, answered ${status ?? 'with nothing'}`;
    if (served && row === undefined) yield `${name}, has no row`;
    if (row === undefined) continue;
    if (served && row.units !== (row.rank === 1 ? truth : estimate))
      yield `${name}, has ${row.units} units, not ${truth}`;
    if (whole && status === 200 && row.rank !== 1 && !logged.has(traceId))
      yield `${name} to its end, was never settled`;
    if (whole && status !== 200 && row.rank === 1 && row.units !== 0) yield `${name}, is charged ${row.units} units`;
  }
}

/** No window was charged above its limit, but for what the estimates of the calls in flight missed. */
function* limitsHold(evidence: Evidence, rows: readonly CallRow[]): Generator<string> {
  const { callers, seen, atOnce } = evidence;
  const windows = new Map<string, { row: CallRow; used: number }>();
  for (const row of rows) {
    if (row.window === null) continue;
    const known = windows.get(row.window);
    windows.set(row.window, { row, used: (known?.used ?? 0) + row.kept });
  }
  for (const [window, { row, used }] of windows) {
    const caller = callers.find(({ id }) => id === row.identifier);
    const limit = caller?.limits[row.feature as Seen['feature']].limit ?? 0;
    const missed = seen
      .filter((call) => call.caller === caller && call.feature === row.feature)
      .map(({ truth, estimate }) => Math.max(0, truth - estimate))
      .toSorted((a, b) => b - a)
      .slice(0, atOnce)
      .reduce((sum, units) => sum + units, 0);
    const lost = lostUnits(evidence, (call) => call.caller === caller && call.feature === row.feature);
    if (used > limit + missed + lost)
      yield `window ${window} of ${row.feature} was charged ${used} units, its limit is ${limit}, estimates missed ${missed} and a failover ${lost} at the most`;
  }
}

/**
 * A refusal by the quota is true only if the window could be full by then: by what was asked since it may have opened,
 * and was not given back.
 */
function* refusalsAreTrue(evidence: Evidence, rows: readonly CallRow[]): Generator<string> {
  const { seen, logged, touched } = evidence;
  const released = new Set(rows.filter(({ rank, units }) => rank === 1 && units === 0).map(({ trace }) => trace));
  for (const refused of seen) {
    if (!refused.quota) continue;
    const { limit, intervalSeconds } = refused.caller.limits[refused.feature];
    const possible = seen
      .filter(
        (call) =>
          call.caller === refused.caller &&
          call.feature === refused.feature &&
          call.status !== 429 &&
          call.startMs < refused.endMs &&
          call.endMs > refused.startMs - intervalSeconds * 1000 &&
          // Given back for good before the refused one asked.
          !(
            call.whole &&
            call.endMs < refused.startMs &&
            released.has(call.traceId) &&
            !logged.has(call.traceId) &&
            !touched(call)
          ),
      )
      .reduce((sum, { estimate, truth }) => sum + Math.max(estimate, truth), 0);
    if (possible + refused.estimate <= limit)
      yield `call ${refused.traceId} was refused by a quota of ${limit} of which ${possible} could be used, with ${refused.estimate} asked for`;
  }
}

/** Counters and rows of the windows that are open say the same, nothing is reserved, and every counter has an end. */
async function countersAgree(evidence: Evidence, rows: readonly CallRow[]): Promise<string[]> {
  const {
    gateway: { redisClient },
    callers,
  } = evidence;
  const faults: string[] = [];
  const [seconds, microseconds] = await redisClient.time();
  const nowMs = Number(seconds) * 1000 + Number(microseconds) / 1000;
  for (const key of await redisClient.keys('*:limit:*')) {
    const [window, used, reserved, end] = await redisClient.hmget(key, 'id', 'used', 'reserved', 'end');
    if ((await redisClient.pttl(key)) === -1) faults.push(`${key} has no end`);
    const caller = callers.find(({ id }) => key.endsWith(id));
    if (window === null || window === undefined || caller === undefined) continue;
    const kept = rows.filter((row) => row.window === window).reduce((sum, row) => sum + row.kept, 0);
    const lost = lostUnits(evidence, (call) => call.caller === caller && key.includes(`:${call.feature}:`));
    if (Math.abs(Number(used) - Number(reserved) - kept) > lost)
      faults.push(`${key}: the counter says ${used} with ${reserved} reserved, its rows ${kept}`);
    // What was reserved in a window that is over stays as it is: nothing is given back in it any more.
    if (Number(reserved) !== 0 && Number(end) > nowMs) faults.push(`${key}: ${reserved} units are reserved by nobody`);
  }
  return faults;
}

/** What a failover may have lost of these calls: their admissions, or what came back of them. */
function lostUnits({ seen, touched }: Evidence, wanted: (call: Seen) => boolean): number {
  return seen
    .filter((call) => wanted(call) && touched(call))
    .reduce((sum, { estimate, truth }) => sum + Math.max(estimate, truth), 0);
}

/** No lease, no slot of a call in flight, no fold and no event is left. */
async function nothingStands(redis: Redis): Promise<string[]> {
  const faults: string[] = [];
  const sets = await Promise.all(['*:leases', '*:in-flight:*', '*:folds'].map((pattern) => redis.keys(pattern)));
  for (const key of sets.flat()) {
    const left = await redis.zcard(key);
    if (left > 0) faults.push(`${key} still holds ${left}`);
  }
  for (const key of await redis.keys('*:outbox')) {
    const left = await redis.xlen(key);
    if (left > 0) faults.push(`${key} still holds ${left} events`);
  }
  for (const key of await redis.keys('*:lease:*'))
    if ((await redis.get(key))?.startsWith('open ') === true) faults.push(`${key} is still open`);
  return faults;
}
