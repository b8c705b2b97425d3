// A function that is killed in the middle of streams: the sweeper charges what its leases held, marks it, and nothing
// stays standing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { anthropicBody, chat, startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({ pace: { chunks: 1_000, chunkDelayMs: 50 } });
});
after(() => gateway.stop());

test('SIGKILL in the middle of three streams: three orphaned rows, counters and rows agree, nothing stands', async () => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  const running = gateway.functions.get('chat-completions');
  const headers = { ...chat, authorization: `Bearer ${token}` };
  const open = async () => {
    const response = await fetch(`${running?.url}/v1/completions/anthropic-messages`, {
      method: 'POST',
      headers,
      body: JSON.stringify(anthropicBody({ stream: true })),
    });
    await response.body?.getReader().read();
  };
  await Promise.all([open(), open(), open()]);
  running?.child.kill('SIGKILL');
  await running?.exited;
  const sweep = async (): Promise<Record<string, number>> =>
    JSON.parse(
      await (await fetch(gateway.functions.get('sweep-leases')?.url ?? '', { method: 'POST' })).text(),
    ) as Record<string, number>;
  assert.equal((await sweep())['orphaned'], 0, 'a lease stands for a minute after its holder’s last sign of life');
  // As if that minute were over.
  const [leases = ''] = await gateway.redisClient.keys('*:leases');
  for (const lease of await gateway.redisClient.zrange(leases, '0', '-1'))
    await gateway.redisClient.zadd(leases, '1', lease);
  const { oldest_ms, ...report } = await sweep();
  assert.deepEqual(report, {
    orphaned: 3,
    unfolded: 0,
    sent: 3,
    unreadable: 0,
    overfull: 0,
    failed: 0,
    left: 0,
    expiries_restored: 0,
  });
  assert.ok(Number(oldest_ms) >= 0);
  const rows = await gateway.events(`identifier = '${id}'`);
  assert.deepEqual(
    rows.map(({ name, rank, units, quota_units, metadata }) => [name, rank, units, quota_units, metadata['orphaned']]),
    Array.from({ length: 3 }, () => ['CompletionsFinished', 0, 1, 1, true]),
  );
  const [limit = ''] = await gateway.redisClient.keys(`*:limit:*${id}`);
  assert.deepEqual(await gateway.redisClient.hmget(limit, 'used', 'reserved'), ['3', '0']);
  assert.equal(await gateway.redisClient.zcard(leases), 0);
  assert.deepEqual(await gateway.redisClient.keys('*:in-flight:*'), []);
});
