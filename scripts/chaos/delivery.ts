// Delivery under chaos: load, redeliveries, kills, outages; then every call is looked for in the warehouse. What breaks
// is decided here, and what must hold as well.

import { setTimeout as sleep } from 'node:timers/promises';
import { status as grpcStatus } from '@grpc/grpc-js';
import { anthropicBody, chat, startGateway, type TestGateway } from '../local/test-gateway.ts';
import { startFunction } from '../local/process/function-process.ts';

const workers = 16;
const subscriptions = 4;
const killEveryMs = 4_000;
const sweepEveryMs = 2_000;
/**
 * A call whose lease is made to look overdue: its holder is not dead, only late, so an orphaned row comes first and
 * the settled one after it.
 */
const overtakeEveryMs = 1_500;
const redelivered = 0.01;
/** Before, between and after the outages, as a share of one: kills and redeliveries go on. */
const calm = 0.5;
/** More calls than any outage here sees. */
const always = 1_000_000;
/** Everything has to arrive in this time after the chaos. */
const settleTimeoutMs = 180_000;

/** What was asked for and what came of it. */
export interface ChaosResult {
  readonly figures: Readonly<Record<string, number>>;
  /** Empty when everything holds. */
  readonly faults: readonly string[];
}

/** A call as its caller saw it. */
interface Seen {
  readonly traceId: string;
  /** A byte of the answer came. */
  readonly served: boolean;
}

/** Runs it: calm, Cloud Tasks away, BigQuery away, calm; kills all the time. */
export async function deliveryChaos({
  outageMs,
  say,
}: {
  readonly outageMs: number;
  readonly say: (text: string) => void;
}): Promise<ChaosResult> {
  // Long enough for a sweep, which looks at all shards first, to overtake a call that runs.
  const gateway = await startGateway({ pace: { chunks: 6, chunkDelayMs: 150 } });
  const functions = new Map(gateway.functions);
  try {
    const tokens = await Promise.all(
      Array.from({ length: subscriptions }, () => gateway.subscription({ limit: 10_000_000 })),
    );
    const over = new AbortController();
    const seen: Seen[] = [];
    const facts = { kills: 0, oldest_outbox_ms: 0, failed_calls: 0 };
    gateway.tasks.redeliver(redelivered);
    const work = Array.from({ length: workers }, (_, n) =>
      load(gateway, tokens[n % subscriptions]?.token ?? '', over.signal, seen, facts),
    );
    const running = Promise.all([
      ...work,
      kill(functions, over.signal, facts),
      sweepAlong(functions, over.signal, facts),
      overtake(gateway, functions, over.signal),
    ]);
    // Waited for below; what breaks before is told there.
    running.catch(() => over.abort());
    const startedMs = performance.now();
    say('load on …');
    await sleep(outageMs * calm);
    say(`Cloud Tasks away for ${outageMs / 1000} s …`);
    gateway.tasks.failCreate(grpcStatus.UNAVAILABLE, always);
    await sleep(outageMs);
    gateway.tasks.failCreate(grpcStatus.UNAVAILABLE, 0);
    say('Cloud Tasks back …');
    await sleep(outageMs * calm);
    say(`BigQuery away for ${outageMs / 1000} s …`);
    gateway.bigquery.failInserts(503, always);
    await sleep(outageMs);
    gateway.bigquery.failInserts(503, 0);
    say('BigQuery back …');
    await sleep(outageMs * calm);
    over.abort();
    say('load off; what is left behind has to arrive …');
    await running;
    const loadMs = performance.now() - startedMs;
    const arrivalMs = await arrive(gateway, functions);
    const { faults, rows, twice } = await account(
      gateway,
      seen,
      tokens.map(({ id }) => id),
    );
    // Chaos that did not happen proves nothing.
    const happened = {
      kills: facts.kills,
      'tasks delivered twice': gateway.tasks.stats.redelivered,
      'rows dropped by insertId': gateway.bigquery.stats.dropped,
      'settled over an orphaned one': twice,
    };
    for (const [what, times] of Object.entries(happened))
      if (times === 0) faults.push(`${what}: none, so nothing is shown; let it run longer (--seconds)`);
    return {
      figures: {
        calls: seen.length,
        'calls a second': Math.round((seen.length * 1000) / loadMs),
        'calls that were cut by kills': facts.failed_calls,
        kills: facts.kills,
        'tasks delivered twice': gateway.tasks.stats.redelivered,
        'rows dropped by insertId': gateway.bigquery.stats.dropped,
        'oldest event in the outbox, ms': facts.oldest_outbox_ms,
        'last event arrived after, ms': Math.round(arrivalMs),
        rows,
        ...(await costs(gateway)),
        'settled over an orphaned one': twice,
        faults: faults.length,
      },
      faults,
    };
  } finally {
    for (const running of functions.values()) await running.stop();
    await gateway.stop();
  }
}

async function load(
  { url }: TestGateway,
  token: string,
  over: AbortSignal,
  seen: Seen[],
  facts: { failed_calls: number },
): Promise<void> {
  while (!over.aborted) {
    let traceId = '';
    let served = false;
    try {
      const response = await fetch(`${url}/v1/completions/anthropic-messages`, {
        method: 'POST',
        headers: { ...chat, authorization: `Bearer ${token}` },
        body: JSON.stringify(anthropicBody({ stream: seen.length % 2 === 0 })),
        signal: AbortSignal.timeout(60_000),
      });
      traceId = response.headers.get('x-trace') ?? '';
      for await (const _piece of response.body ?? []) served = response.status === 200;
    } catch {
      facts.failed_calls++;
      // The function is being started again.
      await sleep(50);
    }
    if (traceId !== '') seen.push({ traceId, served });
    await sleep(20);
  }
}

/** Kills one of the two at random, without a word, and starts it again in its place. */
async function kill(
  functions: Map<string, Awaited<ReturnType<typeof startFunction>>>,
  over: AbortSignal,
  facts: { kills: number },
): Promise<void> {
  for (;;) {
    await sleep(killEveryMs * (0.5 + Math.random()), null, { signal: over }).catch(() => undefined);
    if (over.aborted) return;
    const running = functions.get(Math.random() < 0.5 ? 'deliver-events' : 'chat-completions');
    if (running === undefined) return;
    running.child.kill('SIGKILL');
    await running.exited;
    facts.kills++;
    functions.set(running.name, await startFunction(running.start));
  }
}

type Functions = ReadonlyMap<string, { readonly url: string }>;

async function sweep(functions: Functions): Promise<Record<string, number>> {
  const ask = (): Promise<Response> => fetch(functions.get('sweep-leases')?.url ?? '', { method: 'POST' });
  // A kept connection may end just when it is used again.
  const response = await ask().catch(ask);
  return (await response.json()) as Record<string, number>;
}

/** Makes a running call look overdue and lets the sweeper take it: when the call ends, it finds itself swept. */
async function overtake({ redisClient }: TestGateway, functions: Functions, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    for (const key of await redisClient.keys('*:leases')) {
      const [lease] = await redisClient.zrange(key, '0', '0');
      if (lease === undefined) continue;
      // Only one that stands still: a lease that ended meanwhile must not come back into the index.
      await redisClient.call('zadd', key, 'XX', '1', lease);
      await sweep(functions);
      break;
    }
    await sleep(overtakeEveryMs, null, { signal: over }).catch(() => undefined);
  }
}

async function sweepAlong(functions: Functions, over: AbortSignal, facts: { oldest_outbox_ms: number }): Promise<void> {
  while (!over.aborted) {
    const { oldest_ms = 0 } = await sweep(functions);
    facts.oldest_outbox_ms = Math.max(facts.oldest_outbox_ms, oldest_ms);
    await sleep(sweepEveryMs, null, { signal: over }).catch(() => undefined);
  }
}

/** Sweeps until no lease stands, no outbox holds an event, no task waits. @returns the time it took, ms */
async function arrive({ redisClient, tasks }: TestGateway, functions: Functions): Promise<number> {
  const startedMs = performance.now();
  tasks.redeliver(0);
  while (performance.now() - startedMs < settleTimeoutMs) {
    await sweep(functions);
    const counts = await Promise.all([
      ...(await redisClient.keys('*:outbox')).map((key) => redisClient.xlen(key)),
      ...(await redisClient.keys('*:leases')).map((key) => redisClient.zcard(key)),
    ]);
    if (counts.every((count) => count === 0)) {
      await tasks.idle();
      return performance.now() - startedMs;
    }
    await sleep(sweepEveryMs);
  }
  throw new Error(`not everything arrived within ${settleTimeoutMs / 1000} s`);
}

/** What a call costs the parts that scale.md counts with. */
async function costs({ redisClient, bigquery }: TestGateway): Promise<Record<string, number>> {
  const stats = await redisClient.info('commandstats');
  const [size] = await bigquery.rows('SELECT AVG(LENGTH(CAST(to_json(row) AS VARCHAR))) AS bytes FROM events AS row');
  return {
    'a Redis script, µs of its thread': Number(/cmdstat_evalsha:.*usec_per_call=([\d.]+)/.exec(stats)?.[1]),
    'a row as JSON, bytes': Math.round(Number(size?.['bytes'])),
  };
}

/** Looks for every call, and adds up every window. */
async function account(
  { bigquery, redisClient }: TestGateway,
  seen: readonly Seen[],
  ids: readonly string[],
): Promise<{ faults: string[]; rows: number; twice: number }> {
  const faults: string[] = [];
  const rows = await bigquery.rows(
    "SELECT JSON_VALUE(metadata, '$.trace_id') AS trace, COUNT(*) AS rows, SUM(units) AS units FROM `p.d.events_unique` GROUP BY trace",
  );
  const byTrace = new Map(
    rows.map((row) => [row['trace'], { rows: Number(row['rows']), units: Number(row['units']) }]),
  );
  for (const [trace, found] of byTrace)
    if (found.rows !== 1) faults.push(`trace ${String(trace)} has ${found.rows} rows`);
  for (const { traceId, served } of seen) {
    const found = byTrace.get(traceId);
    if (served && found?.units !== 1) faults.push(`trace ${traceId} was served and has ${found?.units ?? 'no'} units`);
  }
  for (const id of ids) {
    const [sum] = await bigquery.rows(
      `SELECT IFNULL(SUM(quota_units), 0) AS units FROM \`p.d.events_unique\` WHERE identifier = '${id}'`,
    );
    const [key = ''] = await redisClient.keys(`*:limit:chat_completions:*${id}`);
    const [used, reserved] = await redisClient.hmget(key, 'used', 'reserved');
    if (Number(used) - Number(reserved) !== Number(sum?.['units']))
      faults.push(`${id}: the counter says ${used} with ${reserved} reserved, its rows ${String(sum?.['units'])}`);
  }
  const [twice] = await bigquery.rows(
    'SELECT COUNT(*) AS ids FROM (SELECT event_id FROM `p.d.events` GROUP BY event_id HAVING COUNT(DISTINCT rank) = 2)',
  );
  return { faults, rows: rows.length, twice: Number(twice?.['ids']) };
}
