// A fleet of processes and a dead home, on a real Redis: each process finds out by three calls at the most, and then
// the whole fleet sends one probe a second. Counted at the home, by its own clock, and in Redis: a slow machine makes
// the test longer and nothing else. GATEWAY_INSTANCES=20 starts as many.

import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { Redis } from 'ioredis';
import { startRedis } from '../../../../scripts/local/process/redis.ts';
import { keys } from '../../store/store.ts';
import { answered, startHome } from './homes.test/fleet.ts';
import type { Told } from './homes.test/fleet-member.ts';
import { healthKeys } from './health.ts';

const instances = Number(process.env['GATEWAY_INSTANCES'] ?? 6);
const program = path.resolve(import.meta.dirname, 'homes.test/fleet-member.ts');
/** What is promised. */
const [callsMax, restMs, probeGapMs] = [3, 2_000, 1_000];
/** The fleet is watched for so many probes. */
const probes = 5;
const small = ['--max-old-space-size=64', '--max-semi-space-size=1'];

/** A home that nobody can connect to: it cuts each connection before TLS has begun. */
async function startDeadHome(t: TestContext): Promise<{ readonly url: string; readonly calledMs: readonly number[] }> {
  const calledMs: number[] = [];
  const server = createServer((socket) => {
    calledMs.push(performance.now());
    socket.on('error', () => undefined).destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, calledMs };
}

/** Each right to probe that the fleet is given, as Redis gives it, and Redis's time. */
async function watchProbes(t: TestContext): Promise<{
  readonly url: string;
  readonly given: () => number;
  readonly nowMs: () => Promise<number>;
}> {
  const redis = await startRedis({ args: ['--notify-keyspace-events', 'K$'] });
  const [client, subscriber] = [new Redis(redis.url), new Redis(redis.url)];
  t.after(async () => {
    client.disconnect();
    subscriber.disconnect();
    await redis.close();
  });
  let given = 0;
  // A `SET … NX` that finds the key there is no event.
  subscriber.on('message', () => given++);
  await subscriber.subscribe(`__keyspace@0__:${keys.homeProbe(healthKeys.home('a'))}`);
  return {
    url: redis.url,
    given: () => given,
    nowMs: async () => {
      const [seconds, microseconds] = await client.time();
      return Number(seconds) * 1_000 + Number(microseconds) / 1_000;
    },
  };
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const died = once(child, 'exit').then(([status]) => assert.fail(`a process ended with ${String(status)}`));
  const [message] = (await Promise.race([once(child, 'message'), died])) as [unknown];
  return message;
}

test(`${instances} processes and a dead home: three calls each in its first two seconds, then one probe a second from all`, async (t) => {
  const redis = await watchProbes(t);
  const living = await startHome(t, answered);
  // The fleet knows it by one name, and each process has an address of its own for it: whose call it is, the port says.
  const dead = await Promise.all(Array.from({ length: instances }, () => startDeadHome(t)));
  const children = dead.map(({ url }) => fork(program, [redis.url, url, living.url], { execArgv: small }));
  t.after(() => children.forEach((child) => child.kill('SIGKILL')));
  for (const ready of await Promise.all(children.map(answerOf))) assert.equal(ready, 'ready');
  const fromMs = await redis.nowMs();
  for (const child of children) child.send('go');
  while (redis.given() < probes) await new Promise((resolve) => setTimeout(resolve, 50));
  for (const child of children) child.send('stop');
  const told = (await Promise.all(children.map(answerOf))) as Told[];
  const tookMs = (await redis.nowMs()) - fromMs;

  let late = 0;
  for (const { calledMs } of dead) {
    // Its rest began after the home had seen its first call, so that the home's two seconds are over first.
    const early = calledMs.filter((atMs) => atMs - (calledMs[0] ?? 0) < restMs).length;
    assert.ok(early <= callsMax, `${early} calls of one process`);
    late += calledMs.length - early;
  }
  const sum = (member: keyof Told): number => told.reduce((all, one) => all + one[member], 0);
  t.diagnostic(
    `${sum('calls')} calls, ${dead.flatMap(({ calledMs }) => calledMs).length} of them to the dead home, ${late} late; ${redis.given()} probes in ${Math.round(tookMs)} ms`,
  );
  assert.equal(sum('unserved'), 0, 'no caller sees it');
  const mostCalled = Math.max(...dead.map(({ calledMs }) => calledMs.length));
  assert.ok(mostCalled >= callsMax, 'somebody found out');
  assert.ok(late > 0, 'it is tried again');
  assert.ok(late <= redis.given() + sum('unasked'), `${late} late calls for ${redis.given()} probes`);
  assert.ok(redis.given() <= Math.floor(tookMs / probeGapMs) + 1, 'one a second, by Redis’s clock');
});
