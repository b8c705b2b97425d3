// A failover under load: a replica that missed the master's last moments takes its place. What was acknowledged then
// is the bound that everything else keeps.

import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startRedis, type LocalRedis } from '../local/process/redis.ts';
import type { Seen } from './callers.ts';
import type { ChaosResult } from './delivery.ts';
import { checkInvariants } from './invariants.ts';
import { arrive, goOn, startRig, type Rig, type RigOptions } from './rig.ts';

/** What a replica may be behind when it is cut off, and what a call that its caller left may take to be settled. */
const lagMs = 200;
const lateMs = 2_000;
const linkTimeoutMs = 10_000;

/** How large a run is. */
export interface FailoverOptions extends Omit<RigOptions, 'redisArgs'> {
  readonly loadMs: number;
  /** Of the master's life, what the replica misses. */
  readonly missedMs: number;
  readonly say: (text: string) => void;
}

/** Runs it: load, the replica cut off, the master killed, the replica in its place, load, the account. */
export async function failoverChaos({ loadMs, missedMs, say, ...options }: FailoverOptions): Promise<ChaosResult> {
  const rig = await startRig(options);
  const { gateway, fleet, callers, seen, logged, workers } = rig;
  let replica: LocalRedis | null = null;
  try {
    replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(gateway.redis.port)] });
    const successor = replica;
    const gap = { fromMs: 0, toMs: 0 };
    const servedAfter = (): number => seen.filter(({ startMs, served }) => startMs > gap.toMs && served).length;
    say(`failover: load on for ${loadMs / 1000} s …`);
    await rig.load(async () => {
      await sleep(loadMs / 2);
      say(`the replica misses ${missedMs} ms and takes over …`);
      Object.assign(gap, await takeOver(rig, successor, missedMs));
      await sleep(loadMs / 2);
      await goOn(
        loadMs,
        () => servedAfter() > 0,
        () => Promise.resolve(),
      );
    });
    say('load off; what is left behind has to arrive …');
    await sleep(lateMs);
    const arrivalMs = await arrive(gateway, fleet);
    const touched = ({ startMs, endMs, whole }: Seen): boolean =>
      startMs < gap.toMs && endMs + (whole ? 0 : lateMs) > gap.fromMs - lagMs;
    const { faults, figures } = await checkInvariants({ gateway, seen, callers, logged, atOnce: workers, touched });
    faults.push(...fleet.faults);
    const after = servedAfter();
    const lost = seen.filter(touched).length;
    if (lost === 0) faults.push('no call was under way when the replica missed the master: nothing is shown');
    if (after === 0) faults.push('no call was served after the failover');
    return {
      figures: {
        calls: seen.length,
        'calls that the failover may have lost': lost,
        'of them served': seen.filter((call) => touched(call) && call.served).length,
        'served after the failover': after,
        'events in the log': logged.size,
        'Redis away, ms': Math.round(gap.toMs - gap.fromMs - missedMs),
        'last event arrived after, ms': Math.round(arrivalMs),
        ...figures,
        faults: faults.length,
      },
      faults,
    };
  } finally {
    await rig.stop();
    await replica?.close();
  }
}

/** @returns from when on nothing reached the replica, and when it answered in the master's place */
async function takeOver(
  { gateway }: Rig,
  replica: LocalRedis,
  missedMs: number,
): Promise<{ fromMs: number; toMs: number }> {
  const client = new Redis(replica.url);
  client.on('error', () => undefined);
  try {
    const deadline = performance.now() + linkTimeoutMs;
    while (!(await client.info('replication')).includes('master_link_status:up')) {
      if (performance.now() > deadline) throw new Error(`the replica found no master within ${linkTimeoutMs} ms`);
      await sleep(20);
    }
    const fromMs = performance.now();
    await client.replicaof('NO', 'ONE');
    await sleep(missedMs);
    process.kill(gateway.redis.pid, 'SIGKILL');
    await gateway.redis.exited;
    await client.config('SET', 'port', gateway.redis.port);
    return { fromMs, toMs: performance.now() };
  } finally {
    client.disconnect();
  }
}
