// Access tokens in place of a password, on one node and on a cluster: each connection begins with the newest, and
// standing ones are told a new one before the old one ends.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startRedis, startRedisCluster } from '../../../scripts/local/process/redis.ts';
import { accessOf, type Access } from './access.ts';
import { openClient, type Client, type ClientEvents } from './client.ts';
import { openCluster } from './cluster.ts';
import { connectStore } from './connection.ts';
import { keys, shardName } from './keys.ts';

const renewEveryMs = 20;
const [first, second, third] = ['token-1', 'token-2', 'token-3'];

interface Server {
  readonly url: URL;
  /** Of every node, with rights that don't end. */
  readonly admins: readonly Redis[];
  /** Tokens that a new connection may offer from now on. */
  valid(...tokens: string[]): Promise<void>;
  open(access: Access, events: ClientEvents): Client;
}

async function server(t: TestContext, kind: 'node' | 'cluster'): Promise<Server> {
  const started = kind === 'node' ? await startRedis() : await startRedisCluster();
  const nodes = 'nodes' in started ? started.nodes : [started];
  const admins = nodes.map(({ url }) => new Redis(url));
  t.after(async () => {
    for (const admin of admins) admin.disconnect();
    await started.close();
  });
  for (const admin of admins) await admin.ping();
  const url = new URL(started.url);
  return {
    url,
    admins,
    valid: async (...tokens) => {
      for (const admin of admins)
        await admin.call('acl', 'setuser', 'default', 'resetpass', ...tokens.map((token) => `>${token}`));
    },
    open: (access, events) => (kind === 'node' ? openClient : openCluster)(url, access, events),
  };
}

/**
 * How often each node was sent AUTH; connections begin with HELLO, but those by which a cluster's map is asked for,
 * one at a time.
 */
async function auths(admins: readonly Redis[]): Promise<number[]> {
  const texts = await Promise.all(admins.map((admin) => admin.info('commandstats')));
  return texts.map((text) => Number(/cmdstat_auth:calls=(\d+)/.exec(text)?.[1] ?? 0));
}

for (const kind of ['node', 'cluster'] as const)
  test(`${kind}: standing connections are authenticated anew with the next token; new ones begin with it`, async (t) => {
    const { url, admins, valid, open } = await server(t, kind);
    await valid(first);
    let token = first;
    const lost: unknown[] = [];
    const warnings: unknown[] = [];
    const access = accessOf(url, { redisIam: true }, async () => token, renewEveryMs);
    assert.ok(access !== null);
    const client = open(access, {
      lost: (_node, _cause, error) => void lost.push(error),
      ready: () => undefined,
      warn: (_message, error) => void warnings.push(error),
    });
    t.after(() => client.close());
    await client.connect();
    // Every node has a connection.
    for (const node of client.nodes()) await client.probe(node);
    if (kind === 'node') assert.deepEqual(await auths(admins), [0]);

    // A token that is refused keeps the connection, and is told.
    token = second;
    while (warnings.length === 0) await sleep(5);
    assert.match(String(warnings[0]), /WRONGPASS/);
    for (const node of client.nodes()) await client.probe(node);
    await valid(first, second);
    const before = await auths(admins);
    while ((await auths(admins)).some((calls, n) => calls === before[n])) await sleep(5);
    // The old one has ended; nobody is disturbed.
    await valid(second);
    for (const node of client.nodes()) await client.probe(node);
    assert.deepEqual(lost, []);

    // Maintenance: the connections end, and the new ones begin with what is valid by then.
    token = third;
    await valid(third);
    for (const admin of admins) await admin.call('client', 'kill', 'type', 'normal');
    while (lost.length < admins.length) await sleep(5);
    for (const node of client.nodes())
      while (
        !(await client.probe(node).then(
          () => true,
          () => false,
        ))
      )
        await sleep(5);
    assert.deepEqual(
      await client.commands(client.nodeOf(keys.probe(shardName(1))), [['set', keys.probe(shardName(1)), '1']]),
      ['OK'],
    );
  });

test('who has no account is told at the start', () => {
  assert.throws(
    () => connectStore({ redisEndpoint: '127.0.0.1:1', redisIam: true }, () => undefined),
    /takes access tokens, and this process has none/,
  );
});

test('nobody gives a token: nothing is sent, the reason is told, and it is asked for again', async (t) => {
  const { url, valid } = await server(t, 'node');
  await valid(first);
  let tries = 0;
  const said: string[] = [];
  const store = connectStore({ redisEndpoint: url.href, redisIam: true }, () => undefined, {
    changed: ({ error }) => void said.push(String(error)),
    accessToken: async () => {
      tries++;
      if (tries < 3) throw new Error('the metadata server answered 503');
      return first;
    },
  });
  t.after(() => store.close());
  await store.opened();
  assert.deepEqual(await store.commands([['ping']], { leftMs: 20_000, patient: true }), ['PONG']);
  assert.match(said[0] ?? '', /metadata server answered 503/);
});
