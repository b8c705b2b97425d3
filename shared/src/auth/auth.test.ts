// The door: what identify says to each kind of token, and what event each refusal is.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startFirestore, type LocalFirestore } from '../../../scripts/local/google/firestore.ts';
import { startSourcegraph, type LocalSourcegraph } from '../../../scripts/local/sourcegraph/sourcegraph.ts';
import { loadConfig } from '../config/config.ts';
import { createSubscription } from '../directory/directory.ts';
import { openDocuments, type Documents } from '../documents/documents.ts';
import { connectStore, type Store } from '../store/store.ts';
import { AccessRefusal, choiceFrom, createAuth, type AccessEvent, type Auth } from './auth.ts';

let emulator: LocalFirestore;
let documents: Documents;
let auth: Auth;
let sourcegraph: LocalSourcegraph;
let store: Store;

before(async () => {
  emulator = await startFirestore();
  sourcegraph = await startSourcegraph();
  const config = loadConfig({
    REDIS_ENDPOINT: 'redis://127.0.0.1:1',
    CODY_GATEWAY_DIAGNOSTICS_SECRET: 's',
    GOOGLE_CLOUD_PROJECT: 'p',
    FIRESTORE_EMULATOR_HOST: emulator.host,
    CODY_GATEWAY_DOTCOM_API_URL: sourcegraph.url,
    CODY_GATEWAY_DOTCOM_ACCESS_TOKEN: sourcegraph.token,
  });
  documents = openDocuments(config);
  // Nothing listens there: what is not in Redis is in the directory.
  store = connectStore({ redisEndpoint: 'redis://127.0.0.1:1' }, () => undefined);
  auth = createAuth({ config, store, documents, now: () => 0, warn: () => undefined });
});
after(async () => {
  await auth.close();
  await store.close();
  await documents.close();
  await sourcegraph.close();
  await emulator.close();
});

const identify = (token: string) => auth.identify({ token, address: '127.0.0.1' }, { leftMs: 50 });

/** What identify refuses a token with. */
async function refusalOf(token: string): Promise<{ kind: string; message: string; event: AccessEvent | null }> {
  try {
    await identify(token);
  } catch (error) {
    assert.ok(error instanceof Error);
    const { kind } = error as AccessRefusal;
    return { kind, message: error.message, event: error instanceof AccessRefusal ? error.event : null };
  }
  return assert.fail('the token was taken');
}

test('actors #1: no token is refused as nobody’s, and is an event of its own', async () => {
  assert.deepEqual(await refusalOf(''), {
    kind: 'no-token',
    message: 'Cody Gateway access not enabled',
    event: {
      name: 'AccessDenied',
      source: 'anonymous',
      identifier: 'anonymous',
      reason: null,
      identity: 'anonymous',
      unknownCaller: true,
    },
  });
});

test('actors #6, #7, #8: what is no token at all is refused without an event', async () => {
  for (const token of ['abc', 'slk_12', 'sgd_12']) {
    const { kind, event } = await refusalOf(token);
    assert.deepEqual([kind, event], ['invalid-token', null], token);
  }
});

test('actors #13, #14, #18: an unknown token is refused the same way each time, and neither text nor event holds it', async () => {
  for (const [prefix, source, reason] of [
    ['slk_', 'dotcom-product-subscriptions', 'associated product subscription not found'],
    ['sgd_', 'dotcom-user', 'associated dotcom user not found'],
  ] as const) {
    const token = `${prefix}${'e'.repeat(64)}`;
    const first = await refusalOf(token);
    assert.equal(first.kind, 'invalid-token');
    assert.equal(first.message, `${source}: failed to validate access token: access token denied: ${reason}`);
    // One identity for all of them: made-up tokens must not each fill a fold of their own.
    const identity = `${source}:unknown`;
    assert.deepEqual(first.event, {
      name: 'Unauthorized',
      source,
      identifier: 'unknown',
      reason,
      identity,
      unknownCaller: true,
    });
    assert.equal(JSON.stringify(first).includes('e'.repeat(64)), false);
    assert.deepEqual(await refusalOf(token), first);
  }
});

test('actors #17: an account without access is refused, and the event names it', async () => {
  const { id, token } = await createSubscription(documents, { name: 'off', limits: {} });
  await (await documents.client()).doc(`subscriptions/${id}`).update({ accessEnabled: false });
  const source = 'dotcom-product-subscriptions';
  assert.deepEqual(await refusalOf(token), {
    kind: 'access-disabled',
    message: 'Cody Gateway access not enabled',
    event: {
      name: 'AccessDenied',
      source,
      identifier: id,
      reason: null,
      identity: `${source}:${id}`,
      unknownCaller: false,
    },
  });
});

test('actors #9, #10: a token is taken in both spellings, and the door makes the permit of what the directory says', async () => {
  const limits = { chat_completions: { limit: 500, intervalSeconds: 86_400, allowedModels: ['claude-2'] } };
  const { id, token } = await createSubscription(documents, { name: 'acme', limits });
  const actor = await identify(token);
  assert.equal(actor.id, id);
  // The same object: the second spelling was not looked up again.
  assert.equal(await identify(token.replace('slk_', 'sgs_')), actor);
  const choice = choiceFrom(['anthropic/claude-2'], 'anthropic', 'CLAUDE-2');
  const permit = auth.permit(actor, 'chat_completions', choice);
  assert.deepEqual([permit.model, permit.blocked, permit.entitlement.limit], ['anthropic/claude-2', false, 500]);
  assert.throws(() => auth.entitlement(actor, 'embeddings'), { kind: 'feature-access' });
});
