// Made-up tokens in masses at a running gateway: asked at their source as often as the budget says, while customers
// whose tokens this instance and Redis have forgotten are found in the directory and served.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { openAiBody, startGateway } from '../local/test-gateway.ts';

const customers = 10;
const madeUp = 300;

test('a flood of made-up tokens refuses no customer whose token is merely not remembered', async (t) => {
  const gateway = await startGateway({
    functions: ['chat-completions'],
    env: {
      CODY_GATEWAY_UNKNOWN_TOKENS_PER_SECOND: '1',
      CODY_GATEWAY_UNKNOWN_TOKEN_READS_PER_SECOND: '1000',
      // With a task's target there would have to be a function to take it.
      CODY_GATEWAY_DELIVER_EVENTS_URL: '',
    },
  });
  t.after(() => gateway.stop());
  const known = await Promise.all(Array.from({ length: customers }, () => gateway.subscription({ limit: 100 })));
  const ask = async (token: string): Promise<number> =>
    (await gateway.call('/v1/chat/completions', { token, body: openAiBody() })).status;
  const flood = Promise.all(Array.from({ length: madeUp }, () => ask(`slk_${randomBytes(32).toString('hex')}`)));
  const served = await Promise.all(known.map(({ token }) => ask(token)));
  assert.deepEqual(new Set(served), new Set([200]));
  const refused = Map.groupBy(await flood, (status) => status);
  // Some are definitely nobody's; of the others nobody knows at the moment.
  assert.deepEqual(new Set(refused.keys()), new Set([401, 503]));
  assert.ok((refused.get(503)?.length ?? 0) > madeUp / 2);
  // Once more, now that the budget for the source is spent.
  await gateway.redisClient.flushall();
  assert.equal(await ask((await gateway.subscription({ limit: 100 })).token), 200);
});
