// Carries out what was drawn: one fault, from its begin to its end. When and which is the schedule's (schedule.ts).

import { setTimeout as sleep } from 'node:timers/promises';
import { status as grpcStatus } from '@grpc/grpc-js';
import type { TestGateway } from '../local/test-gateway.ts';
import type { Fleet } from './fleet.ts';
import type { Fault, FaultKind } from './schedule.ts';
import { overdue, sweep } from './sweeping.ts';

/** More calls than any outage here sees. */
const always = 1_000_000;

/** How often each kind happened. */
export type Happened = Record<FaultKind, number>;

/** Makes what breaks things. Faults of one part wait for each other, so that the end of one does not end another. */
export function createFaults(gateway: TestGateway, fleet: Fleet, happened: Happened): (fault: Fault) => Promise<void> {
  const last = new Map<string, Promise<void>>();
  const alone = (part: string, work: () => Promise<void>): Promise<void> => {
    const turn = (last.get(part) ?? Promise.resolve()).then(work);
    last.set(part, turn);
    return turn;
  };
  const done = (kind: FaultKind) => (yes: boolean) => {
    if (yes) happened[kind]++;
  };
  return (fault) => {
    const { kind, forMs, random } = fault;
    const count = done(kind);
    const gateways = ['chat-completions', 'embeddings'];
    switch (kind) {
      case 'gateway killed':
        return fleet.strike({ names: gateways, random, signal: 'SIGKILL' }).then(count);
      case 'gateway ended by SIGTERM':
        return fleet.strike({ names: gateways, random, signal: 'SIGTERM' }).then(count);
      case 'task function killed':
        return fleet.strike({ names: ['deliver-events', 'sweep-leases'], random, signal: 'SIGKILL' }).then(count);
      case 'Redis paused':
        return alone('redis', async () => {
          process.kill(gateway.redis.pid, 'SIGSTOP');
          await sleep(forMs);
          process.kill(gateway.redis.pid, 'SIGCONT');
          count(true);
        });
      case 'Redis restarted':
        return alone('redis', () => gateway.redis.restart(forMs / 2).then(() => count(true)));
      case 'queue away':
        return alone('queue', async () => {
          gateway.tasks.failCreate(grpcStatus.UNAVAILABLE, always);
          await sleep(forMs);
          gateway.tasks.failCreate(grpcStatus.UNAVAILABLE, 0);
          count(true);
        });
      case 'warehouse away':
        return alone('warehouse', async () => {
          gateway.bigquery.failInserts(503, always);
          await sleep(forMs);
          gateway.bigquery.failInserts(503, 0);
          count(true);
        });
      case 'running call swept':
        return sweepRunning(gateway, fleet, random).then(count);
    }
  };
}

/** Tries until a call runs: between two of them nothing stands. */
const triesMax = 50;

/** Makes a running call look overdue and lets the sweeper take it: when the call ends, it finds itself swept. */
async function sweepRunning(gateway: TestGateway, fleet: Fleet, random: number): Promise<boolean> {
  for (let tries = 0; tries < triesMax; tries++) {
    if ((await overdue(gateway.redisClient, 1)) > 0) {
      await sweep(fleet, random);
      return true;
    }
    await sleep(10);
  }
  return false;
}
