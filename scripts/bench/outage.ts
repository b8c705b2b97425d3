// What an outage of Redis costs those who ask it: commands in an open loop over a proxy that hangs, goes dead or
// refuses, and how soon they are served again.

import { connectStore, loadScript, StoreUnavailable } from '@cody-gateway/shared/store';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from '../local/process/redis.ts';
import { startTcpProxy, type ProxyMode } from '../local/process/tcp-proxy.ts';

const budgetMs = 50;
const outageMs = 3_000;
/** One command a millisecond, in bursts of five. */
const burst = 5;
const backMs = 4_000;
const count = loadScript('count', '-- KEYS[1] counter\nreturn redis.call("INCR", KEYS[1])');

/** Of one kind of outage; times in ms. */
export interface OutageRow {
  readonly outage: string;
  /** Commands that were on their way, or sent before the breaker opened: each waited for at most the budget. */
  readonly met: number;
  readonly met_longest_ms: number;
  /** All others. */
  readonly refused: number;
  readonly refused_p99_ms: number;
  readonly refused_longest_ms: number;
  /** From Redis's return to the first command that was served. */
  readonly back_after_ms: number;
}

/** 0 without values. */
function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;
}

/** Each kind for three seconds. */
export async function outages(): Promise<OutageRow[]> {
  const rows: OutageRow[] = [];
  for (const mode of ['hold', 'swallow', 'refuse'] as const) rows.push(await outage(mode));
  return rows;
}

async function outage(mode: ProxyMode): Promise<OutageRow> {
  const server = await startRedis();
  const proxy = await startTcpProxy(server.port);
  const store = connectStore({ redisEndpoint: proxy.url, redisBudgetMs: budgetMs }, () => undefined);
  const met: number[] = [];
  const refused: number[] = [];
  const served: number[] = [];
  const ask = async (): Promise<void> => {
    const startedMs = performance.now();
    try {
      await store.run(count, ['{s}:n'], [], { leftMs: budgetMs });
      served.push(performance.now());
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      (error.sent ? met : refused).push(performance.now() - startedMs);
    }
  };
  await ask();
  await proxy.set(mode);
  const askUntil = async (done: () => boolean): Promise<void> => {
    const asked: Promise<void>[] = [];
    while (!done()) {
      for (let i = 0; i < burst; i++) asked.push(ask());
      await sleep(burst);
    }
    await Promise.all(asked);
  };
  const endMs = performance.now() + outageMs;
  await askUntil(() => performance.now() > endMs);
  served.length = 0;
  const returnedMs = performance.now();
  await proxy.set('pass');
  await askUntil(() => served.length > 0 || performance.now() > returnedMs + backMs);
  const rounded = (ms: number): number => Math.round(ms * 100) / 100;
  const row = {
    outage: mode,
    met: met.length,
    met_longest_ms: rounded(Math.max(0, ...met)),
    refused: refused.length,
    refused_p99_ms: rounded(percentile(refused, 0.99)),
    refused_longest_ms: rounded(Math.max(0, ...refused)),
    back_after_ms: rounded((served[0] ?? Number.NaN) - returnedMs),
  };
  await store.close();
  await proxy.close();
  await server.close();
  return row;
}
