// The store over a bad network and a bad server: what fails at once, what waits, what comes back by itself, and that
// nothing is sent twice.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import { startTcpProxy, type TcpProxy } from '../../../scripts/local/process/tcp-proxy.ts';
import type { TimeBudget } from './time-budget.ts';
import { connectStore, type Store, type StoreChange } from './connection.ts';
import { loadScript } from './script.ts';
import { StoreUnavailable } from './store.ts';

/** Of the store under test: long enough for a machine that is busy with other tests. */
const budgetMs = 400;
const count = loadScript('count', '-- KEYS[1] counter\nreturn redis.call("INCR", KEYS[1])');

let server: LocalRedis;
let proxy: TcpProxy;
let store: Store;
let redis: Redis;
let changes: StoreChange[];

beforeEach(async () => {
  server = await startRedis({
    args: ['--enable-debug-command', 'local', '--loading-process-events-interval-bytes', '1024'],
  });
  proxy = await startTcpProxy(server.port);
  redis = new Redis(server.url);
  redis.on('error', () => undefined);
  changes = [];
  store = connectStore({ redisEndpoint: proxy.url, redisBudgetMs: budgetMs }, () => undefined, {
    changed: (change) => void changes.push(change),
  });
});
afterEach(async () => {
  redis.disconnect();
  await store.close();
  await proxy.close();
  await server.close();
});

const run = (budget: TimeBudget = { leftMs: budgetMs }): Promise<unknown> => store.run(count, ['{s}:n'], [], budget);
const states = (): string[] => changes.map(({ state, cause }) => `${state} ${cause}`);

/** Fails at once: without a word to Redis. */
async function failsUnsent(): Promise<void> {
  await assert.rejects(run(), (error) => error instanceof StoreUnavailable && !error.sent);
}

/** Waits for the end of the outage as work does that no caller waits for. */
const runPatiently = (): Promise<unknown> => run({ leftMs: 20_000, patient: true });

test('a server that hangs: who meets it is failed together, who comes later at once, and it is exact again on the same connection', async () => {
  assert.equal(await run(), 1);
  const taken = proxy.taken();
  await proxy.set('hold');
  const met = await Promise.allSettled([run(), run(), run()]);
  for (const outcome of met) assert.ok(outcome.status === 'rejected' && (outcome.reason as StoreUnavailable).sent);
  assert.deepEqual(states(), ['open silent']);
  assert.equal(store.outage()?.cause, 'silent');
  for (let i = 0; i < 100; i++) await failsUnsent();
  const patient = runPatiently();
  await proxy.set('pass');
  // What was sent before the outage was only late.
  assert.equal(await patient, 5);
  assert.deepEqual(states(), ['open silent', 'closed silent']);
  assert.equal(proxy.taken(), taken);
  assert.equal(await run(), 6);
});

test('a dead path: its connection is replaced, and what was on its way is not sent again', async () => {
  assert.equal(await run(), 1);
  await proxy.set('swallow');
  await assert.rejects(run(), StoreUnavailable);
  assert.deepEqual(states(), ['open silent']);
  // Its successor is made on the same path, and is dead in its handshake.
  const taken = proxy.taken();
  while (proxy.taken() === taken) await sleep(10);
  await proxy.set('pass');
  assert.equal(await runPatiently(), 2);
});

test('a refused connection: at once, and back by itself after a restart, with an empty script cache', async () => {
  assert.equal(await run(), 1);
  await proxy.set('refuse');
  await redis.script('FLUSH');
  // The end of the connection may not have been read yet.
  await assert.rejects(run(), StoreUnavailable);
  for (let i = 0; i < 100; i++) await failsUnsent();
  assert.deepEqual(states(), ['open lost']);
  await proxy.set('pass');
  assert.equal(await runPatiently(), 2);
});

test('never connected: the first caller is told within the connection’s own deadline, and the breaker says that it is lost', async () => {
  await proxy.set('refuse');
  await assert.rejects(run(), (error) => error instanceof StoreUnavailable && !error.sent);
  await failsUnsent();
  await proxy.set('pass');
  assert.equal(await runPatiently(), 1);
  assert.deepEqual(states(), ['open lost', 'closed lost']);
});

test('a replica after a failover refuses to write: away until it is a primary, on connections made anew', async () => {
  assert.equal(await run(), 1);
  const taken = proxy.taken();
  await redis.call('replicaof', '127.0.0.1', '1');
  await assert.rejects(run(), (error) => error instanceof StoreUnavailable && /READONLY/.test(String(error.cause)));
  assert.deepEqual(states(), ['open refusing']);
  await failsUnsent();
  const patient = runPatiently();
  await redis.call('replicaof', 'no', 'one');
  assert.equal(await patient, 2);
  assert.ok(proxy.taken() > taken);
});

test('a server that loads its data is away until it has', async () => {
  await redis.call('debug', 'populate', '500', 'k', '100');
  await redis.config('SET', 'key-load-delay', '1000');
  assert.equal(await run(), 1);
  // Loads for half a second, on the connections that there are.
  redis.call('debug', 'reload').catch(() => undefined);
  await assert.rejects(
    (async () => {
      for (;;) await run();
    })(),
    StoreUnavailable,
  );
  assert.equal(changes[0]?.state, 'open');
  assert.equal(typeof (await runPatiently()), 'number');
});

for (const [what, after] of [
  ['request', 1],
  ['reply', 2],
] as const)
  test(`a connection that is lost at the ${what}: the command fails, and is not sent again by anybody but its caller`, async () => {
    assert.equal(await run(), 1);
    const cut = proxy.cut(what, '{s}:n');
    await assert.rejects(run(), (error) => error instanceof StoreUnavailable && error.sent);
    await cut;
    assert.equal(await runPatiently(), after + 1);
    assert.deepEqual(states(), ['open lost', 'closed lost']);
  });
