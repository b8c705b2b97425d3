// What is kept of flagged prompts, and what never is, on a real Redis.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import type { ActorSource, Feature, Permit } from '../auth/auth.ts';
import { connectStore, StoreUnavailable, type Store } from '../store/store.ts';
import type { Exchange } from './exchange.ts';
import { listFlaggedPrompts, readFlaggedPrompt, recordFlaggedPrompt } from './flagged-prompts.ts';

let server: LocalRedis;
let redis: Redis;
let store: Store;
before(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  store = connectStore({ redisEndpoint: server.url }, () => undefined);
});
after(async () => {
  redis.disconnect();
  await store.close();
  await server.close();
});

interface Given {
  readonly recording?: boolean;
  readonly source?: ActorSource;
  readonly id?: string;
  readonly feature?: Feature;
  readonly to?: Store;
}

const warnings: string[] = [];

/** Records as a request would, and gives what stands afterwards. */
async function record(spanId: string, text: string, given: Given = {}): Promise<string[]> {
  const { recording = true, source = 'dotcom-user', id = '7', feature = 'chat_completions', to = store } = given;
  const exchange = {
    context: {
      store: to,
      config: { flaggedPromptRecording: recording, flaggedPromptTtlMs: 60_000 },
      budget: () => ({ leftMs: 10_000 }),
    },
    scope: {
      spanId,
      traceId: 'chosen-by-the-caller',
      log: (_severity: string, message: string) => warnings.push(message),
    },
  } as unknown as Exchange;
  await recordFlaggedPrompt(exchange, { actor: { source, id }, feature } as unknown as Permit, text);
  return redis.keys(`prompt:${spanId}:*`);
}

test('completions #49: chat prompts of Sourcegraph.com’s users; code, anybody else, or recording off: nothing', async () => {
  assert.deepEqual(await record('t1', 'x'), ['prompt:t1:chat_completions:7']);
  const pttl = await redis.pttl('prompt:t1:chat_completions:7');
  assert.ok(pttl > 0 && pttl <= 60_000);
  assert.deepEqual(await record('t2', 'x', { feature: 'code_completions' }), []);
  assert.deepEqual(await record('t3', 'x', { source: 'dotcom-product-subscriptions' }), []);
  assert.deepEqual(await record('t4', 'x', { recording: false }), []);
});

test('two requests of one trace are two prompts: the trace id, which callers choose, is no part of the key', async () => {
  await record('t8', 'one');
  await record('t9', 'two');
  const keys = await redis.keys('prompt:t[89]:*');
  assert.deepEqual(await Promise.all(keys.toSorted().map((key) => redis.get(key))), ['one', 'two']);
  assert.deepEqual(await redis.keys('*chosen-by-the-caller*'), []);
});

test('of a long prompt the beginning is kept, and no half character', async () => {
  const [key = ''] = await record('t5', `${'a'.repeat(32 * 1024 - 1)}🌍 and more`);
  assert.equal(await readFlaggedPrompt(store, key), `${'a'.repeat(32 * 1024 - 1)}\ufffd`);
});

test('an id with colons is one id', async () => {
  const [key = ''] = await record('t6', 'x', { id: 'a:b' });
  const { prompts } = await listFlaggedPrompts(store);
  assert.deepEqual(
    prompts.find(({ spanId }) => spanId === 't6'),
    { key, spanId: 't6', feature: 'chat_completions', userId: 'a:b' },
  );
});

test('a listing passes over everything else in Redis and is bounded', async () => {
  const pipeline = redis.pipeline();
  for (let i = 0; i < 20_000; i++) pipeline.set(`{s0000}:other:${i}`, '');
  for (let i = 0; i < 1_500; i++) pipeline.set(`prompt:many${i}:chat_completions:7`, '');
  await pipeline.exec();
  const { prompts, complete } = await listFlaggedPrompts(store);
  assert.deepEqual([prompts.length, complete], [1_000, false]);
});

test('a Redis that is away costs a warning, not the request; a listing says so', async () => {
  const away = connectStore({ redisEndpoint: 'redis://127.0.0.1:1' }, () => undefined);
  await record('t7', 'secret', { to: away });
  assert.deepEqual(warnings, ['a flagged prompt could not be kept; its call went on']);
  await assert.rejects(listFlaggedPrompts(away), StoreUnavailable);
  await away.close();
});
