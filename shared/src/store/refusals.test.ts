// Redis answers, and says no: what is an outage, what is not, and that a server which allows only what Memorystore
// allows gives all that is needed to tell.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { Redis } from 'ioredis';
import { startRedis } from '../../../scripts/local/process/redis.ts';
import type { TimeBudget } from './time-budget.ts';
import { connectStore, type Store, type StoreChange } from './connection.ts';
import type { FullChange } from './fullness.ts';
import { codeOf, refusalOf, wordsOf } from './refusals.ts';
import { loadScript } from './script.ts';

/** What Google documents as blocked on Memorystore for Redis, of the commands that this server has. */
const blocked =
  'acl bgrewriteaof bgsave client cluster command config debug failover lastsave migrate monitor object replicaof save shutdown slaveof'.split(
    ' ',
  );
const count = loadScript('count', '-- KEYS[1] counter\nreturn redis.call("INCR", KEYS[1])');
const broken = loadScript('broken', '-- KEYS[1] counter\nreturn redis.call("INCR", KEYS[1], "more")');
const budgetMs = 2_000;

interface Rig {
  readonly store: Store;
  readonly client: Redis;
  readonly changes: StoreChange[];
  readonly full: FullChange[];
  readonly warnings: string[];
}

/** A store in front of a server with these arguments that allows what Memorystore allows. */
async function rig(t: TestContext, program: string, ...args: string[]): Promise<Rig> {
  const cut = blocked.flatMap((command) => ['--rename-command', command, '']);
  const server = await startRedis({ args: [...cut, ...args], program });
  const client = new Redis(server.url, { disableClientInfo: true });
  const changes: StoreChange[] = [];
  const full: FullChange[] = [];
  const warnings: string[] = [];
  const store = connectStore(
    { redisEndpoint: server.url, redisBudgetMs: budgetMs },
    (message) => void warnings.push(message),
    { changed: (change) => void changes.push(change), full: (change) => void full.push(change) },
  );
  t.after(async () => {
    client.disconnect();
    await store.close();
    await server.close();
  });
  await store.opened();
  return { store, client, changes, full, warnings };
}

const budget = (): TimeBudget => ({ leftMs: budgetMs });
const patient = (): TimeBudget => ({ leftMs: 20_000, patient: true });
const run = (store: Store, given = budget()): Promise<unknown> => store.run(count, ['{s}:n'], [], given);

/** Refused with these words, and known to have changed nothing. */
async function refuses(work: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(work, { name: 'StoreUnavailable', message: `redis refuses (${code})`, sent: false });
}

/**
 * The servers that Google offers, as far as packages bring them: the system's own, and those that
 * scripts/check/redis-versions.ts fetches.
 */
const programs = ['redis-server', 'redis-server-6.2', 'redis-server-8.2', 'valkey-server'];
const isMissing = (program: string): boolean => spawnSync(program, ['--version']).error !== undefined;
const on = (program: string, name: string, work: (t: TestContext) => Promise<void>): void =>
  void test(`${program}: ${name}`, work);

for (const program of programs) {
  if (isMissing(program)) {
    void test(`${program}: all of these`, { skip: `${program} is not installed` });
    continue;
  }
  on(program, 'with what Memorystore allows everything works, and that it evicts is told without CONFIG', async (t) => {
    const { store, client, changes, warnings } = await rig(t, program, '--maxmemory-policy', 'volatile-lru');
    for (const command of ['config', 'client'])
      await assert.rejects(client.call(command, 'list'), /unknown command/, 'the server is cut down');
    await store.probe(budget());
    assert.equal(await run(store), 1);
    while (warnings.length === 0) await client.ping();
    assert.match(warnings[0] ?? '', /maxmemory-policy volatile-lru.*set noeviction/);
    assert.deepEqual(changes, []);
  });

  for (const [code, what, args] of [
    ['NOREPLICAS', 'set', ['--min-replicas-to-write', '1']],
    ['READONLY', 'set', ['--replicaof', '127.0.0.1', '1', '--replica-serve-stale-data', 'yes']],
    ['MASTERDOWN', 'get', ['--replicaof', '127.0.0.1', '1', '--replica-serve-stale-data', 'no']],
  ] as const)
    on(program, `${code}: health says no, calls are refused at once, and the line has Redis's own words`, async (t) => {
      const { store, changes } = await rig(t, program, ...args);
      if (what === 'get') await refuses(store.commands([['get', '{s}:n']], budget()), code);
      else await refuses(store.probe(budget()), code);
      await assert.rejects(store.probe(budget()), /redis is away \(refusing\)/);
      await assert.rejects(run(store), /redis is away \(refusing\)/);
      assert.deepEqual(
        changes.map(({ state, cause }) => `${state} ${cause}`),
        ['open refusing'],
      );
      assert.ok(wordsOf(changes[0]?.error)?.startsWith(`${code} `));
    });

  on(program, 'BUSY: a script that runs on is an outage, and over when it is ended', async (t) => {
    const { store, client, changes } = await rig(t, program, '--lua-time-limit', '20');
    assert.equal(await run(store), 1);
    const hanging = client.eval('while true do end', 0).catch(() => undefined);
    let refused = null;
    // Until the server says so; before it says nothing, which is an outage too.
    while (refused === null) refused = await run(store).then(() => null, String);
    assert.equal(changes[0]?.state, 'open');
    const other = client.duplicate({ enableReadyCheck: false });
    t.after(() => other.disconnect());
    while ((await other.call('script', 'kill').catch(String)) !== 'OK');
    await hanging;
    assert.equal(typeof (await run(store, patient())), 'number');
  });

  on(
    program,
    'OOM: the breaker stays shut, so that what fills Redis can be drained; it is told at the change, and when it is over',
    async (t) => {
      const { store, client, changes, full } = await rig(t, program, '--maxmemory', '4mb');
      assert.equal(await run(store), 1);
      const refused = async (): Promise<boolean> =>
        run(store).then(
          () => false,
          () => true,
        );
      const fill = async (size: number): Promise<void> => {
        for (let n = 0; ; n++) await client.set(`fill:${n}:${size}`, 'x'.repeat(size));
      };
      for (const size of [100_000, 10_000, 1_000]) await assert.rejects(fill(size), /OOM/);
      // Buffers of clients count, and come and go: beyond the bound by more than they are, with a value that is asked
      // for in a few bytes while there is a little room.
      const beyond = (): Promise<boolean> =>
        client.setrange('fill:beyond', 500_000, 'x').then(
          () => true,
          () => false,
        );
      for (let n = 0; !(await beyond()); n++) await client.del(`fill:${n}:10000`, `fill:${n}:1000`);
      for (let n = 0; !(await refused()); n++) await client.set(`fill:${n}:10`, 'x').catch(() => undefined);
      await refuses(run(store), 'OOM');
      await refuses(store.probe(budget()), 'OOM');
      assert.equal(store.outage(), null);
      assert.deepEqual(
        full.map(({ state }) => state),
        ['full'],
      );
      assert.match(wordsOf(full[0]?.error) ?? '', /^OOM command not allowed/);
      // Reads, and what gives memory back.
      const [counted] = await store.commands([['get', '{s}:n']], budget());
      for (let n = 0; full.length < 2; n++) await store.commands([['del', `fill:${n}:100000`]], budget());
      assert.equal(full[1]?.state, 'relieved');
      assert.equal(await run(store), Number(counted) + 1);
      await store.probe(budget());
      assert.deepEqual(changes, []);
    },
  );

  on(
    program,
    'an error reply to one command is its own: a broken script, a wrong type, an unknown command',
    async (t) => {
      const { store, changes, full } = await rig(t, program);
      await store.commands([['set', '{s}:text', 'x']], budget());
      for (let i = 0; i < 10; i++) {
        await assert.rejects(store.run(broken, ['{s}:n'], [], budget()), {
          message: 'redis command failed',
          sent: true,
        });
        await assert.rejects(store.run(count, ['{s}:text'], [], budget()), { message: 'redis command failed' });
        await assert.rejects(store.commands([['config', 'get', 'x']], budget()), { message: 'redis command failed' });
      }
      assert.equal(await run(store), 1);
      assert.deepEqual([...changes, ...full], []);
    },
  );

  on(program, 'NOPERM: a command that is forbidden is no outage; who may not write at all has one', async (t) => {
    const server = await startRedis({ program });
    const admin = new Redis(server.url);
    const changes: StoreChange[] = [];
    const store = connectStore(
      { redisEndpoint: `redis://app:x@127.0.0.1:${server.port}`, redisBudgetMs: budgetMs },
      () => undefined,
      { changed: (change) => void changes.push(change) },
    );
    t.after(async () => {
      admin.disconnect();
      await store.close();
      await server.close();
    });
    await admin.call('acl', 'setuser', 'app', 'on', '>x', '~*', '+@all', '-xadd');
    await store.opened();
    const forbidden = (): Promise<unknown> => store.commands([['xadd', '{s}:stream', '*', 'a', 'b']], budget());
    await assert.rejects(forbidden(), { message: 'redis refuses (NOPERM)' });
    assert.equal(await run(store), 1);
    assert.deepEqual(changes, []);
    await admin.call('acl', 'setuser', 'app', '-@write');
    await assert.rejects(run(store), { message: 'redis refuses (NOPERM)' });
    while (changes.length === 0) await admin.ping();
    assert.equal(store.outage()?.cause, 'refusing');
    await admin.call('acl', 'setuser', 'app', '+@write');
    assert.equal(await run(store, patient()), 2);
  });
}

const wrapped = (text: string): Error => {
  const error = new Error(`ERR Error running script (call to f_0123abcd): @user_script:1: @user_script: 1: -${text} `);
  error.name = 'ReplyError';
  return error;
};

test('Redis 6 wraps what a command of a script was told, and it counts the same', () => {
  for (const [text, refusal] of [
    ["READONLY You can't write against a read only replica.", 'away'],
    ['NOREPLICAS Not enough good replicas to write.', 'away'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'full'],
  ] as const) {
    assert.equal(refusalOf(wrapped(text)), refusal);
    assert.equal(codeOf(wrapped(text)), text.split(' ')[0]);
    assert.equal(wordsOf(wrapped(text))?.trim(), text);
  }
  for (const forbidden of [
    "ERR The user executing the script can't run this command or subcommand script: 0123abcd, on @user_script:1.",
    "ERR ACL failure in script: User app has no permissions to run the 'incr' command script: 0123abcd, on @user_script:1.",
  ])
    assert.equal(refusalOf(new Error(forbidden)), 'perhaps');
  assert.equal(refusalOf(wrapped('WRONGTYPE Operation against a key holding the wrong kind of value')), 'fault');
  assert.equal(refusalOf(new Error('connect ECONNREFUSED 127.0.0.1:1')), null);
});

test('the words of an error: one line, no arguments, nothing of what the client says of a connection that is gone', () => {
  const words = wordsOf(new Error("ERR unknown command 'AUTH', with args beginning with: 'pa55word' "));
  assert.equal(words, "ERR unknown command 'AUTH'");
  assert.equal(wordsOf(new Error('Connection is closed.')), null);
  assert.equal(wordsOf(null), null);
  assert.equal(wordsOf(new Error(`LOADING ${'x'.repeat(1_000)}`))?.length, 200);
});
