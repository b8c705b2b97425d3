// Vectors about identity as callers meet them, over HTTP: anonymous callers, users and their quotas, refresh, sync;
// and who is served while a source is away.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { anthropicBody, chat, eventually, startGateway, type TestGateway } from '../local/test-gateway.ts';
import {
  relayId,
  sourcegraphAccess,
  sourcegraphLimit,
  type SourcegraphAccess,
} from '../local/sourcegraph/sourcegraph.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({
    functions: [
      'chat-completions',
      'code-completions',
      'limits',
      'attribution',
      'deliver-events',
      'sync-subscriptions',
    ],
    env: {
      CODY_GATEWAY_ALLOW_ANONYMOUS: 'true',
      // What the table's "6 minutes ago" stands for: it is time.
      CODY_GATEWAY_DOTCOM_ACTOR_COOLDOWN_INTERVAL: '1ms',
    },
  });
});
after(() => gateway.stop());

interface FeatureReply {
  readonly limit: number;
  readonly interval: string;
  readonly usage: number;
}
type LimitsReply = Readonly<Partial<Record<'chat_completions' | 'code_completions' | 'embeddings', FeatureReply>>>;

const monthSeconds = 30 * 86_400;
let made = 0;
const fresh = (prefix: string): string => `${prefix}${(0xbeef_0000 + ++made).toString(16).padStart(64, '0')}`;
const ask = (token: string | null) =>
  gateway.call('/v1/completions/anthropic-messages', { token, headers: chat, body: anthropicBody() });
const refresh = (token: string | null) => gateway.call('/v1/limits/refresh', { token, method: 'POST' });
const limitsOf = async (token: string | null): Promise<LimitsReply> => {
  const { status, text } = await gateway.call('/v1/limits', { token });
  assert.equal(status, 200, text);
  return JSON.parse(text) as LimitsReply;
};

/** A user of Sourcegraph.com with these tokens. */
function user(number: number, access: Partial<SourcegraphAccess>, ...tokens: string[]): void {
  for (const token of tokens)
    gateway.sourcegraph.users.set(token, {
      id: relayId(number),
      username: `u${number}`,
      access: sourcegraphAccess(access),
    });
}

/** A subscription of Sourcegraph.com. */
function subscription(more: { limit?: number; enabled?: boolean } = {}): { uuid: string; token: string } {
  const token = fresh('slk_');
  const uuid = `00000000-0000-4000-9000-${String(made).padStart(12, '0')}`;
  const access = {
    ...sourcegraphAccess({ chatCompletionsRateLimit: sourcegraphLimit(more.limit ?? 500) }),
    enabled: more.enabled ?? true,
  };
  gateway.sourcegraph.subscriptions.set(uuid, {
    uuid,
    username: 'acme',
    isArchived: false,
    access,
    tags: [],
    tokens: [token],
  });
  return { uuid, token };
}

const sync = async (): Promise<void> => {
  const response = await fetch(gateway.functions.get('sync-subscriptions')?.url ?? '', { method: 'POST' });
  assert.equal(response.status, 200, await response.text());
};

test('actors #2: an anonymous caller has the anonymous limits', async () => {
  const { chat_completions: one, code_completions: code, embeddings } = await limitsOf(null);
  assert.deepEqual([one?.limit, code?.limit, embeddings?.limit, one?.interval], [50, 1_000, 100_000, '24h0m0s']);
});

test('actors #9: a token that the directory has never met is asked for once', async () => {
  const { token } = subscription({ limit: 77 });
  const before = gateway.sourcegraph.asked.length;
  assert.equal((await limitsOf(token)).chat_completions?.limit, 77);
  assert.equal((await limitsOf(token.replace('slk_', 'sgs_'))).chat_completions?.limit, 77);
  assert.equal(gateway.sourcegraph.asked.length - before, 1);
});

test('actors #13, #14, #18, #19: what is told to strangers, users and subscriptions alike', async () => {
  const reason = 'failed to validate access token: access token denied: associated';
  for (let i = 0; i < 2; i++) {
    const slk = await gateway.call('/v1/limits', { token: `slk_${'0'.repeat(64)}` });
    const sgd = await gateway.call('/v1/limits', { token: `sgd_${'0'.repeat(64)}` });
    assert.deepEqual(
      [slk.status, slk.text, sgd.status, sgd.text],
      [
        401,
        `{"error":"dotcom-product-subscriptions: ${reason} product subscription not found"}\n`,
        401,
        `{"error":"dotcom-user: ${reason} dotcom user not found"}\n`,
      ],
    );
  }
  const odd = fresh('sgd_');
  gateway.sourcegraph.users.set(odd, { id: 'NOT_A_VALID_GQL_ID', username: 'odd', access: sourcegraphAccess() });
  assert.equal((await ask(odd)).status, 403);
});

test('actors #47: a window of another length begins a new quota, for the feature that it is about alone', async () => {
  const token = fresh('sgd_');
  const chatOf = (intervalSeconds: number) => ({ chatCompletionsRateLimit: sourcegraphLimit(10, intervalSeconds) });
  user(47, chatOf(monthSeconds), token);
  assert.equal((await ask(token)).status, 200);
  const completed = await gateway.call('/v1/completions/fireworks', {
    token,
    headers: { 'x-sourcegraph-feature': 'code_completions' },
    body: { model: 'starcoder', prompt: 'x', max_tokens: 5 },
  });
  assert.equal(completed.status, 200);
  assert.deepEqual(
    [(await limitsOf(token)).chat_completions?.usage, (await limitsOf(token)).chat_completions?.interval],
    [1, '720h0m0s'],
  );
  user(47, chatOf(86_400), token);
  const answer = await refresh(token);
  assert.deepEqual([answer.status, answer.text], [200, '']);
  // Another function, which has the old answer for some seconds more.
  const now = await eventually(
    () => limitsOf(token),
    ({ chat_completions: one }) => one?.interval === '24h0m0s',
  );
  assert.deepEqual([now.chat_completions?.usage, now.code_completions?.usage], [0, 1]);
});

test('a limit that changes keeps what was used', async () => {
  const token = fresh('sgd_');
  user(471, { chatCompletionsRateLimit: sourcegraphLimit(2) }, token);
  assert.deepEqual([(await ask(token)).status, (await ask(token)).status, (await ask(token)).status], [200, 200, 429]);
  user(471, { chatCompletionsRateLimit: sourcegraphLimit(3) }, token);
  assert.equal((await refresh(token)).status, 200);
  const { chat_completions: one } = await limitsOf(token);
  assert.deepEqual([one?.limit, one?.usage], [3, 2]);
});

test('actors #49: nobody can be refreshed, and it is no fault', async () => {
  const answer = await refresh(null);
  assert.deepEqual([answer.status, answer.text], [200, '']);
});

test('actors #50, #51: a user begins with a whole quota, and shares it among the tokens', async () => {
  const [one, two] = [fresh('sgd_'), fresh('sgd_')];
  user(123_456, {}, one, two);
  assert.equal((await limitsOf(one)).chat_completions?.usage, 0);
  assert.equal((await ask(one)).status, 200);
  assert.equal((await ask(two)).status, 200);
  assert.equal((await limitsOf(one)).chat_completions?.usage, 2);
});

test('actors #52: a used-up month stays used up, though everything that was known of the user is forgotten', async () => {
  const [one, two] = [fresh('sgd_'), fresh('sgd_')];
  user(52, { chatCompletionsRateLimit: sourcegraphLimit(2, monthSeconds) }, one, two);
  assert.deepEqual([(await ask(one)).status, (await ask(one)).status, (await ask(one)).status], [200, 200, 429]);
  for (const key of await gateway.redisClient.keys('*:actor:*')) await gateway.redisClient.del(key);
  await gateway.write('users/52', { tokens: [], limits: {}, lastUpdatedMs: 0 });
  assert.equal((await ask(two)).status, 429);
});

test('actors #86-#88: a change at Sourcegraph.com holds with the next sync, for those whose tokens are already known', async () => {
  const kept = subscription();
  const gone = subscription();
  const own = await gateway.subscription({ limit: 10 });
  await sync();
  assert.equal((await ask(kept.token)).status, 200);
  assert.equal((await ask(gone.token)).status, 200);
  const stated = gateway.sourcegraph.subscriptions.get(kept.uuid);
  assert.ok(stated !== undefined);
  const access = sourcegraphAccess({ chatCompletionsRateLimit: sourcegraphLimit(4_711) });
  gateway.sourcegraph.subscriptions.set(kept.uuid, { ...stated, access });
  gateway.sourcegraph.subscriptions.delete(gone.uuid);
  await sync();
  await eventually(
    () => limitsOf(kept.token),
    ({ chat_completions: one }) => one?.limit === 4_711,
  );
  assert.equal(
    (
      await eventually(
        () => ask(gone.token),
        ({ status }) => status !== 200,
      )
    ).status,
    401,
  );
  assert.equal((await ask(own.token)).status, 200);
});

test('a token that its source revokes dies within seconds of the sync, in every function', async () => {
  const { uuid, token } = subscription();
  assert.equal((await ask(token)).status, 200);
  const stated = gateway.sourcegraph.subscriptions.get(uuid);
  assert.ok(stated !== undefined);
  const other = fresh('slk_');
  gateway.sourcegraph.subscriptions.set(uuid, { ...stated, tokens: [other] });
  await sync();
  assert.equal(
    (
      await eventually(
        () => ask(token),
        ({ status }) => status !== 200,
      )
    ).status,
    401,
  );
  assert.equal(
    (
      await eventually(
        () => gateway.call('/v1/limits', { token }),
        ({ status }) => status !== 200,
      )
    ).status,
    401,
  );
  assert.equal((await ask(other)).status, 200);
});

test('a flood of made-up tokens is a handful of rows, with a count that is true, and asks the source for none that it refuses', async () => {
  const { token } = subscription();
  assert.equal((await ask(token)).status, 200);
  /** Rows that are written, and the count that waits for the end of its minute. */
  const count = async (): Promise<{ rows: number; strangers: number }> => {
    const rows = await gateway.events("name = 'Unauthorized'");
    let strangers = rows.reduce((sum, row) => sum + row.count, 0);
    for (const key of await gateway.redisClient.keys('*:fold:Unauthorized:*'))
      for (const [field, value] of Object.entries(await gateway.redisClient.hgetall(key)))
        if (field.startsWith('count:')) strangers += Number(value);
    return { rows: rows.length, strangers };
  };
  const before = await count();
  const askedBefore = gateway.sourcegraph.asked.length;
  const refused: number[] = [];
  for (let i = 0; i < 10; i++)
    refused.push(
      ...(await Promise.all(
        Array.from({ length: 60 }, async () => (await gateway.call('/v1/limits', { token: fresh('slk_') })).status),
      )),
    );
  assert.equal((await ask(token)).status, 200);
  const told = refused.filter((status) => status === 401).length;
  assert.deepEqual(
    [...new Set(refused)].filter((status) => status !== 401 && status !== 503),
    [],
  );
  assert.ok(gateway.sourcegraph.asked.length - askedBefore <= told + 1, 'one question for each that was told');
  const afterwards = await eventually(count, ({ strangers }) => strangers - before.strangers === told);
  assert.ok(told > 10, `${told} told`);
  assert.ok(afterwards.rows - before.rows <= 10, `${afterwards.rows - before.rows} rows for ${told} strangers`);
  // Nor does it fill the log with errors: each has its request's line, and none more.
  const loud = gateway.lines.filter(
    ({ severity, refusal }) => severity === 'ERROR' && refusal === 'too-many-unknown-tokens',
  );
  assert.equal(loud.length, 0);
  assert.ok(gateway.lines.some(({ refusal }) => refusal === 'too-many-unknown-tokens'));
});

test('while the source, the directory, or both are away, valid callers see no 401 and no 403', async () => {
  const callers = [subscription().token, fresh('sgd_'), (await gateway.subscription({ limit: 1_000 })).token];
  user(7, {}, callers[1] ?? '');
  const all = async (): Promise<number[]> => {
    const statuses: number[] = [];
    for (const token of callers)
      statuses.push((await ask(token)).status, (await gateway.call('/v1/limits', { token })).status);
    return statuses;
  };
  const served = callers.flatMap(() => [200, 200]);
  assert.deepEqual(await all(), served);
  gateway.sourcegraph.outage = 503;
  assert.deepEqual(await all(), served);
  const refused = await refresh(callers[1] ?? '');
  assert.equal(refused.status, 503);
  // Both.
  await gateway.firestore.close();
  assert.deepEqual(await all(), served);
  assert.equal((await gateway.call('/v1/limits', { token: fresh('slk_') })).status, 503);
  // The directory alone: the source vouches for its own.
  gateway.sourcegraph.outage = null;
  assert.deepEqual(await all(), served);
});
