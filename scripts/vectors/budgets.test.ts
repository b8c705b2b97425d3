// Budgets on the surface that callers have, over HTTP: who asks sees them, and who does not gets the bytes of always.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({ functions: ['limits'] });
});
after(() => gateway.stop());

test('/v1/limits names budgets when it is asked to, and nobody else is told', async () => {
  const [{ id, token }, other] = [await gateway.subscription({ limit: 10 }), await gateway.subscription({ limit: 10 })];
  const budgets = {
    subscription: { limitUsd: '12.5', window: 'life' },
    chat_completions: { limitUsd: '1', window: 'month', hard: false },
  };
  await gateway.write(`subscriptions/${id}`, { overrides: { budgets } });
  const plain = await gateway.call('/v1/limits', { token: other.token });
  const none = await gateway.call('/v1/limits?include=budgets', { token: other.token });
  assert.deepEqual(JSON.parse(none.text), { ...(JSON.parse(plain.text) as object), budgets: [] });

  const answer = await gateway.call('/v1/limits?include=budgets', { token });
  const told = JSON.parse(answer.text) as Record<string, unknown>;
  const now = new Date();
  const month = now.toISOString().slice(0, 7);
  const next = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1)).toISOString();
  assert.deepEqual(told['budgets'], [
    {
      scope: 'subscription',
      window: 'life',
      limitUsd: '12.50',
      usedUsd: '0',
      heldUsd: '0',
      leftUsd: '12.50',
      hard: true,
    },
    {
      scope: 'chat_completions',
      window: month,
      limitUsd: '1',
      usedUsd: '0',
      heldUsd: '0',
      leftUsd: '1',
      hard: false,
      resetsAt: next,
    },
  ]);
  for (const path of ['/v1/limits', '/v1/limits?include=other', '/v1/limits?include='])
    assert.equal((await gateway.call(path, { token })).text, plain.text, path);
});
