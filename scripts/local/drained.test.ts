// A gateway whose queue refused an event, and that has no sweep, still brings it to the table when a test asks for
// rows: what an instance gave up on is taken over and never waited for in vain.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status as grpcStatus } from '@grpc/grpc-js';
import { eventually, openAiBody, startGateway } from './test-gateway.ts';

test('an event and a notice that the queue refused are in the table, and in the queue, once somebody asks', async (t) => {
  const gateway = await startGateway({ functions: ['chat-completions', 'deliver-events', 'deliver-notifications'] });
  t.after(() => gateway.stop());
  const { id, token } = await gateway.subscription({ limit: 2 });
  const ask = async (): Promise<void> => {
    const { status } = await gateway.call('/v1/chat/completions', { token, body: openAiBody() });
    assert.equal(status, 200);
  };
  await ask();
  assert.equal((await gateway.events(`identifier = '${id}'`)).length, 1);
  gateway.tasks.failCreate(grpcStatus.UNAVAILABLE, 2);
  await ask();
  await eventually(
    () => gateway.lines.filter(({ message }) => /in the outbox for the sweeper/.test(String(message))).length,
    (told) => told === 2,
  );
  assert.equal((await gateway.events(`identifier = '${id}'`)).length, 2);
  assert.equal(gateway.tasks.stats.delivered, 3);
});
